"""The one rule of imports, shown to bite: in a copy of the tree each contract is kept, and broken by a violation planted for it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.house import ROOT, STOREYS

PLANTED = {
    "upstairs": ("downstairs", "kit/planted.py", "from duecourse.engine import frames\n"),
    "upstairs over a Django room": ("downstairs", "portfolio/planted.py", "import duecourse.cycle\n"),
    "a room nobody planned": ("downstairs", "attic/__init__.py", ""),
    "django below": ("pure", "engine/planted.py", "from django.db import models\n"),
    "psycopg below": ("pure", "rules/planted.py", "import psycopg\n"),
    "network below": ("pure", "kit/planted.py", "import httpx\n"),
    "the books from outside": ("books", "doors/planted.py", "from duecourse.ledger.models import Posting\n"),
}
NAMES = {
    "downstairs": "A room imports only rooms below it",
    "pure": "The ground floor is pure",
    "books": "Only the ledger touches its models",
}


@pytest.fixture
def copy(tmp_path):
    """A copy of the package and its configuration, alone in a folder."""
    shutil.copytree(ROOT / "src", tmp_path / "src", ignore=shutil.ignore_patterns("__pycache__", "static", "locale", "templates"))
    shutil.copyfile(ROOT / "pyproject.toml", tmp_path / "pyproject.toml")
    return tmp_path


def verdicts(root: Path) -> dict[str, str]:
    """Return KEPT or BROKEN for each contract, as import-linter says of the tree at `root`."""
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command; lint_imports_command()", "--no-cache"]
    told = subprocess.run(
        command, cwd=root, env={"PYTHONPATH": str(root / "src"), "PATH": "", "COLUMNS": "200"}, capture_output=True, text=True, check=False
    )
    found = {}
    for line in told.stdout.splitlines():
        for contract, name in NAMES.items():
            if line.startswith(name) and line.endswith(("KEPT", "BROKEN")):
                found[contract] = line.split()[-1]
    assert set(found) == set(NAMES), told.stdout + told.stderr
    assert (told.returncode == 0) == (set(found.values()) == {"KEPT"})
    return found


def test_tree_keeps_every_contract(copy):
    """The tree as it is keeps all three contracts."""
    assert verdicts(copy) == dict.fromkeys(NAMES, "KEPT")


@pytest.mark.parametrize("case", PLANTED)
def test_planted_violation_breaks_its_contract_and_no_other(case, copy):
    """Each planted import breaks the contract meant for it, and the others stay kept."""
    contract, place, statement = PLANTED[case]
    path = copy / "src/duecourse" / place
    path.parent.mkdir(exist_ok=True)
    path.write_text(f'"""Planted."""\n\n{statement}', encoding="utf-8")
    assert verdicts(copy) == dict.fromkeys(NAMES, "KEPT") | {contract: "BROKEN"}


def test_storeys_of_the_house_tests_are_those_of_the_contract():
    """The order of rooms stands in two places, the contract and the house tests, and they agree."""
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    listed = text.split("layers = [")[1].split("]")[0]
    assert tuple(line.strip(' ",()') for line in listed.strip().splitlines()) == STOREYS
