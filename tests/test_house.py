"""The house keeps its own rules: every rule holds in the tree, and every rule catches a planted violation."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests import house, house_models
from tests.house import DJANGO_ROOMS, ROOT

PACKAGE = ROOT / "src/duecourse"
ROOM_PARTS = ("models", "services", "selectors", "errors")
REGISTRIES = [
    a + b for a, b in [("py", "pi.org"), ("python", "hosted.org"), ("npm", "js.org"), ("npm", "js.com"), ("debian", ".org/debian")]
]
PLANTED = {
    "file-size": ("engine/planted.py", '"""Too long."""\n' + "x = 1\n" * 501),
    "function-size": ("engine/planted.py", '"""Too long."""\n\n\ndef planted():\n    """Do."""\n' + "    x = 1\n" * 70),
    "docstring": ("engine/planted.py", '"""Planted."""\n\n\ndef planted():\n    return 1\n'),
    "clock": ("doors/planted.py", '"""Planted."""\n\nfrom django.utils import timezone\n\nnow_at = timezone.now()\n'),
    "write": ("doors/planted.py", '"""Planted."""\n\n\ndef planted(account):\n    """Do."""\n    account.save()\n'),
    "float": ("engine/planted.py", '"""Planted."""\n\namount = float("1.10")\n'),
    "hundred": ("engine/planted.py", '"""Planted."""\n\nyuan = 110 / 100\n'),
    "reveal": ("portfolio/services.py", '"""Planted."""\n\n\ndef planted():\n    """Do."""\n    return issue_reveal(purpose="x")\n'),
    "signals": ("portfolio/planted.py", '"""Planted."""\n\nfrom django.db.models.signals import post_save\n'),
    "vague-name": ("engine/planted.py", '"""Planted."""\n\n\nclass AccountManager:\n    """Do."""\n'),
    "keyword-only": ("portfolio/selectors.py", '"""Planted."""\n\n\ndef planted(actor, number):\n    """Do."""\n'),
    "proof": ("../../tests/test_planted.py", '"""Planted."""\n\n\ndef test_planted():\n    """Shows nothing."""\n    print(1)\n'),
}
ALSO_WRITES = [
    "Account.objects.filter(number=1).update(region='x')",
    "Account.objects.create(number=1)",
    "Account.objects.bulk_create([])",
    "form.save()",
    "cursor.execute('INSERT INTO portfolio_account VALUES (1)')",
    "cursor.execute(f'UPDATE {table} SET region = 1')",
    "cursor.copy('COPY portfolio_account (id, number) FROM STDIN')",
]
NO_WRITES = [
    "totals.update(row)",
    "Account.objects.filter(number=1).get()",
    "connection.execute('COPY (SELECT 1) TO 1')",
    "digest.update(b'')",
    "explain('Update the tape and send it again.')",
]


def plant(root: Path, place: str, text: str) -> None:
    """Write `text` to the package's file `place` in the otherwise empty tree `root`."""
    path = root / "src/duecourse" / place
    path.parent.mkdir(parents=True, exist_ok=True)
    path = path.resolve()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


@pytest.mark.parametrize("rule", house.RULES)
def test_tree_keeps_the_rule(rule):
    """Every file of the tree keeps the rule, or says on the spot why it does not."""
    assert not (found := house.violations(rule)), "\n".join(found)


@pytest.mark.parametrize("rule", house.RULES)
def test_rule_catches_a_planted_violation(rule, tmp_path):
    """Each rule sees the violation planted for it, once."""
    plant(tmp_path, *PLANTED[rule])
    assert len(house.violations(rule, tmp_path)) == 1


def test_exception_with_a_reason_is_let_through_and_one_without_is_not(tmp_path):
    """The escape comment works on the line and above it, and only with a reason."""
    excused = "# house: allow float because a share is no money\nshare = float(1)\nrate = float(2)  # house: allow float because a rate\n"
    plant(tmp_path, "engine/planted.py", f'"""Planted."""\n{excused}other = float(3)\nlast = float(4)  # house: allow float\n')
    assert [found.split()[0] for found in house.violations("float", tmp_path)] == [
        "src/duecourse/engine/planted.py:5",
        "src/duecourse/engine/planted.py:6",
    ]


@pytest.mark.parametrize("statement", ALSO_WRITES)
def test_every_form_of_writing_is_seen(statement, tmp_path):
    """Writes by query sets, forms and SQL count as writes too."""
    plant(tmp_path, "portfolio/selectors.py", f'"""Planted."""\n\n{statement}\n')
    assert len(house.violations("write", tmp_path)) == 1


@pytest.mark.parametrize("statement", NO_WRITES)
def test_reading_and_dictionaries_are_no_writes(statement, tmp_path):
    """What only looks like a write is let through, and services may write."""
    plant(tmp_path, "portfolio/selectors.py", f'"""Planted."""\n\n{statement}\n')
    plant(tmp_path, "portfolio/services.py", '"""Planted."""\n\naccount.save()\n')
    assert not house.violations("write", tmp_path)


def test_reveal_in_an_audited_service_is_let_through(tmp_path):
    """A service that records the look may issue the token; a page may not even then."""
    text = '"""Planted."""\n\n\ndef look():\n    """Do."""\n    audit_append()\n    issue_reveal()\n'
    plant(tmp_path, "portfolio/services.py", text)
    assert not house.violations("reveal", tmp_path)
    plant(tmp_path, "doors/planted.py", text)
    assert len(house.violations("reveal", tmp_path)) == 1


def test_every_room_is_a_storey_and_has_its_files():
    """A room with models has models, services, selectors, errors and a README; a reserved room has its README."""
    absent = []
    for room in DJANGO_ROOMS:
        folder = PACKAGE / room
        is_furnished = any((folder / part).exists() for part in ("models.py", "models"))
        wanted = ROOM_PARTS if is_furnished else ()
        absent += [f"{room}/{part}.py" for part in wanted if not any((folder / p).exists() for p in (f"{part}.py", f"{part}/__init__.py"))]
        if not (folder / "README.md").exists():
            absent.append(f"{room}/README.md")
    assert not absent, absent


def test_folders_stay_small():
    """No folder of the package holds more than 25 Python files, migrations apart."""
    counts = {folder: len(list(folder.glob("*.py"))) for folder in PACKAGE.rglob("*") if folder.is_dir() and folder.name != "migrations"}
    assert not {str(folder): count for folder, count in counts.items() if count > house.FOLDER_FILES_MAX}


def test_migrations_are_named_by_their_purpose():
    """A migration's name tells its one purpose; Django's automatic names do not."""
    names = [path.stem for path in PACKAGE.glob("*/migrations/[0-9]*.py")]
    assert not [name for name in names if not re.fullmatch(r"\d{4}_[a-z][a-z0-9_]+", name) or re.search(r"auto_?\d|_and_more$", name)]


def test_yaml_keys_are_texts():
    """No YAML file has a key such as `on` or `no` that YAML reads as a truth value."""

    def keys(node: Any) -> list[Any]:
        if isinstance(node, dict):
            return [*node, *(key for value in node.values() for key in keys(value))]
        return [key for item in node for key in keys(item)] if isinstance(node, list) else []

    files = [*PACKAGE.rglob("*.yaml"), *PACKAGE.rglob("*.yml")]
    found = {str(path): [key for key in keys(list(yaml.safe_load_all(path.read_text("utf-8")))) if isinstance(key, bool)] for path in files}
    assert not {path: wrong for path, wrong in found.items() if wrong}


def test_no_file_names_a_package_registry():
    """Where packages come from is the machine's affair: no address of a registry stands in the tree."""
    if not shutil.which("git") or not (ROOT / ".git").exists():
        pytest.skip("the tree is not a git clone, so what belongs to it is not known")
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    paths = [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]
    texts = {path: path.read_bytes().decode("utf-8", errors="ignore") for path in paths}
    assert not [str(path) for path, text in texts.items() if any(host in text for host in REGISTRIES)]
    assert "://" not in (ROOT / "assets/package-lock.json").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def models():
    """Every model of every room, as Django has it."""
    return house_models.models()


def test_relations_point_downstairs(models):
    """No relation points upstairs, and none to another room gives that room a way back."""
    assert not (found := house_models.misplaced_relations(models)), "\n".join(found)


def test_relation_upstairs_is_seen():
    """A planted relation from the ledger to a case is seen, and so is a way back."""
    relation = {"name": "case", "room": "portfolio", "to": "Case", "related_name": ""}
    found = house_models.misplaced_relations([{"room": "ledger", "name": "Entry", "relations": [relation]}])
    assert [reason.rsplit(" ", 2)[0] for reason in found] == [
        "ledger.Entry.case → portfolio.Case points upstairs; keep the",
        "ledger.Entry.case → portfolio.Case",
    ]


def test_glossary_names_every_model_and_column(models):
    """Every model and column stands in docs/glossary.md; `python -m tests.house_models` writes the table anew."""
    absent = house_models.missing(models, house_models.GLOSSARY.read_text(encoding="utf-8"))
    assert not absent, f"Run `python -m tests.house_models`, or paste:\n{house_models.rows(models)}\nMissing: {', '.join(absent)}"


def test_column_missing_from_the_glossary_is_seen():
    """A model without a row and a column outside its model's row are both named."""
    found = [{"room": "ledger", "name": "Entry", "columns": ["id", "kind", "value_on"]}, {"room": "ledger", "name": "Seal", "columns": []}]
    assert house_models.missing(found, "| `Entry` | One booking. | `kind` |\n| `Other` | Else. | `value_on` |") == [
        "Entry.value_on",
        "Seal",
    ]
