"""The room is pure: its own kit, the standard library, numpy, pyarrow, DuckDB and YAML, and no clock."""

import ast
import sys
from pathlib import Path

import duecourse.rules

ROOM = Path(duecourse.rules.__file__).parent
ALLOWED = {*sys.stdlib_module_names, "duckdb", "numpy", "pyarrow", "yaml"}
BARRED = {"socket", "urllib", "http", "subprocess", "time", "random"}


def imports(path):
    """Return the modules a file imports."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module if node.level == 0 else f"relative {node.module}"


def faults(path):
    """Return the imports of a file that the room does not allow."""
    own = ("duecourse.rules", "duecourse.kit")
    return [
        name
        for name in imports(path)
        if (not name.startswith(own) and (name.split(".")[0] not in ALLOWED or name.split(".")[0] in BARRED))
        or name == "duecourse.kit.clock"
    ]


def test_room_imports_only_what_is_pure():
    """No file of the room, the rules' own files included, imports anything else."""
    assert {str(path): found for path in ROOM.rglob("*.py") if (found := faults(path))} == {}


def test_planted_imports_are_seen(tmp_path):
    """Django, an upper room, the clock and the network are each seen."""
    path = tmp_path / "planted.py"
    path.write_text(
        "import django\nfrom duecourse.engine import frames\nfrom duecourse.kit.clock import now\nimport urllib.request\nimport math\n"
    )
    assert faults(path) == ["django", "duecourse.engine", "duecourse.kit.clock", "urllib.request"]
