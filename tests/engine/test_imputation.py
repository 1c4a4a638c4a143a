"""Imputation of payments.

1. Costs, then interest, then principal (Civil Code, art. 561), unless the contract names another order.
2. Between several debts: what is due; the debtor's choice; the least secured; the most onerous; the earliest; then in proportion (art. 560).
3. Parts and remainder sum to the payment, and nothing is met beyond what is owed.
4. Many at once gives what one by one gives.
5. A reversal is the negative of the original parts.
"""

from collections import Counter
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from duecourse.engine.frames import from_rows
from duecourse.engine.imputation import (
    BALANCES,
    CIVIL_CODE_561,
    ORDERS,
    PARTS,
    PRINCIPAL_FIRST,
    RECEIPTS,
    Order,
    OrderIncomplete,
    Owed,
    PaymentNotPositive,
    impute,
    impute_many,
    reversed_parts,
)

GOLDEN = yaml.safe_load((Path(__file__).parents[1] / "golden/servicing/imputation.yaml").read_text(encoding="utf-8"))
OUTSIDE = {
    name: Order(name, tuple(order["due"]), tuple(order["advance"]), across="instalment_first") for name, order in GOLDEN["orders"].items()
}
TODAY = date(2026, 3, 1)


def by_component(parts):
    """Return the sums of parts by component."""
    sums = Counter()
    for part in parts:
        sums[part.component] += part.amount_minor
    return dict(sums)


@pytest.mark.parametrize("case", GOLDEN["single"], ids=lambda case: case["id"])
def test_one_payment_agrees_with_outside_vectors(case):
    """One payment on one instalment, early, on time and late, meets what a published servicing suite says."""
    owed = []
    for component, minor in case["owed"].items():
        early = [(charge["due_on"], charge["amount_minor"]) for charge in case["charges"] if charge["component"] == component]
        left = minor
        for due_on, charged in early:
            owed.append(Owed(1, component, min(charged, left), due_on=due_on))
            left -= min(charged, left)
        owed.append(Owed(1, component, left, due_on=case["due_on"]))
    found = impute(case["amount_minor"], owed, paid_on=case["paid_on"], order=OUTSIDE[case["order"]])
    assert (by_component(found.parts), found.remainder_minor) == (case["parts"], case["remainder_minor"])


@pytest.mark.parametrize("case", GOLDEN["timeline"], ids=lambda case: case["id"])
def test_a_timeline_agrees_with_outside_vectors(case):
    """Charges, payments and undone payments over time leave what a published servicing suite says, reversals by negative parts."""
    owed = [
        Owed(1, component, row[component], instalment_number=row["number"], due_on=row["due_on"])
        for row in case["instalments"]
        for component in ("principal", "interest")
    ]
    paid = []
    for event in case["events"]:
        if "charge" in event:
            within = next(row["number"] for row in case["instalments"] if event["due_on"] <= row["due_on"])
            owed.append(Owed(1, event["component"], event["amount_minor"], instalment_number=within, due_on=event["due_on"]))
        elif "undo" in event:
            position = next(n for n, (paid_on, _) in enumerate(paid) if paid_on == event["undo"])
            owed.extend(paid.pop(position)[1])
        else:
            found = impute(event["amount_minor"], owed, paid_on=event["pay"], order=OUTSIDE[case["order"]])
            assert found.remainder_minor == 0
            owed.extend(replace(part, amount_minor=-part.amount_minor) for part in found.parts)
            owed = merged(owed)
            paid.append((event["pay"], found.parts))
    wanted = [{name: minor for name, minor in row.items() if name != "paid_on" and minor} for row in case["payments"]]
    assert [by_component(parts) for _, parts in paid] == wanted
    left = Counter()
    for item in owed:
        left[item.instalment_number] += item.amount_minor
    assert dict(left) == case["left"]


def merged(owed):
    """Return balances with rows of one place added up."""
    sums = Counter()
    for item in owed:
        sums[replace(item, amount_minor=0)] += item.amount_minor
    return [replace(item, amount_minor=minor) for item, minor in sums.items()]


DEBT = [Owed(1, "principal", 1000), Owed(1, "interest", 100), Owed(1, "penalty", 50), Owed(1, "fee", 30)]


@pytest.mark.parametrize(
    ("amount", "parts", "remainder"),
    [
        (29, {"fee": 29}, 0),
        (30, {"fee": 30}, 0),
        (31, {"fee": 30, "interest": 1}, 0),
        (131, {"fee": 30, "interest": 100, "penalty": 1}, 0),
        (181, {"fee": 30, "interest": 100, "penalty": 50, "principal": 1}, 0),
        (1180, {"fee": 30, "interest": 100, "penalty": 50, "principal": 1000}, 0),
        (1200, {"fee": 30, "interest": 100, "penalty": 50, "principal": 1000}, 20),
    ],
)
def test_costs_then_interest_then_principal(amount, parts, remainder):
    """Art. 561, on both sides of each boundary: costs of realising the claim, interest, principal; the rest stays over."""
    found = impute(amount, DEBT, paid_on=TODAY)
    assert (by_component(found.parts), found.remainder_minor) == (parts, remainder)


def test_a_contract_may_name_another_order():
    """Principal first is known but rests on memory, so it is not the default."""
    assert by_component(impute(200, DEBT, paid_on=TODAY, order=PRINCIPAL_FIRST).parts) == {"principal": 200}
    assert PRINCIPAL_FIRST.confidence == "memory"
    assert CIVIL_CODE_561.confidence != "memory"
    assert ORDERS[CIVIL_CODE_561.name] is CIVIL_CODE_561


DUE, LATER = TODAY - timedelta(days=10), TODAY + timedelta(days=1)


@pytest.mark.parametrize(
    ("first", "second", "why"),
    [
        (Owed(2, "principal", 100, due_on=DUE), Owed(1, "principal", 100, due_on=LATER, burden_bp=9999), "due before not due"),
        (Owed(2, "principal", 100, due_on=DUE), Owed(1, "principal", 100, due_on=DUE, secured_minor=1), "less security first"),
        (Owed(2, "principal", 100, due_on=TODAY, burden_bp=2), Owed(1, "principal", 100, due_on=DUE, burden_bp=1), "the dearer first"),
        (Owed(2, "principal", 100, due_on=DUE), Owed(1, "principal", 100, due_on=TODAY), "the earlier first"),
    ],
)
def test_between_debts(first, second, why):
    """Art. 560 decides between two debts, criterion by criterion, whatever the order of rows."""
    for balances in ([first, second], [second, first]):
        assert [part.account_id for part in impute(100, balances, paid_on=TODAY).parts] == [2], why


def test_debts_that_are_level_share_in_proportion():
    """Three level debts of 100, 100 and 101 share 100 by largest remainder, and the shares sum."""
    balances = [Owed(1, "principal", 100), Owed(2, "principal", 100), Owed(3, "principal", 101)]
    parts = impute(100, balances, paid_on=TODAY).parts
    assert {part.account_id: part.amount_minor for part in parts} == {1: 33, 2: 33, 3: 34}


def test_the_debtors_choice_comes_before_the_laws_order():
    """The account that the debtor named when paying is met first, even against every criterion; nothing not due is met by it."""
    dear, chosen = Owed(1, "principal", 100, due_on=DUE, burden_bp=3600), Owed(2, "principal", 60, due_on=TODAY, secured_minor=500)
    parts = impute(100, [dear, chosen], paid_on=TODAY, chosen_account_ids=[2]).parts
    assert [(part.account_id, part.amount_minor) for part in parts] == [(2, 60), (1, 40)]
    not_due = replace(chosen, due_on=LATER)
    assert [part.account_id for part in impute(50, [dear, not_due], paid_on=TODAY, chosen_account_ids=[2]).parts] == [1]


def test_money_beyond_what_is_due_stays_over_unless_the_order_takes_it():
    """By default nothing is met before it is due; an order with advance components does."""
    balances = [Owed(1, "interest", 10, due_on=DUE), Owed(1, "principal", 100, due_on=LATER, instalment_number=2)]
    assert impute(50, balances, paid_on=TODAY).remainder_minor == 40
    ahead = replace(CIVIL_CODE_561, advance_components=("principal",))
    assert by_component(impute(50, balances, paid_on=TODAY, order=ahead).parts) == {"interest": 10, "principal": 40}


def test_instalments_as_one_debt_or_one_after_another():
    """Component first clears all interest before any principal; instalment first settles the oldest instalment whole."""
    balances = [
        Owed(1, component, 100, instalment_number=number, due_on=DUE + timedelta(days=number))
        for number in (1, 2)
        for component in ("interest", "principal")
    ]
    assert by_component(impute(200, balances, paid_on=TODAY).parts) == {"interest": 200}
    by_instalment = replace(CIVIL_CODE_561, across="instalment_first")
    assert {part.instalment_number for part in impute(200, balances, paid_on=TODAY, order=by_instalment).parts} == {1}


def test_what_cannot_be_imputed_is_refused():
    """Nothing, a negative amount and a component that the order does not place are refused."""
    for amount in (0, -1):
        with pytest.raises(PaymentNotPositive):
            impute(amount, DEBT, paid_on=TODAY)
    with pytest.raises(OrderIncomplete, match="stamp"):
        impute(1, [Owed(1, "stamp", 5)], paid_on=TODAY)


ITEM = st.builds(
    Owed,
    account_id=st.integers(1, 3),
    component=st.sampled_from(["fee", "interest", "penalty", "principal"]),
    amount_minor=st.integers(0, 400),
    instalment_number=st.integers(1, 3),
    due_on=st.none() | st.integers(-20, 20).map(lambda n: TODAY + timedelta(days=n)),
    burden_bp=st.just(0),
)
ORDER = st.sampled_from([CIVIL_CODE_561, PRINCIPAL_FIRST, *OUTSIDE.values()])


@settings(deadline=None)
@given(amount=st.integers(1, 3000), balances=st.lists(ITEM, max_size=10), order=ORDER, seed=st.randoms())
def test_parts_and_remainder_sum_and_stay_within_what_is_owed(amount, balances, order, seed):
    """Σ parts + remainder = payment, no place is met beyond what it is owed, and the order of rows does not matter."""
    found = impute(amount, balances, paid_on=TODAY, order=order)
    assert sum(part.amount_minor for part in found.parts) + found.remainder_minor == amount
    owed, met = Counter(), Counter()
    for item in balances:
        owed[item.account_id, item.instalment_number, item.component, item.due_on] += item.amount_minor
    for part in found.parts:
        assert part.amount_minor > 0
        met[part.account_id, part.instalment_number, part.component, part.due_on] += part.amount_minor
    assert all(met[place] <= owed[place] for place in met)
    shuffled = list(balances)
    seed.shuffle(shuffled)
    assert set(impute(amount, shuffled, paid_on=TODAY, order=order).parts) == set(found.parts)


GROUP = st.tuples(
    st.lists(ITEM, max_size=8),
    st.lists(st.tuples(st.integers(1, 600), st.integers(-3, 3)), max_size=5),
)


def frames(groups):
    """Return RECEIPTS and BALANCES of groups of (balances, payments as amount and day)."""
    receipts, balances = [], []
    for group_id, (items, payments) in enumerate(groups):
        for minor, day in payments:
            row = {"payment_id": len(receipts), "group_id": group_id, "paid_on": TODAY + timedelta(days=day), "amount_minor": minor}
            receipts.append(row)
        for item in items:
            account_id = group_id * 10 + item.account_id
            balances.append({f: getattr(item, f) for f in Owed.__slots__} | {"group_id": group_id, "account_id": account_id})
    return from_rows(receipts, RECEIPTS), from_rows(balances, BALANCES)


@settings(deadline=None)
@given(groups=st.lists(GROUP, max_size=6), order=ORDER)
def test_many_at_once_gives_what_one_by_one_gives(groups, order):
    """The number-line form over all groups equals imputing payment after payment."""
    receipts, balances = frames(groups)
    parts, remainders, problems = impute_many(receipts, balances, order=order)
    assert not problems
    found = {(row["payment_id"], row["account_id"], row["instalment_number"], row["component"], row["due_on"]): row["amount_minor"]
             for row in parts.to_pylist()}  # fmt: skip
    left = {row["payment_id"]: row["remainder_minor"] for row in remainders.to_pylist()}
    wanted, rest = {}, {}
    for group_id, (items, _) in enumerate(groups):
        owed = [replace(item, account_id=group_id * 10 + item.account_id) for item in items]
        payments = [row for row in receipts.to_pylist() if row["group_id"] == group_id]
        for row in sorted(payments, key=lambda row: (row["paid_on"], row["payment_id"])):
            one = impute(row["amount_minor"], owed, paid_on=row["paid_on"], order=order)
            for part in one.parts:
                wanted[row["payment_id"], part.account_id, part.instalment_number, part.component, part.due_on] = part.amount_minor
                owed.append(replace(part, amount_minor=-part.amount_minor))
            owed = merged(owed)
            rest[row["payment_id"]] = one.remainder_minor
    assert (found, left) == (wanted, rest)


def test_bad_rows_of_a_batch_are_problems_and_the_rest_goes_on():
    """A payment of zero and one that stands twice are named by row; the others are imputed."""
    rows = [(1, 100), (2, 0), (1, 5), (3, 7)]
    receipts = from_rows([{"payment_id": n, "group_id": 1, "paid_on": TODAY, "amount_minor": m} for n, m in rows], RECEIPTS)
    balances = from_rows(
        [
            {
                "group_id": 1,
                "account_id": 1,
                "instalment_number": 1,
                "component": "fee",
                "amount_minor": 104,
                "secured_minor": 0,
                "burden_bp": 0,
            }
        ],
        BALANCES,
    )
    parts, remainders, problems = impute_many(receipts, balances)
    assert [(problem.row, problem.code) for problem in problems] == [(2, "PaymentNotPositive"), (3, "PaymentRepeated")]
    assert parts.column("amount_minor").to_pylist() == [100, 4]
    assert remainders.column("remainder_minor").to_pylist() == [0, 3]


def test_a_reversal_is_the_negative_of_the_parts():
    """Parts and their reversal sum to zero place by place."""
    receipts, balances = frames([(DEBT, [(200, 0)])])
    parts, _, _ = impute_many(receipts, balances)
    back = reversed_parts(parts)
    assert back.schema == PARTS
    assert [-minor for minor in parts.column("amount_minor").to_pylist()] == back.column("amount_minor").to_pylist()
    assert back.drop_columns("amount_minor") == parts.drop_columns("amount_minor")
