"""Which texts that reach a user have no Chinese: `python -m tests.messages` lists them, in the form of a catalogue.

Texts are found where they are written: templates of errors and problems, `translate` in Django's templates, `gettext` in Python,
summaries of commands. What stands in data with both languages (rules, refusals, reasons of allocation) is not asked for here.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from babel.messages.pofile import read_po

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "src" / "duecourse"
CATALOGUE = PACKAGE / "locale" / "zh_Hans" / "LC_MESSAGES" / "django.po"
MARKS = {"_", "gettext", "gettext_lazy", "gettext_noop", "pgettext", "translated", "_t"}
PROBLEM_MAKERS = {"Problem", "_problem"}
TRANSLATE = re.compile(r"""{%\s*translate\s+(?:"([^"]+)"|'([^']+)')""")
BLOCK = re.compile(r"{%\s*blocktranslate(?P<options>[^%]*)%}(?P<text>.*?){%\s*endblocktranslate\s*%}", re.DOTALL)
VARIABLE = re.compile(r"{{\s*(\w+)\s*}}")
PLACE = re.compile(r"{[^{}]*}")
WORD = re.compile(r"[A-Za-z]{2}")


def wanted() -> dict[str, str]:
    """Return every text that needs a translation, with the place where it was found first."""
    found: dict[str, str] = {}
    for text, place in (*of_errors(), *of_problems(), *of_python(), *of_templates()):
        if text and WORD.search(PLACE.sub("", text)):
            found.setdefault(text, place)
    return found


def missing() -> dict[str, str]:
    """Return the texts that have no Chinese, with their places."""
    there = translations()
    return {text: place for text, place in wanted().items() if not there.get(text)}


def translations() -> dict[str, str]:
    """Return the catalogue: English to Chinese; texts marked as uncertain do not count."""
    with CATALOGUE.open("rb") as file:
        return {str(entry.id): str(entry.string) for entry in read_po(file) if entry.id and not entry.fuzzy}


def errors() -> list[type]:
    """Return every class of the error tree, after all rooms were imported."""
    from duecourse.kit.errors import DuecourseError

    for module in pkgutil.walk_packages([str(PACKAGE)], "duecourse."):
        if ".migrations" not in module.name and not module.name.endswith(("__main__", "wsgi")):
            importlib.import_module(module.name)
    classes, waiting = [], [DuecourseError]
    while waiting:
        found = waiting.pop()
        classes.append(found)
        waiting += found.__subclasses__()
    return [found for found in classes if found.__module__.startswith("duecourse.")]


def of_errors() -> Iterator[tuple[str, str]]:
    """Yield what, why and todo of every error."""
    for error in errors():
        for part in (error.what, error.why, error.todo):
            yield part, f"{error.__module__}.{error.__name__}"


def of_problems() -> Iterator[tuple[str, str]]:
    """Yield what and todo of every kind of row problem that a module lists in `KINDS`."""
    for name, module in sorted(sys.modules.items()):
        kinds = getattr(module, "KINDS", None) if name.startswith("duecourse.") else None
        for texts in kinds.values() if isinstance(kinds, dict) else ():
            for part in texts[-2:] if isinstance(texts, tuple) else ():
                yield part, name


def of_python() -> Iterator[tuple[str, str]]:
    """Yield the texts marked in Python, those of problems and the summaries of commands."""
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                for text in _settings_problem(node) if path.name == "environment.py" else _texts_of_call(node):
                    yield text, f"{path.relative_to(ROOT)}:{node.lineno}"


def of_templates() -> Iterator[tuple[str, str]]:
    """Yield the texts of Django's templates; a block's variables stand as `%(name)s`, as gettext has them."""
    for path in sorted(PACKAGE.rglob("*.html")):
        source = path.read_text(encoding="utf-8")
        for single, double in TRANSLATE.findall(source):
            yield (single or double).replace("%", "%%"), str(path.relative_to(ROOT))
        for block in BLOCK.finditer(source):
            escaped = block["text"].replace("%", "%%")
            yield VARIABLE.sub(r"%(\1)s", escaped), str(path.relative_to(ROOT))


def _texts_of_call(node: ast.Call) -> Iterator[str]:
    name = node.func.attr if isinstance(node.func, ast.Attribute) else node.func.id if isinstance(node.func, ast.Name) else ""
    if name in MARKS and node.args:
        yield from _constants(node.args[:1])
    elif name == "Command":
        yield from _constants(node.args[1:2])
    elif name in PROBLEM_MAKERS:
        yield from _constants([*node.args[4:6], *(word.value for word in node.keywords if word.arg in {"what", "todo"})])


def _settings_problem(node: ast.Call) -> Iterator[str]:
    """Yield the texts of a problem with a setting, whose name stands before them."""
    if isinstance(node.func, ast.Name) and node.func.id == "_problem":
        for what in _constants(node.args[1:2]):
            yield "{name} " + what + "."
        yield from _constants(node.args[2:3])


def _constants(nodes: list[ast.expr]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield inspect.cleandoc(node.value) if "\n" in node.value else node.value
        elif isinstance(node, ast.IfExp):
            yield from _constants([node.body, node.orelse])


def main() -> int:
    """Print what is missing as entries of a catalogue and return how many there are."""
    absent = missing()
    for text, place in absent.items():
        quoted = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
        sys.stdout.write(f'#: {place}\nmsgid "{quoted}"\nmsgstr ""\n\n')
    sys.stderr.write(f"{len(absent)} of {len(wanted())} texts have no Chinese.\n")
    return len(absent)


if __name__ == "__main__":
    from tests import database

    database.use_test_environment()
    from duecourse.config import boot

    boot.set_up_django()
    sys.exit(min(main(), 1))
