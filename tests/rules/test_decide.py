"""What the gate answers: all reasons, who is cited, when next, and clear errors."""

import json
from datetime import UTC, date, datetime

import pytest

from duecourse.kit.errors import Problem
from duecourse.rules.decide import Finding, decide, decide_many
from duecourse.rules.errors import FactsMismatch, NaiveInstant, NoValueInForce, RuleConflict, UnknownFact, UnknownParameter
from duecourse.rules.facts import ContactFacts
from tests.rules.contacts import CALLS_MAX, CN, HOURS_FROM, HOURS_UNTIL, TRIAL, contact, frame_of, local, overlay


def judge(facts, *, layers=(), packs=(CN,), as_of=None):
    """Decide on the contact's own day."""
    return decide(facts, packs=packs, as_of=as_of or facts.local_on, layers=layers)


def test_allowed_contact_names_the_rules_it_passed():
    """A permit is evidence too: the rules checked stand in its record with their values, facts and sources."""
    record = judge(contact(held=2)).to_record()
    assert record["allowed"] is True
    assert record["reasons"] == record["warnings"] == []
    assert record["next_allowed_at"] is None
    checked = {rule["rule"]: (rule["facts"], rule["values"]) for rule in record["checked"]}
    assert checked["cn.connected_calls_daily"] == ({"call_slots_held_count": "2"}, {"connected_calls_max_count": "3"})
    assert checked["cn.contact_hours"] == (
        {"local_minute_least": "10:00", "local_minute_most": "10:00"},
        {"allowed_from_minute": "08:00", "allowed_until_minute": "22:00"},
    )
    assert record["packs"] == [{"id": "cn", "fingerprint": CN.fingerprint}]


def test_refusal_tells_every_reason_in_both_languages():
    """At 23:30 with three calls held both rules speak, and the next morning clears both."""
    verdict = judge(contact("2026-03-02 23:30", held=3))
    assert not verdict.allowed
    assert [reason.code for reason in verdict.reasons] == ["connected_calls_used_up", "outside_contact_hours"]
    assert verdict.next_allowed_at == local("2026-03-03 08:00")
    calls, hours = verdict.reasons
    assert calls.explanation.en.startswith("3 calls to this debtor were connected or are unreported today")
    assert calls.explanation.zh.endswith("每日上限为 3 次。")
    assert hours.explanation.zh == "债务人当地时间为 23:30，不在允许催收的时段（08:00 起，22:00 前）内。"
    assert [reference.text.id for reference in hours.citations] == ["gbt_45251_2025", "cba_collection_2026"]


def test_record_is_json_without_the_person():
    """The evidence survives JSON, is the same each time, and holds no person."""
    facts = contact("2026-03-02 23:30", held=3, person_key=987_654_321)
    written = json.dumps(judge(facts).to_record(), sort_keys=True, ensure_ascii=False)
    assert json.loads(written)["at"] == "2026-03-02T15:30:00Z"
    assert json.loads(written)["next_allowed_at"] == "2026-03-03T00:00:00Z"
    assert written == json.dumps(judge(facts).to_record(), sort_keys=True, ensure_ascii=False)
    assert "person_key" not in written
    assert "987654321" not in written


def test_every_paper_that_forbids_the_contact_is_cited_and_no_other():
    """At 21:30 only the policy forbids the call; at 22:30 the policy and both texts do."""
    policy = overlay("creditor_policy", {HOURS_UNTIL: "21:00"}, name="policy")
    cited = {
        time: [reference.text.id for reference in judge(contact(f"2026-03-02 {time}"), layers=[policy]).reasons[0].citations]
        for time in ("21:30", "22:30")
    }
    assert cited == {"21:30": ["policy"], "22:30": ["gbt_45251_2025", "cba_collection_2026", "policy"]}
    (_, until) = judge(contact("2026-03-02 21:30"), layers=[policy]).to_record()["reasons"][0]["parameters"]
    assert (until["shown"], until["layer"]) == ("21:00", "creditor_policy")
    assert [standing["text"] for standing in until["overruled"]] == ["gbt_45251_2025", "cba_collection_2026"]


def test_agreement_prevails_under_the_exception_of_each_text():
    """Agreed hours replace the values of both texts, and both exceptions are named with them."""
    agreed = overlay("agreement", {HOURS_UNTIL: "23:00"}, name="with Chen")
    verdict = judge(contact("2026-03-02 22:30", agreements=(agreed,)))
    assert verdict.allowed
    (until,) = next(r["parameters"] for r in verdict.to_record()["checked"] if r["rule"] == "cn.contact_hours")
    assert until["sources"][0]["exceptions"] == ["agreed_hours_prevail", "consent_outside_hours"]


def test_agreement_does_not_loosen_the_creditors_own_policy():
    """The policy still binds where the texts give way."""
    agreed = overlay("agreement", {HOURS_UNTIL: "23:00", CALLS_MAX: 9})
    policy = overlay("creditor_policy", {HOURS_UNTIL: "21:00"}, name="policy")
    assert not judge(contact("2026-03-02 21:00", agreements=(agreed,)), layers=[policy]).allowed
    assert judge(contact("2026-03-02 20:59", held=8, agreements=(agreed,)), layers=[policy]).allowed


def test_two_agreements_that_disagree_are_a_conflict():
    """No winner is chosen in silence: both papers and the text that grants them are cited."""
    papers = tuple(overlay("agreement", {CALLS_MAX: count}, name=f"paper {count}") for count in (1, 5))
    with pytest.raises(RuleConflict) as caught:
        judge(contact(agreements=papers))
    assert caught.value.parameters["citations"] == [
        "1 by paper 1 3 under gbt_45251_2025 5.3",
        "5 by paper 5 3 under gbt_45251_2025 5.3",
    ]
    same = tuple(overlay("agreement", {CALLS_MAX: 5}, name=name) for name in ("one", "other"))
    assert judge(contact(held=4, agreements=same)).allowed


def test_two_policies_that_disagree_only_tighten():
    """Where no exception is asked for, the strictest binds."""
    papers = [overlay("creditor_policy", {CALLS_MAX: count}) for count in (1, 2)]
    assert [judge(contact(held=held), layers=papers).allowed for held in (0, 1, 2)] == [True, False, False]


def test_warning_does_not_refuse():
    """A should-not rule warns beside an allowed contact, with its own modality."""
    verdict = judge(contact("2026-03-02 13:00"), packs=(CN, TRIAL))
    assert verdict.allowed
    assert verdict.next_allowed_at is None
    assert [(reason.rule_id, reason.modality.value) for reason in verdict.warnings] == [("trial.quiet_noon", "should_not")]


@pytest.mark.parametrize("zone", [None, "", "Mars/Olympus", "../etc/passwd", "Asia"])
def test_unknown_zone_is_refused_and_not_guessed(zone):
    """Without a zone each rule that needs one refuses, and no next instant is promised."""
    facts = ContactFacts(channel="call", at=local("2026-03-02 12:00"), zone=zone, person_key=1)
    verdict = judge(facts)
    assert not verdict.allowed
    assert {reason.code for reason in verdict.reasons} == {"zone_unknown"}
    assert verdict.next_allowed_at is None
    assert verdict.to_record()["zone"] is None


def test_message_without_a_zone_is_refused_for_its_hour_alone():
    """The daily count of calls does not speak of messages."""
    reasons = judge(contact(zone=None, channel="sms")).reasons
    assert [reason.rule_id for reason in reasons] == ["cn.contact_hours"]


def test_next_instant_follows_the_clock_change():
    """In New York the clock goes forward in the night of 8 March 2026; eight o'clock local is 12:00 UTC, an hour earlier than before."""
    at = [judge(contact(f"2026-03-0{day} 23:00", zone="America/New_York")).next_allowed_at for day in (6, 7)]
    assert at == [datetime(2026, 3, 7, 13, tzinfo=UTC), datetime(2026, 3, 8, 12, tzinfo=UTC)]


def test_next_instant_keeps_to_values_that_begin_meanwhile():
    """A policy that starts tomorrow moves tomorrow's first minute."""
    policy = overlay("creditor_policy", {HOURS_FROM: "09:30"}, effective_on=date(2026, 3, 3))
    assert judge(contact("2026-03-02 07:00"), layers=[policy]).next_allowed_at == local("2026-03-02 08:00")
    assert judge(contact("2026-03-02 23:00"), layers=[policy]).next_allowed_at == local("2026-03-03 09:30")


def test_no_next_instant_when_the_window_is_empty():
    """A policy of no calls at all leaves nothing to promise."""
    assert judge(contact(), layers=[overlay("creditor_policy", {CALLS_MAX: 0})]).next_allowed_at is None


def test_as_of_chooses_the_values():
    """The same contact judged by the texts of an earlier day cites the earlier texts, or none is known."""
    facts = contact("2026-03-02 23:00")
    before = judge(facts, as_of=date(2026, 1, 29)).reasons[0]
    assert [reference.text.id for reference in before.citations] == ["gbt_45251_2025"]
    with pytest.raises(NoValueInForce, match="2025-02-28, and what held before is not guessed"):
        judge(facts, as_of=date(2025, 2, 27))


def test_overlay_of_an_unknown_parameter_is_refused():
    """A limit with a misspelt name, or in another unit, would bind nothing, so it stops the decision."""
    with pytest.raises(UnknownParameter, match="allowed_untl_minute"):
        judge(contact(), layers=[overlay("creditor_policy", {"cn.contact_hours.allowed_untl_minute": "21:00"})])
    with pytest.raises(UnknownParameter, match="in minute_of_day"):
        judge(contact(), layers=[overlay("creditor_policy", {"trial.visits_daily.is_barred": "21:00"})], packs=(CN, TRIAL))


def test_facts_that_cannot_be_judged_are_refused():
    """A naive instant, an unknown channel or performer and a negative count each have their own error."""
    good = {"channel": "call", "at": local("2026-03-02 12:00"), "zone": None, "person_key": 1}
    with pytest.raises(NaiveInstant):
        ContactFacts(**{**good, "at": datetime(2026, 3, 2, 12)})  # noqa: DTZ001 - a naive instant is the point
    for change in (
        {"channel": "fax"},
        {"performer_kind": "robot arm"},
        {"known": {"call_slots_held_count": -1}},
        {"known": {"local_minute": 5}},
        {"known": {"call_slots_held_count": 1.0}},
    ):
        with pytest.raises(UnknownFact):
            ContactFacts(**{**good, **change})


def test_rows_that_cannot_be_judged_are_null_and_told_by_cause():
    """Rows before the first value, with two agreements at odds, or with an unknown agreement or channel stay null, the rest is judged."""
    rows = [contact(), contact("2025-02-27 10:00"), contact("2025-02-26 10:00"), contact(), contact(), contact()]
    frame = frame_of(rows, keys=[None, None, None, 7, 8, None])
    channels = ["call"] * 5 + ["fax"]
    frame = frame.set_column(1, "channel", [channels])
    papers = [overlay("agreement", {CALLS_MAX: count}) for count in (1, 5)]
    judged, problems = decide_many(frame, packs=(CN,), agreements={7: papers})
    assert judged["allowed"].to_pylist() == [True, None, None, None, None, None]
    assert {(p.row, p.code, p.parameters["row_count"]) for p in problems} == {
        (2, "NoValueInForce", 2),
        (4, "RuleConflict", 1),
        (5, "UnknownFact", 1),
        (6, "UnknownFact", 1),
    }
    assert all(isinstance(p, Problem) and p.message() for p in problems)


def test_many_says_which_rule_found_what():
    """Each enabled rule has a column of findings, and an empty frame keeps the columns."""
    rows = [contact("2026-03-02 23:00", held=3), contact(zone=None), contact(channel="sms", zone=None), contact(held=3, channel="sms")]
    judged, problems = decide_many(frame_of(rows), packs=(CN,))
    assert problems == []
    told = {name: found for name, found in judged.to_pydict().items() if any(found)}
    assert told == {
        "allowed": [False, False, False, True],
        "cn.connected_calls_daily": [Finding.found, Finding.zone_unknown, Finding.clear, Finding.clear],
        "cn.contact_hours": [Finding.found, Finding.zone_unknown, Finding.zone_unknown, Finding.clear],
        "cn.unanswered_attempts_daily": [Finding.clear, Finding.zone_unknown, Finding.clear, Finding.clear],
    }
    empty, problems = decide_many(frame_of([]), packs=(CN,))
    assert (empty.schema, empty.num_rows, problems) == (judged.schema, 0, [])


def test_frame_of_another_form_is_refused_with_all_reasons():
    """Missing columns, nulls, a negative count and an absurd year are told together."""
    frame = frame_of([contact()]).drop_columns(["zone"])
    frame = frame.set_column(frame.schema.get_field_index("call_slots_held_count"), "call_slots_held_count", [[-1]])
    frame = frame.set_column(frame.schema.get_field_index("channel"), "channel", [[None]])
    frame = frame.set_column(frame.schema.get_field_index("at"), "at", [[datetime(2500, 1, 1, tzinfo=UTC)]])
    with pytest.raises(FactsMismatch) as caught:
        decide_many(frame, packs=(CN,))
    for reason in ("no column zone", "channel has 1 nulls", "call_slots_held_count is below zero", "at lies outside the years"):
        assert reason in caught.value.parameters["text"]
