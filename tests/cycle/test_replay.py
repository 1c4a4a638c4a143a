"""A closed month gives the same hashes when it is computed again, any tampering names its step, and nothing more is written into it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest

from duecourse.cycle.errors import ReplayDiffers, RunClosed
from tests.cycle import months

SUBJECT = months.SUBJECT


@pytest.fixture
def closed(keeper):
    """The subject month, closed, in a copy of its own."""
    with keeper.restored("end") as moment:
        yield moment


@pytest.fixture
def tamper(keeper, closed):
    """Return a function that changes the database as nobody may: as superuser, with triggers off."""

    def change(statement):
        with keeper.server.cluster.connect(database=closed.database) as own:
            own.execute("SET session_replication_role = replica")
            assert own.execute(statement).rowcount > 0

    return change


def replayed(moment):
    """Compute the month again, and return the steps."""
    from duecourse.cycle.services import replay
    from duecourse.cycle.steps import STEPS
    from duecourse.doors.commands.cycle import month_of

    return replay(month=month_of(moment.actor, SUBJECT, is_open=False), steps=STEPS)


def differing(moment):
    """Return the steps that a replay names."""
    with pytest.raises(ReplayDiffers) as refusal:
        replayed(moment)
    return refusal.value.parameters["steps"].split(", ")


def test_closed_month_is_the_same_again(closed):
    """All ten steps give the hashes that are stored: five computed from their frozen inputs, five read back."""
    results = replayed(closed)
    assert [result.step for result in results] == list(months.STEP_NAMES)
    assert all(result.is_same and len(result.replayed_hash) == 64 for result in results)
    assert {result.step for result in results if result.how == "computed"} == {"snapshot", "score", "allocate", "measure", "settle"}


def test_late_facts_do_not_change_the_replay(closed):
    """A payment booked on a day of the closed month but known later belongs to a later month; the closed one is the same again."""
    from duecourse.kit.clock import frozen
    from duecourse.parties.access import acting, system
    from duecourse.repayment.models import Payment
    from duecourse.repayment.services import payments_load

    owner = system(closed.actor.creditor_id)
    with acting(owner):
        known = Payment.objects.filter(creditor_id=owner.creditor_id).count()
    path = closed.home / "late.csv"
    path.write_text(
        "bank_account,external_ref,amount,currency,paid_on,booked_on,account_number,reverses_ref\n"
        "SIM-COLLECTION-1,LATE-1,10.00,CNY,2026-10-30,2026-10-31,nobody,\n"
    )
    with frozen(datetime(2026, 11, 2, 8, tzinfo=UTC)):
        payments_load(actor=owner, path=path, mapping="native_payments")
    with acting(owner):
        assert Payment.objects.filter(creditor_id=owner.creditor_id).count() == known + 1
    assert all(result.is_same for result in replayed(closed))


@pytest.mark.parametrize("step", months.STEP_NAMES)
def test_changed_input_file_is_named(keeper, closed, step):
    """One byte changed in the frozen inputs of a step, and the replay names the step."""
    with keeper.server.cluster.connect(database=closed.database) as own:
        query = (
            "SELECT f.sha256 FROM cycle_steprun s JOIN cycle_run r ON r.id = s.run_id JOIN ledger_storedfile f ON f.id = s.inputs_file_id"
            " WHERE s.step = %s AND r.month = %s"
        )
        (sha256,) = own.execute(query, [step, SUBJECT]).fetchone()
    digest = sha256 if isinstance(sha256, str) else bytes(sha256).hex()
    (path,) = [path for path in Path(closed.home).rglob("*") if path.is_file() and digest in str(path).replace("/", "")]
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.chmod(0o600)
    path.write_bytes(content)
    assert step in differing(closed)


@pytest.mark.parametrize(
    ("statement", "step"),
    [
        (
            "UPDATE portfolio_taperow SET balance_minor = 1, principal_minor = 1, interest_minor = 0, fee_minor = 0, penalty_minor = 0",
            "intake",
        ),
        (
            "UPDATE placement_placement SET placed_minor = placed_minor + 1 WHERE id = (SELECT max(id) FROM placement_placement)",
            "hand_over",
        ),
        (
            "UPDATE contact_permit SET explanation = explanation || '{\"planted\": 1}' WHERE id = (SELECT max(id) FROM contact_permit)",
            "contact",
        ),
        ("DELETE FROM contact_refusal WHERE id = (SELECT max(id) FROM contact_refusal)", "contact"),
        ("UPDATE repayment_payment SET amount_minor = amount_minor + 1 WHERE id = (SELECT max(id) FROM repayment_payment)", "repay"),
        (
            "UPDATE cycle_steprun SET outputs_hash = repeat('0', 64) WHERE id = (SELECT max(id) FROM cycle_steprun WHERE step = 'score')",
            "score",
        ),
        (
            "UPDATE cycle_steprun SET outputs_hash = repeat('0', 64) WHERE id = (SELECT max(id) FROM cycle_steprun WHERE step = 'score')",
            "close",
        ),
        ("UPDATE ledger_auditevent SET action = 'planted' WHERE id = (SELECT min(id) FROM ledger_auditevent)", "audit"),
    ],
)
def test_changed_record_is_named(tamper, closed, statement, step):
    """A changed tape row, placement, permit, refusal, payment, hash or audit event: the replay names where."""
    tamper(statement)
    assert step in differing(closed)


def test_recomputed_month_in_one_hand_shows_in_the_trail(tamper, closed):
    """Inputs file, inputs hash and outputs hash of a step exchanged together still differ from what the trail tells of the step."""
    tamper(
        "UPDATE cycle_steprun s SET inputs_file_id = o.inputs_file_id, inputs_hash = o.inputs_hash, outputs_hash = o.outputs_hash"
        " FROM cycle_steprun o WHERE s.step = 'score' AND o.step = 'score' AND s.id > o.id"
    )
    assert "score" in differing(closed)


@pytest.mark.parametrize("step", months.STEP_NAMES[:-1])
def test_closed_month_takes_no_step(closed, step):
    """A step with other inputs than before is refused in a closed month, and leaves nothing."""
    from duecourse.cycle.models import StepRun
    from duecourse.cycle.services import perform
    from duecourse.cycle.services.frozen import Frames
    from duecourse.cycle.steps import STEPS
    from duecourse.doors.commands.cycle import month_of
    from duecourse.parties.access import acting

    class Changed:
        """The step, with inputs it never had."""

        def __init__(self, wanted):
            self.wanted = wanted

        def __getattr__(self, name):
            return getattr(self.wanted, name)

        def prepare(self, month):
            return Frames(parameters={"planted": 1})

    def count():
        with acting(closed.actor):
            return StepRun.objects.count()

    before = count()
    month = month_of(closed.actor, SUBJECT, as_of=closed.as_of, tape=closed.tape, is_open=False)
    with pytest.raises(RunClosed):
        perform(Changed(next(s for s in STEPS if s.name == step)), month=month)
    assert count() == before


def test_closed_month_cannot_be_opened_or_named_for_work(closed):
    """The month's commands refuse a closed month and say where the correction goes."""
    from duecourse.cycle.services import run_open
    from duecourse.doors.commands.cycle import month_of

    for attempt in (lambda: run_open(actor=closed.actor, month=SUBJECT), lambda: month_of(closed.actor, SUBJECT)):
        with pytest.raises(RunClosed, match="open month"):
            attempt()


@pytest.mark.parametrize("table", ["settlement_measuredrate", "settlement_scorecard", "settlement_statement"])
@pytest.mark.parametrize("change", ["UPDATE {} SET month = month", "DELETE FROM {}", "INSERT INTO {} SELECT * FROM {}"])
def test_database_refuses_changes_to_a_closed_month(keeper, closed, table, change):
    """Rates, scorecards and statements of a closed month cannot be changed, removed or added, not even by the tables' owner."""
    with keeper.server.cluster.connect(database=closed.database) as own, pytest.raises(psycopg.Error, match="closed"):
        own.execute(change.format(table, table))
