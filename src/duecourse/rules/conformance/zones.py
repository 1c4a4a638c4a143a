"""The time zones that what is known suggests for a consumer."""

from __future__ import annotations

import re
from typing import Any

from duecourse.rules.conformance.vector import Node, Unsupported
from duecourse.rules.facts import zone_of

_ZONES = {
    "eastern": "America/New_York", "et": "America/New_York", "central": "America/Chicago", "ct": "America/Chicago",
    "mountain": "America/Denver", "mt": "America/Denver", "pacific": "America/Los_Angeles", "pt": "America/Los_Angeles",
}  # fmt: skip


_OTHERS = ("collector", "creditor", "caller", "agency", "attorney")


_SHORT = 2
"""Two letters are a zone only where the key says so: CT is a state too."""
_INDICATOR_KEYS = {"source", "indicator", "type", "kind", "basis", "signal", "evidence", "area_code", "id"}


def _is_called_zone(value: Any) -> bool:
    """Whether it is one of the names that zones of the United States go by, such as Eastern."""
    return isinstance(value, str) and value.lower().removesuffix(" time") in _ZONES and len(value) > _SHORT


def zones_in(node: Node) -> tuple[str, ...]:
    """Return the zones that a mapping suggests for the consumer, in order of key: of keys that speak of a zone, and of values that are one.

    Raises:
        Unsupported: a key speaks of a zone and its value is none.
    """
    found: list[str] = []
    for key in sorted(key for key in node if not any(other in key.lower() for other in _OTHERS)):
        if _speaks_of_zone(key) or _is_zone(node.peek(key)) or _is_called_zone(node.peek(key)) or _names_zones(node.peek(key)):
            found += _zone_names(node.get(key), place=f"{node.place}, {key}")
        elif _is_zoned(node.peek(key)):
            inner = node.node(key)
            found += zones_in(inner)
            for told in sorted(_INDICATOR_KEYS & set(inner)):
                inner.text(told)
        elif _lists_zones(node.peek(key)):
            for inner in node.nodes(key):
                found += zones_in(inner)
                for told in sorted(_INDICATOR_KEYS & set(inner)):
                    inner.text(told)
    return tuple(dict.fromkeys(found))


def _speaks_of_zone(key: str) -> bool:
    return "zone" in key.lower() or re.search(r"(^|_)tz($|_)", key.lower()) is not None


def _names_zones(value: Any) -> bool:
    """Whether it is a list of nothing but zones."""
    return isinstance(value, list) and bool(value) and all(_is_zone(item) for item in value)


def _is_zoned(value: Any) -> bool:
    """Whether it is a mapping that tells a zone and otherwise nothing that would matter."""
    return (
        isinstance(value, dict)
        and bool(value)
        and all(key in _INDICATOR_KEYS or _speaks_of_zone(key) or _is_zone(inner) for key, inner in value.items())
        and any(_speaks_of_zone(key) or _is_zone(inner) for key, inner in value.items())
    )


def _is_zone(value: Any) -> bool:
    return isinstance(value, str) and "/" in value and zone_of(value) is not None


def _lists_zones(value: Any) -> bool:
    """Whether it is a list of mappings that each tell a zone and otherwise only where it comes from."""
    if not isinstance(value, list) or not value or not all(isinstance(item, dict) for item in value):
        return False
    return all(
        any(_speaks_of_zone(key) or _is_zone(inner) or _is_called_zone(inner) for key, inner in item.items())
        and all(key in _INDICATOR_KEYS or _speaks_of_zone(key) or _is_zone(inner) or _is_called_zone(inner) for key, inner in item.items())
        for item in value
    )


def _zone_names(value: Any, *, place: str) -> list[str]:
    if value is None:
        return []
    if isinstance(value, list | dict):
        return [name for inner in (value.values() if isinstance(value, dict) else value) for name in _zone_names(inner, place=place)]
    name = _ZONES.get(value.lower().removesuffix(" time"), value) if isinstance(value, str) else ""
    if zone_of(name) is None:
        raise Unsupported(f"{place} is no time zone: {value!r}")
    return [name]
