"""Questions about papers under Regulation F: both sides of each boundary, and what is not understood is said, never guessed."""

import json
from datetime import date
from pathlib import Path

import pytest

from duecourse.rules.cases import case_errors
from duecourse.rules.conformance import run
from duecourse.rules.conformance.federal_days import counted_days, public_holidays
from duecourse.rules.conformance.run import Status, answered, run_lines
from duecourse.rules.conformance.vector import Unsupported
from duecourse.rules.load import shipped_pack
from duecourse.rules.vocabulary import CONTACT

US = shipped_pack("us")
VECTORS = Path(__file__).parents[3] / "shared/cases/regf_rules.jsonl"
EMAIL, TEXT, EMPLOYER = ["1006.6(d)(3)-(4)"], ["1006.6(d)(3)", "1006.6(d)(5)"], ["1006.22(f)(3)"]
DISCLOSURE, FURNISHING, PERIOD = ["1006.42(a)(1)"], ["1006.30(a)(1)"], ["1006.34(b)(5)"]
OFFSET = "-04:00"


def at(day, clock="12:00"):
    """Return an instant of 2026 in New York's summer time."""
    return f"2026-{day}T{clock}:00{OFFSET}"


def event(kind, day, *, by="C1", to="DC1", **more):
    """Return one event; by default the consumer's to the collector."""
    return {"t": at(day), "type": kind, "by": by, "to": to, **more}


def ask(action, scope, *timeline, known=None, owed=None, persons=None, **question):
    """Return the answer to a question about a consumer C1 and a collector DC1."""
    facts = {
        "timezone": "America/New_York",
        "collector": "DC1",
        "persons": persons or [{"id": "C1", "role": "consumer"}],
        "debts": owed or [{"id": "D1", "type": "credit_card"}],
        "known": known or {},
        "timeline": list(timeline),
    }
    return answered(facts, {"action": action, "rule_scope": scope, **question}, pack=US)


def outcome(*args, **kwargs):
    """Return the outcome alone."""
    return ask(*args, **kwargs).outcome


def use_email(*timeline, day="09-10", scope=None, **more):
    """Return the outcome of using the address EM."""
    return outcome("use_email_address", scope or EMAIL, *timeline, t=at(day), endpoint="EM", **more)


def use_text(*timeline, day="09-10", **more):
    """Return the outcome of texting to the number MOB."""
    return outcome("use_number_for_text", TEXT, *timeline, t=at(day), endpoint="MOB", **more)


WROTE = event("email_received", "09-01", endpoint="EM", debts=["D1"])
CONSENTED = event("consent_given", "09-01", endpoint="EM", via="oral", scope="use this email about D1")
OPTED_OUT = event("opt_out", "09-05", endpoint="EM")
NOTICE = event("creditor_email_notice_sent", "06-01", by="CR1", to="C1", endpoint="EM", opt_out_by="2026-07-06")
PRIOR_WROTE = event("email_sent", "08-01", by="DC0", to="C1", endpoint="EM", debts=["D1"])
PRIOR_CONSENT = event("consent_given", "07-01", to="DC0", via="writing", endpoint="EM", scope="use this email")


def test_all_vectors_about_papers_pass():
    """Every vector of the outside file whose action is answered here passes; none is failed or passed over."""
    if not VECTORS.exists():
        pytest.skip(f"THE OUTSIDE VECTORS WERE NOT RUN: there is no {VECTORS.name} beside the tree")
    lines = [line for line in VECTORS.read_text(encoding="utf-8").splitlines() if json.loads(line)["question"]["action"] in run.ACTIONS]
    report = run_lines(lines)
    assert [(result.id, result.why) for result in report.results if result.status is not Status.passed] == []
    assert len(report.results) > 90


def test_every_rule_about_papers_keeps_its_cases():
    """The cases beside the rules come out, and every rule about papers speaks for the day before the regulation too."""
    assert case_errors(US) == []
    own = [rule for rule in US.rules if rule.subject != CONTACT and rule.name in NAMES]
    assert len(own) == len(NAMES)
    assert all({"2021-11-29", "2021-11-30"} <= {str(case["as_of"]) for case in rule.cases} for rule in own if rule.name != "call_recording")


NAMES = (
    *("account_number", "actual_notice", "assumed_receipt", "call_recording", "creditor_email_notice", "current_amount", "delivery_factor"),
    *("disclosure_address", "disclosures_elsewhere", "duplicative_dispute", "email_procedure", "employer_email", "envelope_marking"),
    *("furnishing", "itemization_date", "itemization_fields", "itemization_page", "misdirected_address", "mortgage_statement"),
    *("notice_addressee", "notice_translation", "opt_out_statement", "public_email_domain", "recordings_kept", "records_kept"),
    *("settled_debt_transfer", "single_payment", "state_disclosure", "text_procedure", "validation_due", "validation_period"),
)


@pytest.mark.parametrize(
    ("timeline", "found"),
    [
        ([], "deny"),
        ([WROTE], "allow"),
        ([{**WROTE, "debts": []}], "deny"),
        ([{**WROTE, "endpoint": "OTHER"}], "deny"),
        ([{**WROTE, "t": at("09-11")}], "deny"),
        ([WROTE, OPTED_OUT], "deny"),
        ([WROTE, {**OPTED_OUT, "endpoint": "OTHER"}], "allow"),
        ([WROTE, OPTED_OUT, {**WROTE, "t": at("09-07")}], "allow"),
        ([CONSENTED], "allow"),
        ([{**CONSENTED, "to": "CR1"}], "deny"),
        ([CONSENTED, event("consent_revoked", "09-05", endpoint="EM")], "deny"),
        ([CONSENTED, event("consent_revoked", "09-05", endpoint="EM"), {**CONSENTED, "t": at("09-06")}], "allow"),
        ([WROTE, event("consent_revoked", "09-05", endpoint="EM")], "allow"),
    ],
)
def test_the_consumers_own_way_into_the_harbour(timeline, found):
    """Writing or consenting to this collector opens the harbour, until the consumer opts out or withdraws and does not turn back."""
    assert use_email(*timeline) == found


@pytest.mark.parametrize(
    ("notice", "day", "found"),
    [
        ({}, "07-07", "allow"),
        ({}, "07-06", "deny"),
        ({"opt_out_by": "2026-07-05"}, "07-07", "deny"),
        ({"endpoint": "OTHER"}, "07-07", "deny"),
    ],
)
def test_the_creditors_way_into_the_harbour(notice, day, found):
    """Thirty-five days after the notice are enough and thirty-four are not; the time is over on the day after the last one."""
    assert use_email(NOTICE | notice, day=day) == found


def test_an_opt_out_closes_the_creditors_way():
    """Whether it reached the creditor or the collector, and within the time or after it."""
    assert use_email(NOTICE, event("opt_out", "06-20", to="CR1", endpoint="EM"), day="08-01") == "deny"
    assert use_email(NOTICE, event("opt_out", "07-20", endpoint="EM"), day="08-01") == "deny"
    assert use_email(NOTICE, event("opt_out", "08-02", endpoint="EM"), day="08-01") == "allow"


@pytest.mark.parametrize(
    ("timeline", "known", "found"),
    [
        ([PRIOR_CONSENT, PRIOR_WROTE], {}, "allow"),
        ([PRIOR_CONSENT], {}, "deny"),
        ([PRIOR_WROTE], {}, "deny"),
        ([PRIOR_CONSENT, PRIOR_WROTE, OPTED_OUT], {}, "deny"),
        ([PRIOR_CONSENT, PRIOR_WROTE, {**OPTED_OUT, "to": "DC0"}], {}, "deny"),
        ([{**NOTICE, "collector": "DC0"}, PRIOR_WROTE], {}, "allow"),
        ([{**NOTICE, "collector": "DC0", "opt_out_by": "2026-07-05"}, PRIOR_WROTE], {}, "deny"),
        ([PRIOR_CONSENT, PRIOR_WROTE], {"prior_collectors": ["DC0", "DC9"]}, "deny"),
        ([PRIOR_CONSENT, {**PRIOR_WROTE, "by": "DC9"}], {"prior_collectors": ["DC0", "DC9"]}, "allow"),
        (
            [PRIOR_CONSENT, PRIOR_WROTE, event("debt_placed", "08-10", by="CR1", to="DC9"), event("debt_placed", "08-20", by="CR1")],
            {},
            "deny",
        ),
        ([PRIOR_CONSENT, PRIOR_WROTE, {**PRIOR_WROTE, "by": "DC9"}], {}, None),
        ([PRIOR_CONSENT, PRIOR_WROTE, {**PRIOR_WROTE, "by": "DC9"}, event("debt_placed", "08-20", by="CR1")], {}, None),
    ],
)
def test_the_earlier_collectors_way_into_the_harbour(timeline, known, found):
    """Any earlier collector may have obtained the address by the procedures, but the one just before must have used it."""
    if found is None:
        with pytest.raises(Unsupported, match="the order of the earlier collectors"):
            use_email(*timeline, known=known)
    else:
        assert use_email(*timeline, known=known) == found


def test_the_order_of_collectors_is_read_from_the_placements():
    """The last one who held the debt before this collector is the immediately prior one."""
    held = [event("debt_placed", "06-01", by="CR1", to="DC0"), event("debt_placed", "08-20", by="CR1", to="DC1")]
    between = event("debt_placed", "08-10", by="CR1", to="DC9")
    assert use_email(PRIOR_CONSENT, PRIOR_WROTE, *held) == "allow"
    assert use_email(PRIOR_CONSENT, PRIOR_WROTE, held[0], between, held[1]) == "deny"


def test_the_words_of_a_message_and_a_call_are_read():
    """A bare STOP is an opt-out, a message may tell what it discussed, and a call about the debt opens no harbour for e-mail."""
    stop = event("opt_out", "09-05", endpoint="EM", words="STOP")
    told = {key: value for key, value in WROTE.items() if key != "debts"} | {"discussed": ["D1"]}
    call = event("call_placed", "09-01", by="DC1", to="C1", outcome="conversation", discussed=["D1"])
    assert use_email(WROTE, stop) == "deny"
    assert use_email(told) == "allow"
    assert use_email(call) == "deny"
    assert use_email(call, CONSENTED) == "allow"


def test_only_the_way_that_is_asked_about_counts():
    """A question on the creditor's procedure is not answered by the consumer's consent."""
    assert use_email(CONSENTED, basis="creditor_procedure") == "deny"
    assert use_email(CONSENTED, basis="(d)(4)(i)(B)") == "allow"


@pytest.mark.parametrize(
    ("timeline", "flag", "found"),
    [
        ([], True, "deny"),
        ([], False, "allow"),
        ([WROTE], True, "allow"),
        ([PRIOR_CONSENT, PRIOR_WROTE], True, "allow"),
        ([NOTICE], True, "deny"),
    ],
)
def test_an_employers_address(timeline, flag, found):
    """A known employer's address is used only if it came from the consumer or an earlier collector; the creditor's notice is no help."""
    known = {"endpoints": [{"id": "EM", "kind": "email", "employer_provided_known": flag}]}
    assert use_email(*timeline, known=known, scope=EMPLOYER) == found


def test_what_anybody_told_the_collector_counts_from_then_on():
    """A misdirection or an employer's address is known once somebody said so, and not before."""
    told = {"t": at("09-05"), "type": "knowledge_gained", "detail": "the consumer's neighbour said that EM is employer-provided"}
    assert use_email(NOTICE, told) == "deny"
    assert use_email(NOTICE, told, day="09-04") == "allow"
    assert use_email(WROTE, told | {"detail": "some person said the email led to a prohibited third-party disclosure"}) == "deny"


TEXTED = event("text_received", "03-10", endpoint="MOB", debts=["D1"])
CHECK = {
    "t": at("08-01"),
    "type": "reassigned_number_check",
    "endpoint": "MOB",
    "result": "not_reassigned",
    "database": "FCC reassigned numbers database",
}


@pytest.mark.parametrize(
    ("timeline", "day", "found"),
    [
        ([TEXTED], "05-09", "allow"),
        ([TEXTED], "05-10", "deny"),
        ([TEXTED, CHECK], "09-30", "allow"),
        ([TEXTED, CHECK], "10-01", "deny"),
        ([CHECK], "09-01", "deny"),
        ([TEXTED, CHECK, CHECK | {"t": at("08-02"), "result": "reassigned"}], "09-01", "deny"),
        ([TEXTED, CHECK | {"t": at("08-02"), "result": "reassigned"}, TEXTED | {"t": at("08-20")}], "09-01", "allow"),
        ([TEXTED, CHECK | {"database": "commercial database not substantially similar"}], "09-01", "deny"),
        ([TEXTED, event("opt_out", "04-01", endpoint="MOB")], "05-09", "deny"),
        ([TEXTED, event("opt_out", "04-01", endpoint="MOB", detail="stop texting")], "03-31", "allow"),
        ([event("consent_given", "03-10", endpoint="MOB", debts=["D1"])], "05-09", "allow"),
        ([event("consent_given", "03-10", endpoint="MOB", debts=["D1"])], "05-10", "deny"),
        ([event("consent_given", "03-10", endpoint="MOB"), event("consent_renewed", "05-01", endpoint="MOB")], "06-30", "allow"),
        ([event("consent_given", "03-10", endpoint="MOB"), event("consent_withdrawn", "04-01", endpoint="MOB")], "04-02", "deny"),
        ([event("call_received", "03-10", outcome="conversation", discussed=["D1"], endpoint="MOB")], "03-11", "deny"),
    ],
)
def test_texts_need_sixty_days_or_a_check(timeline, day, found):
    """The sixtieth day after a text, a consent or a complete check is within; the next is not; a reassigned number is the consumer's no more."""
    assert use_text(*timeline, day=day) == found


@pytest.mark.parametrize(
    ("said", "is_public"),
    [
        ("multiple members of the public, free or paid", True),
        ("the general public by subscription", True),
        ("employees of Springside Mortgage", False),
        ("students and staff of a university", False),
        ("not available to the general public", False),
    ],
)
def test_domains(said, is_public):
    """A domain is public if members of the public may use it, and not if it is kept for somebody's own people."""
    answer = ask("classify_email_domain", ["1006.6(d)(4)(ii)(E)"], email="jane@mail.example", domain_open_to=said)
    assert answer.facts["domain_available_to_general_public"] is is_public


@pytest.mark.parametrize(
    ("written", "found"),
    [
        (None, "deny"),
        ("  ", "deny"),
        ("Reply STOP to stop texts to this telephone number", "allow"),
        ("Click here to opt out of emails to this address", "allow"),
        ("Unsubscribe (no fee)", "allow"),
        ("Reply STOP (a charge of $2 applies)", "deny"),
        ("Reply STOP with your full name", "deny"),
        ("Reply STOP with your telephone number", "allow"),
        ("Reply STOP and your SSN", "deny"),
        ("To opt out, write to PO Box 1 or visit our office", "deny"),
    ],
)
def test_opt_out_statements(written, found):
    """The statement must be there, work from the message itself, cost nothing and ask for nothing else."""
    asked = {"channel": "text", "noticeable_and_legible": True, "opt_out_text": written}
    assert outcome("validate_opt_out_notice", ["1006.6(e)"], **asked) == found
    assert outcome("validate_opt_out_notice", ["1006.6(e)"], **asked | {"noticeable_and_legible": False}) == "deny"


def test_a_creditors_notice_may_give_its_days_as_dates():
    """The days to opt out are counted from the sending to the last day."""
    notice = {
        **dict.fromkeys(("names_specific_collector", "states_email_and_possible_use", "warns_others_may_see"), True),
        "opt_out_method": "hyperlink",
        "delivery": "electronic",
        "respond_to": "creditor",
        "sent_on": "2026-06-01",
    }
    scope = ["1006.6(d)(4)(ii)(C)"]
    assert outcome("validate_creditor_email_notice", scope, notice=notice | {"opt_out_by": "2026-07-06"}) == "allow"
    assert outcome("validate_creditor_email_notice", scope, notice=notice | {"opt_out_by": "2026-07-05"}) == "deny"
    assert outcome("validate_creditor_email_notice", scope, notice=notice | {"opt_out_by": "2026-07-06", "delivery": "oral"}) == "deny"
    buried = {key: value for key, value in notice.items() if key != "sent_on"} | {
        "opt_out_days": 40,
        "combined_in_larger_communication": True,
    }
    assert outcome("validate_creditor_email_notice", scope, notice=buried | {"clear_and_conspicuous": True}) == "allow"
    assert outcome("validate_creditor_email_notice", scope, notice=buried | {"clear_and_conspicuous": False}) == "deny"


LETTER = {"t": at("05-01"), "type": "mail_sent", "by": "DC1", "to": "C1", "content": "validation_notice"}
BOUNCE = {"type": "undeliverable_notice_received", "to": "DC1"}
WATCHED = {"monitored_for_undeliverable": True}


@pytest.mark.parametrize(
    ("timeline", "day", "known", "found"),
    [
        ([LETTER], "05-14", WATCHED, "deny"),
        ([LETTER], "05-15", WATCHED, "allow"),
        ([LETTER], "05-15", {}, "deny"),
        ([LETTER, BOUNCE | {"t": at("05-10")}], "05-15", WATCHED, "deny"),
        ([LETTER, BOUNCE | {"t": at("05-20")}], "05-25", WATCHED, "allow"),
        ([LETTER, BOUNCE | {"t": at("05-10")}, LETTER | {"t": at("05-11")}], "05-25", WATCHED, "allow"),
        ([LETTER, BOUNCE | {"t": at("05-10")}, LETTER | {"t": at("05-12")}], "05-25", WATCHED, "deny"),
        ([event("call_received", "05-02", outcome="conversation", discussed=["D1"])], "05-02", {}, "allow"),
        ([event("call_placed", "05-02", by="DC1", to="C1", debts=["D1"], outcome="conversation", discussed=[])], "05-03", {}, "deny"),
        ([event("email_sent", "05-01", by="DC1", to="C1", debts=["D1"])], "05-15", WATCHED, "allow"),
    ],
)
def test_furnishing_waits_or_speaks(timeline, day, known, found):
    """Fourteen days with a watched letter that did not come back, or a conversation about the debt; a later bounce does no harm."""
    assert outcome("furnish_to_cra", FURNISHING, *timeline, known=known, t=at(day, "13:00"), debts=["D1"]) == found


def test_furnishing_two_debts_needs_both_spoken_about():
    """A conversation about one debt does not free another."""
    debts = [{"id": "D1", "type": "credit_card"}, {"id": "D2", "type": "medical"}]
    call = event("call_placed", "05-02", by="DC1", to="C1", debts=["D1", "D2"], outcome="conversation", discussed=["D1"])
    assert outcome("furnish_to_cra", FURNISHING, call, owed=debts, t=at("05-03")) == "deny"
    assert outcome("furnish_to_cra", FURNISHING, call | {"discussed": ["D1", "D2"]}, owed=debts, t=at("05-03")) == "allow"


@pytest.mark.parametrize(
    ("what", "status", "found"),
    [
        ("sell_paid_debt", "paid", "deny"),
        ("sell_debt", "active", "allow"),
        ("place_for_collection", "discharged_in_bankruptcy", "deny"),
        ("transfer_to_previous_owner_authorized_by_contract", "settled", "allow"),
        ("securitization", "settled", "allow"),
        ("transfer_in_merger", "paid", "allow"),
    ],
)
def test_transfers(what, status, found):
    """A closed debt moves only by an exception; an open one moves freely."""
    debts = [{"id": "D1", "type": "credit_card", "status": status}]
    assert outcome("transfer_debt", ["1006.30(b)"], owed=debts, t=at("10-07"), what=what) == found


@pytest.mark.parametrize(
    ("shares", "known", "found"),
    [
        ({"D1": "99.99", "D2": "0.01"}, {"disputed_debts": ["D2"]}, "deny"),
        ({"D1": "100.00", "D2": 0}, {"disputed_debts": ["D2"]}, "allow"),
        ({"D1": 60, "D2": 40}, {"consumer_direction": {"D1": "60.00", "D2": "40.00"}}, "allow"),
        ({"D1": "60.01", "D2": "39.99"}, {"consumer_direction": {"D1": 60, "D2": 40}}, "deny"),
        ({"D1": 60, "D2": 40}, {"consumer_direction": {"D1": 60, "D2": 40}, "disputed_debts": ["D2"]}, "deny"),
    ],
)
def test_payments(shares, known, found):
    """A cent to a disputed debt, or a cent beside the direction, is too much."""
    debts = [{"id": "D1", "type": "credit_card"}, {"id": "D2", "type": "medical"}]
    assert outcome("apply_single_payment", ["1006.30(c)"], known=known, owed=debts, t=at("10-07"), amount=100, allocation=shares) == found


@pytest.mark.parametrize(
    ("record", "day", "found"),
    [
        ("telephone_call_log", "2029-03-15", "deny"),
        ("telephone_call_log", "2029-03-16", "allow"),
        ("call_recording_2026-02-01", "2029-02-01", "deny"),
        ("call_recording_2026-02-01", "2029-02-02", "allow"),
        ("call_recording", "2029-02-02", "allow"),
    ],
)
def test_records_and_recordings_have_their_own_clocks(record, day, found):
    """Three years after the last activity, or after the call; the anniversary still belongs to them."""
    timeline = [
        {"t": at("01-10"), "type": "collection_activity_first", "by": "DC1", "debts": ["D1"]},
        {"t": at("02-01"), "type": "call_recorded", "by": "DC1", "to": "C1"},
        {"t": at("03-15"), "type": "collection_activity_last", "by": "DC1", "debts": ["D1"]},
    ]
    assert outcome("delete_record", ["1006.100"], *timeline, t=f"{day}T10:00:00{OFFSET}", record=record) == found


SENT = event("validation_notice_sent", "10-05", by="DC1", to="C1", channel="mail")


@pytest.mark.parametrize(
    ("receipt", "end", "found"),
    [
        ("2026-10-13", "2026-11-12", "allow"),
        ("2026-10-13", "2026-11-11", "deny"),
        ("2026-10-09", "2026-11-12", "deny"),
        ("2026-10-20", "2026-11-12", "deny"),
    ],
)
def test_a_printed_end_rests_on_assumed_receipt(receipt, end, found):
    """Receipt on the fifth counted day (12 October 2026 is Columbus Day) and thirty days more; a day less of either is refused."""
    notice = SENT | {"assumed_receipt": receipt, "period_end_printed": end}
    assert outcome("validate_printed_period_end", PERIOD, notice) == found


@pytest.mark.parametrize(
    ("known", "receipt", "end"),
    [
        ({}, "2026-10-13", "2026-11-12"),
        ({"federal_holidays": []}, "2026-10-12", "2026-11-11"),
        ({"federal_holidays": ["2026-10-12"]}, "2026-10-13", "2026-11-12"),
    ],
)
def test_the_earliest_end_of_the_period(known, receipt, end):
    """The holidays that are given count; where none are given, the act's own list does."""
    facts = ask("validation_period_end", PERIOD, SENT, known=known).facts
    assert (facts["earliest_assumed_receipt"], facts["earliest_period_end"]) == (receipt, end)


def test_a_notice_that_came_back_starts_no_period():
    """The period is counted from the notice that was sent again."""
    again = SENT | {"t": at("10-20")}
    facts = ask("validation_period_end", PERIOD, SENT, BOUNCE | {"t": at("10-15")}, again).facts
    assert facts["earliest_assumed_receipt"] == "2026-10-27"


def test_public_holidays():
    """The eleven days of the act, each on its own day; a holiday observed beside a weekend is not settled by the text."""
    assert [day.isoformat()[5:] for day in sorted(public_holidays(2026))] == [
        *("01-01", "01-19", "02-16", "05-25", "06-19", "07-04", "09-07", "10-12", "11-11", "11-26", "12-25"),
    ]
    assert len(public_holidays(2020)) == 10
    assert counted_days(date(2026, 12, 23), date(2026, 12, 28)) == 2
    with pytest.raises(Unsupported, match="observed"):
        counted_days(date(2026, 7, 1), date(2026, 7, 8))
    assert counted_days(date(2026, 7, 1), date(2026, 7, 8), holidays=[date(2026, 7, 3)]) == 4


@pytest.mark.parametrize(
    ("shown", "found"),
    [
        ("************1234", "allow"),
        ("ending in 1234", "allow"),
        ("XXXX-XXXX-XXXX-234", "deny"),
        ("4000 1234 1234 1234", "allow"),
        ("****", "deny"),
    ],
)
def test_account_numbers(shown, found):
    """The last four digits are enough and three are not."""
    scope = ["1006.34(c)(2)(iv)"]
    assert outcome("validate_account_number", scope, known={"account_number": "4000123412341234"}, shown=shown) == found


@pytest.mark.parametrize(
    ("first", "second", "found"),
    [
        ("charge_off_date", "charge_off_date", "allow"),
        ("charge_off_date", "judgment_date", "deny"),
        ("default_date", "default_date", "deny"),
        ("charge_off_date", "default_date", "deny"),
    ],
)
def test_itemization_dates(first, second, found):
    """One of the five dates, and the same throughout."""
    assert outcome("validate_itemization", ["1006.34(b)(3)"], account_number_as_of=first, amount_as_of=second) == found


@pytest.mark.parametrize(
    ("action", "scope", "question", "known"),
    [
        (
            "validate_itemization_location",
            ["1006.34(c)(2)(viii)"],
            {"on_separate_page_same_communication": True, "reference_statement": "See the next page"},
            {},
        ),
        ("validate_disclosures_on_reverse", ["1006.34(d)(3)(iv)(A)"], {"placement": "reverse", "front_statement": "See reverse side"}, {}),
        ("validate_disclosures_on_reverse", ["1006.34(d)(3)(iv)(A)"], {"placement": "front", "front_statement": None}, {}),
        ("validate_translation", ["1006.34(e)"], {"source": "own translation, complete and accurate"}, {}),
        ("envelope_marking", ["1006.22(f)(2)"], {"marking": "return_service_requested"}, {}),
        ("send_required_disclosure", DISCLOSURE, {"t": at("10-15"), "channel": "email", "endpoint": "EM"}, {}),
    ],
)
def test_what_is_in_order_is_allowed(action, scope, question, known):
    """The other side of what the outside vectors refuse."""
    assert outcome(action, scope, known=known, **question) == "allow"


def test_a_mortgage_statement_takes_the_itemizations_place_only_for_a_mortgage():
    """Enclosed and referred to, it is enough for a mortgage that needs statements, and not for a card."""
    question = {"most_recent_periodic_statement_enclosed": True, "reference_statement": "See the enclosed statement"}
    known, scope = {"periodic_statement_required": True}, ["1006.34(c)(5)"]
    mortgage = [{"id": "D1", "type": "mortgage"}]
    assert outcome("validate_mortgage_special_rule", scope, known=known, owed=mortgage, **question) == "allow"
    assert outcome("validate_mortgage_special_rule", scope, known=known, **question) == "deny"


@pytest.mark.parametrize(
    ("said", "is_factor"),
    [
        ("subject line names creditor and a truncated account number", True),
        ("subject line names the creditor alone", False),
        ("sender name is one the consumer is likely to recognize", True),
    ],
)
def test_delivery_factors(said, is_factor):
    """The creditor and one more identifier in the subject line count, the creditor alone does not."""
    assert ask("delivery_factor", DISCLOSURE, factor=said).facts["relevant_factor"] is is_factor


@pytest.mark.parametrize(
    ("said", "is_inconsistent"),
    [
        ("describes greater protection than federal law", False),
        ("describes less protection than federal law", True),
        ("the same protection as federal law", False),
    ],
)
def test_state_disclosures(said, is_inconsistent):
    """Only what gives the consumer less is inconsistent."""
    assert ask("state_disclosure_inconsistent", ["1006.104"], state_disclosure=said).facts["inconsistent"] is is_inconsistent


def test_a_disclosure_that_bounced_or_was_mailed_astray():
    """A bounce, a known absence and another address each spoil the delivery; what is learnt afterwards does not."""
    moved = {"type": "knowledge_gained", "detail": "consumer no longer lives at last known address"}
    sent = SENT | {"address": "last_known"}
    assert outcome("delivery_valid", DISCLOSURE, sent) == "allow"
    assert outcome("delivery_valid", DISCLOSURE, sent, BOUNCE | {"t": at("10-06")}) == "deny"
    assert outcome("delivery_valid", DISCLOSURE, sent, BOUNCE | {"t": at("10-04")}) == "allow"
    assert outcome("delivery_valid", DISCLOSURE, sent, moved | {"t": at("10-04")}) == "deny"
    assert outcome("delivery_valid", DISCLOSURE, sent, moved | {"t": at("10-06")}) == "allow"
    assert outcome("delivery_valid", DISCLOSURE, SENT | {"address": "other"}) == "deny"


def test_a_disclosure_sent_again_is_delivered():
    """An e-mail that bounced is made good by a letter to the last known address, and spoilt again if that comes back too."""
    mailed = {"t": at("10-08"), "type": "mail_sent", "by": "DC1", "to": "C1", "content": "validation_notice", "address": "last_known"}
    story = [SENT | {"channel": "email"}, BOUNCE | {"t": at("10-06")}, mailed]
    assert outcome("delivery_valid", DISCLOSURE, *story) == "allow"
    assert outcome("delivery_valid", DISCLOSURE, *story, BOUNCE | {"t": at("10-12")}) == "deny"


UNKNOWN = [
    ("use_email_address", EMAIL, [WROTE | {"mood": "cross"}], {"t": at("09-10"), "endpoint": "EM"}),
    ("use_email_address", EMAIL, [event("pigeon_sent", "09-01")], {"t": at("09-10"), "endpoint": "EM"}),
    ("use_email_address", EMAIL, [CONSENTED | {"via": "pigeon"}], {"t": at("09-10"), "endpoint": "EM"}),
    ("use_email_address", EMAIL, [CONSENTED | {"scope": "call on Sundays"}], {"t": at("09-10"), "endpoint": "EM"}),
    ("use_email_address", EMAIL, [WROTE | {"by": "P1"}], {"t": at("09-10"), "endpoint": "EM"}),
    ("use_email_address", EMAIL, [WROTE], {"t": "2026-09-10T12:00:00", "endpoint": "EM"}),
    ("use_email_address", EMAIL, [], {"t": at("09-10"), "endpoint": "EM", "obtained": "a little bird"}),
    ("use_number_for_text", TEXT, [TEXTED, CHECK | {"database": "a crystal ball"}], {"t": at("09-10"), "endpoint": "MOB"}),
    ("use_number_for_text", TEXT, [TEXTED, CHECK | {"result": "perhaps"}], {"t": at("09-10"), "endpoint": "MOB"}),
    ("validate_opt_out_notice", ["1006.6(e)"], [], {"channel": "text", "noticeable_and_legible": True, "opt_out_text": "Farewell"}),
    ("validate_opt_out_notice", ["1006.6(e)"], [], {"channel": "text", "noticeable_and_legible": "quite", "opt_out_text": "Reply STOP"}),
    ("validate_itemization", ["1006.34(b)(3)"], [], {"account_number_as_of": "full_moon", "amount_as_of": "full_moon"}),
    ("validate_itemization", ["1006.34"], [], {"account_number_as_of": "charge_off_date", "amount_as_of": "charge_off_date"}),
    (
        "validate_itemization_fields",
        ["1006.34(c)(2)(viii)"],
        [],
        {"fields": {"interest": "see below", "fees": "0", "payments": "0", "credits": "0"}},
    ),
    ("validate_translation", ["1006.34(e)"], [], {"source": "not the Bureau website translation"}),
    ("envelope_marking", ["1006.22(f)(2)"], [], {"marking": "a smiling sun"}),
    ("transfer_debt", ["1006.30(b)"], [], {"t": at("10-07"), "what": "forget_debt"}),
    ("delete_record", ["1006.100"], [], {"t": at("10-07"), "record": "love_letter"}),
    ("furnish_to_cra", FURNISHING, [LETTER | {"content": "season's greetings"}], {"t": at("05-20"), "debts": ["D1"]}),
    ("furnish_to_cra", FURNISHING, [LETTER, LETTER | {"t": at("05-02")}, BOUNCE | {"t": at("05-03")}], {"t": at("05-20"), "debts": ["D1"]}),
    ("furnish_to_cra", FURNISHING, [], {"t": at("05-20"), "debts": ["D7"]}),
    ("use_email_address", EMAIL, [WROTE, OPTED_OUT | {"words": "hello"}], {"t": at("09-10"), "endpoint": "EM"}),
    ("classify_email_domain", ["1006.6(d)(4)(ii)(E)"], [], {"email": "nobody", "domain_open_to": "the general public"}),
    ("delivery_valid", DISCLOSURE, [SENT | {"channel": "pigeon"}], {}),
    ("delivery_factor", DISCLOSURE, [], {"factor": "subject line does not name the creditor"}),
    ("state_disclosure_inconsistent", ["1006.104"], [], {"state_disclosure": "no greater protection than federal law"}),
    ("validation_period_end", PERIOD, [SENT, SENT | {"t": at("10-06")}], {}),
    ("must_record_calls", ["1006.100"], [], {"in_california": True}),
    ("must_record_calls", ["1006.99"], [], {}),
]


@pytest.mark.parametrize(("action", "scope", "timeline", "question"), UNKNOWN, ids=[f"{n}-{row[0]}" for n, row in enumerate(UNKNOWN)])
def test_what_is_not_understood_is_said(action, scope, timeline, question):
    """An unknown field, event, word or party, a bare time or a citation that takes in more than is told: unsupported, never a guess."""
    with pytest.raises(Unsupported):
        ask(action, scope, *timeline, **question)


def test_before_the_regulation_nothing_is_answered():
    """A question about a day before the regulation finds no rule, and says so."""
    with pytest.raises(Unsupported, match="no rule"):
        ask("use_email_address", EMAIL, t=f"2021-11-29T12:00:00{OFFSET}", endpoint="EM")


def test_neither_names_nor_order_matter():
    """Other ids and a shuffled timeline give the same answer, so nothing is keyed on them."""
    story = [NOTICE, PRIOR_CONSENT, OPTED_OUT, WROTE]
    for timeline in (story, story[::-1]):
        with pytest.raises(Unsupported, match="several collectors"):
            use_email(*timeline)
    assert use_email(OPTED_OUT, WROTE) == use_email(WROTE, OPTED_OUT) == "deny"
    other = [{**WROTE, "by": "K7", "debts": ["X"]}]
    people, debts = [{"id": "K7", "role": "consumer"}], [{"id": "X", "type": "medical"}]
    assert use_email(*other, persons=people, owed=debts) == "allow"
