"""Small documents that people write by hand, YAML and JSON, read so that none of them can hang the process or swell it.

A path may name a pipe that never ends, and eight lines of YAML may stand for a billion texts. What is read here is an ordinary file of bounded
size, and what it stands for is counted before it is built.
"""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

import yaml

DOCUMENT_BYTES_MAX = 4 << 20
NODES_MAX = 200_000


class NoDocument(OSError):
    """The path names no ordinary file, or one that is too large to be a document somebody wrote."""


class _Plain(yaml.SafeLoader):
    """YAML whose anchors stand, all in all, for no more than `NODES_MAX` parts, and never for themselves."""

    def get_single_node(self) -> yaml.Node | None:
        node = super().get_single_node()
        if node is not None and _part_count(node, known={}) > NODES_MAX:
            raise yaml.YAMLError("it stands for more than anybody writes")
        return node


def _part_count(node: yaml.Node, *, known: dict[int, int]) -> int:
    """Return how many parts a node stands for, each alias counted as often as it is used; a node inside itself counts without end."""
    if id(node) not in known:
        known[id(node)] = NODES_MAX + 1
        parts: list[yaml.Node] = []
        if isinstance(node, yaml.SequenceNode):
            parts = node.value
        elif isinstance(node, yaml.MappingNode):
            parts = [part for pair in node.value for part in pair]
        known[id(node)] = 1 + sum(_part_count(part, known=known) for part in parts)
    return known[id(node)]


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
        yaml.YAMLError: it is not YAML, stands for too much by its aliases, or is nested too deeply.
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
