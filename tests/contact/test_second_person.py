"""Terms of the gate and definitions of calls: what may loosen waits for a second person, what only tightens does not."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from duecourse.contact.errors import CallDefinitionRefused, TermsRefused
from duecourse.contact.models import CallDefinition, GateTerms
from duecourse.contact.selectors import access_version, gate_terms_on, versions_waiting
from duecourse.contact.services import (
    call_definition_approve,
    call_definition_reject,
    call_definition_set,
    definition_on,
    gate_terms_approve,
    gate_terms_reject,
    gate_terms_set,
    permit_request,
)
from duecourse.contact.services.known import Terms
from duecourse.contact.services.terms import only_tightens
from duecourse.kit.clock import frozen
from duecourse.kit.errors import Absent, Forbidden
from duecourse.ledger.models import AuditEvent
from duecourse.parties.access import Actor, acting, actors_of
from duecourse.parties.errors import AlreadyDecided, SamePersonTwice
from duecourse.parties.services import membership_grant
from tests import factories, people
from tests.contact.scene import DAY, NOON, Scene, scene

LOOSE, TIGHT = {"paid_share_bp": 9_000, "paid_minor_min": 10_000}, {"paid_share_bp": 4_000, "paid_minor_min": 10_000}


@pytest.fixture
def the(db: None) -> Scene:
    """The scene of these tests."""
    return scene()


def hua(the: Scene) -> Actor:
    """Return a second compliance officer."""
    someone = factories.user("hua@lanxi.example", name="Hua")
    membership_grant(actor=the.bank.system, user_id=someone.pk, role="compliance", from_on=factories.FIRST_DAY)
    return actors_of(someone, on=factories.FIRST_DAY)[0]


def terms(the: Scene, *, days: int = 0, actor: Actor | None = None, **content: Any) -> GateTerms:
    """Set terms from the scene's day or a later one, as Qiu."""
    with frozen(NOON):
        return gate_terms_set(actor=actor or the.bank.qiu, effective_on=DAY + timedelta(days=days), **LOOSE | content)


def share(the: Scene, days: int = 0) -> int | None:
    """Return the share in force on a day, None where none was set."""
    with acting(the.bank.qiu):
        found = gate_terms_on(actor=the.bank.qiu, on=DAY + timedelta(days=days))
        return found and found.paid_share_bp


def kinds_asked(the: Scene) -> bool:
    """Say whether the gate asks for a licence today."""
    with frozen(NOON):
        answer = permit_request(
            actor=the.bank.ann, case_id=the.cases["aoki"].pk, channel="call", contact_at=NOON, client_request_id=str(len(_requests))
        )
    _requests.append(answer)
    return "qualification_invalid" in {ground["code"] for ground in answer.explanation["grounds"]}


_requests: list[Any] = []


def test_terms_that_loosen_wait_for_a_second_officer(the: Scene) -> None:
    """Qiu sets them and cannot approve them, nor can an agency or an accountant; Hua can, once; then they hold and the trail says by whom."""
    written = terms(the)
    assert (written.needs_approval, share(the)) == (True, None)
    with frozen(NOON):
        with pytest.raises(SamePersonTwice):
            gate_terms_approve(actor=the.bank.qiu, terms_id=written.pk)
        for other in (the.bank.ann, the.bank.fan):
            with pytest.raises(Forbidden):
                gate_terms_approve(actor=other, terms_id=written.pk)
        officer = hua(the)
        with acting(officer):
            assert [row.pk for row in versions_waiting(GateTerms, actor=officer)] == [written.pk]
        gate_terms_approve(actor=officer, terms_id=written.pk)
        with pytest.raises(AlreadyDecided):
            gate_terms_reject(actor=the.bank.mei, terms_id=written.pk, reason="no")
    assert share(the) == 9_000
    with acting(the.bank.system):
        assert versions_waiting(GateTerms, actor=the.bank.qiu) == []
        (event,) = AuditEvent.objects.filter(subject_kind="gate_terms", action="approval_granted")
    assert (event.actor_id, event.details["content_hash"]) == (officer.user_id, written.content_hash)


def test_the_gate_reads_granted_terms_only(the: Scene) -> None:
    """A licence asked for by tightening terms is asked for at once; terms that drop it bind once approved, and never when refused."""
    assert not kinds_asked(the)
    assert not terms(the, **TIGHT, qualification_kinds=["licence"]).needs_approval
    assert kinds_asked(the)
    dropped = terms(the, days=1, **TIGHT)
    assert dropped.needs_approval
    tomorrow = NOON + timedelta(days=1)

    def asked() -> bool:
        with frozen(tomorrow):
            wanted = {"actor": the.bank.ann, "case_id": the.cases["aoki"].pk, "channel": "letter", "contact_at": tomorrow}
            answer = permit_request(**wanted, client_request_id=f"t{len(_requests)}")
        _requests.append(answer)
        return "qualification_invalid" in {ground["code"] for ground in answer.explanation["grounds"]}

    assert asked()
    with frozen(NOON):
        gate_terms_approve(actor=the.bank.mei, terms_id=dropped.pk)
    assert not asked()


def test_refused_terms_never_hold_and_free_their_day(the: Scene) -> None:
    """Refused, they leave what was in force, and others may be set for the day."""
    first = terms(the)
    with pytest.raises(TermsRefused, match="already"):
        terms(the, paid_share_bp=8_000)
    with frozen(NOON):
        gate_terms_reject(actor=the.bank.mei, terms_id=first.pk, reason="too loose")
        with pytest.raises(AlreadyDecided):
            gate_terms_approve(actor=the.bank.mei, terms_id=first.pk)
    assert share(the) is None
    assert terms(the, **TIGHT).effective_on == DAY
    assert share(the) == 4_000


def test_terms_whose_day_is_past_cannot_be_approved(the: Scene) -> None:
    """Nobody changes what yesterday's gate went by; they can still be refused."""
    written = terms(the)
    with frozen(NOON + timedelta(days=1)):
        with pytest.raises(TermsRefused, match="past"):
            gate_terms_approve(actor=the.bank.mei, terms_id=written.pk)
        gate_terms_reject(actor=the.bank.mei, terms_id=written.pk, reason="late")
    assert share(the) is None


def test_while_others_wait_even_tightening_terms_do(the: Scene) -> None:
    """What they tighten is not known until the others are decided on."""
    terms(the, days=1)
    assert terms(the, days=2, **TIGHT).needs_approval


def test_terms_that_need_nobody_cannot_be_decided_on(the: Scene) -> None:
    """They are in force; there is nothing to approve, and nothing to refuse afterwards."""
    tight = terms(the, **TIGHT)
    for decide in (gate_terms_approve, gate_terms_reject):
        with frozen(NOON), pytest.raises(Absent):
            decide(actor=the.bank.mei, terms_id=tight.pk, reason="no")
    assert share(the) == 4_000


shares, amounts, names = st.integers(1, 10_000), st.integers(0, 10**9), st.lists(st.sampled_from(["licence", "training"]), unique=True)
contents = st.fixed_dictionaries(
    {
        "paid_share_bp": shares,
        "paid_minor_min": amounts,
        "qualification_kinds": names,
        "person_qualification_kinds": names,
        "is_agency_list_kept": st.booleans(),
        "are_notices_kept": st.booleans(),
    }
)


@given(contents, contents)
def test_what_holds_alone_loosens_in_no_respect(before: dict[str, Any], after: dict[str, Any]) -> None:
    """Whenever terms hold by themselves, each share, amount, kind and list is at least as strict as before; the same terms do."""
    held = Terms(**before | {name: tuple(before[name]) for name in ("qualification_kinds", "person_qualification_kinds")})
    assert only_tightens(before, before=held)
    if only_tightens(after, before=held):
        assert after["paid_share_bp"] <= before["paid_share_bp"]
        assert after["paid_minor_min"] <= before["paid_minor_min"]
        assert set(after["qualification_kinds"]) >= set(before["qualification_kinds"])
        assert set(after["person_qualification_kinds"]) >= set(before["person_qualification_kinds"])
        assert after["is_agency_list_kept"] >= before["is_agency_list_kept"]
        assert after["are_notices_kept"] >= before["are_notices_kept"]


def test_another_banks_terms_and_definitions_are_not_there(the: Scene) -> None:
    """Approving, refusing or reading by the number of another creditor's row finds nothing, and neither does an agency."""
    stranger = scene(firm=people.OTHER_BANK)
    written = terms(stranger)
    with frozen(NOON):
        definition = call_definition_set(actor=stranger.bank.qiu, from_on=DAY + timedelta(days=1), connected_seconds_min=5)
        for decide, number in ((gate_terms_approve, written.pk), (gate_terms_reject, written.pk)):
            with pytest.raises(Absent):
                decide(actor=the.bank.mei, terms_id=number, reason="no")
        for decide in (call_definition_approve, call_definition_reject):
            with pytest.raises(Absent):
                decide(actor=the.bank.mei, definition_id=definition.pk, reason="no")
    for model, number in ((GateTerms, written.pk), (CallDefinition, definition.pk)):
        with acting(the.bank.qiu), pytest.raises(Absent):
            access_version(model, actor=the.bank.qiu, version_id=number)
        with acting(stranger.bank.ann), pytest.raises(Absent):
            access_version(model, actor=stranger.bank.ann, version_id=number)
        with acting(stranger.bank.ann), pytest.raises(Absent):
            versions_waiting(model, actor=stranger.bank.ann)


def test_a_definition_that_counts_less_waits(the: Scene) -> None:
    """Longer least talk, voicemail left out or wider tolerances wait, and hold once approved before their day; stricter ones hold at once."""
    tomorrow, after = DAY + timedelta(days=1), DAY + timedelta(days=2)

    def seconds(on: Any) -> int:
        with acting(the.bank.qiu):
            return definition_on(creditor_id=the.bank.id, on=on).connected_seconds_min

    with frozen(NOON):
        strict = call_definition_set(actor=the.bank.qiu, from_on=tomorrow, clock_tolerance_seconds=30)
        assert not strict.needs_approval
    looser = ({"connected_seconds_min": 5}, {"effective_seconds_min": 5}, {"is_voicemail_connected": False}, {})
    for number, content in enumerate(looser, start=1):
        with frozen(NOON + timedelta(minutes=number)):
            made = call_definition_set(actor=the.bank.qiu, from_on=after, **content)
            assert made.needs_approval, content
            call_definition_reject(actor=the.bank.mei, definition_id=made.pk, reason="no")
    with frozen(NOON + timedelta(hours=1)):
        made = call_definition_set(actor=the.bank.qiu, from_on=after, connected_seconds_min=5)
        assert (seconds(after), made.content_hash != strict.content_hash) == (0, True)
        with pytest.raises(SamePersonTwice):
            call_definition_approve(actor=the.bank.qiu, definition_id=made.pk)
        call_definition_approve(actor=the.bank.mei, definition_id=made.pk)
        assert (seconds(tomorrow), seconds(after)) == (0, 5)
        late = call_definition_set(actor=the.bank.qiu, from_on=tomorrow, connected_seconds_min=9)
    with frozen(NOON + timedelta(days=1)), pytest.raises(CallDefinitionRefused):
        call_definition_approve(actor=the.bank.mei, definition_id=late.pk)
    assert seconds(tomorrow) == 0


def test_a_definition_of_the_system_takes_one_person(the: Scene) -> None:
    """What a command puts down nobody signed, so any officer or manager may approve it."""
    with frozen(NOON):
        made = call_definition_set(actor=the.bank.system, from_on=DAY + timedelta(days=1), connected_seconds_min=5)
        assert made.needs_approval
        assert call_definition_approve(actor=the.bank.qiu, definition_id=made.pk).pk == made.pk


def test_two_at_once_never_leave_two_terms_of_a_day(committed_db: Any) -> None:
    """Of two officers who set terms for one day at the same time one is refused, and nobody's loosening slips past the other's."""
    the = scene()
    officer, found = hua(the), []

    def work(actor: Actor) -> None:
        try:
            found.append(terms(the, actor=actor).pk)
        except TermsRefused as refused:
            found.append(refused)
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=[actor]) for actor in (the.bank.qiu, officer)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(type(one).__name__ for one in found) == ["TermsRefused", "int"]
