"""Histories of contacts for the tests of the audit, and the same audit as one would do it by hand: event after event, asking the gate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa

from duecourse.rules.decide import decide
from duecourse.rules.errors import NoValueInForce
from duecourse.rules.facts import ContactFacts
from duecourse.rules.form import Overlay, Pack
from duecourse.rules.resolve import vocabulary_of
from duecourse.rules.vocabulary import Counted, Source

CONNECTED = {"connected", "promise", "refused_to_pay", "disputed", "wrong_party"}
SILENT = {"no_answer", "busy", "unreachable"}
NOWHERE = "Nowhere/Land"
KEYS = {"person": None, "contact_point": "contact_point_id", "debt": "debt_id"}


def event(number: Any, at: str | datetime, **more: Any) -> dict[str, Any]:
    """Return an event: a connected call of Aoki's to Chen in Shanghai, unless told otherwise. A text is a time in UTC."""
    instant = datetime.fromisoformat(at).replace(tzinfo=UTC) if isinstance(at, str) else at
    usual = {"person_id": 1, "channel": "call", "performer": "aoki", "performer_kind": "agency", "zone": "Asia/Shanghai"}
    return {"event_id": number, "at": instant, **usual, "outcome": "connected", **more}


def log_of(events: Sequence[Mapping[str, Any]]) -> pa.Table:
    """Return events as a log."""
    names = dict.fromkeys(name for one in events for name in one)
    columns = {name: [one.get(name) for one in events] for name in names}
    types = {"at": pa.timestamp("us", "UTC"), "outcome": pa.string(), "zone": pa.string()}
    return pa.table({name: pa.array(column, types.get(name)) for name, column in columns.items()})


@dataclass(frozen=True)
class Said:
    """What the gate says of an event: the rules that find fault and whether it refuses; None where it cannot say."""

    rules: frozenset[str]
    is_refused: bool


def by_hand(
    events: Sequence[Mapping[str, Any]], *, packs: Sequence[Pack], columns: Sequence[str], layers: Sequence[Overlay] = ()
) -> dict[Any, Said | None]:
    """Return what the gate says of each event, with counts kept in plain Python over the events strictly before it.

    An event in a zone that does not exist is in no log that is judged: it counts for nothing and is not told.
    """
    facts = vocabulary_of(tuple(packs)).facts
    judged = tuple(replace(pack, rules=tuple(r for r in pack.rules if not _lacking(r, facts=facts, columns=columns))) for pack in packs)
    earlier: list[Mapping[str, Any]] = []
    said: dict[Any, Said | None] = {}
    for one in sorted((row for row in events if row["zone"] != NOWHERE), key=lambda row: (row["at"], row["event_id"])):
        known = {name: one[name] for name in columns if name in facts and one[name] is not None}
        used = {name for pack in judged for rule in pack.rules if rule.is_enabled and rule.channels for name in rule.facts_used}
        for name in sorted(used):
            if facts[name].count is not None:
                known[name] = counted(name, one, earlier=earlier, facts=facts)
        earlier.append(one)
        said[one["event_id"]] = _asked(one, known, packs=judged, layers=layers, facts=facts)
    return said


def counted(name: str, one: Mapping[str, Any], *, earlier: Sequence[Mapping[str, Any]], facts: Mapping[str, Any]) -> int:
    """Return one counted fact of an event."""
    count, key = facts[name].count, KEYS[facts[name].count.key]
    today = day_of(one)
    days = [
        day_of(other)
        for other in earlier
        if other["person_id"] == one["person_id"]
        and (key is None or other.get(key) == one.get(key) or (count.key == "contact_point" and None in (other.get(key), one.get(key))))
        and other["channel"] in count.channels
        and is_counted(other["channel"], other["outcome"], count.which)
        and day_of(other) <= today
    ]
    if count.is_days_since:
        since = today - max(days) if days else facts[name].when_unknown
        return facts[name].when_unknown if count.window_days and since >= count.window_days else since
    return len([day for day in days if not count.window_days or today - count.window_days < day])


def day_of(one: Mapping[str, Any]) -> int:
    """Return the ordinal of an event's local day, by Python's own zones."""
    return ContactFacts("call", one["at"], one["zone"], 1).local_day


def is_counted(channel: str, outcome: str | None, which: Counted) -> bool:
    """Say whether a count takes an earlier contact; what is said of a message, and that a visit was not made, nobody can check."""
    is_checked = channel == "call" or (channel == "visit" and outcome != "not_made")
    if outcome not in CONNECTED and not is_checked:
        outcome = None
    if outcome == "not_made":
        return False
    is_silent, is_connected = outcome in SILENT, outcome in CONNECTED
    return {Counted.every: True, Counted.held: not is_silent, Counted.connected: is_connected, Counted.unanswered: is_silent}[which]


def _lacking(rule: Any, *, facts: Mapping[str, Any], columns: Sequence[str]) -> bool:
    used = [facts[name] for name in rule.facts_used]
    is_by_point = any(fact.count is not None and fact.count.key == "contact_point" for fact in used)
    return any(f.source is Source.stated and f.name not in columns for f in used) or (is_by_point and "contact_point_id" not in columns)


def _asked(one: Mapping[str, Any], known: Mapping[str, int], *, packs: Any, layers: Any, facts: Mapping[str, Any]) -> Said | None:
    texts = {name: one.get(name) or "" for name in ("lender_class", "product_class")}
    asked = ContactFacts(one["channel"], one["at"], one["zone"], 1, known, performer_kind=one["performer_kind"], **texts)
    try:
        verdict = decide(asked, packs=packs, as_of=asked.local_on, layers=layers)
    except NoValueInForce:
        return None
    unstated = {name for name, fact in facts.items() if fact.source is Source.stated} - known.keys()
    told = [r for r in (*verdict.reasons, *verdict.warnings) if not unstated & _used(r.rule_id, packs=packs)]
    return Said(frozenset(r.rule_id for r in told), any(r.modality == "must_not" for r in told))


def _used(rule_id: str, *, packs: Any) -> set[str]:
    return {name for pack in packs for rule in pack.rules if rule.id == rule_id for name in rule.facts_used}
