"""Accepting a batch, taking its package home, and giving its cases to collectors."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, transaction

from duecourse.kit.clock import frozen
from duecourse.kit.errors import Absent, Forbidden
from duecourse.ledger.errors import FileDamaged
from duecourse.ledger.models import AuditEvent
from duecourse.ledger.selectors.files import file_place
from duecourse.ledger.services import audit_append
from duecourse.parties.access import acting
from duecourse.parties.models import Membership
from duecourse.parties.services import membership_end
from duecourse.placement import selectors, services
from duecourse.placement.errors import (
    AssignmentChanged,
    AssignmentUnclear,
    BatchNotAccepted,
    DiscrepancyUnclear,
    PackageSpent,
    ReceiptDiffers,
)
from duecourse.placement.models import BatchReceipt, CaseAssignment, Handover, Placement
from tests.work import NOON, TODAY, work


@pytest.fixture
def scene(db, tmp_path, home):
    """Cases with two agencies at noon of the day after."""
    with frozen(NOON):
        yield work(tmp_path)


def held(the, actor=None):
    """Return who has which case, as the actor sees it."""
    with acting(actor or the.bank.system):
        return dict(CaseAssignment.objects.filter(until_at__isnull=True).order_by("case_id").values_list("case_id", "user_id"))


def test_a_batch_is_accepted_once_as_it_was_looked_at(scene):
    """Another hash or count is refused; the right ones make one receipt with its event, a repeat none."""
    ann, batch_id = scene.bank.ann, scene.batches["aoki"]
    with acting(ann):
        batch = selectors.agency_batch(actor=ann, batch_id=batch_id)
    for sha256, rows in (("0" * 64, batch["row_count"]), (batch["sha256"], batch["row_count"] - 1), ("", 0)):
        with pytest.raises(ReceiptDiffers):
            services.batch_accept(actor=ann, batch_id=batch_id, sha256=sha256, row_count=rows)
    receipts = {
        services.batch_accept(actor=ann, batch_id=batch_id, sha256=batch["sha256"], row_count=batch["row_count"]).pk for _ in range(2)
    }
    assert len(receipts) == 1
    with acting(scene.bank.system):
        assert BatchReceipt.objects.get().user_id == ann.user_id
        event = AuditEvent.objects.get(action="batch_accepted")
        assert (event.subject_id, event.details["sha256"]) == (batch_id, batch["sha256"])


def test_only_its_own_lead_accepts_a_batch(scene):
    """A collector is no lead, another agency's lead finds no batch, the creditor's manager leads no agency."""
    call = {"batch_id": scene.batches["birch"], "sha256": "0" * 64, "row_count": 1}
    for actor, error in ((scene.bank.bo, Forbidden), (scene.bank.ann, Absent), (scene.bank.mei, Forbidden)):
        with pytest.raises(error):
            services.batch_accept(actor=actor, **call)
        with pytest.raises(error):
            services.batch_discrepancy(actor=actor, batch_id=scene.batches["birch"], reason_code="count_differs")
        with pytest.raises(error):
            services.package_open(actor=actor, batch_id=scene.batches["birch"])


def test_a_package_whose_bytes_were_changed_is_not_accepted(scene):
    """The bytes are read at the acceptance; when one is another, nothing is accepted."""
    with acting(scene.bank.system):
        handover = Handover.objects.get(batch_id=scene.batches["birch"])
        path = file_place(creditor_id=scene.bank.id, kind="handover", sha256=handover.sha256)
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.chmod(0o600)
    path.write_bytes(content)
    with pytest.raises(FileDamaged):
        scene.accept("birch")
    with acting(scene.bank.system):
        assert not BatchReceipt.objects.exists()


def test_a_discrepancy_reaches_the_creditor_and_is_checked(scene):
    """Reason, number and words are kept once; unknown reasons, too many cases and missing words are refused."""
    call = {"actor": scene.bank.ann, "batch_id": scene.batches["aoki"]}
    for wrong in (
        {"reason_code": "x"},
        {"reason_code": "other"},
        {"reason_code": "out_of_scope", "case_count": 99},
        {"reason_code": "other", "words": "x" * 501},
    ):
        with pytest.raises(DiscrepancyUnclear):
            services.batch_discrepancy(**call, **wrong)
    for _ in range(2):
        services.batch_discrepancy(**call, reason_code="out_of_scope", case_count=2, words="=cmd() 😀 'two' in SH")
    with acting(scene.bank.mei):
        (receipt,) = selectors.batch_receipts(creditor_id=scene.bank.id)
        assert (receipt.reason_code, receipt.case_count, receipt.words) == ("out_of_scope", 2, "=cmd() 😀 'two' in SH")
    with acting(scene.bea):
        assert selectors.batch_receipts(creditor_id=scene.bank.id) == []


def test_the_package_is_given_after_the_acceptance_and_while_all_its_cases_stay(scene):
    """Before it is refused; then each download is in the trail; when a case leaves, the package is closed."""
    call = {"actor": scene.bank.ann, "batch_id": scene.batches["aoki"]}
    with pytest.raises(BatchNotAccepted):
        services.package_open(**call)
    scene.accept("aoki")
    found = services.package_open(**call)
    assert found.name.endswith(".zip")
    assert found.content[:2] == b"PK"
    with acting(scene.bank.system):
        event = AuditEvent.objects.get(action="package_downloaded")
        assert (event.actor_id, event.agency_id) == (scene.bank.ann.user_id, scene.bank.aoki.pk)
        placement_id = Placement.objects.filter(agency_id=scene.bank.aoki.pk).first().pk
    services.placement_recall(actor=scene.bank.mei, placement_ids=[placement_id], reason="audit", at=NOON - timedelta(minutes=1))
    with pytest.raises(PackageSpent):
        services.package_open(**call)


def test_cases_are_dealt_evenly_and_only_of_accepted_batches(scene):
    """Before the acceptance nothing is assigned; then by count and by balance the totals come out even."""
    ann, cases = scene.bank.ann, scene.cases["aoki"]
    wanted = {"actor": ann, "case_ids": cases, "user_ids": [scene.cai.user_id, scene.eve.user_id]}
    with pytest.raises(AssignmentUnclear):
        services.assignment_preview(**wanted)
    scene.accept("aoki")
    by_count = services.assignment_preview(**wanted)
    assert max(share.after_count for share in by_count.shares) - min(share.after_count for share in by_count.shares) <= 1
    by_balance = services.assignment_preview(**wanted, way="balance")
    after = sorted(share.after_minor for share in by_balance.shares)
    assert after[1] - after[0] <= 94_500
    assert held(scene) == {}
    done = services.assignments_make(**wanted, plan_hash=by_count.plan_hash)
    assert done.changed_count == len(cases)
    assert sorted(held(scene)) == cases
    again = services.assignments_make(**wanted)
    assert again.changed_count == 0
    with acting(scene.bank.system):
        assert AuditEvent.objects.filter(action="cases_assigned").count() == 1


def test_whom_it_goes_to_must_work_there_today(scene):
    """Another agency's collector, a stranger's number and somebody who left are absent; so are another agency's cases."""
    scene.accept("aoki")
    cases, ann = scene.cases["aoki"], scene.bank.ann
    for user in (scene.bank.bo.user_id, 10**9, scene.bank.mei.user_id):
        with pytest.raises(Absent):
            services.assignments_make(actor=ann, case_ids=cases[:1], user_ids=[user])
    with pytest.raises(Absent):
        services.assignments_make(actor=ann, case_ids=[*cases[:1], scene.cases["birch"][0]], user_ids=[scene.cai.user_id])
    with pytest.raises(Forbidden):
        services.assignments_make(actor=scene.cai, case_ids=cases[:1], user_ids=[scene.cai.user_id])
    with acting(scene.bank.system):
        found = Membership.objects.get(user_id=scene.cai.user_id)
    membership_end(actor=scene.bank.system, membership_id=found.pk, until_on=TODAY)
    with pytest.raises(Absent):
        services.assignments_make(actor=ann, case_ids=cases[:1], user_ids=[scene.cai.user_id])


def test_who_left_keeps_nothing_after_their_cases_were_given_to_others(scene):
    """Cai leaves with three cases: she is shown as left, Eve takes over, and the history says from when to when."""
    scene.accept("aoki")
    ann, three = scene.bank.ann, scene.cases["aoki"][:3]
    scene.assign(three, scene.cai, code="aoki")
    with acting(scene.bank.system):
        found = Membership.objects.get(user_id=scene.cai.user_id)
    membership_end(actor=scene.bank.system, membership_id=found.pk, until_on=TODAY)
    with acting(ann):
        rows = {row["name"]: row for row in selectors.collectors(actor=ann, on=TODAY)}
        assert (rows["Cai"]["is_active"], rows["Cai"]["case_count"], rows["Eve"]["is_active"]) == (False, 3, True)
    with frozen(NOON + timedelta(hours=1)):
        scene.assign(three, scene.eve, code="aoki")
    with acting(ann):
        assert "Cai" not in {row["name"] for row in selectors.collectors(actor=ann, on=TODAY)}
        ended = CaseAssignment.objects.filter(user_id=scene.cai.user_id).values_list("from_at", "until_at", "assigned_by", "ended_by")
        assert set(ended) == {(NOON, NOON + timedelta(hours=1), ann.user_id, ann.user_id)}
    services.assignments_make(actor=ann, case_ids=three, user_ids=[])
    assert held(scene) == {}


def test_a_preview_that_is_stale_assigns_nothing(scene):
    """Somebody else assigned one of the cases since: nothing is done, and the new preview shows it."""
    scene.accept("aoki")
    wanted = {"actor": scene.bank.ann, "case_ids": scene.cases["aoki"][:4], "user_ids": [scene.cai.user_id]}
    plan = services.assignment_preview(**wanted)
    scene.assign(scene.cases["aoki"][:1], scene.eve, code="aoki")
    with pytest.raises(AssignmentChanged):
        services.assignments_make(**wanted, plan_hash=plan.plan_hash)
    assert held(scene) == {scene.cases["aoki"][0]: scene.eve.user_id}


def test_an_assignment_ends_with_its_placement(scene):
    """A recall takes the case from the collector too; nothing comes back with a later placement by itself."""
    scene.accept("birch")
    case_id = scene.cases["birch"][0]
    scene.assign([case_id], scene.bank.bo)
    with acting(scene.bank.system):
        placement_id = Placement.objects.get(case_id=case_id).pk
    services.placement_recall(actor=scene.bank.mei, placement_ids=[placement_id], reason="audit", at=NOON)
    assert held(scene) == {}
    with acting(scene.bank.bo):
        assert Placement.objects.count() == 0


def test_an_assignment_is_history(scene):
    """Neither the application nor an agency's people rewrite who had a case, and agencies write none by themselves."""
    scene.accept("birch")
    scene.assign(scene.cases["birch"][:1], scene.bank.bo)
    with pytest.raises(DatabaseError, match="frozen"), transaction.atomic(), acting(scene.bank.system):
        CaseAssignment.objects.update(user_id=1)
    for actor in (scene.bea, scene.bank.bo):
        with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic(), acting(actor), connection.cursor() as cursor:
            cursor.execute("UPDATE placement_caseassignment SET until_at = NULL")
        with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic(), acting(actor), connection.cursor() as cursor:
            cursor.execute("INSERT INTO placement_batchreceipt (id) VALUES (1)")


COLLECTORS_SEE_NONE = ("settlement_statement", "settlement_statementline", "settlement_statementtransition", "settlement_scorecard",
                       "placement_batchreceipt", "placement_placementmoveset", "placement_placementmove")  # fmt: skip
CASE_TABLES = {
    "portfolio_case": "id",
    "placement_placement": "case_id",
    "placement_caseassignment": "case_id",
    "portfolio_caseaccount": "case_id",
    "portfolio_snapshot": "case_id",
    "portfolio_casetransition": "case_id",
}


def test_a_collector_sees_assigned_cases_and_nothing_else_in_the_database(scene):
    """Bo sees one of six cases and what hangs on it, whichever table is asked; his lead sees all six, a colleague without cases none."""
    scene.accept("birch")
    mine = scene.cases["birch"][0]
    scene.assign([mine], scene.bank.bo)
    scene.assign(scene.cases["birch"][1:2], scene.bea)
    audit = {"creditor_id": scene.bank.id, "action": "x", "subject_kind": "x", "subject_id": 1}
    for actor, wanted in ((scene.bank.bo, {mine}), (scene.bea, set(scene.cases["birch"])), (scene.cai, set())):
        with acting(actor), connection.cursor() as cursor:
            for table, column in CASE_TABLES.items():
                cursor.execute(f"SELECT DISTINCT {column} FROM {table}")
                seen = {row[0] for row in cursor.fetchall()}
                assert seen == wanted or (table == "placement_caseassignment" and seen <= wanted), (actor, table)
            for table in (
                "portfolio_person",
                "portfolio_account",
                "portfolio_contactpoint",
                "portfolio_personsecret",
                "portfolio_obligation",
            ):
                cursor.execute(f"SELECT count(*) FROM {table}")
                assert cursor.fetchone() == (len(wanted),), (actor, table)
            for table in COLLECTORS_SEE_NONE if actor.is_collector else ():
                cursor.execute(f"SELECT count(*) FROM {table}")
                assert cursor.fetchone() == (0,), table
            audit_append(**audit)
    with acting(scene.bank.bo), connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM placement_caseassignment")
        assert cursor.fetchone() == (1,)


def test_of_two_leads_one_wins(committed_db, tmp_path, home):
    """Eight leads at once give the same cases to two people on one preview: one plan holds, each case has one collector."""
    with frozen(NOON):
        the = work(tmp_path)
        the.accept("aoki")
    cases, users = the.cases["aoki"], (the.cai.user_id, the.eve.user_id)
    plans = [services.assignment_preview(actor=the.bank.ann, case_ids=cases, user_ids=[user]) for user in users]

    def give(number):
        return services.assignments_make(
            actor=the.bank.ann, case_ids=cases, user_ids=[users[number % 2]], plan_hash=plans[number % 2].plan_hash
        ).changed_count

    results = committed_db.parallel(give, count=8)
    assert [result for result in results if isinstance(result, int) and result] == [len(cases)], results
    assert all(isinstance(result, (int, AssignmentChanged)) for result in results), results
    with acting(the.bank.system):
        assert len(set(held(the).values())) == 1
        assert CaseAssignment.objects.count() == len(cases)


def test_two_acceptances_at_once_are_one(committed_db, tmp_path, home):
    """Six presses at once make one receipt."""
    with frozen(NOON):
        the = work(tmp_path)
    with acting(the.bea):
        batch = selectors.agency_batch(actor=the.bea, batch_id=the.batches["birch"])
    call = {"actor": the.bea, "batch_id": the.batches["birch"], "sha256": batch["sha256"], "row_count": batch["row_count"]}
    results = committed_db.parallel(lambda _number: services.batch_accept(**call).pk, count=6)
    assert len(set(results)) == 1, results
