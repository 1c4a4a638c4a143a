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
    asked = SimpleNamespace(url="", headers={}, body=None, form={})
    for word in words:
        if word == "-H":
            name, _, value = next(words).partition(": ")
            asked.headers[name] = value
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
    return client.get(asked.url, headers=asked.headers)


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
            assert answer.status_code == (404 if "999999" in line else 200), (line, answer.content.decode())
            answers.append(answer)
            if line.startswith('curl "$URL/v1/permits"'):
                known["PERMIT"] = str(answer.json()["id"])
    assert len(answers) == 13
