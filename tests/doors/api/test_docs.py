"""docs/api.md tells the truth: its commands are run in order, and its answers have the shown fields."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from string import Template
from types import SimpleNamespace

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from duecourse.doors import commands
from tests.portfolio.tapes import CHEN, row, text_of

PAGE = Path(__file__).parents[3] / "docs" / "api.md"
BLOCK = re.compile(r"```(sh|json)\n(.*?)```", re.DOTALL)
HERE_DOCUMENT = re.compile(r"-d @- <<END\n(.*?)\nEND", re.DOTALL)
URL = "https://your.host"


def lines_of(block: str) -> list[str]:
    """Return the commands of a block, each with its here-document in its line."""
    return HERE_DOCUMENT.sub(r"-d '\1'", block).strip().split("\n")


def send(line: str, *, files: dict[str, bytes]):
    """Do what a line of curl would do."""
    words = iter(shlex.split(line)[1:])
    asked = SimpleNamespace(url="", method="GET", headers={}, body=None, form={})
    for word in words:
        if word == "-H":
            name, _, value = next(words).partition(": ")
            asked.headers[name] = value
        elif word == "-X":
            asked.method = next(words)
        elif word == "-OJ":
            continue
        elif word == "-d":
            asked.body = next(words)
        elif word == "-F":
            name, _, value = next(words).partition("=")
            asked.form[name] = SimpleUploadedFile(value[1:], files[value[1:]]) if value.startswith("@") else value
        else:
            asked.url = word.removeprefix(URL)
    client = Client(raise_request_exception=False)
    if asked.form:
        return client.post(asked.url, asked.form, headers=asked.headers)
    if asked.body is not None:
        return client.post(asked.url, asked.body, content_type=asked.headers.pop("Content-Type"), headers=asked.headers)
    return client.generic(asked.method, asked.url, headers=asked.headers)


LEARNT = (
    ('curl "$URL/v1/permits"', "PERMIT", "id"),
    ('curl "$URL/v1/feeds/overdue"', "TAPE", "tape_id"),
    ('curl "$URL/v1/webhooks" ', "WEBHOOK", "id"),
    ('curl -X POST "$URL/v1/webhooks/$WEBHOOK/ping"', "DELIVERY", "id"),
)
"""What later commands need of the answers to earlier ones."""


def status_of(line: str) -> int:
    """Return what a command of the page is answered with; all rows of its file are taken, so there are no rejects."""
    if "999999" in line or "/rejects" in line:
        return 404
    if "DELETE" in line:
        return 204
    return 202 if "-X POST" in line else 201 if line.startswith('curl "$URL/v1/webhooks" ') else 200


@pytest.fixture
def known(api, noon):
    """What the page's variables stand for, as far as it is known beforehand."""
    loan = api.mine[0]
    return {
        "URL": URL, "CASE": str(loan.case_id), "ACCOUNT": loan.number, "NOW": noon.isoformat(), "STATEMENT": str(api.statement_id),
        "LINES_HASH": api.aoki.get(f"/statements/{api.statement_id}").json()["lines_hash"],
    }  # fmt: skip


def test_the_page_can_be_followed(known, capsys):
    """Every command works in the order of the page, except the one that shows an error, and every shown answer has the fields it really has."""
    files = {"overdue.csv": text_of([row("A-1", **CHEN)]).encode()}
    tokens: list[str] = []
    answers = []
    for kind, block in BLOCK.findall(PAGE.read_text(encoding="utf-8")):
        if kind == "json":
            shown, real = json.loads(block), answers[-1].json()
            assert set(shown) == set(real)
            continue
        for line in lines_of(block):
            if line.startswith("duecourse"):
                assert commands.run([*shlex.split(line)[1:], "--json"]) == 0
                made = json.loads(capsys.readouterr().out)
                tokens += [made["token"]] if "token" in made else []
                continue
            names = known | dict(zip(("CORE", "DIALLER"), tokens, strict=True))
            answer = send(Template(line).substitute(names), files=files)
            assert answer.status_code == status_of(line), (line, answer.content.decode())
            answers.append(answer)
            for begin, name, key in LEARNT:
                if line.startswith(begin):
                    known[name] = str(answer.json()[key])
    assert len(answers) == 21
