"""Canonical bytes and hashes: the same content gives the same bytes on every machine and in every version.

Form 1, pinned by golden vectors: JSON in UTF-8 without blanks, keys sorted by code point, no escapes beyond those JSON demands.
A `date` is written as its ISO text; an aware `datetime` as its ISO text in UTC with six decimals and `Z`; a UUID as its text.
Floating-point numbers are refused because their text differs between writers.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from duecourse.kit.errors import InvalidInput
from duecourse.kit.records import FileAbsent

_BLOCK_BYTES = 1 << 20


class NotCanonical(InvalidInput):
    """A value has no canonical form."""

    what = "A value of type {type} has no canonical form ({reason})."
    why = "Its bytes would not be the same everywhere, so its hash would prove nothing."
    todo = "Hand in whole numbers, texts, booleans, dates, aware instants, lists, or mappings with text keys."


def canonical_bytes(value: Any) -> bytes:
    """Return the canonical bytes of a tree of None, bool, int, str, date, aware datetime, UUID, lists, tuples and mappings.

    A date and the text of that date give the same bytes: the form records content, not types.

    Raises:
        NotCanonical: a float, a naive instant, a key that is not text, a lone surrogate or any other type.
    """
    try:
        return json.dumps(_plain(value), ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    except UnicodeEncodeError as error:
        raise NotCanonical(type="str", reason="it holds half a character") from error
    except RecursionError as error:
        raise NotCanonical(type=type(value).__name__, reason="it is nested too deeply or holds itself") from error


def content_hash(value: Any) -> str:
    """Return the SHA-256 of `canonical_bytes(value)`, 64 hexadecimal digits.

    Raises:
        NotCanonical: the value has no canonical form.
    """
    return hashlib.sha256(canonical_bytes(value)).hexdigest()


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, 64 hexadecimal digits, reading it in blocks of one MiB.

    Raises:
        FileAbsent: there is no such file, or it may not be opened.
    """
    sha = hashlib.sha256()
    try:
        with path.open("rb") as source:
            while block := source.read(_BLOCK_BYTES):
                sha.update(block)
    except OSError as error:
        raise FileAbsent(file=path.name, reason=error.strerror or "the system refused") from error
    return sha.hexdigest()


def _plain(value: Any) -> Any:
    kind = type(value)
    if value is None or kind in (str, int, bool):
        return value
    if isinstance(value, Mapping):
        if not all(type(key) is str for key in value):
            raise NotCanonical(type=kind.__name__, reason="a key is not text")
        return {key: _plain(item) for key, item in value.items()}
    if kind in (list, tuple):
        return [_plain(item) for item in value]
    if kind is datetime:
        if value.tzinfo is None:
            raise NotCanonical(type="datetime", reason="it has no time zone")
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ").rjust(27, "0")
    if kind is date:
        return value.isoformat()
    if kind is UUID:
        return str(value)
    if isinstance(value, str):
        return str.__str__(value)
    raise NotCanonical(type=kind.__name__, reason="only whole numbers are exact" if kind is float else "not a plain value")
