"""What must be in order before a contact: each ground on both sides."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duecourse.contact.errors import OutcomeFromFuture, TemplateInvalid, TermsRefused, VersionOfAnother
from duecourse.contact.models import MessageTemplate, Permit
from duecourse.contact.selectors import TEMPLATES_PAGE, gate_terms_on, templates_waiting
from duecourse.contact.services import (
    LETTER_PARTS,
    Answer,
    attempt_report,
    gate_terms_approve,
    gate_terms_set,
    ground_text,
    message_template_add,
    message_template_approve,
    message_template_end,
    message_template_reject,
    permit_request,
)
from duecourse.contact.services.known import Owing, Terms
from duecourse.contact.services.readiness import is_paid
from duecourse.kit.clock import frozen
from duecourse.kit.errors import Absent, Forbidden
from duecourse.ledger.selectors import page
from duecourse.parties.access import acting
from duecourse.parties.errors import SamePersonTwice
from duecourse.parties.services import qualification_add
from duecourse.portfolio.models import Account, CaseAccount, ContactPoint, FeedFact, Tape, TapeRow
from duecourse.repayment.errors import DebitConflict, DebitRefused
from duecourse.repayment.models import Payment, PaymentMatch
from duecourse.repayment.services import direct_debit_record
from duecourse.rules.errors import NaiveInstant
from tests import people
from tests.contact.scene import DAY, NOON, Scene, scene


@pytest.fixture
def the(db: None) -> Scene:
    """The scene of these tests."""
    return scene()


def ask(the: Scene, request: str = "1", *, code: str = "aoki", at: datetime = NOON, **more) -> Answer:
    """Ask to call the debtor."""
    wanted = {"actor": the.actor(code), "case_id": the.cases[code].pk, "channel": "call", "contact_at": at, "client_request_id": request}
    with frozen(at):
        return permit_request(**wanted | more)


def grounds(answer: Answer) -> list[str]:
    """Return the codes of the platform's own grounds, each of which is told in both languages and has a text of its own."""
    found = answer.explanation["grounds"]
    assert all(ground["en"] and ground["zh"] and ground["source"] and ground_text(ground["code"])[1] != ground["code"] for ground in found)
    return [ground["code"] for ground in found]


def imported(the: Scene, *, balance_minor: int, on: date = DAY, code: str = "aoki") -> Account:
    """Let a tape tell what is owed at the beginning of a day."""
    of = {"creditor": the.bank.creditor}
    with acting(the.bank.system):
        account = Account.objects.get(pk=CaseAccount.objects.get(case=the.cases[code]).account_id)
        tape = Tape.objects.create(
            **of,
            feed_kind="overdue",
            as_of=on,
            sha256=f"{on}{code}",
            mapping_name="n",
            mapping_version="1",
            state="published",
            known_at=NOON,
        )
        feed_at = datetime(on.year, on.month, on.day, tzinfo=NOON.tzinfo) - timedelta(hours=8)
        TapeRow.objects.create(
            **of, tape=tape, account=account, row_number=1, feed_at=feed_at, principal_minor=balance_minor, interest_minor=0, fee_minor=0,
            penalty_minor=0, balance_minor=balance_minor,
        )  # fmt: skip
    return account


def paid(the: Scene, account: Account, amount_minor: int, *, on: date = DAY, reverses: Payment | None = None) -> Payment:
    """Let a payment be booked."""
    of = {"creditor": the.bank.creditor, "known_at": NOON}
    with acting(the.bank.system):
        payment = Payment.objects.create(
            **of, bank_account="B", external_ref=f"{on}-{amount_minor}", body_hash="", amount_minor=amount_minor, currency="CNY", paid_on=on,
            booked_on=on, reverses=reverses,
        )  # fmt: skip
        PaymentMatch.objects.create(**of, payment=payment, account=account, how="reversal" if reverses else "reference", entry_id=1)
    return payment


def test_a_payment_since_the_import_pauses_the_call(the: Scene) -> None:
    """One yuan changes nothing; half of the balance does; what was booked before the import is in its balance already."""
    account = imported(the, balance_minor=100_000)
    paid(the, account, 90_000, on=DAY - timedelta(days=1))
    paid(the, account, 100)
    assert ask(the).is_permit
    paid(the, account, 49_900)
    refused = ask(the, "2")
    assert set(grounds(refused)) == {"paid_already", "outcome_owed"}
    assert refused.next_allowed_at is None
    imported(the, balance_minor=50_000, on=DAY + timedelta(days=1))
    assert grounds(ask(the, "3", at=NOON + timedelta(days=1))) == ["outcome_owed"]


def test_a_payment_taken_back_counts_no_more(the: Scene) -> None:
    """After the bank reversed the payment the call is permitted again."""
    account = imported(the, balance_minor=100_000)
    payment = paid(the, account, 60_000)
    assert grounds(ask(the)) == ["paid_already"]
    paid(the, account, -60_000, reverses=payment)
    assert ask(the, "2").is_permit


def test_every_account_of_the_case_has_to_be_paid(the: Scene) -> None:
    """Of two accounts one paid does not silence the case; both paid do."""
    first = imported(the, balance_minor=100_000)
    with acting(the.bank.system):
        second = Account.objects.create(
            creditor=the.bank.creditor, number="second", product_class="credit_card", lender_class="bank", currency="CNY"
        )
        CaseAccount.objects.create(creditor=the.bank.creditor, case=the.cases["aoki"], account=second, from_on=DAY)
    paid(the, first, 100_000)
    assert ask(the).is_permit
    with acting(the.bank.system):
        tape = Tape.objects.get()
        TapeRow.objects.create(
            creditor=the.bank.creditor, tape=tape, account=second, row_number=2, feed_at=NOON, principal_minor=5_000, interest_minor=0,
            fee_minor=0, penalty_minor=0, balance_minor=5_000,
        )  # fmt: skip
    paid(the, second, 5_000)
    assert "paid_already" in grounds(ask(the, "2"))


def test_an_account_that_a_feed_tells_as_cured_pauses_the_call(the: Scene) -> None:
    """A cure told after the import counts, one told before it does not."""
    account = imported(the, balance_minor=100_000)
    with acting(the.bank.system):
        fact = {"creditor": the.bank.creditor, "tape": Tape.objects.get(), "account": account, "kind": "cured", "is_superseded": False}
        FeedFact.objects.create(**fact, row_number=7, feed_at=NOON - timedelta(days=3), known_at=NOON)
        assert ask(the).is_permit
        FeedFact.objects.create(**fact, row_number=8, feed_at=NOON, known_at=NOON)
    assert "paid_already" in grounds(ask(the, "2"))


def test_the_creditors_own_terms_hold_from_their_day(the: Scene) -> None:
    """With a share of nine tenths from tomorrow on, half of the balance pauses the call today and not tomorrow."""
    account = imported(the, balance_minor=100_000)
    paid(the, account, 50_000)
    with frozen(NOON):
        terms = gate_terms_set(actor=the.bank.qiu, effective_on=DAY + timedelta(days=1), paid_share_bp=9_000, paid_minor_min=1)
        gate_terms_approve(actor=the.bank.mei, terms_id=terms.pk)
    assert grounds(ask(the)) == ["paid_already"]
    assert ask(the, "2", at=NOON + timedelta(days=1)).is_permit
    with acting(the.bank.qiu):
        assert gate_terms_on(actor=the.bank.qiu, on=DAY) is None
        assert gate_terms_on(actor=the.bank.qiu, on=DAY + timedelta(days=9)).paid_share_bp == 9_000


def test_terms_that_cannot_hold_are_refused(the: Scene) -> None:
    """Yesterday, a share of nothing, an amount below zero, a day that is taken, and anybody but compliance."""
    terms = {"actor": the.bank.qiu, "effective_on": DAY, "paid_share_bp": 5_000, "paid_minor_min": 1}
    with frozen(NOON):
        for wrong in ({"effective_on": DAY - timedelta(days=1)}, {"paid_share_bp": 0}, {"paid_share_bp": 10_001}, {"paid_minor_min": -1}):
            with pytest.raises(TermsRefused):
                gate_terms_set(**terms | wrong)
        gate_terms_set(**terms)
        with pytest.raises(TermsRefused, match="already"):
            gate_terms_set(**terms)
        for other in (the.bank.mei, the.bank.ann):
            with pytest.raises(Forbidden):
                gate_terms_set(**terms | {"actor": other, "effective_on": DAY + timedelta(days=2)})


amounts = st.integers(0, 10**9)


@given(balance=amounts, paid_minor=amounts, share=st.integers(1, 10_000), least=amounts)
def test_small_money_never_silences_a_case(balance: int, paid_minor: int, share: int, least: int) -> None:
    """A debt counts as paid exactly when nothing is left or both limits are reached, and more money never makes it less paid."""
    found = is_paid(Owing(balance, paid_minor, False, ()), share_bp=share, minor_min=least)
    assert found == (paid_minor >= balance or (paid_minor >= least and paid_minor * 10_000 >= share * balance))
    assert not found or is_paid(Owing(balance, paid_minor + 1, False, ()), share_bp=share, minor_min=least)
    assert not is_paid(Owing(None, paid_minor, False, ()), share_bp=share, minor_min=least)
    assert is_paid(Owing(None, paid_minor, True, ()), share_bp=share, minor_min=least)


def test_one_yuan_is_never_enough_by_default() -> None:
    """Where the creditor set nothing, a yuan does not pay a debt of two."""
    assert not is_paid(Owing(200, 100, False, ()), share_bp=Terms().paid_share_bp, minor_min=Terms().paid_minor_min)


def test_a_direct_debit_on_its_way_pauses_the_call_until_it_settles(the: Scene) -> None:
    """From the day it is sent up to the day it settles the call is refused, and the next instant is that day's first hour of contact."""
    account = imported(the, balance_minor=100_000)
    debit = {"actor": the.bank.fan, "account_id": account.pk, "external_ref": "D-1", "amount_minor": 100}
    spans = {"sent_on": DAY, "settles_on": DAY + timedelta(days=2)}
    assert ask(the, "0", at=NOON - timedelta(days=1)).is_permit
    kept = direct_debit_record(**debit, **spans)
    assert direct_debit_record(**debit, **spans).pk == kept.pk
    with pytest.raises(DebitConflict):
        direct_debit_record(**debit | {"amount_minor": 101}, **spans)
    with pytest.raises(DebitRefused):
        direct_debit_record(**debit | {"external_ref": "D-2"}, sent_on=DAY, settles_on=DAY)
    with pytest.raises(Forbidden):
        direct_debit_record(**debit | {"actor": the.bank.ann}, **spans)
    for days in (0, 1):
        refused = ask(the, f"in-{days}", code="aoki", at=NOON + timedelta(days=days))
        assert "debit_in_flight" in grounds(refused)
    with acting(the.bank.system):
        owed = Permit.objects.get()
    with frozen(NOON):
        attempt_report(actor=the.bank.ann, permit_id=owed.pk, outcome="no_answer", started_at=owed.contact_at)
    refused = ask(the, "again", at=NOON + timedelta(days=1))
    assert grounds(refused) == ["debit_in_flight"]
    assert refused.next_allowed_at == datetime(2026, 9, 3, 0, 0, tzinfo=NOON.tzinfo), "08:00 in Shanghai of the day it settles"
    assert refused.explanation["next_allowed_at"] == "2026-09-03T00:00:00Z"
    assert ask(the, "after", at=NOON + timedelta(days=2)).is_permit


def test_a_hold_with_an_end_names_the_next_instant(the: Scene) -> None:
    """A complaint open until the fifth is told with the fifth; a second hold without an end leaves it open."""
    the.hold("complaint", until_on=DAY + timedelta(days=4))
    refused = ask(the)
    assert refused.explanation["grounds"][0]["until_on"] == "2026-09-05"
    assert refused.next_allowed_at == datetime(2026, 9, 5, 0, 0, tzinfo=NOON.tzinfo)
    the.hold("paid_already")
    both = ask(the, "2")
    assert grounds(both) == ["hold_complaint", "hold_paid_already"]
    assert both.next_allowed_at is None


def test_evidence_that_ended_blocks_and_required_evidence_must_exist(the: Scene) -> None:
    """Without any evidence an agency works; with an expired licence it does not; once the creditor requires one, whoever has none does not."""
    assert ask(the, "b", code="birch").is_permit
    licence = {"actor": the.bank.qiu, "agency_id": the.bank.aoki.pk, "kind": "licence", "valid_from_on": date(2026, 1, 1)}
    qualification_add(**licence, valid_until_on=DAY)
    refused = ask(the)
    assert grounds(refused) == ["qualification_invalid"]
    assert refused.explanation["grounds"][0]["values"] == {"kind": "licence", "ended_on": "2026-09-01"}
    qualification_add(**licence | {"valid_from_on": DAY}, valid_until_on=DAY + timedelta(days=300))
    assert ask(the, "2").is_permit
    with frozen(NOON):
        gate_terms_set(
            actor=the.bank.qiu, effective_on=DAY, paid_share_bp=1, paid_minor_min=1, qualification_kinds=["licence", " licence ", ""]
        )
    assert "qualification_invalid" in grounds(ask(the, "3", code="birch"))
    assert grounds(ask(the, "4", code="", performer_id=the.bank.robot.pk)) == [], "the creditor's own robot needs no licence"


def test_evidence_that_has_not_begun_blocks_only_where_it_is_required(the: Scene) -> None:
    """A licence from tomorrow on says nothing of today, unless today needs one."""
    licence = {"actor": the.bank.qiu, "agency_id": the.bank.aoki.pk, "kind": "licence"}
    qualification_add(**licence, valid_from_on=DAY + timedelta(days=1), valid_until_on=DAY + timedelta(days=300))
    assert ask(the).is_permit
    with frozen(NOON):
        gate_terms_set(actor=the.bank.qiu, effective_on=DAY, paid_share_bp=1, paid_minor_min=1, qualification_kinds=["licence"])
    assert "qualification_invalid" in grounds(ask(the, "2"))
    assert "qualification_invalid" not in grounds(ask(the, "3", at=NOON + timedelta(hours=23)))


@pytest.mark.parametrize("channel", ["sms", "email", "letter"])
def test_a_message_needs_an_approved_template(the: Scene, channel: str) -> None:
    """Named none, unknown, unapproved, refused, for another channel, ended: each its own ground; approved and in force it is permitted."""
    assert grounds(ask(the, "none", channel=channel)) == ["template_missing"]
    assert grounds(ask(the, "unknown", channel=channel, template_code="t")) == ["template_unknown"]
    text = {"actor": the.bank.qiu, "code": "t", "channel": channel, "language": "zh-hans", "purpose": "reminder", "valid_from_on": DAY}
    text |= {"parts": LETTER_PARTS} if channel == "letter" else {}
    written = message_template_add(**text, body="one")
    assert message_template_add(**text, body="one").pk == written.pk
    assert grounds(ask(the, "waits", channel=channel, template_code="t")) == ["template_unapproved"]
    with pytest.raises(SamePersonTwice):
        message_template_approve(actor=the.bank.qiu, template_id=written.pk)
    message_template_reject(actor=the.bank.mei, template_id=written.pk, reason="no")
    assert grounds(ask(the, "refused", channel=channel, template_code="t")) == ["template_unapproved"]
    better = message_template_add(**text, body="two", valid_until_on=DAY + timedelta(days=1))
    message_template_approve(actor=the.bank.mei, template_id=better.pk)
    assert ask(the, "good", channel=channel, template_code="t").is_permit
    other = {"sms": "email", "email": "letter", "letter": "sms"}[channel]
    assert grounds(ask(the, "other", channel=other, template_code="t")) == ["template_unfit"]
    late = ask(the, "late", channel=channel, template_code="t", at=NOON + timedelta(days=1))
    assert grounds(late) == ["template_ended"]


def test_a_template_is_ended_at_once_and_a_draft_changes_nothing(the: Scene) -> None:
    """A newer version that nobody approved leaves the older one in force; ending takes effect without a second person."""
    the.template("t")
    text = {"actor": the.bank.mei, "code": "t", "channel": "sms", "language": "zh-hans", "purpose": "reminder", "valid_from_on": DAY}
    draft = message_template_add(**text, body="draft")
    assert ask(the, channel="sms", template_code="t").is_permit
    with pytest.raises(VersionOfAnother):
        message_template_add(**text | {"channel": "email"}, body="x")
    with acting(the.bank.qiu):
        assert [row["template_id"] for row in templates_waiting(actor=the.bank.qiu)] == [draft.pk]
        states = {row["number"]: row["state"] for row in page(TEMPLATES_PAGE, creditor_id=the.bank.id, order="code").rows}
    assert states == {1: "approved", 2: "waiting"}
    message_template_end(actor=the.bank.qiu, code="t", on=DAY)
    assert grounds(ask(the, "2", channel="sms", template_code="t")) == ["template_ended"]
    with pytest.raises(Absent):
        message_template_end(actor=the.bank.qiu, code="nothing", on=DAY)


def test_a_template_tells_everything_that_is_wrong_with_it(the: Scene) -> None:
    """Wrong channel, no text, an unknown part and an empty span are told together; agencies write none."""
    wrong = {"code": " ", "channel": "call", "language": "", "body": " ", "purpose": "", "parts": ["glitter"]}
    with pytest.raises(TemplateInvalid) as told:
        message_template_add(actor=the.bank.qiu, **wrong, valid_from_on=DAY, valid_until_on=DAY)
    assert len(told.value.parameters["reasons"]) == 7
    with pytest.raises(Forbidden):
        message_template_add(actor=the.bank.ann, **wrong, valid_from_on=DAY)


def test_a_letter_has_all_its_parts_whoever_writes_it(the: Scene) -> None:
    """A letter that lacks parts is refused with their names; one that was written before that was held is refused at the gate, by name."""
    text = {"actor": the.bank.qiu, "code": "l", "channel": "letter", "language": "zh-hans", "purpose": "demand", "valid_from_on": DAY}
    short = [part for part in LETTER_PARTS if part not in ("balance", "business_seal")]
    with pytest.raises(TemplateInvalid, match="a letter must also contain balance, business_seal"):
        message_template_add(**text, body="…", parts=short)
    assert message_template_add(**text | {"code": "s", "channel": "sms"}, body="…").pk, "a text message needs none of them"
    with acting(the.bank.qiu):
        old = MessageTemplate.objects.create(
            creditor_id=the.bank.id, code="l", number=1, channel="letter", language="zh-hans", body="…", parts=short, purpose="demand",
            valid_from_on=DAY, content_hash="0" * 64, added_by=the.bank.qiu.user_id, known_at=NOON,
        )  # fmt: skip
    message_template_approve(actor=the.bank.mei, template_id=old.pk)
    refused = ask(the, channel="letter", template_code="l")
    (ground,) = refused.explanation["grounds"]
    assert (ground["code"], ground["values"]) == ("template_incomplete", {"template": "l", "number": 1, "parts": "balance, business_seal"})
    whole = message_template_add(**text, body="…", parts=LETTER_PARTS)
    message_template_approve(actor=the.bank.mei, template_id=whole.pk)
    assert ask(the, "2", channel="letter", template_code="l").is_permit


def test_a_template_of_another_bank_does_not_exist(the: Scene) -> None:
    """A code that another bank approved is unknown here."""
    scene(firm=people.OTHER_BANK).template("theirs")
    assert grounds(ask(the, channel="sms", template_code="theirs")) == ["template_unknown"]


def test_a_debtor_without_a_number_is_not_called_and_may_be_written_to(the: Scene) -> None:
    """Once the only number has ended the call is refused, naming no point; the address still serves a letter."""
    the.template("t", channel="letter")
    with acting(the.bank.system):
        ContactPoint.objects.filter(person=the.person, kind="phone").update(valid_until_on=DAY)
    assert grounds(ask(the)) == ["channel_unreachable"]
    assert ask(the, "2", channel="letter", template_code="t").is_permit
    assert ask(the, "3", at=NOON - timedelta(days=1)).is_permit


def test_an_outcome_owed_blocks_the_next_permit_of_the_same_performer(the: Scene) -> None:
    """Ann's second request names the first permit; Birch is free, another day changes nothing, and a report opens it again."""
    first = ask(the)
    for request, at in (("2", NOON), ("3", NOON + timedelta(days=1))):
        refused = ask(the, request, at=at)
        assert grounds(refused) == ["outcome_owed"]
        assert refused.explanation["grounds"][0]["values"] == {"permit_id": first.id}
    assert ask(the, code="birch").is_permit
    with frozen(NOON):
        attempt_report(actor=the.bank.ann, permit_id=first.id, outcome="not_made", started_at=NOON)
    assert ask(the, "4").is_permit


def test_all_grounds_of_a_refusal_are_told_together(the: Scene) -> None:
    """At night, on hold, owed, unqualified and without a number, one refusal holds all five."""
    ask(the)
    the.hold("complaint")
    qualification_add(
        actor=the.bank.qiu, agency_id=the.bank.aoki.pk, kind="licence", valid_from_on=date(2026, 1, 1), valid_until_on=date(2026, 2, 1)
    )
    with acting(the.bank.system):
        ContactPoint.objects.filter(person=the.person).update(valid_until_on=DAY)
    refused = ask(the, "2", at=NOON + timedelta(hours=11))
    assert grounds(refused) == ["hold_complaint", "outcome_owed", "qualification_invalid", "channel_unreachable"]
    assert [reason["code"] for reason in refused.explanation["reasons"]] == ["outside_contact_hours"]


def test_instants_without_a_zone_or_in_the_future_are_their_own_errors(the: Scene) -> None:
    """A naive time of a contact or of an attempt, and an attempt that begins in an hour, are refused before anything is kept."""
    with pytest.raises(NaiveInstant):
        ask(the, contact_at=NOON.replace(tzinfo=None))
    permit = ask(the)
    with frozen(NOON):
        with pytest.raises(NaiveInstant):
            attempt_report(actor=the.bank.ann, permit_id=permit.id, outcome="no_answer", started_at=NOON.replace(tzinfo=None))
        with pytest.raises(OutcomeFromFuture):
            attempt_report(actor=the.bank.ann, permit_id=permit.id, outcome="no_answer", started_at=NOON + timedelta(hours=1))
