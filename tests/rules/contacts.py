"""Contacts, overlays and frames for the tests of the rules."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pyarrow as pa

from duecourse.rules.facts import FACTS, ContactFacts
from duecourse.rules.form import Overlay
from duecourse.rules.load import load_pack, parse_overlay, shipped_pack

CN = shipped_pack("cn")
TRIAL_FOLDER = Path(__file__).parent / "packs/trial"
TRIAL = load_pack(TRIAL_FOLDER)
SAMPLE_FOLDER = Path(__file__).parent / "packs/sample"
SAMPLE = load_pack(SAMPLE_FOLDER)
HOURS_FROM = "cn.contact_hours.allowed_from_minute"
HOURS_UNTIL = "cn.contact_hours.allowed_until_minute"
CALLS_MAX = "cn.connected_calls_daily.connected_calls_max_count"


def local(text: str, zone: str = "Asia/Shanghai") -> datetime:
    """Return the instant of a local time, in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def contact(text: str = "2026-03-02 10:00", *, zone: str | None = "Asia/Shanghai", held: int = 0, **facts) -> ContactFacts:
    """Return a call to Chen at a local time."""
    facts = {"channel": "call", "lender_class": "bank", "person_key": 1, **facts}
    return ContactFacts(
        at=local(text, (zone or "Asia/Shanghai").split("|")[0]), zone=zone, **{"known": {"call_slots_held_count": held}, **facts}
    )


def overlay(layer: str, values: dict[str, int | str], *, name: str = "paper", effective_on: date = date(2020, 1, 1)) -> Overlay:
    """Return a paper of a lower layer that sets the values for good."""
    days = {"issued_on": effective_on, "effective_on": effective_on, "last_reviewed_on": effective_on}
    entry = {"effective_on": effective_on, "article": "3", "confidence": "verbatim"}
    units = {key: "count_per_local_day" if key == CALLS_MAX else "minute_of_day" for key in values}
    written = {key: {"unit": units[key], "values": [{"value": value, **entry}]} for key, value in values.items()}
    text = {"id": name, "layer": layer, "title": {"zh": name, "en": name}, **days}
    return parse_overlay({"text": text, "parameters": written}, place=name)


def frame_of(contacts: Sequence[ContactFacts], *, keys: Sequence[int | None] | None = None) -> pa.Table:
    """Return the contacts as a frame; `keys` are their agreement keys."""
    rows = [{name: getattr(one, name, None) for name in FACTS.names} | dict(one.known) for one in contacts]
    for row, key in zip(rows, keys or [None] * len(rows), strict=True):
        row["agreement_key"] = key
    return pa.Table.from_pylist(rows, schema=FACTS.append(pa.field("call_slots_held_count", pa.int32(), nullable=False)))
