"""One month of a simulated bank, and the next: from the tape to the closed books, through the services a person would use.

The month is played by the demo's own `Play`, with 2,000 accounts, six agencies and an in-house team, in a database where commits are real.
"""

from __future__ import annotations

import json
import re
from collections import Counter

import pytest

from duecourse.cycle.selectors import STEP_NAMES, latest_steps, month_report, runs
from duecourse.cycle.services import replay
from duecourse.cycle.services.frozen import thaw
from duecourse.cycle.steps import STEPS
from duecourse.doors.commands.cycle import month_of
from duecourse.ledger.selectors import audit_verify, book_totals, file_read
from duecourse.ledger.services import seal_pending
from duecourse.parties.access import acting
from tests.e2e.conftest import ACCOUNTS, MONTHS

pytestmark = pytest.mark.slow

HAN = re.compile(r"[\u3400-\u9fff·]+")
PERSONAL_COLUMNS = ("person_name", "id_number", "phone", "address", "email")
SEALED_OR_OWN = {"portfolio_personsecret", "portfolio_contactpoint", "parties_user"}
"""Tables that hold personal data: sealed, or the staff's own."""


@pytest.fixture(scope="module")
def reports(bank):
    """The report of each month."""
    with acting(bank.owner):
        return {month: month_report(creditor_id=bank.owner.creditor_id, month=month) for month in MONTHS}


@pytest.fixture(scope="module")
def first(reports):
    """The first month's report."""
    return reports[MONTHS[0]]


@pytest.fixture(scope="module")
def executions(bank):
    """The newest execution of each step, by month."""
    with acting(bank.owner):
        return {run.month: latest_steps(run) for run in runs(bank.owner.creditor_id)}


@pytest.mark.parametrize("month", MONTHS)
def test_every_step_is_checked_and_its_laws_hold(reports, month):
    """Ten steps, each with at least one conservation law, both sides equal; the month is closed."""
    report = reports[month]
    assert report["is_closed"]
    assert [step["name"] for step in report["steps"]] == list(STEP_NAMES)
    assert {step["state"] for step in report["steps"]} == {"checked"}
    assert all(step["laws"] for step in report["steps"])
    assert [law for step in report["steps"] for law in step["laws"] if not law["holds"] or law["left"] != law["right"]] == []


def test_month_is_a_month(first):
    """The tape came in whole, cases were placed with every performer, people were called, money came, agencies were paid."""
    assert first["tape"]["accepted"] == ACCOUNTS
    assert first["tape"]["rejected"] == 0
    assert all(agency["case_count"] > 0 for agency in first["allocation"]["agencies"])
    assert sum(batch["case_count"] for batch in first["batches"]) == first["allocation"]["placed_count"]
    assert first["contacts"]["connected_count"] > 0
    assert first["money"]["payment_count"] > 0
    assert any(statement["total_minor"] > 0 for statement in first["statements"])


def test_random_slice_is_about_a_tenth(first):
    """One case in ten is placed at random, so that agencies can be compared."""
    allocation = first["allocation"]
    assert 0.05 < allocation["slice_count"] / allocation["placed_count"] < 0.15


def test_refusals_exist_and_cite(bank, first):
    """The gate refused some contacts; each refusal names its grounds, and those of the rules cite an article."""
    from duecourse.contact.models import Refusal

    assert first["contacts"]["refusal_count"] > 0
    assert all(row["en"] and row["zh"] for row in first["contacts"]["refusals"])
    with acting(bank.owner):
        refusals = list(Refusal.objects.values_list("codes", "explanation"))
    assert all(codes for codes, _ in refusals)
    by_rules = [reason for _, explanation in refusals for reason in explanation["reasons"]]
    assert by_rules
    assert all(reason["citations"] for reason in by_rules)
    assert any("GB/T 45251" in json.dumps(reason["citations"], ensure_ascii=False) for reason in by_rules)


def test_nobody_is_called_more_often_than_the_law_allows(reports):
    """Over all performers no debtor had more than three connected calls on a day, and none was made without a permit."""
    assert all(report["contacts"]["most_connected_on_a_day"] <= 3 for report in reports.values())
    assert all(report["contacts"]["permit_count"] > report["contacts"]["connected_count"] for report in reports.values())


@pytest.mark.parametrize("month", MONTHS)
def test_money_received_is_imputed_or_in_suspense(reports, month):
    """Received = imputed + suspense, per currency."""
    money = {
        name: {row["currency"]: row["amount_minor"] for row in reports[month]["money"][name]}
        for name in ("received", "imputed", "suspense")
    }
    assert money["received"]["CNY"] > 0
    assert money["received"] == {currency: money["imputed"][currency] + money["suspense"][currency] for currency in money["received"]}


def test_statements_are_the_movement_in_the_books(bank, reports):
    """Σ lines = statements = commission payable, over both months; the debit is the commission expense."""
    from duecourse.settlement.models import StatementLine

    stated = sum(statement["total_minor"] for report in reports.values() for statement in report["statements"])
    with acting(bank.owner):
        books = {book: minor for book, _, minor in book_totals(creditor_id=bank.owner.creditor_id, kinds=["commission"])}
        lines = sum(StatementLine.objects.values_list("amount_minor", flat=True))
    assert stated > 0
    assert books == {"commission_expense": stated, "commission_payable": -stated}
    assert lines == stated
    assert {statement["status"] for report in reports.values() for statement in report["statements"]} == {"frozen"}


def test_books_balance(bank):
    """All postings of both months sum to zero per currency."""
    sums: Counter[str] = Counter()
    with acting(bank.owner):
        for _, currency, minor in book_totals(creditor_id=bank.owner.creditor_id):
            sums[currency] += minor
    assert set(sums.values()) == {0}


@pytest.mark.parametrize("month", MONTHS)
def test_scorecards_say_how_sure_they_are_and_rank_nobody(reports, month):
    """Every ratio has an interval around it, and who cannot be ranked is told why; no place in a ranking is given."""
    cards = reports[month]["scorecards"]
    assert {card["evidence"] for card in cards} == {"randomised", "adjusted"}
    assert all(card["ratio_low"] < card["ratio"] < card["ratio_high"] for card in cards)
    assert all(card["can_rank"] or card["why_not"] for card in cards)
    assert not any("rank" in name for card in cards for name in card if name != "can_rank")


def test_second_month_learns_from_the_first(bank, executions):
    """The effects of the first month's scorecards are among the frozen inputs of the second month's allocation, and of no earlier one's."""
    with acting(bank.owner):
        effects = [
            thaw(file_read(creditor_id=bank.owner.creditor_id, file_id=executions[month]["allocate"].inputs_file_id)).frames["effects"]
            for month in MONTHS
        ]
    assert effects[0].num_rows == 0
    assert effects[1].num_rows > 0


@pytest.mark.parametrize("month", MONTHS)
def test_closed_month_is_the_same_again(bank, month):
    """Computed again from what was frozen, a closed month gives equal hashes in all ten steps."""
    results = replay(month=month_of(bank.owner, month, is_open=False), steps=STEPS)
    assert [result.step for result in results] == list(STEP_NAMES)
    assert all(result.is_same for result in results)


def test_trail_is_whole(bank):
    """The trail verifies, with the heads that were kept when the months were closed."""
    with acting(bank.owner):
        while seal_pending(creditor_id=bank.owner.creditor_id):
            pass
        heads = [(run.audit_position, run.audit_hash) for run in runs(bank.owner.creditor_id) if run.closed_at]
        verified = audit_verify(creditor_id=bank.owner.creditor_id, expected_heads=heads)
    assert len(heads) == len(MONTHS)
    assert (verified.first_bad, verified.unsealed_count) == (None, 0)
    assert verified.head_position >= max(position for position, _ in heads)


def test_draw_is_committed_to_before_and_shown_after(bank):
    """The secret that the close publishes is the one that the month's opening committed to."""
    from duecourse.engine.allocation import commit
    from duecourse.ledger.selectors import event_details

    with acting(bank.owner):
        closed = [run for run in runs(bank.owner.creditor_id) if run.closed_at]
        for run in closed:
            (told,) = event_details(creditor_id=run.creditor_id, subject_kind="run", subject_id=run.pk, action="run_closed")
            assert commit(bytes.fromhex(told["secret"])) == run.commitment


def personal_values(tapes):
    """Return what must not be found: the names, numbers, phones and addresses of the world's people."""
    return {str(value) for tape in tapes for name in PERSONAL_COLUMNS for value in tape.column(name).to_pylist() if value}


def found_in(text, values):
    """Return the values that occur in a text: words and figures whole, Chinese anywhere within a run of it."""
    words = set(re.findall(r"[\w+@.\-]+", text))
    words |= {word.lstrip("+") for word in words} | set(re.findall(r"\d{6,}", text))
    lengths = {len(value) for value in values if HAN.fullmatch(value)}
    words |= {run[start : start + length] for run in set(HAN.findall(text)) for length in lengths for start in range(len(run) - length + 1)}
    return words & (values | {value.lstrip("+") for value in values} | {re.sub(r"^\+86", "", value) for value in values})


def test_search_finds_what_is_there():
    """The search sees a name, a number and a phone within other text, so that finding nothing means something."""
    values = {"欧阳青", "330781199003070017", "+8613800000001"}
    assert found_in('{"who": "致欧阳青女士", "id": "330781199003070017", "tel": "13800000001"}', values) == {
        "欧阳青",
        "330781199003070017",
        "13800000001",
    }
    assert found_in("欧阳, 33078119900307001, 1380000000", values) == set()


def test_nothing_personal_stands_outside_its_place(bank):
    """No table but the sealed ones holds a name, number, phone or address: not ledger, trail, permits, statements nor any other."""
    values = personal_values(bank.tapes)
    assert len(values) > 3 * ACCOUNTS
    found = {}
    with bank.server.cluster.connect(database=bank.name) as connection:
        tables = [name for (name,) in connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")]
        assert {"ledger_auditevent", "ledger_posting", "contact_permit", "contact_refusal", "cycle_steprun"} <= set(tables)
        for table in sorted(set(tables) - SEALED_OR_OWN):
            text = "\n".join(row for (row,) in connection.execute(f"SELECT to_jsonb(t)::text FROM {table} t"))
            if seen := found_in(text, values):
                found[table] = sorted(seen)[:3]
    assert found == {}


def test_frozen_inputs_hold_nothing_personal(bank, executions):
    """The frozen inputs, from which a month can be computed again years later, name nobody."""
    values = personal_values(bank.tapes)
    creditor_id = bank.owner.creditor_id
    with acting(bank.owner):
        for month in MONTHS:
            for name, step_run in executions[month].items():
                inputs = thaw(file_read(creditor_id=creditor_id, file_id=step_run.inputs_file_id))
                text = json.dumps(inputs.parameters, ensure_ascii=False) + "".join(
                    str(frame.to_pylist()) for frame in inputs.frames.values()
                )
                assert found_in(text, values) == set(), (month, name)


def test_files_at_home_hold_nothing_personal_in_the_clear(bank):
    """Tapes and handover packages are sealed: no name, number or phone stands in any file of the home folder."""
    values = {value.encode() for value in personal_values(bank.tapes)}
    kept = b"\n".join(path.read_bytes() for path in bank.home.rglob("*") if path.is_file())
    assert len(kept) > 0
    assert [value for value in sorted(values)[:: len(values) // 300] if value in kept] == []
