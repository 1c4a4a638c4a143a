"""The frames that go into the simulated world and come out of it.

Money is int64 in minor units of the column `currency` (or of the world's currency), dates are date32, minutes are minutes after local
midnight in the zone of `phone_zone`. A code of a performer is that of an agency or of the creditor's own team.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from duecourse.kit.errors import InvalidInput

Ints = npt.NDArray[np.int64]
Reals = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


def _schema(required: dict[str, pa.DataType], *, optional: dict[str, pa.DataType] | None = None) -> pa.Schema:
    return pa.schema(
        [pa.field(name, kind, nullable=False) for name, kind in required.items()]
        + [pa.field(name, kind, nullable=True) for name, kind in (optional or {}).items()]
    )


_TEXT, _DATE, _WHOLE, _REAL = pa.string(), pa.date32(), pa.int64(), pa.float64()

TAPE = pa.schema(
    [
        pa.field("account_number", _TEXT, nullable=False),
        pa.field("person_name", _TEXT, nullable=False),
        pa.field("id_type", _TEXT, nullable=False),
        pa.field("id_number", _TEXT, nullable=False),
        pa.field("birth_on", _DATE, nullable=False),
        pa.field("phone", _TEXT, nullable=False),
        pa.field("phone_zone", _TEXT, nullable=False),
        pa.field("address", _TEXT, nullable=False),
        pa.field("region", _TEXT, nullable=False),
        pa.field("product_class", _TEXT, nullable=False),
        pa.field("lender_class", _TEXT, nullable=False),
        pa.field("currency", _TEXT, nullable=False),
        pa.field("principal_minor", _WHOLE, nullable=False),
        pa.field("interest_minor", _WHOLE, nullable=False),
        pa.field("fee_minor", _WHOLE, nullable=False),
        pa.field("penalty_minor", _WHOLE, nullable=False),
        pa.field("balance_minor", _WHOLE, nullable=False),
        pa.field("oldest_due_on", _DATE, nullable=False),
        pa.field("days_past_due", _WHOLE, nullable=False),
        pa.field("opened_on", _DATE, nullable=False),
        pa.field("credit_limit_minor", _WHOLE),
        pa.field("instalment_minor", _WHOLE),
        pa.field("last_paid_on", _DATE),
        pa.field("last_paid_minor", _WHOLE),
        pa.field("email", _TEXT),
    ]
)
EMPLOYER = pa.field("employer", _TEXT)

PLACEMENTS = _schema({"account_number": _TEXT, "agency_code": _TEXT, "from_on": _DATE}, optional={"until_on": _DATE})
CALLS = _schema({"request_id": _TEXT, "account_number": _TEXT, "performer_code": _TEXT, "minute": _WHOLE})
CALL_OUTCOMES = _schema(
    {
        "request_id": _TEXT,
        "account_number": _TEXT,
        "performer_code": _TEXT,
        "called_on": _DATE,
        "minute": _WHOLE,
        "outcome": _TEXT,
        "is_connected": pa.bool_(),
        "talk_seconds": _WHOLE,
    }
)
PROMISES = _schema(
    {
        "request_id": _TEXT,
        "account_number": _TEXT,
        "performer_code": _TEXT,
        "made_on": _DATE,
        "due_on": _DATE,
        "amount_minor": _WHOLE,
        "currency": _TEXT,
    }
)
PAYMENTS = _schema(
    {
        "external_ref": _TEXT,
        "account_number": _TEXT,
        "paid_on": _DATE,
        "booked_on": _DATE,
        "amount_minor": _WHOLE,
        "currency": _TEXT,
        "channel": _TEXT,
    }
)
REVERSALS = _schema(
    {
        "external_ref": _TEXT,
        "reversed_external_ref": _TEXT,
        "account_number": _TEXT,
        "reversed_on": _DATE,
        "amount_minor": _WHOLE,
        "currency": _TEXT,
    }
)
COMPLAINTS = _schema(
    {"complaint_ref": _TEXT, "request_id": _TEXT, "account_number": _TEXT, "performer_code": _TEXT, "made_on": _DATE, "subject": _TEXT}
)
DISPUTES = _schema(
    {"dispute_ref": _TEXT, "request_id": _TEXT, "account_number": _TEXT, "performer_code": _TEXT, "raised_on": _DATE, "reason": _TEXT}
)
AGENCIES = _schema(
    {
        "agency_code": _TEXT,
        "name": _TEXT,
        "name_zh": _TEXT,
        "kind": _TEXT,
        "seat_count": _WHOLE,
        "capacity_case_count": _WHOLE,
        "fee_bp": _WHOLE,
    }
)
TRUTH = _schema(
    {
        "agency_code": _TEXT,
        "segment": _TEXT,
        "log_skill": _REAL,
        "log_segment_skill": _REAL,
        "log_effect": _REAL,
        "harshness": _REAL,
    }
)


class UnusableDecision(InvalidInput):
    """A decision names something that is not in the world, or contradicts itself."""

    what = "The decision frame {frame} cannot be used: {reason}."
    why = "The world answers only for its own accounts and performers, and each account is with one performer at a time."
    todo = "Take account numbers from a tape of this world and codes from its agencies."
    read = "docs/algorithms/simulate.md"


class WorldOutOfStep(InvalidInput):
    """A day was asked for that is not the world's present day."""

    what = "The world stands at {present}, but {asked} was asked for."
    why = "What people do tomorrow depends on today, so days are stepped one after another, and a tape is the state at a day's opening."
    todo = "Ask for the present day, then step it."
    read = "docs/algorithms/simulate.md"


class WorldUnimaginable(InvalidInput):
    """The settings do not describe a world."""

    what = "There is no such world: {reason}."
    todo = "Compare the settings with the list of parameters."
    read = "docs/algorithms/simulate.md"


def ordinals(column: pa.ChunkedArray) -> Ints:
    """Return a date32 column as int64 days since 1970-01-01; a null becomes the largest int64 (never)."""
    days = column.cast(pa.int32()).cast(pa.int64()).fill_null(np.iinfo(np.int64).max)
    return np.asarray(days, dtype=np.int64)


def dates(days: Ints, *, missing: Bools | None = None) -> pa.Array:
    """Return a date32 array of int64 days since 1970-01-01, null where `missing`."""
    return pa.array(days.astype(np.int32), mask=missing).cast(pa.date32())
