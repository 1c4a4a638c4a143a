"""Imputation: which part of a debt a payment meets.

A payment that does not cover everything meets some debts first, and within a debt some components first. Both orders are data:
an `Order`, chosen by contract, with its source. Where the order leaves debts level, money is divided in proportion to them by
largest remainder, so the parts always sum.

Source: Civil Code of the PRC, art. 560 (several debts) and art. 561 (components); docs/algorithms/imputation.md.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import groupby
from typing import Any, Literal

import numpy as np
import pyarrow as pa

from duecourse.engine.frames import conform, from_rows
from duecourse.kit.errors import InvalidInput, Problem
from duecourse.kit.money import split

COMPONENTS = ("fee", "interest", "penalty", "principal")
"""The components of our books. `fee` holds the costs of realising the claim, `penalty` the overdue and penalty interest."""

BALANCES = pa.schema(
    [
        pa.field("group_id", pa.int64(), nullable=False),
        pa.field("account_id", pa.int64(), nullable=False),
        pa.field("instalment_number", pa.int32(), nullable=False),
        pa.field("component", pa.string(), nullable=False),
        pa.field("due_on", pa.date32()),
        pa.field("amount_minor", pa.int64(), nullable=False),
        pa.field("secured_minor", pa.int64(), nullable=False),
        pa.field("burden_bp", pa.int32(), nullable=False),
    ]
)
"""What is owed, one row per account, instalment, component and due date. `group_id` is what a payment is made to: an account, or a
person with several. A null `due_on` is due. `secured_minor` and `burden_bp` (the yearly rate) are of the account."""

RECEIPTS = pa.schema(
    [
        pa.field("payment_id", pa.int64(), nullable=False),
        pa.field("group_id", pa.int64(), nullable=False),
        pa.field("paid_on", pa.date32(), nullable=False),
        pa.field("amount_minor", pa.int64(), nullable=False),
    ]
)
"""Payments, applied within a group in the order of paid_on, then payment_id."""

PARTS = pa.schema(
    [
        pa.field("payment_id", pa.int64(), nullable=False),
        pa.field("account_id", pa.int64(), nullable=False),
        pa.field("instalment_number", pa.int32(), nullable=False),
        pa.field("component", pa.string(), nullable=False),
        pa.field("due_on", pa.date32()),
        pa.field("amount_minor", pa.int64(), nullable=False),
    ]
)
"""What each payment met; no row is zero."""

REMAINDERS = pa.schema([pa.field("payment_id", pa.int64(), nullable=False), pa.field("remainder_minor", pa.int64(), nullable=False)])
"""What each payment left over, one row per imputed payment; it belongs in suspense."""

Criterion = Literal["least_secured", "most_onerous", "earliest_due"]
Confidence = Literal["verified", "reading", "memory"]


class PaymentNotPositive(InvalidInput):
    """Only money received can be imputed; taking it back is a reversal of its parts."""

    what = "An amount of {amount_minor} minor units cannot be imputed."
    why = "A reversal is the negative of the parts that the payment met, not a payment of its own."
    todo = "Hand in the original parts to be reversed."


class OrderIncomplete(InvalidInput):
    """The order does not say where each component of the balances stands."""

    what = "The order {order} does not place these components: {components}."
    todo = "Name every component of the balances once."
    read = "docs/algorithms/imputation.md"


@dataclass(frozen=True, slots=True)
class Order:
    """In what order money meets debts. A contract names one; the default is the law's.

    Attributes:
        name: stable name.
        components: order within what is due.
        advance_components: order within what is not due yet; empty means that money beyond what is due stays a remainder.
        across: `component_first` treats the instalments of an account as one debt (all fees, then all interest …);
            `instalment_first` settles the oldest instalment whole before the next.
        debts: criteria between several accounts, strongest first; what is still level is divided in proportion.
        source: where the order comes from.
        confidence: `verified` against the text, a `reading` of it, or `memory`; never the default unless verified or a reading.
    """

    name: str
    components: tuple[str, ...]
    advance_components: tuple[str, ...] = ()
    across: Literal["component_first", "instalment_first"] = "component_first"
    debts: tuple[Criterion, ...] = ("least_secured", "most_onerous", "earliest_due")
    source: str = ""
    confidence: Confidence = "reading"


CIVIL_CODE_561 = Order(
    name="civil_code_561",
    components=("fee", "interest", "penalty", "principal"),
    source="Civil Code of the PRC, art. 561: costs of realising the claim, interest, principal; art. 560 between debts",
)
"""The default. That penalty interest ranks with interest, after the contract interest, is our reading: art. 561 names three places."""

PRINCIPAL_FIRST = Order(
    name="principal_first",
    components=("principal", "interest", "penalty", "fee"),
    source="A practice reported of card issuers after 90 days past due; no text seen",
    confidence="memory",
)
"""Off unless a contract names it."""

ORDERS = {order.name: order for order in (CIVIL_CODE_561, PRINCIPAL_FIRST)}


@dataclass(frozen=True, slots=True)
class Owed:
    """One amount owed; the attributes are the columns of BALANCES."""

    account_id: int
    component: str
    amount_minor: int
    instalment_number: int = 1
    due_on: date | None = None
    secured_minor: int = 0
    burden_bp: int = 0


@dataclass(frozen=True, slots=True)
class Imputation:
    """What one payment met.

    Attributes:
        parts: the amounts met, in the order in which they were met; none is zero.
        remainder_minor: what was left over.
    """

    parts: tuple[Owed, ...]
    remainder_minor: int


def impute(
    amount_minor: int,
    balances: Sequence[Owed],
    *,
    paid_on: date,
    order: Order = CIVIL_CODE_561,
    chosen_account_ids: Sequence[int] = (),
) -> Imputation:
    """Return which amounts a payment meets.

    What is due comes before what is not (art. 560). Within each, accounts come in the order that the debtor chose when paying, then by
    the order's criteria, and accounts still level share in proportion to what they are owed; within an account the order of components.

    Args:
        amount_minor: the payment, above zero.
        balances: what is owed, in any order; amounts of zero are passed over.
        paid_on: the day on which the payment counts; a due date on that day is due.
        order: the order of debts and components.
        chosen_account_ids: the accounts that the debtor named, in that order.

    Raises:
        PaymentNotPositive: the amount is zero or less.
        OrderIncomplete: a component is not in the order.

    Guarantees: Σ parts + remainder = amount; no part exceeds what is owed; the result does not depend on the order of `balances`.

    Source: Civil Code, art. 560 and 561.
    """
    if amount_minor <= 0:
        raise PaymentNotPositive(amount_minor=amount_minor)
    missing = {owed.component for owed in balances} - set(order.components)
    if missing:
        raise OrderIncomplete(order=order.name, components=", ".join(sorted(missing)))
    items = _merged(owed for owed in balances if owed.amount_minor > 0)
    due = [item for item in items if _is_due(item.due_on, paid_on)]
    later = [item for item in items if not _is_due(item.due_on, paid_on)]
    parts, left = _meet(amount_minor, due, components=order.components, order=order, chosen=chosen_account_ids)
    if left and order.advance_components:
        reachable = [item for item in later if item.component in order.advance_components]
        ahead, left = _meet(left, reachable, components=order.advance_components, order=order, chosen=chosen_account_ids)
        parts += ahead
    return Imputation(tuple(parts), left)


def impute_many(receipts: pa.Table, balances: pa.Table, *, order: Order = CIVIL_CODE_561) -> tuple[pa.Table, pa.Table, list[Problem]]:
    """Impute many payments, each to its group, later ones to what earlier ones left.

    Groups in which the order cannot change between the first and the last payment are done for all at once on two number lines
    (payments and debts, laid end to end); the others one payment after another. Both give the same parts.

    Args:
        receipts: RECEIPTS.
        balances: BALANCES before the first of the payments.
        order: the order of debts and components. A debtor's choice is of one payment: use `impute`.

    Returns:
        PARTS, REMAINDERS (both ordered by payment_id, parts in the order in which they were met), and a Problem for each payment that
        was left out; its row is the row of `receipts`.

    Raises:
        FrameMismatch: a frame does not have the declared form.
        OrderIncomplete: a component is not in the order.

    Guarantees: per payment, Σ parts + remainder = amount; nothing is met beyond what is owed; one by one gives the same.
    """
    paid = conform(receipts, RECEIPTS, name="receipts").to_pylist()
    owed = conform(balances, BALANCES, name="balances").to_pylist()
    missing = {row["component"] for row in owed} - set(order.components)
    if missing:
        raise OrderIncomplete(order=order.name, components=", ".join(sorted(missing)))
    usable, problems = _usable(paid)
    payments_by_group, balances_by_group = defaultdict(list), defaultdict(list)
    for row in sorted(usable, key=lambda row: (row["paid_on"], row["payment_id"])):
        payments_by_group[row["group_id"]].append(row)
    for row in owed:
        if row["amount_minor"] > 0 and row["group_id"] in payments_by_group:
            balances_by_group[row.pop("group_id")].append(Owed(**row))
    lines: list[tuple[list[dict[str, Any]], list[Owed]]] = []
    met: list[tuple[int, Owed]] = []
    for group_id, payments in payments_by_group.items():
        items = _merged(balances_by_group[group_id])
        queue = _queue(payments[0]["paid_on"], payments[-1]["paid_on"], items, order)
        if queue is None:
            met.extend(_one_by_one(payments, items, order))
        else:
            lines.append((payments, queue))
    met.extend(_all_at_once(lines))
    return _as_frames(met, [row for rows in payments_by_group.values() for row in rows], problems)


def reversed_parts(parts: pa.Table) -> pa.Table:
    """Return the negative of PARTS: what a reversal of those payments posts. Nothing is imputed anew."""
    frame = conform(parts, PARTS, name="parts")
    at = frame.schema.get_field_index("amount_minor")
    return frame.set_column(at, PARTS.field(at), pa.array(-frame.column(at).to_numpy(), pa.int64()))


def _is_due(due_on: date | None, paid_on: date) -> bool:
    return due_on is None or due_on <= paid_on


def _meet(
    amount_minor: int, items: Iterable[Owed], *, components: tuple[str, ...], order: Order, chosen: Sequence[int]
) -> tuple[list[Owed], int]:
    """Meet items with an amount; return what was met and what is left."""
    by_account: dict[int, list[Owed]] = defaultdict(list)
    for item in items:
        by_account[item.account_id].append(item)
    ranked = sorted(by_account.values(), key=lambda debt: (_debt_rank(debt, order, chosen), debt[0].account_id))
    met: list[Owed] = []
    for _, level in groupby(ranked, key=lambda debt: _debt_rank(debt, order, chosen)):
        debts = list(level)
        totals = [sum(item.amount_minor for item in debt) for debt in debts]
        available = min(amount_minor, sum(totals))
        if not available:
            continue
        for debt, portion in zip(debts, split(available, totals), strict=True):
            met.extend(_within(portion, debt, components=components, order=order))
        amount_minor -= available
    return met, amount_minor


def _debt_rank(debt: list[Owed], order: Order, chosen: Sequence[int]) -> tuple[int, ...]:
    """Return the place of an account among others: smaller comes first, equal is level."""
    account_id = debt[0].account_id
    if account_id in chosen:
        return (chosen.index(account_id),)
    values = {
        "least_secured": min(item.secured_minor for item in debt),
        "most_onerous": -max(item.burden_bp for item in debt),
        "earliest_due": min(_ordinal(item) for item in debt),
    }
    return (len(chosen), *(values[criterion] for criterion in order.debts))


def _ordinal(item: Owed) -> int:
    return item.due_on.toordinal() if item.due_on else 0


def _item_rank(item: Owed, components: tuple[str, ...], order: Order) -> tuple[int, ...]:
    place = components.index(item.component)
    if order.across == "instalment_first":
        return item.instalment_number, place, _ordinal(item)
    return place, _ordinal(item), item.instalment_number


def _within(amount_minor: int, debt: list[Owed], *, components: tuple[str, ...], order: Order) -> list[Owed]:
    """Meet the items of one account, first in order first."""
    met = []
    for item in sorted(debt, key=lambda item: _item_rank(item, components, order)):
        portion = min(amount_minor, item.amount_minor)
        if portion:
            met.append(replace(item, amount_minor=portion))
            amount_minor -= portion
    return met


def _queue(first_on: date, last_on: date, items: list[Owed], order: Order) -> list[Owed] | None:
    """Return the items in the one order that holds for all payments between two days, or None when there is no such order."""
    if any(_is_due(item.due_on, first_on) != _is_due(item.due_on, last_on) for item in items):
        return None
    if len({item.account_id for item in items}) > 1:
        return None
    due = [item for item in items if _is_due(item.due_on, first_on)]
    later = [item for item in items if not _is_due(item.due_on, first_on) and item.component in order.advance_components]
    due.sort(key=lambda item: _item_rank(item, order.components, order))
    later.sort(key=lambda item: _item_rank(item, order.advance_components, order))
    return due + later


def _one_by_one(payments: list[dict[str, Any]], items: list[Owed], order: Order) -> list[tuple[int, Owed]]:
    met = []
    left = {_key(item): item for item in items}
    for payment in payments:
        for part in impute(payment["amount_minor"], list(left.values()), paid_on=payment["paid_on"], order=order).parts:
            met.append((payment["payment_id"], part))
            key = _key(part)
            left[key] = replace(left[key], amount_minor=left[key].amount_minor - part.amount_minor)
    return met


def _key(item: Owed) -> tuple[Any, ...]:
    return item.account_id, item.instalment_number, item.component, item.due_on


def _merged(items: Iterable[Owed]) -> list[Owed]:
    """Return items with rows of the same place added up."""
    sums: dict[tuple[Any, ...], Owed] = {}
    for item in items:
        seen = sums.get(_key(item))
        sums[_key(item)] = replace(item, amount_minor=item.amount_minor + seen.amount_minor) if seen else item
    return list(sums.values())


def _all_at_once(lines: list[tuple[list[dict[str, Any]], list[Owed]]]) -> list[tuple[int, Owed]]:
    """Meet each group's queue with its payments: a part is where a payment and an item overlap on the group's line of money."""
    payment_rows = [payment for payments, _ in lines for payment in payments]
    items = [item for _, queue in lines for item in queue]
    if not payment_rows or not items:
        return []
    pay_lengths = np.array([sum(p["amount_minor"] for p in payments) for payments, _ in lines], dtype=np.int64)
    item_lengths = np.array([sum(i.amount_minor for i in queue) for _, queue in lines], dtype=np.int64)
    starts = np.concatenate([[0], np.cumsum(np.maximum(pay_lengths, item_lengths))[:-1]])
    pay_from, pay_to = _laid([p["amount_minor"] for p in payment_rows], [len(p) for p, _ in lines], starts)
    item_from, item_to = _laid([i.amount_minor for i in items], [len(q) for _, q in lines], starts)
    edges = np.unique(np.concatenate([pay_from, pay_to, item_from, item_to]))
    left, right = edges[:-1], edges[1:]
    payment = np.searchsorted(pay_to, left, side="right")
    item = np.searchsorted(item_to, left, side="right")
    inside = (payment < len(pay_to)) & (item < len(item_to))
    payment, item, left, right = payment[inside], item[inside], left[inside], right[inside]
    inside = (pay_from[payment] <= left) & (item_from[item] <= left)
    chosen = zip(payment[inside].tolist(), item[inside].tolist(), (right - left)[inside].tolist(), strict=True)
    return [(payment_rows[p]["payment_id"], replace(items[i], amount_minor=minor)) for p, i, minor in chosen]


def _laid(amounts: list[int], counts: list[int], starts: Any) -> tuple[Any, Any]:
    """Return where amounts begin and end when each group's are laid end to end from the group's start."""
    lengths = np.array(amounts, dtype=np.int64)
    ends = np.cumsum(lengths)
    first = np.concatenate([[0], np.cumsum(counts)[:-1]]).astype(np.int64)
    before = np.concatenate([[0], ends])[first]
    shift = np.repeat(starts - before, counts)
    return ends - lengths + shift, ends + shift


def _as_frames(
    met: list[tuple[int, Owed]], payments: list[dict[str, Any]], problems: list[Problem]
) -> tuple[pa.Table, pa.Table, list[Problem]]:
    met.sort(key=lambda pair: pair[0])
    left = {row["payment_id"]: row["amount_minor"] for row in payments}
    for payment_id, part in met:
        left[payment_id] -= part.amount_minor
    fields = ("account_id", "instalment_number", "component", "due_on", "amount_minor")
    columns: dict[str, list[Any]] = {"payment_id": [payment_id for payment_id, _ in met]}
    columns |= {name: [getattr(part, name) for _, part in met] for name in fields}
    remainders = [{"payment_id": payment_id, "remainder_minor": minor} for payment_id, minor in sorted(left.items())]
    return pa.table(columns, schema=PARTS), from_rows(remainders, REMAINDERS), problems


def _usable(paid: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], list[Problem]]:
    """Part the payments that can be imputed from the problems of the others."""
    usable, problems, seen = [], [], set()
    for number, row in enumerate(paid, start=1):
        if row["amount_minor"] <= 0:
            code, what, todo = PaymentNotPositive.__name__, PaymentNotPositive.what, PaymentNotPositive.todo
            problems.append(Problem(number, "amount_minor", code, what, todo, {"amount_minor": row["amount_minor"]}))
        elif row["payment_id"] in seen:
            what, todo = "The payment {payment_id} stands in the batch twice.", "Keep one of the two rows."
            problems.append(Problem(number, "payment_id", "PaymentRepeated", what, todo, {"payment_id": row["payment_id"]}))
        else:
            seen.add(row["payment_id"])
            usable.append(row)
    return usable, problems
