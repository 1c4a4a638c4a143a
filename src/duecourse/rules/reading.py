"""Strict reading of YAML: every key is expected, every value has its type, and all that is wrong is told at once.

YAML 1.1 reads the bare key `on` as True and `22:00` as 1320; a person would not see it. Here a key that is not text, or stands
twice, is refused with its line.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from datetime import date, datetime
from enum import StrEnum
from typing import Any, TypeVar

import yaml

from duecourse.rules.form import Bilingual, Unit

_Named = TypeVar("_Named", bound=StrEnum)
_BASE = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""libyaml's parser where PyYAML was built with it: packs are read ten times as fast."""


_TEXT_TAG = "tag:yaml.org,2002:str"
_SAFE_CHARACTERS = 1 << 14
"""A shorter text cannot be nested so deep that composing it, which goes down by recursion in C, would end the process."""
_DEPTH_MAX = 100


class _StrictLoader(_BASE):  # type: ignore[misc, valid-type]
    """SafeLoader that refuses keys that are not text and keys that stand twice."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:  # noqa: FBT001, FBT002 - PyYAML's form
        """Build a mapping, or raise a ConstructorError that names the line."""
        seen: set[str] = set()
        for key_node, _ in node.value:
            is_text = isinstance(key_node, yaml.ScalarNode) and key_node.tag == _TEXT_TAG
            key = key_node.value if is_text else self.construct_object(key_node, deep=True)
            if not isinstance(key, str):
                hint = f" (YAML read {key_node.value!r} as {key!r}; write as_of, or quote it)" if isinstance(key, bool) else ""
                raise yaml.constructor.ConstructorError(None, None, f"the key {key!r} is not text{hint}", key_node.start_mark)
            if key in seen:
                raise yaml.constructor.ConstructorError(None, None, f"the key {key!r} stands twice", key_node.start_mark)
            seen.add(key)
        made: dict[Hashable, Any] = super().construct_mapping(node, deep=deep)
        return made


def read_yaml(text: str, *, place: str, problems: list[str]) -> Any:
    """Return the document, or None after adding to `problems` what cannot be read, with place and line."""
    try:
        if len(text) > _SAFE_CHARACTERS:
            _refuse_depth(text)
        return yaml.load(text, Loader=_StrictLoader)  # noqa: S506 - a subclass of SafeLoader
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        problems.append(f"{place}, line {line}: {error.problem}")
    except RecursionError:
        problems.append(f"{place}: nested too deeply")
    except (yaml.YAMLError, ValueError) as error:
        problems.append(f"{place}: {error}")
    return None


def _refuse_depth(text: str) -> None:
    depth = 0
    for event in yaml.parse(text, Loader=_BASE):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > _DEPTH_MAX:
            raise yaml.YAMLError("nested too deeply")


class Fields:
    """One mapping being read: each field is asked for by name and type, and what nobody asked for is a problem.

    A field that is missing or of another type adds a problem and reads as a harmless stand-in, so that reading goes on and one run
    tells everything.
    """

    def __init__(self, node: Any, *, place: str, problems: list[str]) -> None:
        self.place = place
        self.problems = problems
        self._asked: set[str] = set()
        if not isinstance(node, Mapping):
            self.add("is not a mapping")
            node = {}
        self._node: Mapping[str, Any] = node

    def add(self, problem: str) -> None:
        """Add a problem at this place."""
        self.problems.append(f"{self.place} {problem}")

    def close(self) -> None:
        """Add a problem for each key that nobody asked for."""
        for key in self._node:
            if key not in self._asked:
                self.add(f"has the unknown key {key!r}")

    def has(self, key: str) -> bool:
        """Whether the key stands there."""
        self._asked.add(key)
        return key in self._node

    def raw(self, key: str) -> Any:
        """Return the value as it is, None with a problem if it is missing."""
        if not self.has(key):
            self.add(f"has no {key}")
        return self._node.get(key)

    def text(self, key: str, *, default: str | None = None) -> str:
        """Return a text; with a default the key may be missing."""
        if default is not None and not self.has(key):
            return default
        value = self.raw(key)
        if not isinstance(value, str):
            self.add(f"needs {key} as a text")
            return ""
        return value.strip()

    def flag(self, key: str) -> bool:
        """Return true or false."""
        value = self.raw(key)
        if not isinstance(value, bool):
            self.add(f"needs {key} as true or false")
        return value is True

    def day(self, key: str) -> date:
        """Return a date."""
        value = self.raw(key)
        if not isinstance(value, date) or isinstance(value, datetime):
            self.add(f"needs {key} as a date")
            return date.min
        return value

    def day_or_none(self, key: str) -> date | None:
        """Return a date, or None if the key is missing."""
        return self.day(key) if self.has(key) else None

    def choice(self, key: str, kind: type[_Named]) -> _Named:
        """Return a member of a named set."""
        value = self.raw(key)
        if value not in tuple(kind):
            self.add(f"needs {key} as one of {', '.join(kind)}, not {value!r}")
            return next(iter(kind))
        return kind(value)

    def texts(self, key: str, *, known: tuple[str, ...] = (), default: tuple[str, ...] | None = None) -> tuple[str, ...]:
        """Return a list of texts, of `known` ones if any are given; with a default the key may be missing."""
        if default is not None and not self.has(key):
            return default
        value = self.raw(key)
        if not isinstance(value, list) or not value or not all(isinstance(item, str) for item in value):
            self.add(f"needs {key} as a list of texts")
            return ()
        for item in value:
            if known and item not in known:
                self.add(f"has {item!r} in {key}, which is not one of {', '.join(known)}")
        return tuple(value)

    def bilingual(self, key: str) -> Bilingual:
        """Return `{zh, en}`."""
        inner = self.inner(key)
        found = Bilingual(zh=inner.text("zh"), en=inner.text("en"))
        inner.close()
        return found

    def inner(self, key: str) -> Fields:
        """Return the mapping under a key, for reading."""
        return Fields(self.raw(key), place=f"{self.place}, {key}", problems=self.problems)

    def named(self, key: str) -> list[tuple[str, Fields]]:
        """Return a mapping of mappings, each for reading."""
        value = self.raw(key)
        if not isinstance(value, Mapping) or not value:
            self.add(f"needs {key} as a mapping with at least one entry")
            return []
        return [(name, Fields(node, place=f"{self.place}, {name}", problems=self.problems)) for name, node in value.items()]

    def listed(self, key: str, *, is_required: bool = True) -> list[Fields]:
        """Return a list of mappings, each for reading; it may be missing when not required."""
        if not is_required and not self.has(key):
            return []
        value = self.raw(key)
        if not isinstance(value, list) or not value:
            self.add(f"needs {key} as a list with at least one entry")
            return []
        return [Fields(node, place=f"{self.place}, {key} {n}", problems=self.problems) for n, node in enumerate(value, start=1)]

    def quantity(self, key: str, unit: Unit) -> int:
        """Return a whole number of the unit; a minute of the day is written as a quoted "HH:MM"."""
        value = self.raw(key)
        if unit is Unit.minute_of_day:
            return self._clock_time(key, value)
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= unit.largest:
            self.add(f"needs {key} as a whole number from 0 to {unit.largest}, not {value!r}")
            return 0
        return value

    def _clock_time(self, key: str, value: Any) -> int:
        hours, _, minutes = value.partition(":") if isinstance(value, str) else ("", "", "")
        if len(hours) == len(minutes) == 2 and (hours + minutes).isascii() and (hours + minutes).isdigit() and int(minutes) < 60:
            found = int(hours) * 60 + int(minutes)
            if found <= Unit.minute_of_day.largest:
                return found
        self.add(f'needs {key} as a quoted time from "00:00" to "24:00", not {value!r}')
        return 0
