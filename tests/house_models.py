"""What Django knows of the rooms' models, read without a database and without the settings of an installation.

Run as a program, it writes the table of models and columns anew into docs/glossary.md: `python -m tests.house_models`.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.house import DJANGO_ROOMS, ROOT

GLOSSARY = ROOT / "docs/glossary.md"
BEGIN, END = "<!-- models: begin -->", "<!-- models: end -->"
COMMON_COLUMNS = {"id", "creditor_id"}
LISTING = """
import json, sys
import django
from django.apps import apps
from django.conf import settings

rooms = sys.argv[1:]
settings.configure(INSTALLED_APPS=[f"duecourse.{room}" for room in rooms], AUTH_USER_MODEL="parties.User", USE_TZ=True)
django.setup()
room_of = lambda model: model.__module__.split(".")[1] if model.__module__.startswith("duecourse.") else ""
print(json.dumps([
    {
        "room": room_of(model),
        "name": model.__name__,
        "doc": model.__doc__ or "",
        "columns": [field.column for field in model._meta.concrete_fields],
        "relations": [
            {"name": field.name, "room": room_of(field.related_model), "to": field.related_model.__name__,
             "related_name": field.remote_field.related_name or ""}
            for field in model._meta.get_fields() if field.is_relation and not field.auto_created and field.related_model
        ],
    }
    for room in rooms for model in apps.get_app_config(room).get_models()
]))
"""


def models(root: Path = ROOT) -> list[dict[str, Any]]:
    """Return, for each model of each room: room, name, doc, columns, and relations with room, model and related name."""
    package = root / "src/duecourse"
    rooms = [room for room in DJANGO_ROOMS if (package / room / "apps.py").exists()]
    environment = {"PYTHONPATH": str(root / "src"), "PATH": ""}
    told = subprocess.run([sys.executable, "-c", LISTING, *rooms], env=environment, cwd=root, capture_output=True, text=True, check=False)
    if told.returncode:
        raise AssertionError(f"The models do not load:\n{told.stderr}")
    return json.loads(told.stdout)


def misplaced_relations(found: list[dict[str, Any]]) -> list[str]:
    """Return the relations that point upstairs, or to another room under a name that reaches back."""
    reasons = []
    for model in found:
        for relation in model["relations"]:
            if not relation["room"] or relation["room"] == model["room"]:
                continue
            where = f"{model['room']}.{model['name']}.{relation['name']} → {relation['room']}.{relation['to']}"
            if DJANGO_ROOMS.index(relation["room"]) < DJANGO_ROOMS.index(model["room"]):
                reasons.append(f"{where} points upstairs; keep the id only")
            if not relation["related_name"].endswith("+"):
                reasons.append(f"{where} needs related_name='+'")
    return reasons


def rows(found: list[dict[str, Any]]) -> str:
    """Return the glossary's section: a table for each room, a row for each model with its first sentence and its columns."""
    lines = []
    for room in reversed(DJANGO_ROOMS):
        here = [model for model in found if model["room"] == room]
        if here:
            lines += [f"### {room}", "", "| model | what a row is | columns |", "|---|---|---|"]
            lines += [_row(model) for model in here] + [""]
    return "\n".join(lines)


def missing(found: list[dict[str, Any]], glossary: str) -> list[str]:
    """Return the models and columns that the glossary's text does not name, as 'Model' or 'Model.column'."""
    named = {m[1]: set(re.findall(r"`([^`]+)`", m[2])) for m in re.finditer(r"^\| `(\w+)` \|(.*)$", glossary, re.MULTILINE)}
    absent = []
    for model in found:
        if model["name"] not in named:
            absent.append(model["name"])
        else:
            unsaid = [column for column in model["columns"] if column not in named[model["name"]] | COMMON_COLUMNS]
            absent += [f"{model['name']}.{column}" for column in unsaid]
    return absent


def _row(model: dict[str, Any]) -> str:
    sentence = " ".join(model["doc"].split("\n\n")[0].split())
    columns = " ".join(f"`{column}`" for column in model["columns"] if column not in COMMON_COLUMNS)
    return f"| `{model['name']}` | {sentence.replace('|', '/')} | {columns} |"


def main() -> None:
    """Write the section between the two marks of docs/glossary.md anew."""
    before, _, rest = GLOSSARY.read_text(encoding="utf-8").partition(BEGIN)
    GLOSSARY.write_text(f"{before}{BEGIN}\n\n{rows(models())}\n{END}{rest.partition(END)[2]}", encoding="utf-8")


if __name__ == "__main__":
    main()
