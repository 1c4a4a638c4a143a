"""Evidence of an agency's people on the creditor's page of the agency, on the agency's own page, and among what waits for a second person."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest

from duecourse.contact.services import gate_terms_set
from duecourse.kit.clock import frozen
from duecourse.parties.access import acting
from duecourse.parties.models import CollectorQualification
from duecourse.parties.services import collector_qualification_add
from tests import people

NOON = datetime(2026, 9, 1, 4, tzinfo=UTC)
SPAN = {"valid_from_on": "2026-09-01", "valid_until_on": "2026-09-20"}


@pytest.fixture
def enter(house, home, logged_in):
    """Return a function that gives somebody's browser in English, at noon; the creditor asks for training."""

    def entered(who, *, lang="en"):
        client = logged_in(who.email)
        client.cookies["django_language"] = lang
        return client

    with frozen(NOON):
        gate_terms_set(
            actor=house.bank.qiu, effective_on=NOON.date(), paid_share_bp=1, paid_minor_min=1, person_qualification_kinds=["training"]
        )
        yield entered


def text_of(answer, status=200):
    """Return the text of a page without its tags."""
    assert answer.status_code == status, answer.content.decode()[:600]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


def kept(house):
    """Return all evidence in the order it came."""
    with acting(house.bank.system):
        return list(CollectorQualification.objects.order_by("pk"))


def test_ann_puts_it_down_and_mei_confirms_it_on_the_list(house, enter):
    """Ann is told who may not call, puts evidence down, which waits; Mei finds it under approvals and agrees; then Ann may call."""
    ann, mei = enter(people.ANN), enter(people.MEI)
    before = text_of(ann.get("/agency/people/"))
    assert "Asked of everybody who calls or visits: training." in before
    assert "May not call today: Ann: training" in before
    said = {"user_id": house.bank.ann.user_id, "kind": "training", "document_ref": "no. 12 <b>", **SPAN}
    assert "waits for the creditor" in text_of(ann.post("/agency/people/evidence/", said, follow=True))
    (row,) = kept(house)
    assert "Evidence of collectors waits to be confirmed" in text_of(mei.get("/"))
    page = mei.get("/approvals/").content.decode()
    assert "Evidence of Ann" in page
    assert "no. 12 &lt;b&gt;" in page
    decided = {"hash": row.content_hash, "verdict": "approve"}
    assert mei.post(f"/approvals/collector_qualification/{row.pk}/", decided | {"hash": "0" * 64}).status_code == 409
    assert mei.post(f"/approvals/collector_qualification/{row.pk}/", decided).status_code == 302
    shown = text_of(ann.get("/agency/people/"))
    assert "ends soon" in shown
    assert "May not call today" not in shown
    assert "ends soon" in text_of(mei.get(f"/agencies/{house.bank.aoki.pk}/"))
    home = text_of(mei.get("/"))
    assert "Evidence of collectors that ends within 30 days" in home
    assert "waits to be confirmed" not in home


def test_the_creditors_side_records_and_withdraws_on_the_agencys_page(house, enter):
    """Qiu's evidence counts at once; withdrawn it counts no more; an accountant sees it and may do neither."""
    qiu, fan = enter(people.QIU), enter(people.FAN)
    address = f"/agencies/{house.bank.aoki.pk}/"
    assert "May not call today: Ann: training" in text_of(qiu.get(address))
    said = {"user_id": house.bank.ann.user_id, "kind": "training", "document_ref": "no. 12", **SPAN}
    assert qiu.post(f"{address}collectors/", said).status_code == 302
    (row,) = kept(house)
    assert row.is_confirmed is True
    for rest, given in (("collectors/", said), (f"collectors/{row.pk}/withdraw/", {})):
        assert fan.post(address + rest, given).status_code in {403, 404, 422}
    seen = fan.get(address).content.decode()
    assert "no. 12" in seen
    assert "Record evidence of a person" not in seen
    assert qiu.post(f"/agencies/{house.bank.birch.pk}/collectors/{row.pk}/withdraw/").status_code == 404
    assert "withdrawn" in text_of(qiu.post(f"{address}collectors/{row.pk}/withdraw/", follow=True))
    assert "May not call today: Ann: training" in text_of(qiu.get(address))


def test_nobody_else_is_chosen_and_what_is_wrong_is_said_at_the_form(house, enter):
    """Another agency's person, an empty span and a comma in the kind come back with the page; nothing is kept."""
    ann, qiu = enter(people.ANN), enter(people.QIU)
    good = {"user_id": house.bank.ann.user_id, "kind": "training", "document_ref": "no. 12", **SPAN}
    for wrong in (
        {"user_id": house.bank.bo.user_id},
        {"kind": "a, b"},
        {"valid_until_on": "2026-09-01"},
        {"document_ref": " "},
        {"user_id": "x"},
    ):
        assert ann.post("/agency/people/evidence/", good | wrong).status_code == 422
        assert qiu.post(f"/agencies/{house.bank.aoki.pk}/collectors/", good | wrong).status_code == 422
    assert kept(house) == []


def test_another_agency_and_its_collectors_reach_nothing_of_it(house, enter):
    """Bo collects at Birch: neither page, nor putting down, nor withdrawing what is Aoki's."""
    span = {"valid_from_on": NOON.date(), "valid_until_on": NOON.date().replace(year=2027)}
    row = collector_qualification_add(
        actor=house.bank.qiu, agency_id=house.bank.aoki.pk, user_id=house.bank.ann.user_id, kind="training", document_ref="no. 12", **span
    )
    bo = enter(people.BO)
    assert bo.get("/agency/people/").status_code == 404
    assert bo.post(f"/agency/people/evidence/{row.pk}/withdraw/").status_code == 404
    assert bo.post(f"/agencies/{house.bank.aoki.pk}/collectors/{row.pk}/withdraw/").status_code == 404
    assert kept(house)[0].withdrawn_at is None


def test_the_pages_are_whole_in_chinese(house, enter):
    """Both pages say in Chinese who may not call and what is asked."""
    for who, address in ((people.ANN, "/agency/people/"), (people.QIU, f"/agencies/{house.bank.aoki.pk}/")):
        shown = text_of(enter(who, lang="zh-hans").get(address))
        assert "人员上岗证明" in shown
        assert "今日不得联系债务人： Ann: training" in shown
