"""Booking many small entries of one kind at once, as a file of payments needs it."""

from __future__ import annotations

from collections import Counter

import pyarrow as pa
from django.db import connection, transaction

from duecourse.engine.frames import conform
from duecourse.kit.clock import now
from duecourse.ledger.errors import EntryConflict, PostingsRefused
from duecourse.ledger.services.books import BOOKS, COMPONENTS

CAUSES = pa.schema(
    [
        pa.field("source_id", pa.int64(), nullable=False),
        pa.field("value_on", pa.date32(), nullable=False),
        pa.field("booked_on", pa.date32(), nullable=False),
    ]
)
"""One row per entry: the row that caused it, and its dates."""

SIDES = pa.schema(
    [
        pa.field("source_id", pa.int64(), nullable=False),
        pa.field("book", pa.string(), nullable=False),
        pa.field("amount_minor", pa.int64(), nullable=False),
        pa.field("currency", pa.string(), nullable=False),
        pa.field("account_id", pa.int64()),
        pa.field("component", pa.string(), nullable=False),
    ]
)
"""One row per posting, joined to its entry by `source_id`; a debit is above zero."""

_ENTRIES = """
INSERT INTO ledger_entry (creditor_id, kind, source_kind, source_id, value_on, booked_on, known_at)
SELECT %s, %s, %s, source_id::text, value_on, booked_on, %s
FROM unnest(%s::bigint[], %s::date[], %s::date[]) AS cause (source_id, value_on, booked_on) ORDER BY cause.source_id
ON CONFLICT (creditor_id, kind, source_kind, source_id) DO NOTHING RETURNING source_id::bigint, id, value_on, booked_on
"""
_POSTINGS = """
INSERT INTO ledger_posting (creditor_id, entry_id, value_on, booked_on, book, amount_minor, currency, account_id, component)
SELECT %s, entry_id, value_on, booked_on, book, amount_minor, currency, account_id, component
FROM unnest(%s::bigint[], %s::date[], %s::date[], %s::text[], %s::bigint[], %s::text[], %s::bigint[], %s::text[])
    AS side (entry_id, value_on, booked_on, book, amount_minor, currency, account_id, component)
"""

# The balance of each entry is one look into the postings. Statistics that were taken when one large entry was all there was tell the
# planner to read the whole table each time, so the checks are made here, once, with plans that go by the index.
_CHECK = """
SET LOCAL enable_seqscan = off;
DISCARD PLANS;
SET CONSTRAINTS ledger_entry_balances IMMEDIATE;
SET CONSTRAINTS ledger_entry_balances DEFERRED;
SET LOCAL enable_seqscan TO DEFAULT;
"""


def entries_post_many(*, creditor_id: int, kind: str, source_kind: str, causes: pa.Table, sides: pa.Table) -> dict[int, int]:
    """Book one entry per cause, in two statements, and return entry ids by source id.

    Unlike `entry_post` it takes no repeats: the caller knows that its causes are new, because it has just inserted them.

    Args:
        creditor_id: the creditor that is open in this transaction.
        kind: kind of all entries.
        source_kind: kind of the rows that caused them.
        causes: frame of `CAUSES`.
        sides: frame of `SIDES`.

    Raises:
        FrameMismatch: a frame has another form.
        PostingsRefused: an entry has no postings or does not balance, an amount is zero, or a book or component is not known.
        EntryConflict: a cause is booked already.

    Guarantees: all entries are booked or none; the database has checked each balance when this returns.
    """
    rows = conform(sides, SIDES, name="SIDES").to_pydict()
    wanted = conform(causes, CAUSES, name="CAUSES").to_pydict()
    reasons = _faults(rows, wanted["source_id"])
    if reasons:
        raise PostingsRefused(kind=kind, source_kind=source_kind, source_id="…", reasons="; ".join(reasons[:5]))
    if not wanted["source_id"]:
        return {}
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_ENTRIES, [creditor_id, kind, source_kind, now(), *wanted.values()])
        booked = {source_id: (entry_id, value_on, booked_on) for source_id, entry_id, value_on, booked_on in cursor.fetchall()}
        repeated = sorted(set(wanted["source_id"]) - booked.keys())
        if repeated:
            raise EntryConflict(kind=kind, source_kind=source_kind, source_id=repeated[0], entry_id="…")
        entry_columns = [list(column) for column in zip(*(booked[source_id] for source_id in rows["source_id"]), strict=True)]
        columns = [rows[name] for name in ("book", "amount_minor", "currency", "account_id", "component")]
        cursor.execute(_POSTINGS, [creditor_id, *entry_columns, *columns])
        cursor.execute(_CHECK)
    return {source_id: entry_id for source_id, (entry_id, _, _) in booked.items()}


def _faults(rows: dict[str, list], source_ids: list[int]) -> list[str]:
    """Return every reason why the postings do not make the entries."""
    left: Counter[tuple[int, str]] = Counter()
    for source_id, currency, amount in zip(rows["source_id"], rows["currency"], rows["amount_minor"], strict=True):
        left[source_id, currency] += amount
    posted = {source_id for source_id, _ in left}
    reasons = [
        f"{amount} minor units of {currency} of {source_id} are left over" for (source_id, currency), amount in left.items() if amount
    ]
    reasons += [f"{source_id} has no postings" for source_id in sorted(set(source_ids) - posted)]
    reasons += [f"{source_id} is no entry of this call" for source_id in sorted(posted - set(source_ids))]
    reasons += [f"there is no book {book!r}" for book in sorted(set(rows["book"]) - BOOKS)]
    reasons += [f"there is no component {component!r}" for component in sorted(set(rows["component"]) - COMPONENTS)]
    return reasons + (["a posting of zero moves nothing"] if 0 in rows["amount_minor"] else [])
