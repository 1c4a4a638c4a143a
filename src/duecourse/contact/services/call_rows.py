"""The rows of a file of call records: judged, and made ready for staging, their numbers as blind indexes."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from duecourse.contact.services.call_specs import SECONDS_MAX, disposition_of, row_problem
from duecourse.kit.clock import now
from duecourse.kit.crypto import blind_index_many
from duecourse.kit.errors import Problem
from duecourse.kit.identity import IdentityUnreadable
from duecourse.kit.records.spec import ROW
from duecourse.portfolio.selectors.sealing import contact_text
from duecourse.portfolio.services.staging import hexed

CLOCK_TOLERANCE = timedelta(minutes=5)
"""How far a telephone system's clock may be ahead of ours."""


def rows_judge(table: pa.Table, *, on: date | None, zone: str, keys: list[bytes], region: str) -> tuple[pa.Table, list[Problem]]:
    """Return the rows to stage, and what is wrong with the others.

    Args:
        table: rows in the schema of `CALL_RECORDS`.
        on: the day of the file, or None when its rows shall tell.
        zone: the creditor's.
        keys: the creditor's blind-index keys, the active one first.
        region: where numbers without a country code belong.

    Guarantees: rows in = rows out + problems; the table that is returned holds no number.
    """
    rows = np.asarray(table[ROW])
    indexes = _indexes(table["number"].combine_chunks(), keys=keys, region=region)
    days = pc.local_timestamp(table["started_at"].cast(pa.timestamp("us", tz=zone))).cast(pa.date32())
    longest = pc.max_element_wise(table["talk_seconds"], table["ring_seconds"], table["total_seconds"])
    faults: list[tuple[str, Any]] = [
        ("CallSecondsImplausible", pc.greater(longest, SECONDS_MAX)),
        ("NumberUnreadable", pc.is_null(indexes)),
        ("CallAhead", _ahead(table, longest)),
    ]
    if on is not None:
        faults.append(("CallOfAnotherDay", pc.not_equal(days, pa.scalar(on, pa.date32()))))
    problems: list[Problem] = []
    bad = np.zeros(table.num_rows, dtype=bool)
    for code, flags in faults:
        fresh = np.asarray(pc.fill_null(flags, False)) & ~bad
        bad |= fresh
        for place in np.nonzero(fresh)[0]:
            said = {"day": days[int(place)].as_py().isoformat(), "on": str(on)} if code == "CallOfAnotherDay" else {}
            problems.append(row_problem(code, row=int(rows[place]), **said))
    return _staged(table, days, indexes).filter(pa.array(~bad)), problems


def _staged(table: pa.Table, days: pa.ChunkedArray, indexes: pa.Array) -> pa.Table:
    said = table["disposition"].combine_chunks().dictionary_encode()
    is_talk = np.asarray(pc.greater(table["talk_seconds"], 0))
    with_talk, without = (
        pa.array([disposition_of(w, is_talk=talk) for w in said.dictionary.to_pylist()], pa.string()) for talk in (True, False)
    )
    unsaid = pc.if_else(pa.array(is_talk), disposition_of(None, is_talk=True), disposition_of(None, is_talk=False))
    disposition = pc.fill_null(pc.if_else(pa.array(is_talk), with_talk.take(said.indices), without.take(said.indices)), unsaid)
    texts = {name: pc.fill_null(table[name], "") for name in ("caller_line", "agent_code", "stated_permit", "recording_ref")}
    columns = {
        "row_number": table[ROW],
        "call_ref": table["call_ref"],
        "local_on": days,
        **{name: table[name] for name in ("started_at", "ring_seconds", "talk_seconds", "total_seconds")},
        "disposition": disposition,
        "disposition_said": pc.fill_null(table["disposition"], ""),
        **texts,
        "number_indexes": indexes,
    }
    return pa.table(columns)


def _ahead(table: pa.Table, longest: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return which calls lie in the future, or were not over by now."""
    lasting = pc.multiply(pc.min_element_wise(pc.max_element_wise(longest, 0), SECONDS_MAX), 1_000_000).cast(pa.duration("us"))
    latest: datetime = now() + CLOCK_TOLERANCE
    return pc.greater(pc.add(table["started_at"], lasting), pa.scalar(latest, pa.timestamp("us", tz="UTC")))


def _indexes(numbers: pa.Array, *, keys: list[bytes], region: str) -> pa.Array:
    """Return each number's blind index under every key, one after the other as one bytea text; null for what is no number."""
    encoded = numbers.dictionary_encode()
    plain: list[str | None] = []
    for number in encoded.dictionary.to_pylist():
        try:
            plain.append(contact_text("phone", number, region=region))
        except IdentityUnreadable:
            plain.append(None)
    by_key = [blind_index_many(plain, key=key) for key in keys]
    joined = [None if parts[0] is None else b"".join(part for part in parts if part) for parts in zip(*by_key, strict=True)]
    return hexed(joined).take(encoded.indices)
