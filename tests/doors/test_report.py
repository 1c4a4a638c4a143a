"""`duecourse report` and `duecourse serve`."""

from __future__ import annotations

import json
import socket
import threading
import urllib.request

import pytest
from django.utils import translation

from tests import people
from tests.doors import report_fixture


@pytest.fixture
def said(house, capsys):
    """Return a function that runs a command line and gives its exit code, output and errors."""
    from duecourse.doors import commands

    def run(*arguments: str) -> tuple[int, str, str]:
        with translation.override("zh-hans" if "zh" in arguments else "en"):
            code = commands.run(list(arguments))
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    yield run
    commands.terminal.lang, commands.terminal.is_json = "en", False


def test_report_is_readable(said):
    """The newest month is told: laws with both sides, reasons by performer, statements, and intervals drawn as text."""
    code, text, _ = said("report")
    assert code == 0
    wanted = ("2026-09", "✓ rows in = accepted + rejected + passed over: 1,500 = 1,500", "21 of 21 laws hold.", "aoki 604, birch 551")
    wanted += ("CNY 46,036.50", "├─┼──●─────┤", "1.21 (1.08–1.36)", "cannot rank yet", report_fixture.digest("head"))
    assert not [part for part in wanted if part not in text]
    assert max(map(len, text.splitlines())) <= 110
    assert "\x1b[" not in text


def test_report_speaks_chinese(said):
    """With --lang zh everything is Chinese, amounts included."""
    code, text, _ = said("report", "2026-09", "--lang", "zh")
    assert code == 0
    wanted = ("十个步骤，以及各自的守恒关系", "1,880,411.10 元", "不在允许联系的时段内。", "暂不可排名")
    assert not [part for part in wanted if part not in text]


def test_report_as_json_is_the_structure(said, house):
    """--json prints the same structure as the page's download, as one document."""
    code, text, _ = said("report", "2026-09", "--json")
    assert code == 0
    assert json.loads(text) == report_fixture.month_report(creditor_id=house.bank.id, month="2026-09")


@pytest.mark.parametrize("arguments", [("2026-08",), ("2026-09", "--as", people.ANN.email)])
def test_absent_and_anothers_month_are_refused_alike(said, arguments):
    """A month that does not exist and an agency's person asking end with the same words."""
    code, text, errors = said("report", *arguments)
    assert (code, text) == (2, "")
    assert errors.startswith("✗ There is no such month.")


def test_empty_month_is_told_without_failing():
    """A month that was only opened has a short report."""
    from duecourse.doors.commands.report import text_of

    with translation.override("en"):
        text = text_of(report_fixture.first_month_report(creditor_id=1, month="2026-09"))
    assert "0 of 0 laws hold." in text
    assert "not run yet" in text


def test_another_port_is_taken_when_one_is_in_use():
    """The next free port is found; with none left the refusal names them."""
    from duecourse.doors.commands import serve

    with socket.socket() as busy:
        busy.bind((serve.LOOPBACK, 0))
        busy.listen()
        port = busy.getsockname()[1]
        assert serve.free_port(port) > port
        with pytest.raises(serve.NoPortFree) as refused:
            serve.free_port(port, tried=1)
    assert refused.value.parameters == {"first": port, "last": port}


def test_sealing_chains_what_happened(house):
    """One round seals the platform's and every creditor's events; the next has nothing to do."""
    from duecourse.doors.commands.serve import seal_all

    assert seal_all() > 10
    assert seal_all() == 0


def test_serve_answers_and_stops(committed_house, monkeypatch):
    """The server answers with the login page at the address it told, on the database it was given, and ends when it is told to."""
    from django.db import connections

    from duecourse.doors.commands import serve

    wanted = connections.databases["default"]
    login = "postgresql://{USER}:{PASSWORD}@{HOST}:{PORT}/{NAME}".format(**wanted)
    monkeypatch.setenv("DATABASE_URL", login)
    told: list[str] = []
    ended = threading.Event()

    def look(url: str) -> None:
        with urllib.request.urlopen(f"{url}login/") as answer:  # noqa: S310 - our own server
            told.append(answer.read().decode())
        ended.set()

    serve.serve(port=8765, on_ready=look, ended=ended)
    assert "csrfmiddlewaretoken" in told[0]
