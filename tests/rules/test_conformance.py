"""Vectors about contacts under Regulation F: the file of others, the comments' own examples, and what must never be guessed.

The propositions on frequency, 1006.14(b):

1. A call is presumed to violate exactly when seven connected calls lie in the seven days that end with it, or a conversation in the
   seven days before it, its day included (comments 14(b)(2)(i)-1, 14(b)(2)(ii)-1).
2. A call that does not connect changes nothing (comment 14(b)(3)(ii)-1).
3. Calls to another person change nothing, and neither do calls about another debt (1006.14(b)(2)(i), comment 14(b)(4)-1.i).
4. One more call never turns a presumed violation into compliance.
5. The order in which a timeline is written changes nothing, nor does the week of the year.
6. With consent that names no day, calls of the seven days that begin with it are free, until the next conversation (comment 14(b)(3)(i)-2).
"""

from __future__ import annotations

import copy
import json
import random
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from duecourse.doors.commands import run
from duecourse.rules.conformance.asking import paths_of, rules_in
from duecourse.rules.conformance.phrases import wish_of
from duecourse.rules.conformance.run import LineUnreadable, Status, answered, run_lines
from duecourse.rules.conformance.vector import Unsupported
from duecourse.rules.load import shipped_pack
from tests.rules.conformance_examples import CASED, COUNTS, EXAMPLES, asked, at, call, event, facts

US = shipped_pack("us")
VECTORS = Path(__file__).parents[3] / "shared/cases/regf_rules.jsonl"
COMMENTARY = Path(__file__).parent / "commentary.jsonl"
"""Written by us from the official comments, by their numbers; not one of them comes from elsewhere."""
UNSUPPORTED: set[str] = set()
"""The vectors of the file that are known to be unsupported."""
EASTERN = ZoneInfo("America/New_York")


@pytest.fixture(scope="module")
def outside():
    """Return the lines of the file of others, where it lies beside the tree."""
    if not VECTORS.exists():
        pytest.skip(f"THE OUTSIDE VECTORS WERE NOT RUN: there is no {VECTORS.name} beside the tree")
    return VECTORS.read_text("utf-8").splitlines()


def line(name="v", *, given=None, question=None, expected="allow", **more):
    """Return one line of a file of vectors."""
    question = question or asked("place_call", "10-08")
    return json.dumps({"id": name, "facts": given or facts(), "question": question, "expected": expected, **more})


def said(given, question):
    """Return the outcome, or the reason why the vector is unsupported."""
    try:
        return answered(given, question, pack=US).outcome
    except Unsupported as error:
        return f"unsupported: {error}"


def is_unsupported(given, question):
    """Whether the vector is refused as not understood."""
    return str(said(given, question)).startswith("unsupported")


def test_the_outside_vectors_pass(outside):
    """No vector of the file fails, and those that are unsupported are known by name."""
    report = run_lines(outside)
    assert [(result.id, result.why) for result in report.of(Status.failed)] == []
    assert {result.id for result in report.of(Status.unsupported)} == UNSUPPORTED
    assert report.count(Status.passed) == len(outside) - len(UNSUPPORTED)


def test_no_outside_vector_passes_by_its_name(outside):
    """With every id replaced the outcomes stay; with another expectation none passes."""
    renamed, turned = [], []
    for number, text in enumerate(outside):
        document = json.loads(text)
        renamed.append(json.dumps(document | {"id": f"v{number}", "source_comment": "", "reason": ""}))
        other = {"allow": "deny", "deny": "allow", "presumed_compliant": "presumed_violation", "presumed_violation": "presumed_compliant"}
        if document["expected"] is not None:
            turned.append(json.dumps(document | {"expected": other[document["expected"]]}))
    assert run_lines(renamed).counts == run_lines(outside).counts
    assert run_lines(turned).count(Status.passed) == 0


def test_what_is_strange_in_an_outside_vector_makes_it_unsupported(outside):
    """A strange event, fact known, key of the question, key of an event or word never passes and never fails."""
    turned = [json.dumps(strange) for text in outside for strange in strange_ones(json.loads(text))]
    counts = run_lines(turned).counts
    assert counts == {"passed": 0, "failed": 0, "unsupported": len(turned)}
    assert len(turned) > 5 * len(outside)


def strange_ones(document):
    """Yield a vector with one strange thing in it at a time."""
    for place, key, value in (
        (("facts", "timeline"), None, {"t": at("04-01"), "type": "comet_sighted", "by": "C1", "to": "DC1"}),
        (("facts", "known"), "moon_phase", "full"),
        (("question",), "mood", "merry"),
        (("facts",), "weather", "rain"),
        (("question",), "rule_scope", ["1006.99(z)"]),
        (("question",), "action", "levitate"),
    ):
        turned = copy.deepcopy(document)
        inner = turned
        for step in place:
            inner = inner.setdefault(step, {})
        if key is None:
            inner.append(value)
        else:
            inner[key] = value
        yield turned
    for number, happened in enumerate(document["facts"]["timeline"]):
        for key in ("strange", *(key for key in ("outcome", "channel", "message", "type") if key in happened)):
            turned = copy.deepcopy(document)
            turned["facts"]["timeline"][number][key] = "xyzzy"
            yield turned


def test_the_order_of_an_outside_timeline_changes_nothing(outside):
    """Timelines and keys in any order give the same results."""
    shuffled = []
    for text in outside:
        document = json.loads(text)
        random.Random(7).shuffle(document["facts"]["timeline"])
        document["facts"]["timeline"] = [dict(reversed(happened.items())) for happened in document["facts"]["timeline"]]
        shuffled.append(json.dumps(dict(reversed(document.items()))))
    before, after = run_lines(outside), run_lines(shuffled)
    assert [(r.status, r.got) for r in before.results] == [(r.status, r.got) for r in after.results]


@pytest.mark.parametrize(("comment", "given", "question", "outcome"), EXAMPLES, ids=[example[0] for example in EXAMPLES])
def test_comments_worked_examples(comment, given, question, outcome):
    """Each worked example of the official comments comes out as the comment says."""
    assert said(given, question) == outcome, comment


@pytest.mark.parametrize(("comment", "given", "counters"), COUNTS, ids=[example[0] for example in COUNTS])
def test_comments_counts(comment, given, counters):
    """Calls and conversations are counted for each debt as the comments count them."""
    assert answered(given, asked("count", "10-08"), pack=US).counters == counters, comment


def test_our_own_lines_of_the_commentary_pass():
    """Lines written by us from the comments' numbers, in many wordings: each passes, and with another expectation none does."""
    lines = COMMENTARY.read_text("utf-8").splitlines()
    report = run_lines(lines)
    assert [(result.id, result.why) for result in report.results if result.status is not Status.passed] == []
    assert len({result.id for result in report.results}) == len(lines) > 400
    other = {"allow": "deny", "deny": "allow", "presumed_compliant": "presumed_violation", "presumed_violation": "presumed_compliant"}
    documents = [json.loads(text) for text in lines]
    turned = [json.dumps(one | {"expected": other[one["expected"]]}) for one in documents if one["expected"] is not None]
    assert run_lines(turned).count(Status.passed) == 0


def test_what_is_strange_in_our_own_lines_makes_them_unsupported():
    """A strange event, key or word never passes and never fails, in whatever wording the rest is."""
    lines = COMMENTARY.read_text("utf-8").splitlines()
    turned = [json.dumps(strange) for text in lines[::4] for strange in strange_ones(json.loads(text))]
    assert run_lines(turned).counts == {"passed": 0, "failed": 0, "unsupported": len(turned)}


def test_six_calls_on_one_day_are_a_factor():
    """The comment's own case of concentration has six calls on one day: compliance is presumed, with a warning."""
    answer = answered(facts(*CASED), asked("evaluate_calls", "10-03 15:00"), pack=US)
    assert (answer.outcome, answer.facts["rebuttal_factor"], answer.facts["warn"]) == (
        "presumed_compliant",
        "highly_concentrated_calls",
        True,
    )


@pytest.mark.parametrize(("comment", "given", "question", "outcome"), EXAMPLES, ids=[example[0] for example in EXAMPLES])
def test_strange_examples_are_unsupported(comment, given, question, outcome):
    """One strange thing in a worked example makes it unsupported."""
    document = {"id": comment, "facts": given, "question": question, "expected": outcome}
    report = run_lines(json.dumps(strange) for strange in strange_ones(document))
    assert report.counts == {"passed": 0, "failed": 0, "unsupported": len(report.results)}


@pytest.mark.parametrize(
    ("given", "question"),
    [
        (facts(event("09-01", "preference_stated", words="stop calling loudly")), asked("place_call", "10-08")),
        (facts(event("09-01", "consent_given", scope={"until_further_notice": True})), asked("place_call", "10-08")),
        (facts(call("10-01") | {"t": "2026-10-01T10:00:00"}), asked("place_call", "10-08")),
        (facts() | {"timezone": "Mars/Olympus"}, asked("place_call", "10-08")),
        (facts(known={"consumer_time_zone": "Mars/Olympus"}), asked("attempt_contact", "10-08", scope="1006.6(b)(1)(i)")),
        (facts(call("10-01", debts=("D9",))), asked("place_call", "10-08")),
        (facts(call("10-01", to="C9")), asked("place_call", "10-08")),
        (facts(call("10-01", by="DC2")), asked("place_call", "10-08")),
        (facts(event("09-01", "opt_out", detail="cease further communication")), asked("attempt_contact", "10-08", scope="1006.6(c)")),
        (facts(event("09-01", "opt_out", detail="do not use EM")), asked("attempt_contact", "10-08", scope="1006.14(h)", channel="email")),
        (facts(), asked("attempt_contact", scope="1006.6(b)(1)(i)")),
        (facts(persons=({"id": "C1", "role": "emperor"},)), asked("place_call", "10-08")),
        (facts(), asked("place_call", "10-08", scope="the law")),
        (facts(debts=({"id": "D1", "type": "blood_oath"},)), asked("place_call", "10-08")),
        ({**facts(), "persons": "C1"}, asked("place_call", "10-08")),
        ({**facts(), "timeline": [7]}, asked("place_call", "10-08")),
        (facts(), {"action": ["place_call"], "rule_scope": ["1006.14(b)(2)"]}),
        (facts(), asked("place_call", "10-08", channel="pigeon")),
        (facts(call("10-01", outcome="conversation", note="the consumer sang")), asked("place_call", "10-08")),
    ],
)  # fmt: skip
def test_what_is_not_understood_is_said(given, question):
    """Phrases, scopes, zones, parties and shapes that are not understood are unsupported, never guessed."""
    assert is_unsupported(given, question)


OUTCOMES = st.sampled_from(["no_answer", "voicemail_left", "conversation", "busy", "not_in_service", "answered_then_dropped"])
CALLS = st.lists(st.tuples(st.integers(0, 16), st.integers(8, 20), OUTCOMES), max_size=14, unique_by=lambda one: one[:2])
FIRST = datetime(2026, 6, 1, tzinfo=EASTERN)


def placed(calls, *, shift_days=0, **more):
    """Return the calls as events; a call is (day, hour, outcome)."""
    return [
        call("06-01", outcome=outcome, **more) | {"t": (FIRST + timedelta(days=day + shift_days, hours=hour)).isoformat()}
        for day, hour, outcome in calls
    ]


def coming(*, shift_days=0, **more):
    """Return the question whether a call may be placed on the evening of the fourteenth day."""
    moment = (FIRST + timedelta(days=13 + shift_days, hours=21)).isoformat()
    return asked("place_call") | {"t": moment} | more


def presumed(calls):
    """Say by plain counting what the two frequencies presume on the evening of the fourteenth day."""
    past = [(day, outcome) for day, _, outcome in calls if day <= 13]
    connected = [day for day, outcome in past if outcome not in ("busy", "not_in_service") and day > 13 - 7]
    talked = [day for day, outcome in past if outcome == "conversation" and day > 13 - 7]
    return "presumed_violation" if len(connected) >= 7 or talked else "presumed_compliant"


@settings(max_examples=150, deadline=None)
@given(calls=CALLS)
def test_proposition_1_seven_in_seven_and_seven_after(calls):
    """A call is presumed to violate exactly when plain counting says so."""
    assert said(facts(*placed(calls)), coming()) == presumed(calls)


@settings(max_examples=60, deadline=None)
@given(calls=CALLS, day=st.integers(0, 13), outcome=st.sampled_from(["busy", "not_in_service"]))
def test_proposition_2_unconnected_calls(calls, day, outcome):
    """A call that does not connect changes nothing."""
    more = placed([(day, 7, outcome)])
    assert said(facts(*placed(calls), *more), coming()) == said(facts(*placed(calls)), coming())


@settings(max_examples=60, deadline=None)
@given(calls=CALLS, others=CALLS)
def test_proposition_3_other_persons_and_debts(calls, others):
    """Calls to the spouse, or about another debt, change nothing for this person and this debt."""
    both = ({"id": "C1", "role": "consumer"}, {"id": "C2", "role": "spouse_of_C1"})
    alone = said(facts(*placed(calls), persons=both, debts=("D1", "D2")), coming())
    assert said(facts(*placed(calls), *placed(others, to="C2"), persons=both, debts=("D1", "D2")), coming()) == alone
    assert said(facts(*placed(calls), *placed(others, debts=("D2",)), persons=both, debts=("D1", "D2")), coming()) == alone


@settings(max_examples=60, deadline=None)
@given(calls=CALLS, day=st.integers(0, 13), outcome=OUTCOMES)
def test_proposition_4_more_calls_never_comply_more(calls, day, outcome):
    """One more call never turns a presumed violation into compliance."""
    before = said(facts(*placed(calls)), coming())
    after = said(facts(*placed(calls), *placed([(day, 7, outcome)])), coming())
    assert (before, after) != ("presumed_violation", "presumed_compliant")


@settings(max_examples=60, deadline=None)
@given(calls=CALLS, order=st.randoms(use_true_random=False), weeks=st.integers(0, 8))
def test_proposition_5_order_and_week(calls, order, weeks):
    """The order of the timeline and the week of the summer change nothing, in outcome, counters and findings."""
    timeline = placed(calls)
    order.shuffle(timeline)
    first = answered(facts(*placed(calls)), coming(), pack=US)
    assert answered(facts(*timeline), coming(), pack=US) == first
    assert answered(facts(*placed(calls, shift_days=7 * weeks)), coming(shift_days=7 * weeks), pack=US) == first


@settings(max_examples=80, deadline=None)
@given(calls=CALLS, day=st.integers(0, 13))
def test_proposition_6_consent(calls, day):
    """Under consent a call of its seven days is free unless there was a conversation since; afterwards plain counting leaves its calls out."""
    consent = event("06-01", "consent_given", via="email", scope=None) | {"t": (FIRST + timedelta(days=day, hours=7)).isoformat()}
    talks = [d for d, _, outcome in calls if outcome == "conversation" and day <= d <= 13]
    outcome = said(facts(*placed(calls), consent), coming())
    if 13 - day < 7 and not talks:
        assert outcome == "presumed_compliant"
    elif talks:
        until = min((d, h) for d, h, o in calls if o == "conversation" and day <= d <= 13)
        left = [one for one in calls if not (day <= one[0] < day + 7 and one[:2] < until)]
        assert outcome == presumed([one for one in left if one[:2] != until or one[0] >= day + 7] + [(*until, "conversation")])
    else:
        assert outcome == presumed([one for one in calls if not day <= one[0] < day + 7])


def test_consent_of_another_and_revoked_consent_free_nothing():
    """Consent given to a creditor, in a communication that broke the rules, or taken back, frees no call."""
    talk = call("10-05", outcome="conversation")
    sound = event("10-05 12:05", "consent_given", scope=None)
    back = event("10-06", "consent_revoked")
    assert said(facts(talk, sound), asked("place_call", "10-07")) == "presumed_compliant"
    for timeline in ([talk, sound | {"to": "CR1"}], [talk, sound | {"given_in_compliant_communication": False}], [talk, sound, back]):
        assert said(facts(*timeline), asked("place_call", "10-07")) == "presumed_violation"


def test_wishes_last_until_taken_back():
    """What a consumer called inconvenient stays so until the consumer takes it back."""
    friday = event("09-01", "preference_stated", detail="Fridays are inconvenient")
    question = asked("attempt_contact", "10-09", scope="1006.6(b)(1)")
    assert said(facts(friday), question) == "deny"
    assert said(facts(friday, event("10-01", "preference_withdrawn")), question) == "allow"


@pytest.mark.parametrize(
    "words",
    [
        "number called belongs to someone else",
        "the number N1 is not C1's number",
        "N1 belongs to someone else, not C1",
        "telephone number belongs to another person and the consumer does not answer telephone calls to that number",
    ],
)
def test_calls_to_a_wrong_number_are_taken_out(words):
    """However it is put that the number is somebody else's, its calls were no calls to the consumer (comment 14(b)(2)(i)-3)."""
    calls = [call(f"10-07 {hour}:00", endpoint="N1") for hour in range(10, 17)]
    learned = {"t": at("10-08"), "type": "knowledge_gained", "detail": words}
    assert said(facts(*calls), asked("place_call", "10-08 15:00")) == "presumed_violation"
    assert said(facts(*calls, learned), asked("place_call", "10-08 15:00")) == "presumed_compliant"


@pytest.mark.parametrize(
    ("how", "in_writing"),
    [("says so by telephone", False), ("mails a letter", True), ("returns the tear-off form by mail", True), ("sends an email", True)],
)
def test_disputes_in_writing(how, in_writing):
    """A letter is in writing, a call is not, and an e-mail is where the collector accepts it."""
    given = facts(event("10-05", "dispute_submitted", how=how), known={"collector_accepts_email": True} if "email" in how else None)
    question = {"action": "classify", "rule_scope": ["1006.38(d)(2)"]}
    assert answered(given, question, pack=US).facts["in_writing"] is in_writing


def test_the_first_communication_may_be_the_consumers():
    """A limited-content message is no communication, so the call it brings about is the first (comment 18(e)(1)-1)."""
    message = call("10-04", outcome="voicemail_left", message="limited_content")
    back = event("10-05", "call_received", channel="phone", outcome="conversation", discussed=["D1"])
    answer = answered(facts(message, back), asked("required_disclosures_now", "10-05", scope="1006.18(e)", channel="phone"), pack=US)
    assert answer.facts["required"] == ["attempting_to_collect_a_debt", "information_used_for_that_purpose"]


def test_phrases_are_read_whole():
    """A phrase is understood to its last word, or not at all."""
    assert wish_of("don't call me at home on weekdays between 3 p.m. and 5 p.m.").spans[0].first == 900
    assert wish_of("STOP CALLING!").media == ("phone",)
    for phrase in ("", "stop", "call", "stop calling me maybe", "do not use em", "Sundays", "between 25:00 and 26:00 is inconvenient"):
        with pytest.raises(Unsupported):
            wish_of(phrase)


def test_citations():
    """A citation takes in what stands at it, below it, and the paragraph above it; a range is its paragraphs."""
    assert paths_of("1006.14(b)(1)-(4)") == [("1006.14", "b", str(n)) for n in range(1, 5)]
    names = {rule.name for rule in rules_in(US, ("1006.6(c)(1)",))}
    assert "cease" in names
    assert "hours" not in names
    assert {"hours", "inconvenient_time"} <= {rule.name for rule in rules_in(US, ("1006.6(b)",))}
    for wrong in ("1006.14(b)(4)-(1)", "1006.14(b)(a)-(4)", "", "Reg F", "1006.14(b) or so"):
        with pytest.raises(Unsupported):
            paths_of(wrong)


def test_nothing_expected_and_strange_expectations_are_unsupported():
    """A vector that expects nothing, or a fact that is not derived, never passes."""
    report = run_lines([line(expected=None), line(expected="presumed_compliant", expected_facts={"happiness": 1}), line(extra=1)])
    assert report.counts == {"passed": 0, "failed": 0, "unsupported": 3}


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("not json", "Line 2 "),
        ("[1]", "no vector"),
        ('{"id": "a"}', "facts, question, expected"),
        ('{"id": "a", "facts": {}, "question": [], "expected": null}', "mappings"),
        ('{"id": "a", "facts": {}, "question": {}, "expected": "maybe"}', "expected"),
        ('{"id": 1, "facts": {}, "question": {}, "expected": null}', "id must"),
        ('{"id": NaN}', "NaN"),
        ("[" * 100_000, "not JSON"),
    ],
)
def test_bad_lines_stop_the_run(text, named):
    """A line that is no vector is told with its number."""
    with pytest.raises(LineUnreadable, match="Line 2 ") as error:
        run_lines([line(expected="presumed_compliant"), text])
    assert named in error.value.message()


def test_the_command_tells_and_exits(tmp_path, capsys):
    """Exit code 0 when nothing fails, 1 on a failure, 2 on a bad file; under --json the last line is the three counts."""
    good, bad, broken = (tmp_path / name for name in ("good.jsonl", "bad.jsonl", "broken.jsonl"))
    unsupported = line("u", given=facts(known={"moon": 1}))
    good.write_text(f"{line(expected='presumed_compliant')}\n\n{unsupported}\n", "utf-8")
    bad.write_text(line("[red]x", expected="presumed_violation"), "utf-8")
    broken.write_text('{"id": 1}', "utf-8")
    assert run(["conformance", str(good), "--json"]) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1]) == {"passed": 1, "failed": 0, "unsupported": 1}
    assert run(["conformance", str(good)]) == 0
    told = capsys.readouterr().out
    assert "1006.14(b)(2)" in told
    assert "known has moon, which was not understood" in told
    assert "1 passed, 0 failed, 1 not supported." in told
    assert run(["conformance", str(bad)]) == 1
    told = capsys.readouterr().out
    assert "[red]x (line 1): presumed_compliant, not presumed_violation" in told
    assert run(["conformance", str(bad), "--json"]) == 1
    assert json.loads(capsys.readouterr().out.splitlines()[-1]) == {"passed": 0, "failed": 1, "unsupported": 0}
    assert run(["conformance", str(broken)]) == 2
    assert "Line 1 is no vector" in capsys.readouterr().err
    assert run(["conformance", str(tmp_path / "absent.jsonl")]) == 2
    assert run(["conformance", str(good), "--pack", "atlantis"]) == 2
