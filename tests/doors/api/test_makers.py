"""A program names who makes a contact: by address or number, of its own agency only, and a stop of that person binds the program."""

from __future__ import annotations

from duecourse.contact.models import Permit
from duecourse.contact.services import contact_stop
from duecourse.parties.access import acting
from tests.doors.api.conftest import permit_body
from tests.people import ANN, BO


def test_a_program_names_its_own_people_only(api, noon):
    """Ann by address or by number is taken and kept; Bo, who is another agency's, and nobody at all are the same 404; odd values are faults."""
    case_id = api.mine[0].case_id
    body = permit_body(case_id, "made")
    given = api.aoki.post("/permits", body | {"collector": ANN.email.upper()}).json()
    assert given["decision"] == "permit"
    assert api.aoki.post("/permits", body | {"collector": api.bank.ann.user_id}).json()["id"] == given["id"]
    assert api.aoki.post("/permits", body).json()["type"] == "RequestReused"
    assert api.aoki.get(f"/permits/{given['id']}").json()["made_by"] == api.bank.ann.user_id
    with acting(api.bank.system):
        assert Permit.objects.get(pk=given["id"]).user_id < 0
    answers = [
        api.aoki.post("/permits", permit_body(case_id, f"odd-{number}") | {"collector": named})
        for number, named in enumerate((BO.email, api.bank.bo.user_id, "nobody@aoki.example", 10**17, "' OR 1=1 --"))
    ]
    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.content for answer in answers}) == 1
    for wrong in (0, -1, "", "a\x00b", "x" * 201, None, [ANN.email], 2**64):
        assert api.aoki.post("/permits", permit_body(case_id, "wrong") | {"collector": wrong}).status_code == 422


def test_a_stop_of_one_person_binds_the_program(api, noon):
    """While Ann is stopped the program is told to name somebody, and refused where it names her; Birch's program is as free as before."""
    contact_stop(actor=api.bank.qiu, scope="collector", user_id=api.bank.ann.user_id, reason_code="conduct")
    case_id = api.mine[0].case_id
    unnamed = api.aoki.post("/permits", permit_body(case_id, "u")).json()
    assert [reason["code"] for reason in unnamed["reasons"]] == ["maker_unsaid"]
    assert all(reason["zh"] and reason["en"] for reason in unnamed["reasons"])
    named = api.aoki.post("/permits", permit_body(case_id, "n") | {"collector": ANN.email}).json()
    assert [reason["code"] for reason in named["reasons"]] == ["contact_stopped"]
    assert "values" not in unnamed["explanation"]["grounds"][0], "it is not told who is stopped"
