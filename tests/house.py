"""The rules of the house as small checks over the source tree; `tests/test_house.py` runs them.

A rule takes one parsed file and yields (line, sentence) for each violation; line 0 means the whole file. A line may say why it is an
exception, in a comment at its end or on the line above (for a whole file, anywhere in it):

    # house: allow <rule> because <reason>
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
STOREYS = ("__main__", "config", "doors", "cycle", "settlement", "legal", "contact", "care", "repayment", "placement", "portfolio",
           "parties", "ledger", "engine", "rules", "kit")  # fmt: skip
GROUND_FLOOR = ("engine", "rules", "kit")
DJANGO_ROOMS = STOREYS[3:13]
CODE_FOLDERS = ("src", "tests", "benchmarks", "assets")
ALLOWED = re.compile(r"# house: allow (?P<rule>[a-z-]+) because \S+")

FILE_LINES_MAX = {"src": 500, "tests": 800, "benchmarks": 500, "assets": 500}
FUNCTION_LINES_MAX = 70
FOLDER_FILES_MAX = 25
TERMS_OF_ART = re.compile(r"data_?key", re.IGNORECASE)  # the key that encrypts data, as against the key that wraps it
VAGUE_WORDS = {"data", "info", "manager", "managers", "helper", "helpers", "util", "utils"}
CLOCKS = re.compile(
    r"(^|\.)(datetime\.(now|utcnow|today)|date\.today|timezone\.(now|localdate|localtime)"
    r"|time\.(time|time_ns|monotonic|monotonic_ns|perf_counter|perf_counter_ns|localtime|gmtime))$"
)
CLOCK_IMPORTS = {
    "time": {"time", "time_ns", "monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns", "localtime", "gmtime"},
    "django.utils.timezone": {"now", "localdate", "localtime"},
    "django.db.models.functions": {"Now"},
}
ROW_WRITES = {"save", "asave", "delete", "adelete"}
SET_WRITES = {f"{a}{name}" for a in ("", "a") for name in ("bulk_create", "bulk_update", "get_or_create", "update_or_create")}
MAYBE_WRITES = {"create", "acreate", "update", "aupdate"}
QUERY = re.compile(r"\.objects\b|\b_(base|default)_manager\b|\.(filter|exclude|all|select_for_update|select_related|order_by)\(")
SQL_WRITE = re.compile(
    r"\s*(insert\s+into\b|update\s+\S+\s+(as\s+\w+\s+)?set\b|delete\s+from\b|truncate\b|copy\s+[^(\s]\S*.*\bfrom\b)",
    re.IGNORECASE | re.DOTALL,
)
SQL_HUNDRED = re.compile(r"\bselect\b.*[\w)\]]\s*/\s*100\b(?!\.)", re.IGNORECASE | re.DOTALL)
PROVES = re.compile(r"raises|expect|assert|check|warns|fail|verify")

Violations = Iterator[tuple[int, str]]


@dataclass(frozen=True)
class Source:
    """One Python file: its path from the root of the tree, its text and its syntax tree."""

    path: Path
    text: str
    tree: ast.Module

    @property
    def is_ours(self) -> bool:
        """True for the package itself, False for tests, benchmarks and assets."""
        return self.path.parts[0] == "src"

    @property
    def room(self) -> str:
        """The room the file stands in, or '' outside the package."""
        return self.path.parts[2].removesuffix(".py") if self.is_ours and len(self.path.parts) > 2 else ""

    @property
    def is_migration(self) -> bool:
        """True for files in a folder of migrations."""
        return "migrations" in self.path.parts

    def is_part(self, name: str) -> bool:
        """True for `name.py` of a room, or a file of the folder it has grown into."""
        return self.is_ours and len(self.path.parts) > 3 and self.path.parts[3].removesuffix(".py") == name


def sources(root: Path) -> list[Source]:
    """Return every Python file of the code folders under `root`, in order of path."""
    found = []
    for folder in CODE_FOLDERS:
        for path in sorted((root / folder).rglob("*.py")):
            if "node_modules" not in path.parts:
                text = path.read_text(encoding="utf-8")
                found.append(Source(path.relative_to(root), text, ast.parse(text)))
    return found


def violations(rule: str, root: Path = ROOT) -> list[str]:
    """Return what breaks `rule` under `root` as 'path:line sentence', exceptions that give a reason left out."""
    found = []
    for source in sources(root):
        excused = set()
        for number, line in enumerate(source.text.splitlines(), 1):
            if (allowed := ALLOWED.search(line)) and allowed["rule"] == rule:
                excused |= {0, number + line.lstrip().startswith("#")}
        for line, sentence in RULES[rule](source):
            if line in excused:
                continue
            found.append(f"{source.path}:{line or 1} {sentence}")
    return found


def file_size(source: Source) -> Violations:
    """A file has at most 500 lines, of tests 800; a migration may hold long SQL."""
    count = source.text.count("\n")
    limit = FILE_LINES_MAX[source.path.parts[0]]
    if count > limit and not source.is_migration:
        yield 0, f"has {count} lines, the limit is {limit}"


def function_size(source: Source) -> Violations:
    """A function has at most 70 lines, its docstring and decorators not counted apart."""
    for node in _functions(source.tree):
        count = (node.end_lineno or node.lineno) - node.lineno + 1
        if count > FUNCTION_LINES_MAX:
            yield node.lineno, f"{node.name} has {count} lines, the limit is {FUNCTION_LINES_MAX}"


def docstring(source: Source) -> Violations:
    """Every module, public class and public function says what it is for, and so does every test."""
    if not ast.get_docstring(source.tree):
        yield 0, "the module has no docstring"
    yield from _undocumented(source.tree.body, is_test=source.path.parts[0] == "tests")


def clock(source: Source) -> Violations:
    """Only kit/clock.py asks the time; a model field that fills itself would ask it too."""
    if not source.is_ours or source.path.parts[2:] == ("kit", "clock.py"):
        return
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Attribute) and CLOCKS.search(_dotted(node)):
            yield node.lineno, f"{_dotted(node)} asks the time; take it as an argument or call kit.clock.now"
        elif isinstance(node, ast.ImportFrom):
            for name in {alias.name for alias in node.names} & CLOCK_IMPORTS.get(node.module or "", set()):
                yield node.lineno, f"{node.module}.{name} asks the time; take it as an argument or call kit.clock.now"
        elif isinstance(node, ast.keyword) and node.arg in {"auto_now", "auto_now_add"}:
            yield node.value.lineno, f"{node.arg} asks the time inside Django; the service sets the instant"


def write(source: Source) -> Violations:
    """Rows are written by services (and migrations) only."""
    if not source.is_ours or source.room in GROUND_FLOOR or source.is_migration or source.is_part("services"):
        return
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            name, receiver = node.func.attr, ast.unparse(node.func)
            if name in ROW_WRITES | SET_WRITES or (name in MAYBE_WRITES and QUERY.search(receiver)):
                yield node.lineno, f"{receiver} writes rows; call a service"
    for line, text in _texts(source.tree):
        if SQL_WRITE.match(text):
            yield line, f"SQL writes rows ({' '.join(text.split()[:3])} …); call a service"


def real_number(source: Source) -> Violations:
    """Money never becomes a float; where a float is no money, the line says so."""
    if source.is_ours and source.path.parts[2:] != ("kit", "money.py"):
        for node in ast.walk(source.tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "float":
                yield node.lineno, "float(…): money is an integer in minor units"


def hundred(source: Source) -> Violations:
    """Only kit/money.py knows that a yuan has a hundred fen."""
    if not source.is_ours or source.path.parts[2:] == ("kit", "money.py"):
        return
    for node in ast.walk(source.tree):
        divisor = node.right if isinstance(node, ast.BinOp) else node.value if isinstance(node, ast.AugAssign) else None
        if divisor is not None and isinstance(node.op, ast.Div) and isinstance(divisor, ast.Constant) and divisor.value == 100:
            yield node.lineno, "/ 100: kit.money turns minor units into a text"
    for line, text in _texts(source.tree):
        if SQL_HUNDRED.search(text):
            yield line, "/ 100 in SQL: kit.money turns minor units into a text"


def reveal(source: Source) -> Violations:
    """Only a service that records the look in the same function may issue a reveal."""
    if not source.is_ours or source.path.parts[2:] == ("kit", "masking.py"):
        return
    for node in _functions(source.tree):
        calls = [_dotted(call.func) for call in ast.walk(node) if isinstance(call, ast.Call)]
        if any(call.endswith("issue_reveal") for call in calls):
            if not source.is_part("services"):
                yield node.lineno, f"{node.name} issues a reveal outside a service"
            elif not any("audit" in call for call in calls):
                yield node.lineno, f"{node.name} issues a reveal without recording it in the audit trail"


def signals(source: Source) -> Violations:
    """Rooms do not speak through signals: a call can be read, a signal must be guessed."""
    for node in ast.walk(source.tree):
        modules = (
            [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else [a.name for a in node.names]
            if isinstance(node, ast.Import)
            else []
        )
        for module in modules:
            if source.is_ours and (module.endswith(".signals") or module.startswith("django.dispatch")):
                yield node.lineno, f"imports {module}"


def vague_name(source: Source) -> Violations:
    """Names are the field's nouns: no data, info, manager, helper, util."""
    if VAGUE_WORDS & _words(source.path.stem):
        yield 0, f"the file's name says too little: {source.path.name}"
    for node in ast.walk(source.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and VAGUE_WORDS & _words(node.name):
            yield node.lineno, f"the name {node.name} says too little"
        elif isinstance(node, ast.arg) and source.is_ours and node.arg in VAGUE_WORDS:
            yield node.lineno, f"the argument {node.arg} says too little"


def keyword_only(source: Source) -> Violations:
    """Services and selectors take their arguments by keyword from the second on."""
    if not (source.is_part("services") or source.is_part("selectors")):
        return
    for node in source.tree.body:
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_") and len(node.args.args) > 1:
            yield node.lineno, f"{node.name} takes {len(node.args.args)} arguments by position; put `*` after the first"


def proof(source: Source) -> Violations:
    """A test asserts something."""
    if not source.path.name.startswith("test_"):
        return
    for node in _functions(source.tree):
        if node.name.startswith("test_"):
            inside = list(ast.walk(node))
            calls = " ".join(_dotted(call.func) for call in inside if isinstance(call, ast.Call))
            if not any(isinstance(part, ast.Assert) for part in inside) and not PROVES.search(calls):
                yield node.lineno, f"{node.name} asserts nothing"


RULES: dict[str, Callable[[Source], Violations]] = {
    "file-size": file_size,
    "function-size": function_size,
    "docstring": docstring,
    "clock": clock,
    "write": write,
    "float": real_number,
    "hundred": hundred,
    "reveal": reveal,
    "signals": signals,
    "vague-name": vague_name,
    "keyword-only": keyword_only,
    "proof": proof,
}


def _functions(tree: ast.AST) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    return [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]


def _undocumented(body: list[ast.stmt], *, is_test: bool) -> Violations:
    for node in body:
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_") and node.name not in {"Meta", "Migration"}:
            if not ast.get_docstring(node):
                yield node.lineno, f"class {node.name} has no docstring"
            yield from _undocumented(node.body, is_test=is_test)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            is_public = not node.name.startswith("_")
            is_overload = any(_dotted(decorator).endswith(("overload", ".setter")) for decorator in node.decorator_list)
            if is_public and not is_overload and not ast.get_docstring(node):
                yield node.lineno, f"{node.name} has no docstring"


def _texts(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Yield every string of the code with its line, an f-string as one text with `x` in its places; docstrings left out."""
    owners = [node for node in ast.walk(tree) if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)]
    seen: set[ast.AST] = {owner.body[0].value for owner in owners if owner.body and isinstance(owner.body[0], ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            seen.update(node.values)
            yield node.lineno, "".join(str(part.value) if isinstance(part, ast.Constant) else "x" for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in seen:
            yield node.lineno, node.value


def _dotted(node: ast.AST) -> str:
    if isinstance(node, ast.Attribute):
        return f"{_dotted(node.value)}.{node.attr}"
    if isinstance(node, ast.Call):
        return _dotted(node.func)
    return node.id if isinstance(node, ast.Name) else ""


def _words(name: str) -> set[str]:
    return {word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+", TERMS_OF_ART.sub("key", name))}
