"""Somebody with all powers over the database edits, removes or moves rows; the walk along the trail names the first of them.

Propositions, for every position of a sealed chain:

1. a changed value in any column of the event or of its seal is found at that position;
2. an event that is gone is found at its position;
3. a seal that is gone, or several, is found at the first missing position;
4. seals or events that changed places are found at the first of them;
5. a tail that was cut off or written anew is found against a head that was kept elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from duecourse.ledger.selectors import BadRow, Head, Verification, audit_verify
from duecourse.ledger.services import audit_append, seal_pending
from duecourse.parties.access import acting
from duecourse.parties.services import creditor_add
from tests import people

LENGTH = 7
TABLES = ("ledger_auditevent", "ledger_seal")
EVENT = (
    "UPDATE ledger_auditevent SET {} WHERE id = (SELECT event_id FROM ledger_seal WHERE creditor_id = {{creditor}} AND position = {{p}})"
)
SEAL = "UPDATE ledger_seal SET {} WHERE creditor_id = {{creditor}} AND position = {{p}}"
CHANGED_EVENT = {
    "id": "id = id + 1000",
    "creditor_id": "creditor_id = creditor_id + 1",
    "at": "at = at + interval '1 microsecond'",
    "actor_id": "actor_id = actor_id + 1",
    "agency_id": "agency_id = coalesce(agency_id, 0) + 1",
    "action": "action = 'case_closed'",
    "subject_kind": "subject_kind = subject_kind || ' '",
    "subject_id": "subject_id = -subject_id",
    "details": "details = details || '{{\"n\": -1}}'",
    "details float": "details = details || '{{\"n\": 1.5}}'",
    "details null": "details = 'null'",
}
CHANGED_SEAL = {
    "version": "version = 2",
    "previous_hash": "previous_hash = sha256(previous_hash)",
    "hash": "hash = sha256(hash)",
    "sealed_at": "sealed_at = sealed_at - interval '1 microsecond'",
    "position": "position = position + 1000",
    "event_id": "event_id = -event_id",
}
CHANGES = {f"event.{n}": EVENT.format(c) for n, c in CHANGED_EVENT.items()} | {f"seal.{n}": SEAL.format(c) for n, c in CHANGED_SEAL.items()}


class Chain:
    """A sealed chain, the powers to break it, and a copy to mend it with."""

    def __init__(self, committed_db) -> None:
        """Seal a chain of `LENGTH` events, three of them in one call."""
        self.creditor = creditor_add(code=people.BANK.code, name=people.BANK.name, zone="Asia/Shanghai", currency="CNY").pk
        self.raw = committed_db.connect("superuser")
        self.raw.execute("SET session_replication_role = 'replica'")
        with self.acts():
            for number in range(1, LENGTH):
                audit_append(creditor_id=self.creditor, action="case_opened", subject_kind="case", subject_id=number, details={"n": number})
                if number > 2:
                    seal_pending(creditor_id=self.creditor)
        for table in TABLES:
            self.raw.execute(f"CREATE TABLE copy_{table} AS TABLE {table}")
        self.head = self.verify()

    @contextmanager
    def acts(self) -> Iterator[None]:
        """Act as the system of the creditor."""
        from duecourse.parties.access import system

        with acting(system(self.creditor)):
            yield

    def verify(self, head: Head | None = None) -> Verification:
        """Walk along the chain as it is now."""
        with self.acts():
            return audit_verify(creditor_id=self.creditor, expected_heads=[head] if head else [])

    def broken(self, *statements: str, head: Head | None = None, **places: int) -> BadRow | None:
        """Return the first bad row after these statements, and put everything back."""
        for statement in statements:
            self.raw.execute(statement.format(creditor=self.creditor, **places))
        try:
            return self.verify(head).first_bad
        finally:
            for table in TABLES:
                self.raw.execute(f"DELETE FROM {table}; INSERT INTO {table} SELECT * FROM copy_{table}")

    def event_at(self, position: int) -> int:
        """Return the id of the event a position seals."""
        query = "SELECT event_id FROM ledger_seal WHERE creditor_id = %s AND position = %s"
        return self.raw.execute(query, [self.creditor, position]).fetchone()[0]


@pytest.fixture
def chain(committed_db):
    """A sealed chain of one test's own."""
    made = Chain(committed_db)
    assert made.head.sealed_count == LENGTH
    yield made
    assert made.verify() == made.head
    made.raw.close()


def test_every_changed_column_is_found_at_its_row(chain):
    """Each column of each event and each seal, changed alone, is found at exactly its position (proposition 1)."""
    for position in range(1, LENGTH + 1):
        for name, change in CHANGES.items():
            bad = chain.broken(change, p=position)
            assert bad is not None, (name, position)
            assert bad.position == position, (name, position, bad.message())


def test_changes_are_tried_on_every_column():
    """No column of the two tables but the seal's own number and creditor is left out above."""
    from duecourse.ledger.models import AuditEvent, Seal

    tried = {name.split()[0] for name in CHANGES}
    columns = {f"event.{f.column}" for f in AuditEvent._meta.concrete_fields} | {f"seal.{f.column}" for f in Seal._meta.concrete_fields}
    assert columns - tried == {"seal.id", "seal.creditor_id"}


def test_the_owner_must_drop_the_triggers_first_and_is_found_all_the_same(chain, committed_db):
    """The owner of the tables disables the trigger, edits one word, enables it again; the walk names the row and its event."""
    with committed_db.connect("owner") as owner:
        owner.execute("ALTER TABLE ledger_auditevent DISABLE TRIGGER ledger_auditevent_append_only")
        owner.execute(CHANGES["event.action"].format(creditor=chain.creditor, p=4))
        owner.execute("ALTER TABLE ledger_auditevent ENABLE TRIGGER ledger_auditevent_append_only")
    event_id = chain.event_at(4)
    bad = chain.broken()
    assert (bad.position, bad.event_id) == (4, event_id)
    assert bad.message() == f"position 4 (event {event_id}): the event or the seal was changed"


def test_removed_rows_are_found_at_the_first_missing_position(chain):
    """An event, a seal, both, or a seal given to another creditor leave a hole at their position (propositions 2 and 3)."""
    event = "DELETE FROM ledger_auditevent WHERE id = (SELECT event_id FROM ledger_seal WHERE creditor_id = {creditor} AND position = {p})"
    seal = "DELETE FROM ledger_seal WHERE creditor_id = {creditor} AND position = {p}"
    moved = "UPDATE ledger_seal SET creditor_id = creditor_id + 1 WHERE creditor_id = {creditor} AND position = {p}"
    for position in range(1, LENGTH):
        for statements in ([event], [seal], [event, seal], [moved]):
            bad = chain.broken(*statements, p=position)
            assert bad is not None
            assert bad.position == position, (statements, bad.message())


def test_closing_the_hole_does_not_hide_it(chain):
    """Renumbering the seals after a removed one is found at the first renumbered position."""
    for position in range(1, LENGTH):
        bad = chain.broken(
            "DELETE FROM ledger_seal WHERE creditor_id = {creditor} AND position = {p}",
            "UPDATE ledger_seal SET position = -(position - 1) WHERE creditor_id = {creditor} AND position > {p}",
            "UPDATE ledger_seal SET position = -position WHERE creditor_id = {creditor} AND position < 0",
            p=position,
        )
        assert bad.position == position


def test_exchanged_rows_are_found_at_the_first_of_them(chain):
    """Two seals that changed positions, or two seals that changed events, are found at the smaller position (proposition 4)."""
    seals = [
        "UPDATE ledger_seal SET position = -{q} WHERE creditor_id = {creditor} AND position = {p}",
        "UPDATE ledger_seal SET position = {p} WHERE creditor_id = {creditor} AND position = {q}",
        "UPDATE ledger_seal SET position = {q} WHERE creditor_id = {creditor} AND position = -{q}",
    ]
    for first in range(1, LENGTH):
        for second in range(first + 1, LENGTH + 1):
            events = [
                f"UPDATE ledger_seal SET event_id = -event_id WHERE position = {first} AND creditor_id = {{creditor}}",
                f"UPDATE ledger_seal SET event_id = {chain.event_at(first)} WHERE position = {second} AND creditor_id = {{creditor}}",
                f"UPDATE ledger_seal SET event_id = {chain.event_at(second)} WHERE position = {first} AND creditor_id = {{creditor}}",
            ]
            assert chain.broken(*seals, p=first, q=second).position == first
            assert chain.broken(*events).position == first


def test_position_that_stands_twice_is_found(chain):
    """A second seal at a position, once the database's own uniqueness is taken away, is found there."""
    chain.raw.execute("ALTER TABLE ledger_seal DROP CONSTRAINT seal_position_once, DROP CONSTRAINT ledger_seal_event_id_key")
    double = """
        INSERT INTO ledger_seal (creditor_id, position, event_id, version, previous_hash, hash, sealed_at)
        SELECT creditor_id, position, event_id, version, previous_hash, hash, sealed_at FROM ledger_seal
        WHERE creditor_id = {creditor} AND position = {p}
    """
    bad = chain.broken(double, p=3)
    assert bad.position == 3
    assert "twice" in bad.message()


def test_cut_tail_is_found_against_a_kept_head(chain):
    """Without a kept head a cut tail only shows as unsealed events; with one it is a wrong row (proposition 5)."""
    cut = "DELETE FROM ledger_seal WHERE creditor_id = {creditor} AND position >= {p}"
    head = Head(chain.head.head_position, chain.head.head_hash)
    for position in range(1, LENGTH + 1):
        assert chain.broken(cut, p=position) is None
        bad = chain.broken(cut, head=head, p=position)
        assert bad.position == position
        assert "before the head" in bad.message()


def test_tail_written_anew_is_found_against_a_kept_head(chain):
    """Cutting the tail, editing an event and sealing again makes a chain that is right in itself, and not the one whose head was kept."""
    head = Head(chain.head.head_position, chain.head.head_hash)
    chain.raw.execute("DELETE FROM ledger_seal WHERE creditor_id = %s AND position >= 5", [chain.creditor])
    chain.raw.execute("UPDATE ledger_auditevent SET action = 'x' WHERE subject_kind = 'case' AND subject_id = 5")
    chain.raw.execute(
        "INSERT INTO gate.unsealed SELECT creditor_id, id FROM ledger_auditevent e WHERE creditor_id = %s"
        " AND NOT EXISTS (SELECT 1 FROM ledger_seal s WHERE s.event_id = e.id)",
        [chain.creditor],
    )
    with chain.acts():
        assert seal_pending(creditor_id=chain.creditor) == 3
    assert chain.verify().is_whole
    assert chain.broken(head=head).position == LENGTH


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(picks=st.lists(st.tuples(st.sampled_from(sorted(CHANGES)), st.integers(1, LENGTH)), min_size=2, max_size=4, unique=True))
def test_of_several_edits_the_first_row_is_named(chain, picks):
    """However many rows were edited, the first of them is named."""
    bad = chain.broken(*(CHANGES[name].replace("{p}", str(position)) for name, position in picks))
    assert bad is not None
    assert bad.position == min(position for _, position in picks)
