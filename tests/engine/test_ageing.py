"""Ageing.

1. Days past due are never negative, and a bucket's number never falls when they rise.
2. Every row's arithmetic holds: days past due = max(0, elapsed − paused − grace).
3. A pause never adds a day, and overlapping pauses count once.
4. What the core system counted wins.
5. Roll rates lose no account and assume no path between buckets.
"""

import csv
import os
from collections import Counter
from datetime import date, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from duecourse.engine.ageing import (
    ACCOUNTS,
    AGED,
    CONVENTIONS,
    PAUSES,
    AccountRepeated,
    Buckets,
    BucketsUnordered,
    UnknownConvention,
    age,
    age_parquet,
    roll_rates,
)
from duecourse.engine.frames import digest, from_rows

GOLDEN = yaml.safe_load((Path(__file__).parents[1] / "golden/servicing/ageing.yaml").read_text(encoding="utf-8"))
DUE = date(2026, 1, 31)


def account(account_id=1, due=DUE, *, reported=None, balance=1000):
    """Return a row of ACCOUNTS."""
    return {
        "account_id": account_id, "case_id": None, "person_id": account_id, "product_class": "card", "currency": "CNY",
        "oldest_due_on": due, "reported_days_past_due": reported, "balance_minor": balance, "principal_minor": balance,
        "interest_minor": 0, "fee_minor": 0, "penalty_minor": 0,
    }  # fmt: skip


def pause(start, end, account_id=1):
    """Return a row of PAUSES."""
    return {"account_id": account_id, "from_on": start, "until_on": end, "kind": "hardship"}


def aged(accounts, pauses=(), *, as_of, convention="actual", **more):
    """Age rows and return rows."""
    return age(from_rows(list(accounts), ACCOUNTS), from_rows(list(pauses), PAUSES), as_of=as_of, convention=convention, **more).to_pylist()


@pytest.mark.parametrize("case", GOLDEN["days"], ids=lambda case: case["id"])
def test_days_agree_with_outside_vectors(case):
    """Elapsed and delinquent days with grace and pauses agree with a published servicing suite."""
    pauses = [pause(start, end) for start, end in case["pauses"]]
    (row,) = aged([account(due=case["oldest_due_on"])], pauses, as_of=case["as_of"], grace_days=case["grace_days"])
    assert (row["elapsed_days_count"], row["days_past_due"]) == (case["elapsed_days_count"], case["days_past_due"])


@pytest.mark.parametrize("case", GOLDEN["instalments"], ids=lambda case: case["id"])
def test_instalments_fall_into_the_buckets_of_outside_vectors(case):
    """Instalments aged one by one, each as a row of its own, fill the same buckets as in a published servicing suite."""
    owed = [(due_on, minor) for due_on, minor in case["owed"] if minor]
    accounts = [account(number, due_on, balance=minor) for number, (due_on, minor) in enumerate(owed)]
    pauses = [pause(start, end, number) for number in range(len(owed)) for start, end in case["pauses"]]
    buckets = Buckets(tuple(GOLDEN["first_days"]), tuple(GOLDEN["labels"]))
    rows = aged(accounts, pauses, as_of=case["as_of"], grace_days=case["grace_days"], buckets=buckets)
    minor_by_bucket = Counter()
    for row in rows:
        minor_by_bucket[row["bucket"]] += row["balance_minor"] if row["bucket_number"] else 0
    assert dict(+minor_by_bucket) == case["minor_by_bucket"]


@pytest.mark.parametrize(
    ("convention", "due", "as_of", "days"),
    [
        ("actual", DUE, DUE, 0),
        ("actual", DUE, date(2026, 2, 1), 1),
        ("actual", DUE, date(2026, 2, 28), 28),
        ("actual", DUE, date(2026, 3, 31), 59),
        ("actual", date(2028, 2, 28), date(2028, 3, 1), 2),
        ("actual_inclusive", DUE, date(2026, 1, 30), 0),
        ("actual_inclusive", DUE, DUE, 1),
        ("actual_inclusive", DUE, date(2026, 3, 31), 60),
        ("thirty_360", DUE, date(2026, 2, 1), 1),
        ("thirty_360", DUE, date(2026, 2, 28), 28),
        ("thirty_360", date(2026, 2, 28), date(2026, 3, 1), 3),
        ("thirty_360", DUE, date(2026, 3, 31), 60),
        ("thirty_360", date(2026, 3, 30), date(2026, 3, 31), 0),
    ],
)
def test_the_worked_table_of_conventions(convention, due, as_of, days):
    """The worked table of the algorithm page holds, on both sides of the due date and of a month's end."""
    (row,) = aged([account(due=due)], as_of=as_of, convention=convention)
    assert row["days_past_due"] == days


def test_the_core_systems_count_wins_over_dates_and_pauses():
    """A reported count is taken as it is, a negative one as nothing due; no pause and no grace touches it."""
    rows = aged(
        [account(1, reported=45), account(2, reported=-3), account(3, None)],
        [pause(DUE, None)],
        as_of=date(2026, 3, 31),
        grace_days=5,
    )
    assert [(r["days_past_due"], r["bucket"], r["counted_by"]) for r in rows] == [
        (45, "M2", "core"), (0, "M0", "core"), (0, "M0", "nothing_due"),
    ]  # fmt: skip
    assert [r["paused_days_count"] + r["grace_days_count"] for r in rows] == [0, 0, 0]


def test_a_pause_entered_later_for_earlier_days_changes_the_count_at_once():
    """A backdated pause takes its days off, and an open one stops the clock for good."""
    as_of = date(2026, 3, 2)
    assert aged([account()], as_of=as_of)[0]["days_past_due"] == 30
    assert aged([account()], [pause(date(2026, 2, 10), date(2026, 2, 20))], as_of=as_of)[0]["days_past_due"] == 20
    assert aged([account()], [pause(date(2026, 2, 10), None)], as_of=as_of)[0]["days_past_due"] == 10
    assert aged([account()], [pause(date(2026, 2, 10), None)], as_of=as_of + timedelta(days=90))[0]["days_past_due"] == 10


DAYS = st.integers(0, 120).map(lambda n: date(2026, 1, 1) + timedelta(days=n))


SPANS = st.lists(st.tuples(DAYS, st.none() | DAYS), max_size=5)
QUICK = settings(deadline=None, max_examples=40)


@QUICK
@given(debts=st.lists(st.tuples(DAYS, SPANS), min_size=1, max_size=12), as_of=DAYS, grace=st.integers(0, 5))
def test_a_day_by_day_count_gives_the_same(debts, as_of, grace):
    """The interval arithmetic equals counting the days one by one and leaving out those inside any pause."""
    accounts = [account(number, due) for number, (due, _) in enumerate(debts)]
    pauses = [pause(*span, account_id=number) for number, (_, spans) in enumerate(debts) for span in spans]
    for (due, spans), row in zip(debts, aged(accounts, pauses, as_of=as_of, grace_days=grace), strict=True):
        running = [due + timedelta(days=n) for n in range(max(0, (as_of - due).days))]
        paused = [day for day in running if any(start <= day and (end is None or day < end) for start, end in spans)]
        assert (row["elapsed_days_count"], row["paused_days_count"]) == (len(running), len(paused))
        assert row["days_past_due"] == max(0, len(running) - len(paused) - grace)


@QUICK
@given(
    dues=st.lists(st.none() | DAYS, min_size=1, max_size=8),
    as_of=DAYS,
    spans=SPANS,
    convention=st.sampled_from(sorted(CONVENTIONS)),
)
def test_counts_are_never_negative_and_buckets_rise_with_them(dues, as_of, spans, convention):
    """Under every convention: no negative count, arithmetic that adds up, buckets monotone, a pause never adds a day."""
    accounts = [account(number, due) for number, due in enumerate(dues)]
    rows = aged(accounts, [pause(*span, account_id=0) for span in spans], as_of=as_of, convention=convention)
    without = aged(accounts, as_of=as_of, convention=convention)
    assert all(0 <= r["days_past_due"] == max(0, r["elapsed_days_count"] - r["paused_days_count"]) for r in rows)
    assert all(0 <= r["paused_days_count"] <= r["elapsed_days_count"] for r in rows)
    assert all(a["days_past_due"] <= b["days_past_due"] for a, b in zip(rows, without, strict=True))
    assert all(r["bucket_number"] == Buckets().number(r["days_past_due"]) for r in rows)
    assert all(r["bucket"] == Buckets().label(r["days_past_due"]) for r in rows)
    numbers = [r["bucket_number"] for r in sorted(rows, key=lambda r: r["days_past_due"])]
    assert numbers == sorted(numbers)


def test_the_edges_of_the_standard_buckets():
    """M1 is day 1 to 30, and day 181 opens M7+."""
    labels = [Buckets().label(days) for days in (0, 1, 30, 31, 60, 61, 180, 181, 4000)]
    assert labels == ["M0", "M1", "M1", "M2", "M2", "M3", "M6", "M7+", "M7+"]


def test_bad_questions_are_refused():
    """An unknown convention, disordered buckets and an account in two rows are refused, and the refusal says what to do."""
    with pytest.raises(UnknownConvention, match="thirty_360"):
        aged([account()], as_of=DUE, convention="30/360")
    with pytest.raises(AccountRepeated, match="2 rows hold only 1"):
        aged([account(), account()], as_of=DUE)
    with pytest.raises(BucketsUnordered, match="do not ascend"):
        Buckets((1, 1), ("a", "b", "c"))
    with pytest.raises(BucketsUnordered, match="3 different labels"):
        Buckets((1, 31), ("a", "b"))


def test_parquet_gives_what_arrow_gives(tmp_path):
    """The streaming form over files and the form over frames give the same rows."""
    accounts = from_rows([account(n, DUE + timedelta(days=n % 90), reported=n if n % 7 == 0 else None) for n in range(500)], ACCOUNTS)
    pauses = from_rows(
        [pause(DUE + timedelta(days=n % 40), None if n % 5 == 0 else DUE + timedelta(days=50), n) for n in range(0, 500, 3)], PAUSES
    )
    pq.write_table(accounts, tmp_path / "it's.parquet")
    pq.write_table(pauses, tmp_path / "p.parquet")
    written = age_parquet(
        tmp_path / "it's.parquet", tmp_path / "p.parquet", tmp_path / "out.parquet", as_of=date(2026, 6, 30), convention="actual"
    )
    frame = age(accounts, pauses, as_of=date(2026, 6, 30), convention="actual")
    assert written == frame.num_rows == 500
    assert digest(pq.read_table(tmp_path / "out.parquet").cast(AGED), keys=["account_id"]) == digest(frame, keys=["account_id"])


def states(pairs):
    """Return frames before and after from (bucket before, bucket after) pairs; None is absent."""
    frames = []
    for side in (0, 1):
        rows = [
            {"account_id": n, "currency": "CNY", "balance_minor": 100, "bucket_number": pair[side], "bucket": f"M{pair[side]}"}
            for n, pair in enumerate(pairs)
            if pair[side] is not None
        ]
        form = pa.schema([AGED.field(name) for name in ("account_id", "currency", "balance_minor", "bucket_number", "bucket")])
        frames.append(from_rows(rows, form))
    return frames


def test_roll_rates_name_every_way_to_move():
    """An account may jump a bucket, fall back, be cured, be closed, or be new; shares are of where it came from."""
    rates = roll_rates(*states([(0, 2), (0, 0), (2, 1), (1, 0), (3, None), (None, 1), (1, 2)]))
    moves = {(r["from_bucket"], r["to_bucket"]): (r["account_count"], r["balance_minor"], r["count_share"]) for r in rates.to_pylist()}
    assert moves == {
        ("new", "M1"): (1, 100, 1.0), ("M0", "M0"): (1, 100, 0.5), ("M0", "M2"): (1, 100, 0.5), ("M1", "M2"): (1, 100, 0.5),
        ("M1", "cured"): (1, 100, 0.5), ("M2", "M1"): (1, 100, 1.0), ("M3", "closed"): (1, 100, 1.0),
    }  # fmt: skip


def test_an_account_that_owes_nothing_is_closed_not_cured():
    """Paid in full and still on the books counts as closed."""
    before, after = states([(2, 0)])
    settled = after.set_column(2, AGED.field("balance_minor"), pa.array([0], pa.int64()))
    assert roll_rates(before, settled).column("to_bucket").to_pylist() == ["closed"]


BUCKET = st.none() | st.integers(0, 7)


@QUICK
@given(pairs=st.lists(st.tuples(BUCKET, BUCKET).filter(lambda pair: pair != (None, None)), max_size=30))
def test_roll_rates_lose_nobody(pairs):
    """Counts add up to all accounts seen, and the shares of one origin to one."""
    rates = roll_rates(*states(pairs)).to_pylist()
    assert sum(r["account_count"] for r in rates) == len(pairs)
    for origin in {r["from_bucket"] for r in rates}:
        assert sum(r["count_share"] for r in rates if r["from_bucket"] == origin) == pytest.approx(1)


def public_card_pairs():
    """Return (month before, month after) of the public credit-card set where it is at hand, else a few rows of its kind."""
    named = os.environ.get("DUECOURSE_SHARED")
    homes = [Path(named)] if named else [parent / "shared" for parent in Path(__file__).parents]
    found = [path for home in homes if (path := home / "data/uci_credit_card/UCI_Credit_Card.csv").exists()]
    if not found:
        return [(0, 2)] * 5 + [(0, 0)] * 20 + [(2, 2)] * 6 + [(2, 0)] * 2 + [(2, 3)]
    with found[0].open(encoding="utf-8") as file:
        return [(max(0, int(row["PAY_3"])), max(0, int(row["PAY_2"]))) for row in csv.DictReader(file)]


def test_published_card_histories_jump_over_a_bucket():
    """In public card data accounts go from current to two months past due without a month between, and none is lost."""
    pairs = public_card_pairs()
    rates = roll_rates(*states(pairs)).to_pylist()
    moved = {(r["from_bucket"], r["to_bucket"]): r["account_count"] for r in rates}
    assert moved["M0", "M2"] > 20 * moved.get(("M0", "M1"), 0)
    assert sum(moved.values()) == len(pairs)


def test_pauses_of_strangers_change_nothing():
    """A pause of an account that is not in the frame is ignored."""
    rows = aged([account()], [pause(DUE, None, account_id=99)], as_of=date(2026, 3, 31))
    assert rows[0]["days_past_due"] == 59
