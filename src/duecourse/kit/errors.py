"""The one error tree.

Every error that duecourse raises on purpose is a `DuecourseError`. A message says what happened, why, what to do and, where a
page exists, where to read. The English template is the key under which the doors look up the Chinese text, so templates are
constants and the values stand in `parameters`.

Batch functions do not raise for a bad row: they return `(result, problems)`, where each `Problem` names the row and the column.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar


class DuecourseError(Exception):
    """The root of the tree. Subclasses set the class attributes; instances carry the values.

    Attributes:
        what: English template of what happened, with `{named}` places; also the translation key.
        why: English template of the reason, or ''.
        todo: English template of what the reader can do, or ''.
        read: path of a page under docs/, or ''.
        http_status: what a web door answers.
        parameters: the values of the named places. They hold ids, counts and names of columns, never personal data.
    """

    what: ClassVar[str] = "Something went wrong."
    why: ClassVar[str] = ""
    todo: ClassVar[str] = ""
    read: ClassVar[str] = ""
    http_status: ClassVar[int] = 400

    def __init__(self, **parameters: Any) -> None:
        self.parameters: dict[str, Any] = parameters
        super().__init__(self.message())

    @property
    def code(self) -> str:
        """The class name: stable, for machines."""
        return type(self).__name__

    def parts(self) -> tuple[str, str, str]:
        """Return the filled English texts of what, why and todo."""
        return fill(self.what, self.parameters), fill(self.why, self.parameters), fill(self.todo, self.parameters)

    def message(self) -> str:
        """Return the English text in one line, empty parts left out."""
        text = " ".join(part for part in self.parts() if part)
        return f"{text} See {self.read}." if self.read else text


class Absent(DuecourseError):
    """The object does not exist, or this actor may not know that it does; the two look the same."""

    what = "There is no such {entity}."
    why = "It does not exist, or it is not yours to see."
    todo = "Check the number, or ask the person who gave it to you."
    http_status = 404


class Forbidden(DuecourseError):
    """The actor is known and the object is theirs to see, but the action is not theirs to do."""

    what = "This is not allowed: {action}."
    why = "It takes the role {role}."
    todo = "Ask somebody who holds that role."
    http_status = 403


class Conflict(DuecourseError):
    """The state does not admit the action, or somebody else was faster."""

    http_status = 409


class InvalidInput(DuecourseError):
    """What was handed in cannot be used as it is."""

    http_status = 422


class ConfigurationError(DuecourseError):
    """The installation is not set up so that it may start."""

    http_status = 500


class BrokenPromise(DuecourseError):
    """A conservation law or a guarantee of the house does not hold: nothing was written, and this needs an engineer."""

    http_status = 500


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with one row of a batch.

    Attributes:
        row: 1-based number of the data row as a person counts it in the file (the header is not counted), or 0 for the file.
        column: the column's name in the file, or ''.
        code: stable name of the kind of problem.
        what: English template, also the translation key.
        todo: English template of what to do.
        parameters: values of the named places; never personal data.
    """

    row: int
    column: str
    code: str
    what: str
    todo: str = ""
    parameters: dict[str, Any] = field(default_factory=dict)

    def message(self) -> str:
        """Return the English text in one line, beginning with row and column."""
        where = ", ".join(p for p in (f"row {self.row}" if self.row else "", f"column {self.column!r}" if self.column else "") if p)
        text = " ".join(p for p in (fill(self.what, self.parameters), fill(self.todo, self.parameters)) if p)
        return f"{where}: {text}" if where else text


def fill(template: str, parameters: dict[str, Any]) -> str:
    """Fill the `{named}` places of a template; a missing name raises KeyError, for it is a mistake in the code."""
    return template.format_map(parameters) if template else ""
