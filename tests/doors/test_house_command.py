"""`duecourse house load`: a creditor from one file, once, and a file that cannot be used."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest
import yaml

from duecourse.doors import commands
from duecourse.parties.access import actors_of
from duecourse.parties.models import Creditor, User

EXAMPLE = Path(__file__).parents[2] / "examples/lendingclub/house.yaml"

pytestmark = pytest.mark.django_db


def run(capsys, *words: str, code: int = 0):
    """Run a command line with --json and return its answer, or the error it was refused with."""
    assert commands.run([*words, "--json"]) == code
    printed = capsys.readouterr()
    return json.loads(printed.out if code == 0 else printed.err)


def changed(tmp_path: Path, change) -> str:
    """Return the path of the example with a change made to its document."""
    document = yaml.safe_load(EXAMPLE.read_text("utf-8"))
    change(document)
    path = tmp_path / "house.yaml"
    path.write_text(yaml.safe_dump(document), encoding="utf-8")
    return str(path)


def test_example_is_loaded_once(capsys):
    """The example adds a creditor, seven people and three contracts; loaded again it adds nothing."""
    added = run(capsys, "house", "load", str(EXAMPLE))["added"]
    assert added == {"creditor": 1, "person": 7, "membership": 7, "agency": 3, "contract": 3}
    assert run(capsys, "house", "load", str(EXAMPLE))["added"] == {}
    assert Creditor.objects.get(code="PINEFOLD").packs == []


def test_people_belong_from_the_day_the_file_names(capsys):
    """Nora may act in March 2019, because her line says that she is there since January."""
    run(capsys, "house", "load", str(EXAMPLE))
    (actor,) = actors_of(User.objects.get(email="nora@pinefold.example"), on=date(2019, 3, 1))
    assert actor.roles == {"manager"}


@pytest.mark.parametrize("text", ["creditor: &c {code: [*c]}\n", "[" * 20_000, "creditor: !!python/name:os.system"])
def test_file_that_would_hang_or_swell_is_refused(tmp_path, capsys, text):
    """A house file does not hold itself, is not nested without end, and names nothing of Python's."""
    path = tmp_path / "house.yaml"
    path.write_text(text, encoding="utf-8")
    assert run(capsys, "house", "load", str(path), code=commands.EXIT_REFUSED)["error"]["code"] == "HouseFileUnusable"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda document: document["creditor"].pop("currency"), "creditor PINEFOLD lacks currency"),
        (lambda document: document["people"][0].pop("password"), "people nora@pinefold.example lacks password"),
        (lambda document: document["agencies"][0].update(colour="red"), "agencies ALDER has unknown keys colour"),
        (lambda document: document["agencies"][0]["contract"].update(fee=1), "contract ALDER-2019 has unknown keys fee"),
        (lambda document: document["agencies"][0]["contract"]["fees"][0].pop("rate_bp"), "fees 1 of ALDER-2019 lacks rate_bp"),
        (lambda document: document.update(agencies=[None]), "agencies 1 has no keys"),
        (lambda document: document.update(people="Nora"), "people is no list"),
    ],
)
def test_what_is_wrong_with_a_file_is_named(tmp_path, capsys, change, said):
    """A key that is missing, mistyped or of another form is named with the part it stands in, and nothing is added."""
    error = run(capsys, "house", "load", changed(tmp_path, change), code=commands.EXIT_REFUSED)["error"]
    assert error["code"] == "HouseFileUnusable"
    assert said in error["what"]
    assert not Creditor.objects.exists()
