"""The trail's byte form, its sealing, and what a walk along it says."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.db import transaction

from duecourse.kit.clock import frozen
from duecourse.ledger.errors import DetailsRefused
from duecourse.ledger.selectors import Head, audit_verify, event_count
from duecourse.ledger.selectors.trail import FIRST_PREVIOUS, VERSION, seal_hash
from duecourse.ledger.services import audit_append, seal_pending
from duecourse.parties.access import acting, system
from tests import factories

GOLDEN = Path(__file__).parents[1] / "golden/audit_v1.json"
NOON = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)


def append(creditor_id: int, number: int = 1) -> int:
    """Append one event about case `number`."""
    return audit_append(creditor_id=creditor_id, action="case_opened", subject_kind="case", subject_id=number, details={"n": number})


@pytest.mark.parametrize("link", json.loads(GOLDEN.read_text(encoding="utf-8")), ids=lambda link: str(link["position"]))
def test_byte_form_1_is_pinned(link):
    """These hashes must never change: every chain that was ever written stands on them."""
    event = link["event"] | {"at": datetime.fromisoformat(link["event"]["at"])}
    sealed_at = datetime.fromisoformat(link["sealed_at"])
    previous = bytes.fromhex(link["previous"])
    found = seal_hash(version=1, position=link["position"], previous=previous, sealed_at=sealed_at, event=event)
    assert found.hex() == link["hash"]
    assert hashlib.sha256(link["bytes"].encode()).hexdigest() == link["hash"]


def test_golden_links_are_a_chain():
    """The golden vectors follow each other from 32 zero bytes on."""
    links = json.loads(GOLDEN.read_text(encoding="utf-8"))
    assert [link["previous"] for link in links] == [FIRST_PREVIOUS.hex(), *(link["hash"] for link in links[:-1])]
    assert [link["position"] for link in links] == [1, 2, 3]
    assert VERSION == 1


@pytest.mark.django_db
def test_stored_chain_has_the_pinned_form(bank):
    """What the sealer writes is the hash of what the tables hold, computed here from the tables alone."""
    from duecourse.ledger.models import AuditEvent, Seal

    with acting(bank.system):
        audit_append(
            creditor_id=bank.id, action="x", subject_kind="案件", subject_id=2, details={"日": NOON.date(), "at": NOON, "n": [1, None]}
        )
        with frozen(NOON):
            seal_pending(creditor_id=bank.id)
        seal = Seal.objects.latest("position")
        event = AuditEvent.objects.filter(pk=seal.event_id).values().get()
        document = {
            "version": 1,
            "position": seal.position,
            "previous": bytes(seal.previous_hash).hex(),
            "sealed_at": "2026-03-02T04:00:00.000000Z",
            "event": event | {"at": event["at"].strftime("%Y-%m-%dT%H:%M:%S.%fZ")},
        }
        text = json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        assert hashlib.sha256(text.encode()).digest() == bytes(seal.hash)
        assert event["details"] == {"日": "2026-03-02", "at": "2026-03-02T04:00:00.000000Z", "n": [1, None]}


@pytest.mark.django_db
def test_fresh_trail_is_whole_and_says_what_is_unsealed(bank):
    """Before sealing nothing is proved, afterwards everything; a repeat seals nothing; the next seal follows."""
    with acting(bank.system):
        before = audit_verify(creditor_id=bank.id)
        assert (before.sealed_count, before.head_hash, before.is_whole) == (0, "", True)
        count = before.unsealed_count
        assert seal_pending(creditor_id=bank.id, limit=count - 1) == count - 1
        assert audit_verify(creditor_id=bank.id).unsealed_count == 1
        assert [seal_pending(creditor_id=bank.id) for _ in range(2)] == [1, 0]
        head = audit_verify(creditor_id=bank.id)
        assert (head.sealed_count, head.unsealed_count, head.head_position) == (count, 0, count)
        append(bank.id)
        seal_pending(creditor_id=bank.id)
        kept = Head(head.head_position, head.head_hash)
        assert audit_verify(creditor_id=bank.id, expected_head=kept).is_whole


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("head", "reason"),
    [(Head(3, "00" * 32), "not the head"), (Head(999, "00" * 32), "ends at position")],
)
def test_head_that_was_kept_elsewhere_is_compared(bank, head, reason):
    """Another hash at the kept position, or a chain that is shorter, is a wrong row although every link is right."""
    with acting(bank.system):
        seal_pending(creditor_id=bank.id)
        found = audit_verify(creditor_id=bank.id, expected_head=head)
        assert reason in found.first_bad.message()


@pytest.mark.django_db
@pytest.mark.parametrize("details", [{"rate": 0.5}, {"at": datetime(2026, 3, 2)}, {1: "x"}, {"x": "a\x00b"}, {"x": {"y": object()}}])  # noqa: DTZ001
def test_details_without_exact_bytes_are_refused(bank, details):
    """Floats, naive instants, keys that are no text, NUL and objects do not get into the trail."""
    with acting(bank.system), pytest.raises(DetailsRefused):
        audit_append(creditor_id=bank.id, action="x", subject_kind="x", subject_id=1, details=details)


@pytest.mark.django_db
def test_platform_has_a_trail_of_its_own(bank):
    """Events of no creditor are sealed and verified under creditor 0, and a creditor does not see them."""
    with acting(system(0)):
        sealed_count = seal_pending(creditor_id=0)
        assert sealed_count >= 6
        assert audit_verify(creditor_id=0).sealed_count == sealed_count
    with acting(bank.qiu):
        assert audit_verify(creditor_id=0).sealed_count == 0


@pytest.mark.django_db
def test_events_of_one_row_are_counted(bank):
    """Counting looks at one subject, one action and from an instant on."""
    with acting(bank.system):
        with frozen(NOON):
            append(bank.id, 5)
        append(bank.id, 6)
        about = {"creditor_id": bank.id, "subject_kind": "case", "action": "case_opened"}
        assert event_count(subject_id=5, since_at=NOON, **about) == 1
        assert event_count(subject_id=5, since_at=datetime(2026, 3, 3, tzinfo=UTC), **about) == 0


def test_late_joiner_is_sealed_behind_what_overtook_it(committed_db):
    """An event whose transaction commits after a later one was sealed gets the next position: no gap, nothing lost."""
    bank = factories.bank()
    with acting(bank.system):
        seal_pending(creditor_id=bank.id)
    with committed_db.connect() as slow:
        slow.execute("SELECT set_config('app.creditor', %s, false)", [str(bank.id)])
        with slow.transaction():
            call = "SELECT gate.audit_append(%s, now(), 'slow', 'case', 1, '{}'::jsonb)"
            late_id = slow.execute(call, [bank.id]).fetchone()[0]
            with acting(bank.system):
                early_id = append(bank.id)
            with acting(bank.system):
                assert seal_pending(creditor_id=bank.id) == 1
    assert late_id < early_id
    with acting(bank.system):
        assert seal_pending(creditor_id=bank.id) == 1
        found = audit_verify(creditor_id=bank.id)
        assert found.is_whole
        assert found.unsealed_count == 0


def test_sealers_and_writers_at_once_leave_one_whole_chain(committed_db):
    """Writers that commit and roll back while sealers race leave a chain without gaps that holds every committed event once."""
    bank = factories.bank()
    with acting(bank.system):
        before = audit_verify(creditor_id=bank.id).unsealed_count

    def work(number: int) -> int:
        done = 0
        for round_number in range(25):
            with acting(bank.system):
                if number >= 4:
                    seal_pending(creditor_id=bank.id, limit=7)
                    continue
                append(bank.id, round_number)
                done += round_number % 5 != 0
                if round_number % 5 == 0:
                    transaction.set_rollback(True)
        return done

    results = committed_db.parallel(work, count=6)
    assert not [result for result in results if isinstance(result, Exception)]
    with acting(bank.system):
        while seal_pending(creditor_id=bank.id):
            pass
        found = audit_verify(creditor_id=bank.id)
    assert found.is_whole
    assert (found.sealed_count, found.unsealed_count) == (before + sum(results), 0)


def test_second_sealer_does_not_wait(committed_db):
    """While one sealer's transaction is open, another returns 0 at once."""
    bank = factories.bank()
    with committed_db.connect() as other, other.transaction():
        other.execute("SELECT pg_advisory_xact_lock(%s, hashint8(%s))", [0x5EA1, bank.id])
        with acting(bank.system):
            assert seal_pending(creditor_id=bank.id) == 0
    with acting(bank.system):
        assert seal_pending(creditor_id=bank.id) > 0


@pytest.mark.parametrize(
    ("previous", "events", "reason"),
    [
        ("'\\x01'::bytea", "ARRAY[{0}]::bigint[]", "do not follow"),
        ("decode(repeat('00', 32), 'hex')", "ARRAY[-1]::bigint[]", "wait for a seal"),
        ("decode(repeat('00', 32), 'hex')", "ARRAY[{0}, {0}]::bigint[]", "wait for a seal"),
    ],
)
def test_gate_takes_no_seal_that_does_not_fit(committed_db, previous, events, reason):
    """A seal on another previous hash, of an event that does not wait, or two for one event are refused."""
    import psycopg

    bank = factories.bank()
    with acting(bank.system):
        event_id = append(bank.id)
    with committed_db.connect() as raw:
        raw.execute("SELECT set_config('app.creditor', %s, false)", [str(bank.id)])
        with pytest.raises(psycopg.DatabaseError, match=reason):
            raw.execute(
                f"SELECT gate.seal_append({bank.id}, 1::smallint, {previous}, {events.format(event_id)}, ARRAY['\\x00'::bytea], now())"
            )
