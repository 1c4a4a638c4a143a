"""Vectors about servicing loans: ageing, buckets, imputation, the term of a placement; each kind run by the engine's own function.

Everything in the inputs must be read, as in `rules.conformance`; a convention that the engine does not follow is unsupported.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

from duecourse.engine.ageing import ACCOUNTS, PAUSES, Buckets, age
from duecourse.engine.commission import earns_fee
from duecourse.engine.frames import from_rows
from duecourse.engine.imputation import COMPONENTS, Imputation, Order, Owed, impute
from duecourse.kit.errors import DuecourseError
from duecourse.rules.conformance.run import Result, Status
from duecourse.rules.conformance.vector import Node, Unsupported

_NO_BUCKET = "NO_DELINQUENCY"
_BUCKET = "bucket_for_delinquent_days"
"""Stands beside the inputs: the bucket of the day count, which the core may not have recorded yet."""
_KEYS = {
    *("id", "kind", "title", "inputs", "expected", "check", "checked_by_independent_model"),
    *("source_repo", "source_commit", "source_path", "source_line", "license", "note", "superseded_expected", "derived_by_reading"),
    _BUCKET,
}
_MINOR = 100
"""Amounts of vectors are in whole units with at most two decimals."""


class ServicingSuite:
    """Vectors with a kind, inputs and what is expected."""

    def knows(self, document: Mapping[str, Any]) -> str:
        """Return '' if the document has id, kind, inputs and expected, else why not."""
        missing = [key for key in ("id", "kind", "inputs", "expected") if key not in document]
        if missing:
            return f"it has no {', '.join(missing)}"
        if not isinstance(document["inputs"], Mapping) or not all(isinstance(document[key], str) for key in ("id", "kind")):
            return "id and kind must be texts and inputs a mapping"
        return ""

    def judge(self, document: Mapping[str, Any], *, line: int) -> Result:
        """Run the engine on the inputs and compare."""
        kind, expected, got, why = document["kind"], document["expected"], None, ""
        try:
            got = answered(kind, document["inputs"])
            _refuse_unknown_keys(document)
            own = {_BUCKET: document[_BUCKET]} if _BUCKET in document else {}
            why = "; ".join(_differences(expected, got) + _differences(own, got) if own else _differences(expected, got))
            status = Status.failed if why else Status.passed
        except Unsupported as error:
            status, why = Status.unsupported, str(error)
        return Result(line, document["id"], (kind,), status, expected, got, why)


def answered(kind: str, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the engine makes of the inputs.

    Raises:
        Unsupported: the engine has no function for the kind, or does not fully understand the inputs.
    """
    answer = KINDS.get(kind)
    if answer is None:
        raise Unsupported(f"the engine has no function of its own for {kind}")
    node = Node(inputs, place="inputs")
    try:
        found = answer(node)
    except DuecourseError as error:
        raise Unsupported(error.message()) from error
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        raise Unsupported(f"a value is of another shape than expected ({type(error).__name__}: {error})") from error
    unread = node.unread()
    if unread:
        raise Unsupported("; ".join(unread))
    return found


def _refuse_unknown_keys(document: Mapping[str, Any]) -> None:
    unknown = sorted(document.keys() - _KEYS)
    if unknown:
        raise Unsupported(f"the vector has {', '.join(unknown)}, which was not understood")


def _differences(expected: Any, got: Mapping[str, Any]) -> list[str]:
    if not isinstance(expected, Mapping) or not expected:
        raise Unsupported("nothing is expected")
    strange = sorted(expected.keys() - got.keys())
    if strange:
        raise Unsupported(f"{', '.join(strange)} is expected, which is not derived here")
    return [f"{key} is {got[key]!r}, not {value!r}" for key, value in expected.items() if got[key] != value]


def _minor(value: Any, *, place: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Unsupported(f"{place} is no amount: {value!r}")
    minor = Decimal(str(value)) * _MINOR
    if minor != int(minor) or minor < 0:
        raise Unsupported(f"{place} is no amount in two decimals from 0: {value!r}")
    return int(minor)


def _whole(minor: int) -> Decimal:
    """Return minor units as vectors write amounts; a Decimal equals the JSON number it stands for."""
    return Decimal(minor) / Decimal(_MINOR)


def _count(node: Node, key: str) -> int:
    value = node.need(key)
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise Unsupported(f"{node.place} needs {key} as a whole number from 0")
    return value


def _account(number: int, due_on: date | None, *, minor: int) -> dict[str, Any]:
    texts = {"product_class": "", "currency": "USD"}
    money = {"balance_minor": minor, "principal_minor": minor, "interest_minor": 0, "fee_minor": 0, "penalty_minor": 0}
    ids = {"account_id": number, "case_id": None, "person_id": number, "reported_days_past_due": None}
    return {**ids, **texts, **money, "oldest_due_on": due_on}


def _loan(node: Node) -> tuple[date, int, list[tuple[date, int]], list[tuple[date, date]], Buckets, bool]:
    """Return as_of, grace, what is unpaid by due date, pauses, buckets, and whether the books were closed on the day."""
    as_of, grace = node.day("as_of"), _count(node, "grace_days")
    node.word("loan_status", known={"active"})
    unpaid = []
    for row in node.nodes("installments"):
        row.need("n")
        left = _minor(row.need("due"), place="due") - _minor(row.need("paid"), place="paid")
        if left < 0:
            raise Unsupported("an instalment is paid beyond what is due")
        unpaid.append((row.day("due_date"), left))
    pauses = [(row.day("start"), row.day("end")) for row in node.nodes("pauses")]
    is_paused = any(start <= as_of <= end for start, end in pauses)
    if node.flag("pause_active") != is_paused:
        raise Unsupported("whether a pause is active does not agree with the pauses")
    rows = [(row.text("name"), _count(row, "min"), row.get("max")) for row in node.nodes("ranges")]
    for (_, _, last), (_, first, _) in pairwise(rows):
        if last != first - 1:
            raise Unsupported("the ranges do not follow on each other")
    if not rows or rows[-1][2] is not None:
        raise Unsupported("the last range has an end")
    buckets = Buckets(tuple(first for _, first, _ in rows), (_NO_BUCKET, *(name for name, _, _ in rows)))
    return as_of, grace, unpaid, pauses, buckets, node.flag("eod_run_on_as_of")


def _aged(
    dues: list[tuple[date | None, int]], pauses: list[tuple[date, date]], *, as_of: date, buckets: Buckets, grace: int
) -> list[dict[str, Any]]:
    accounts = [_account(number, due_on, minor=minor) for number, (due_on, minor) in enumerate(dues)]
    rows = [
        {"account_id": number, "from_on": start, "until_on": end, "kind": "pause"} for number in range(len(dues)) for start, end in pauses
    ]
    frame = age(from_rows(accounts, ACCOUNTS), from_rows(rows, PAUSES), as_of=as_of, convention="actual", buckets=buckets, grace_days=grace)
    found: list[dict[str, Any]] = frame.to_pylist()
    return found


def _delinquency(node: Node) -> dict[str, Any]:
    """Age a loan from its oldest unpaid instalment.

    What the core recorded is ours to derive only where it closed the day on it; while a pause runs it keeps its earlier record.
    """
    as_of, grace, unpaid, pauses, buckets, is_closed = _loan(node)
    owed = [(due_on, minor) for due_on, minor in unpaid if minor]
    past = [(due_on, minor) for due_on, minor in owed if due_on < as_of]
    oldest = min((due_on for due_on, _ in past), default=None)
    (row,) = _aged([(oldest, sum(minor for _, minor in past))], pauses, as_of=as_of, buckets=buckets, grace=grace)
    found: dict[str, Any] = {
        "past_due_days": row["elapsed_days_count"],
        "delinquent_days": row["days_past_due"],
        "delinquent_date": (oldest + timedelta(days=grace)).isoformat() if oldest is not None else None,
        "delinquent_amount": _whole(row["balance_minor"]),
    }
    found[_BUCKET] = row["bucket"]
    if is_closed and not any(start <= as_of <= end for start, end in pauses):
        found["classification_recorded"] = row["bucket"]
    return found


def _instalment_buckets(node: Node) -> dict[str, Any]:
    """Age each unpaid instalment for itself and add up by bucket."""
    as_of, grace, unpaid, pauses, buckets, _ = _loan(node)
    dues: list[tuple[date | None, int]] = [(due_on, minor) for due_on, minor in unpaid if minor]
    sums: Counter[str] = Counter()
    for row in _aged(dues, pauses, as_of=as_of, buckets=buckets, grace=grace):
        if row["bucket_number"]:
            sums[row["bucket"]] += row["balance_minor"]
    return {"amount_by_range": {name: _whole(minor) for name, minor in sums.items()}}


def _order(node: Node) -> Order:
    due, advance = node.texts("due_order"), node.texts("in_advance_order")
    if sorted(due) != sorted(COMPONENTS) or sorted(advance) != sorted(COMPONENTS):
        raise Unsupported("the orders do not name our components once each")
    return Order("outside", due, advance, across="instalment_first")


def _single(node: Node) -> dict[str, Any]:
    """Impute one payment to one instalment, of which charges with a due date of their own may be a part."""
    order, payment = _order(node.node("strategy")), node.node("payment")
    instalment = node.node("installment")
    instalment.day("from_date")
    due_on, paid_on = instalment.day("due_date"), payment.day("date")
    timing = "in_advance" if paid_on < due_on else "on_due" if paid_on == due_on else "late"
    if node.word("timing", known={"in_advance", "on_due", "late"}) != timing:
        raise Unsupported("the timing does not agree with the dates")
    left = {name: _minor(instalment.need(name), place=name) for name in COMPONENTS}
    owed: list[Owed] = []
    for charge in node.nodes("charges"):
        component = "penalty" if charge.flag("is_penalty") else "fee"
        minor = min(_minor(charge.need("amount"), place="charge"), left[component])
        left[component] -= minor
        owed.append(Owed(1, component, minor, due_on=charge.day("due_date")))
    owed += [Owed(1, name, minor, due_on=due_on) for name, minor in left.items()]
    return _met(impute(_minor(payment.need("amount"), place="payment"), owed, paid_on=paid_on, order=order))


def _met(found: Imputation) -> dict[str, Any]:
    sums = Counter(dict.fromkeys(COMPONENTS, 0))
    for part in found.parts:
        sums[part.component] += part.amount_minor
    return {"allocation": {name: _whole(minor) for name, minor in sums.items()}, "unallocated": _whole(found.remainder_minor)}


def _eligible(node: Node) -> dict[str, Any]:
    """Tell whether a payment lies within the term of a placement."""
    placed_on, ends_on = node.day("entrust_start"), node.day("entrust_end")
    return {"commissionable": earns_fee(node.day("payment_date"), placed_on=placed_on, ends_on=ends_on)}


KINDS: dict[str, Callable[[Node], dict[str, Any]]] = {
    "delinquency_days": _delinquency,
    "installment_delinquency_buckets": _instalment_buckets,
    "allocation_single_installment": _single,
    "commission_eligibility": _eligible,
}
"""Which function answers which kind."""
