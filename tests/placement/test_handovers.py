"""The package that an agency gets: contracted fields and nothing else, provable by its hashes, safe in a spreadsheet."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import zipfile
from datetime import UTC, datetime

import pytest
from django.db import transaction

from duecourse.kit.clock import frozen
from duecourse.kit.errors import Absent, Forbidden
from duecourse.ledger import selectors as books
from duecourse.ledger.models import AuditEvent, StoredFile
from duecourse.parties.access import acting
from duecourse.placement import selectors, services
from duecourse.placement.errors import BatchEmpty
from duecourse.placement.models import Handover, Placement, PlacementAccount
from duecourse.portfolio.services import tape_intake
from tests import factories
from tests.placement import world

pytestmark = pytest.mark.django_db

HEADER = "account_number,person_name,id_type,id_number,phone,region,product_class,lender_class,currency,principal,interest,fee,penalty,balance,days_past_due"
NAMES = ("=HYPERLINK(0)", "陈一", "Anna Berg", "@sum", "李四")


@pytest.fixture
def bank(tmp_path, home):
    """Lanxi Bank with a tape of ten debtors taken in and placed; the first name would run as a formula."""
    bank = factories.bank()
    lines = [
        f'L{n:03},"{NAMES[n % len(NAMES)]}",passport,P{n:07},+86138000{n:05},ZJ,consumer_loan,bank,CNY,900.00,30.00,2.00,1.00,933.00,45'
        for n in range(10)
    ]
    path = tmp_path / "tape.csv"
    path.write_text("\n".join([HEADER, *lines]) + "\n", encoding="utf-8")
    tape_intake(actor=bank.system, path=path, mapping="native", as_of=world.AS_OF)
    world.snapshots_from_tape(bank)
    world.published(bank, explore_share_bp=0)
    return bank


def batch_of(bank, agency):
    """Return an agency's batch."""
    with acting(bank.system):
        return next(b for b in selectors.batches(creditor_id=bank.id, month="2026-09") if b.agency_id == agency.pk)


def opened(bank, handover_id):
    """Return the package's bytes, its rows and its manifest."""
    with acting(bank.system):
        handover = Handover.objects.get(pk=handover_id)
        content = books.file_read(creditor_id=bank.id, file_id=handover.file_id)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.namelist() == ["cases.csv", "manifest.json"]
        cases, manifest = archive.read("cases.csv"), json.loads(archive.read("manifest.json"))
    assert cases.startswith(b"\xef\xbb\xbf")
    return content, list(csv.DictReader(io.StringIO(cases.decode("utf-8-sig")))), manifest


def test_the_package_holds_the_contracted_fields_only(bank):
    """Seven fields are contracted; the package has these columns, one row per account of the agency's own cases, amounts in yuan."""
    batch = batch_of(bank, bank.aoki)
    _, rows, manifest = opened(bank, services.batch_hand_over(actor=bank.mei, batch_id=batch.pk))
    assert list(rows[0]) == ["account_number", "name", "phone", "product_class", "days_past_due", "balance", "currency"]
    assert {row["balance"] for row in rows} == {"933.00"}
    with acting(bank.system):
        own = PlacementAccount.objects.filter(placement__batch=batch).select_related("account")
        assert sorted(row["account_number"] for row in rows) == sorted(row.account.number for row in own)
    assert [field["name"] for field in manifest["fields"]] == list(factories.CONTRACTED_FIELDS)


def test_the_manifest_proves_the_package(bank):
    """Hash and size of the file, rows, cases and the sum of balances agree with what is in it and with what is recorded."""
    batch = batch_of(bank, bank.aoki)
    handover_id = services.batch_hand_over(actor=bank.mei, batch_id=batch.pk)
    content, rows, manifest = opened(bank, handover_id)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        cases = archive.read("cases.csv")
    expected = {"name": "cases.csv", "sha256": hashlib.sha256(cases).hexdigest(), "size_bytes": len(cases)}
    assert manifest["files"] == [expected]
    assert manifest["row_count"] == manifest["case_count"] == len(rows) == batch.case_count
    assert manifest["balance_minor"] == {"CNY": 93_300 * len(rows)} == {"CNY": batch.placed_minor}
    assert (manifest["batch"], manifest["agency"]["code"], manifest["contract_version"]["number"]) == ("2026-09-AOKI-1", "aoki", 1)
    with acting(bank.system):
        handover = Handover.objects.get(pk=handover_id)
        assert handover.sha256 == hashlib.sha256(content).hexdigest()
        assert (handover.manifest, handover.row_count) == (manifest, len(rows))


def test_a_name_that_would_run_is_neutralised(bank):
    """Names that begin with = or @ come with an apostrophe before them, others as they are."""
    found = set()
    for agency in (bank.aoki, bank.birch):
        _, rows, _ = opened(bank, services.batch_hand_over(actor=bank.mei, batch_id=batch_of(bank, agency).pk))
        found |= {row["name"] for row in rows}
    assert found == {"'=HYPERLINK(0)", "陈一", "Anna Berg", "'@sum", "李四"}


def test_the_package_is_stored_sealed_and_revealed_once(bank):
    """The stored bytes are under a key of their own; the trail has one reveal with its count, and the handover with both hashes."""
    batch = batch_of(bank, bank.aoki)
    handover_id = services.batch_hand_over(actor=bank.mei, batch_id=batch.pk)
    assert services.batch_hand_over(actor=bank.mei, batch_id=batch.pk) == handover_id
    with acting(bank.system):
        stored = StoredFile.objects.get(pk=Handover.objects.get(pk=handover_id).file_id)
        revealed = AuditEvent.objects.get(action="persons_revealed")
        handed = AuditEvent.objects.get(action="batch_handed_over")
    assert stored.wrapped_key is not None
    assert (stored.kind, stored.name, stored.row_count) == ("handover", "2026-09-AOKI-1.zip", batch.case_count)
    assert revealed.details["case_count"] == handed.details["row_count"] == batch.case_count
    assert handed.details["sha256"] == stored.sha256
    assert handed.actor_id == bank.mei.user_id


def test_the_same_batch_gives_the_same_bytes(bank):
    """Made twice at different times, as after a crash, the package has the same hash."""
    batch = batch_of(bank, bank.birch)
    hashes = []
    for hour in (8, 20):
        with frozen(datetime(2026, 9, 3, hour, tzinfo=UTC)), acting(bank.mei):
            handover_id = services.batch_hand_over(actor=bank.mei, batch_id=batch.pk)
            hashes.append(Handover.objects.get(pk=handover_id).sha256)
            transaction.set_rollback(True)
    assert hashes[0] == hashes[1]
    with acting(bank.system):
        assert not Handover.objects.exists()


def test_what_was_recalled_does_not_leave_the_house(bank):
    """A case recalled before the handover is not in the package; a batch with none left is refused."""
    batch = batch_of(bank, bank.aoki)
    with acting(bank.system):
        ids = list(Placement.objects.filter(batch=batch).order_by("pk").values_list("pk", flat=True))
        number = PlacementAccount.objects.select_related("account").get(placement_id=ids[0]).account.number
    services.placement_recall(actor=bank.mei, placement_ids=ids[:1], reason="audit", at=world.days_later(1))
    with acting(bank.mei):
        _, rows, _ = opened(bank, services.batch_hand_over(actor=bank.mei, batch_id=batch.pk))
        transaction.set_rollback(True)
    assert number not in {row["account_number"] for row in rows}
    assert len(rows) == len(ids) - 1
    services.placement_recall(actor=bank.mei, placement_ids=ids[1:], reason="audit", at=world.days_later(1))
    with pytest.raises(BatchEmpty, match="2026-09-AOKI-1"):
        services.batch_hand_over(actor=bank.mei, batch_id=batch.pk)


def test_a_contract_without_personal_fields_reveals_nothing(bank, monkeypatch):
    """Where only account numbers are contracted, nobody's data is opened."""
    from duecourse.parties import services as parties

    terms = factories.TERMS | {"contracted_fields": ["account_number", "balance_minor"], "effective_on": world.AS_OF}
    with acting(bank.system):
        ids = list(Placement.objects.filter(agency_id=bank.aoki.pk).values_list("pk", flat=True))
    services.placement_recall(actor=bank.mei, placement_ids=ids, reason="new terms", at=world.days_later(1))
    parties.contract_version_add(actor=bank.mei, contract_id=bank.birch_terms.contract.pk, **terms)
    batches = world.published(bank, at=world.days_later(2), nonce="second", explore_share_bp=0)
    monkeypatch.setattr("duecourse.placement.services.handovers.handover_rows", None)
    _, rows, manifest = opened(bank, services.batch_hand_over(actor=bank.mei, batch_id=batches[0]))
    assert list(rows[0]) == ["account_number", "balance"]
    assert manifest["contract_version"]["number"] == 2


def test_who_may_hand_over_and_who_sees_it(bank):
    """A manager hands over; Ann sees the handover of her batch, Bo does not, and neither hands over."""
    batch = batch_of(bank, bank.aoki)
    for actor in (bank.fan, bank.ann):
        with pytest.raises(Forbidden):
            services.batch_hand_over(actor=actor, batch_id=batch.pk)
    with pytest.raises(Absent):
        services.batch_hand_over(actor=bank.mei, batch_id=10**9)
    handover_id = services.batch_hand_over(actor=bank.mei, batch_id=batch.pk)
    with acting(bank.ann):
        assert selectors.access_handover(bank.ann, batch_id=batch.pk).pk == handover_id
    with acting(bank.bo):
        assert not Handover.objects.exists()
        with pytest.raises(Absent):
            selectors.access_handover(bank.bo, batch_id=batch.pk)
