"""Small documents that people write by hand, YAML and JSON, read so that none of them can hang the process or swell it.

A path may name a pipe that never ends, and eight lines of YAML may stand for a billion texts. What is read here is an ordinary file of bounded
size, and each text in it stands where it is used.
"""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

import yaml

DOCUMENT_BYTES_MAX = 4 << 20


class NoDocument(OSError):
    """The path names no ordinary file, or one that is too large to be a document somebody wrote."""


class _Plain(yaml.SafeLoader):
    """YAML without anchors that are used again, so that a document is no larger than its text."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            raise yaml.YAMLError("aliases are not used here")
        return super().compose_node(parent, index)


def document_text(path: Path, *, encoding: str = "utf-8") -> str:
    """Return the text of an ordinary file of at most `DOCUMENT_BYTES_MAX` bytes.

    Raises:
        OSError: it cannot be read, or is no such file (`NoDocument`).
        UnicodeDecodeError: it is in another encoding.
    """
    found = path.stat()
    if not stat.S_ISREG(found.st_mode) or found.st_size > DOCUMENT_BYTES_MAX:
        raise NoDocument
    return path.read_text(encoding=encoding)


def yaml_document(path: Path) -> Any:
    """Return what a YAML file holds.

    Raises:
        OSError, UnicodeDecodeError: as `document_text` does.
        yaml.YAMLError: it is not YAML, uses aliases, or is nested too deeply.
    """
    try:
        return yaml.load(document_text(path), Loader=_Plain)  # noqa: S506 - a SafeLoader
    except RecursionError as error:
        raise yaml.YAMLError("nested too deeply") from error
    except (ValueError, OverflowError) as error:
        if isinstance(error, UnicodeDecodeError):
            raise
        raise yaml.YAMLError("a number or a date that does not exist") from error


def json_document(path: Path) -> Any:
    """Return what a JSON file holds; a byte order mark is passed over.

    Raises:
        OSError: as `document_text` does.
        ValueError: it is not JSON in UTF-8, is nested too deeply, or has numbers without bounds.
    """
    try:
        return json.loads(document_text(path, encoding="utf-8-sig"))
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
