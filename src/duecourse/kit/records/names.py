"""Names of columns, brought into forms that can be compared: full width, blanks, line breaks, bracketed units evened out."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from fnmatch import fnmatchcase

SEPARATOR = " / "
"""Stands between a group heading and the column's own name where a header has two rows."""

_UNIT = r"(?:单位:?)?(?:人民币元?|元|rmb|cny|¥|天|日|个?月|期|%)|(?:必|选)填项?|可空|yyyy[-/]?mm[-/]?dd"
_BRACKETED = re.compile(rf"[(\[【〔{{<](?:{_UNIT})[)\]】〕}}>]")
_BLANK = re.compile("[\\s\u200b\ufeff]+")
_EDGES = re.compile(r"^(?:[0-9]{1,2}[、.](?=\D))?\**|[:*]+$")


def even(name: str) -> str:
    """Return a name half-width, in small letters, without blanks and line breaks; nothing else is taken away."""
    return _BLANK.sub("", unicodedata.normalize("NFKC", name)).casefold()


def normal(name: str) -> str:
    r"""Return a column's name without what does not tell columns apart: also without units in brackets, `*` of must-fill columns, numbering.

    `剩余本金\n（元）` → `剩余本金`. Units that change what a number means stay: `剩余本金(万元)`, `余额(美元)`.
    """
    return _EDGES.sub("", _BRACKETED.sub("", even(name)))


def is_like(name: str, patterns: Iterable[str]) -> bool:
    """Say whether a name fits one of the patterns (`*` stands for anything), in any of the forms an operator may have meant."""
    folded = unicodedata.normalize("NFKC", name).strip().lower()
    forms = {folded, "_".join(folded.split()), normal(name)}
    return any(fnmatchcase(form, pattern.lower()) for pattern in patterns for form in forms)
