"""How commands speak: text for people on standard output, JSON for programs, errors on standard error."""

from __future__ import annotations

import gettext
import json
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from duecourse.kit.errors import DuecourseError, Problem, fill

EXIT_REFUSED = 2
_LOCALE = Path(__file__).parents[2] / "locale"


@dataclass(slots=True)
class Terminal:
    """The caller's wishes about output, shared by all commands of one run.

    Attributes:
        is_json: answers and errors are JSON documents.
        lang: `en` or `zh-hans`.
    """

    is_json: bool = False
    lang: str = "en"

    def answer(self, facts: dict[str, Any], *, text: str) -> None:
        """Print the result: `facts` as JSON, or `text`, which is translated already."""
        print(json.dumps(facts, ensure_ascii=False, default=str) if self.is_json else text)

    def note(self, text: str) -> None:
        """Print a remark for a person to standard error, nothing under --json."""
        if not self.is_json:
            print(text, file=sys.stderr)

    def refuse(self, error: DuecourseError) -> None:
        """Print what happened, why, and what to do, to standard error."""
        if self.is_json:
            print(json.dumps(self._problem_document(error), ensure_ascii=False, default=str), file=sys.stderr)
            return
        for part, mark in zip((error.what, error.why, error.todo), ("✗ ", "  ", "→ "), strict=True):
            if part:
                print(mark + fill(self.translated(part), self._parameters(error)), file=sys.stderr)
        if error.read:
            print("  " + self.translated("Read {page}.").format(page=error.read), file=sys.stderr)

    def translated(self, template: str) -> str:
        """Return the template in the caller's language, or as it is when there is no translation."""
        return _catalogue(self.lang).gettext(template) if template else ""

    def _parameters(self, error: DuecourseError) -> dict[str, Any]:
        problems: list[Problem] = getattr(error, "problems", [])
        if "listing" not in error.parameters or not problems:
            return error.parameters
        return error.parameters | {"listing": "\n".join(f"  - {self._line(problem)}" for problem in problems)}

    def _line(self, problem: Problem) -> str:
        return " ".join(fill(self.translated(part), problem.parameters) for part in (problem.what, problem.todo) if part)

    def _problem_document(self, error: DuecourseError) -> dict[str, Any]:
        what, why, todo = (fill(self.translated(part), self._parameters(error)) for part in (error.what, error.why, error.todo))
        document = {"code": error.code, "what": what, "why": why, "todo": todo, "read": error.read, "parameters": error.parameters}
        return {"error": document}


terminal = Terminal()


@cache
def _catalogue(lang: str) -> gettext.NullTranslations:
    names = {"zh-hans": ["zh_Hans"]}.get(lang, ["en"])
    return gettext.translation("django", localedir=_LOCALE, languages=names, fallback=True)
