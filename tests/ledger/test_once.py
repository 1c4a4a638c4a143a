"""What several do at once has one effect: requests with a key, and files."""

from __future__ import annotations

import pytest

from duecourse.ledger.errors import IdempotencyClash
from duecourse.ledger.selectors import file_read
from duecourse.ledger.services import audit_append, file_put, idempotency_once
from duecourse.parties.access import acting
from tests import factories

SECRET = b"account_number,name\n1,x\n"


def once(bank, key: str = "k1", request_hash: str = "a" * 64, effect=None) -> tuple[str, int]:
    """Append one event under a key."""

    def append() -> tuple[str, int]:
        return "audit_event", audit_append(creditor_id=bank.id, action="x", subject_kind="x", subject_id=1)

    return idempotency_once(creditor_id=bank.id, scope="api", key=key, request_hash=request_hash, effect=effect or append)


@pytest.mark.django_db
def test_repeat_returns_the_first_effect_and_another_body_is_a_clash(bank):
    """The same key gives the same row; another key another row; the same key with another body is refused."""
    with acting(bank.mei):
        first = once(bank)
        assert once(bank) == first
        assert once(bank, key="k2") != first
        with pytest.raises(IdempotencyClash):
            once(bank, request_hash="b" * 64)


@pytest.mark.django_db
def test_failed_effect_does_not_use_the_key_up(bank):
    """After an effect that raised, the same request may be tried again."""

    def fail() -> tuple[str, int]:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), acting(bank.mei):
        once(bank, effect=fail)
    with acting(bank.mei):
        assert once(bank)[0] == "audit_event"


def test_parallel_requests_have_one_effect(committed_db):
    """Six requests with one key at once return one row."""
    bank = factories.bank()

    def work(number: int) -> tuple[str, int]:
        with acting(bank.mei):
            return once(bank)

    assert len(set(committed_db.parallel(work, count=6))) == 1


def test_two_putters_of_one_file_agree(committed_db, home):
    """Four transactions that store the same personal bytes at once end with one row whose bytes open."""
    bank = factories.bank()

    def work(number: int) -> int:
        with acting(bank.mei):
            return file_put(creditor_id=bank.id, kind="tape", name="march.csv", media_type="text/csv", content=SECRET, is_personal=True).id

    ids = committed_db.parallel(work, count=4)
    assert len(set(ids)) == 1
    with acting(bank.mei):
        assert file_read(creditor_id=bank.id, file_id=ids[0]) == SECRET
