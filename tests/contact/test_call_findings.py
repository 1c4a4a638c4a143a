"""What calls and permits say of each other: every kind of finding on both sides, and calls that hold a slot of the debtor's day."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import permutations

import pytest

from duecourse.contact.errors import CallDefinitionRefused
from duecourse.contact.models import CallMatch
from duecourse.contact.selectors import call_files_owed, call_finding_counts, calls_held, calls_unheld
from duecourse.contact.services import call_definition_approve, call_definition_set, calls_match
from duecourse.kit.clock import frozen
from duecourse.kit.errors import Forbidden
from duecourse.parties.access import acting
from tests import factories, people
from tests.contact.call_scene import EVENING, OTHERS, OWN, STRANGERS, call_scene, row
from tests.contact.scene import DAY, NOON

SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)


@pytest.fixture
def the(db, home, tmp_path):
    """The scene of these tests."""
    return call_scene(tmp_path)


def held(the, number=OWN, on=DAY):
    """Return the calls that hold a slot of the day of the debtor with this number."""
    with acting(the.bank.system):
        return calls_held(creditor_id=the.bank.id, person_id=the.persons[number].pk, on=on)


def faults(the):
    """Return why the permit that was stated is not the call's, by call."""
    with acting(the.bank.system):
        return dict(CallMatch.objects.values_list("record__call_ref", "fault"))


def permits(the):
    """Return the permit of each call."""
    with acting(the.bank.system):
        return dict(CallMatch.objects.values_list("record__call_ref", "permit_id"))


def define(the, **terms):
    """Define from the scene's day on, said the day before."""
    with frozen(NOON - timedelta(days=1)):
        made = call_definition_set(actor=the.bank.qiu, from_on=DAY, **terms)
        return call_definition_approve(actor=the.bank.mei, definition_id=made.pk) if made.needs_approval else made


# ── calls without a permit ───────────────────────────────────────────────────────────────────────


def test_an_agency_that_dials_around_is_seen(the):
    """A call to its own debtor, one to another agency's and one to a debtor placed with nobody: all three are without a permit."""
    free = "13800000003"
    the.debtor(free)
    the.load(row("own"), row("rival", OTHERS), row("free", free))
    found = the.findings()
    assert [(finding.kind, finding.call_ref) for finding in found] == [("call_without_permit", ref) for ref in ("own", "rival", "free")]
    assert [finding.person_id for finding in found] == [the.persons[number].pk for number in (OWN, OTHERS, free)]
    assert found[0].details["recording_ref"] == "rec-own"
    assert found[0].details["agent_code"] == "A01"


def test_a_permit_is_good_for_one_call(the):
    """Of two calls under one permit the one nearer to it has it, and the other has none."""
    permit = the.permit(OWN)
    the.load(row("second", at=NOON + 3 * MINUTE), row("first", at=NOON + SECOND))
    assert permits(the) == {"first": permit.pk, "second": None}
    assert [(finding.kind, finding.call_ref) for finding in the.findings()] == [("call_without_permit", "second")]


def test_each_call_has_the_permit_that_was_given_for_it(the):
    """Three permits in ten minutes and a call after each: none takes another's, though each lies in the time of earlier ones."""
    given = [the.permit(OWN, at=NOON + n * 3 * MINUTE) for n in range(3)]
    the.load(*(row(f"c{n}", at=NOON + n * 3 * MINUTE + 20 * SECOND) for n in range(3)))
    assert permits(the) == {f"c{n}": permit.pk for n, permit in enumerate(given)}
    assert the.findings() == []


def test_a_permit_of_another_kind_or_number_is_none(the):
    """A permit for a message, for another number of the debtor, or of another agency permits no call; one without a number permits any of theirs."""
    second = "13800000004"
    the.number(the.persons[OWN], second)
    the.permit(OWN, channel="sms")
    the.permit(OWN, by=the.bank.birch)
    the.permit(OWN, at=NOON + HOUR)
    the.load(row("c1"), row("c2", second, at=NOON + HOUR))
    assert the.kinds() == ["call_without_permit"] * 2
    the.permit(OWN, at=NOON + 3 * HOUR, has_point=False)
    the.load(row("c3", second, at=NOON + 3 * HOUR))
    assert [finding.call_ref for finding in the.findings(kind="call_without_permit")] == ["c1", "c2"]


def test_a_permit_without_a_number_is_none_for_a_third_partys(the):
    """A permit that names no number was judged as contact with the debtor: it permits a guarantor's number and not a neighbour's, stated or not."""
    neighbour, guarantor = "13800000005", "13800000006"
    for number, whose in ((neighbour, "relative"), (guarantor, "guarantor")):
        point = the.number(the.persons[OWN], number)
        with acting(the.bank.system):
            type(point).objects.filter(pk=point.pk).update(whose=whose)
    permit = the.permit(OWN, has_point=False)
    the.load(row("c1", neighbour), row("c2", neighbour, permit=permit.pk))
    assert the.kinds() == ["call_without_permit"] * 2
    assert faults(the)["c2"] == "permit_of_other_number"
    the.load(row("c3", guarantor))
    assert permits(the)["c3"] == permit.pk


def test_a_stated_permit_must_be_this_calls(the):
    """Another agency's permit, another number's, one of another hour, one that is used, a message's and one that does not exist: each is said."""
    own, rival, other = the.permit(OWN), the.permit(OWN, by=the.bank.birch), the.permit(OTHERS)
    text, old = the.permit(OWN, channel="sms"), the.permit(OWN, at=NOON - 3 * HOUR)
    the.load(
        row("good", permit=own.pk), row("used", permit=own.pk, at=NOON + MINUTE), row("rival", permit=rival.pk), row("other", permit=other.pk),
        row("text", permit=text.pk), row("old", permit=old.pk), row("none", permit=10**12), row("words", permit="随便"),
    )  # fmt: skip
    assert faults(the) == {
        "good": "", "used": "permit_taken", "rival": "permit_of_other_performer", "other": "permit_of_other_number",
        "text": "permit_of_other_channel", "old": "permit_at_other_time", "none": "permit_unknown", "words": "permit_unknown",
    }  # fmt: skip
    assert permits(the) == {name: own.pk if name == "good" else None for name in faults(the)}
    assert the.kinds() == ["call_without_permit"] * 7


def test_another_banks_permit_is_unknown(the):
    """A number of another tenant's permit is nobody's here, and its debtors' numbers are no debtors' here."""
    other = call_scene(the.folder, firm=people.OTHER_BANK)
    foreign = "13700000001"
    other.debtor(foreign)
    permit = other.permit(foreign)
    the.load(row("c1", foreign, permit=permit.pk), row("c2", foreign))
    assert faults(the) == {"c1": "permit_unknown", "c2": ""}
    assert sorted(the.kinds()) == ["call_without_permit", "number_unknown", "number_unknown"]
    assert other.findings() == []


# ── the other kinds ──────────────────────────────────────────────────────────────────────────────


def test_a_permit_without_a_call_waits_for_the_days_file(the):
    """Reported calls without a record are found once the performer's file of the day has come; calls that were not made are none."""
    the.attempt(the.permit(OWN), "no_answer")
    the.attempt(the.permit(OTHERS, by=the.bank.birch), "connected", talk=20)
    the.attempt(the.permit(OWN, at=NOON + HOUR), "not_made")
    the.permit(OWN, at=NOON + 2 * HOUR)
    assert the.kinds() == []
    with acting(the.bank.system):
        assert call_files_owed(creditor_id=the.bank.id, on=DAY) == [the.bank.aoki.pk, the.bank.birch.pk]
    the.load(on=DAY)
    found = the.findings()
    assert [(finding.kind, finding.performer_id) for finding in found] == [("permit_without_call", the.bank.aoki.pk)]
    assert found[0].details["outcome"] == "no_answer"
    with acting(the.bank.system):
        assert call_files_owed(creditor_id=the.bank.id, on=DAY) == [the.bank.birch.pk]
    the.load(row("late", talk=0, result="无人接听"))
    assert the.kinds() == []


@pytest.mark.parametrize(
    ("outcome", "told", "talk", "result", "kinds"),
    [
        ("connected", 30, 30, "接通", []),
        ("no_answer", 0, 0, "无人接听", []),
        ("no_answer", 0, 1, "未接", ["outcome_disagrees"]),
        ("no_answer", 0, 0, "接通", ["outcome_disagrees"]),
        ("busy", 0, 12, "语音信箱", ["outcome_disagrees"]),
        ("connected", 0, 0, "占线", ["outcome_disagrees"]),
        ("connected", 0, 0, "接通", []),
        ("not_made", 0, 0, "空号", ["outcome_disagrees"]),
        ("connected", 30, 45, "接通", []),
        ("connected", 30, 46, "接通", ["duration_disagrees"]),
        ("connected", 46, 30, "接通", ["duration_disagrees"]),
        ("no_answer", 0, 0, "什么都不是", []),
    ],
)
def test_outcomes_and_durations(the, outcome, told, talk, result, kinds):
    """What was reported and what was recorded go together, or the difference is found; fifteen seconds are none."""
    the.attempt(the.permit(OWN), outcome, talk=told)
    the.load(row("c1", talk=talk, result=result))
    assert the.kinds() == kinds


@pytest.mark.parametrize(
    ("moved", "kinds"),
    [
        (-MINUTE, []),
        (-MINUTE - SECOND, ["outside_permit"]),
        (-15 * MINUTE, ["outside_permit"]),
        (-15 * MINUTE - SECOND, ["call_without_permit"]),
        (11 * MINUTE, []),
        (11 * MINUTE + SECOND, ["outside_permit"]),
        (25 * MINUTE, ["outside_permit"]),
        (25 * MINUTE + SECOND, ["call_without_permit"]),
    ],
)
@pytest.mark.parametrize("is_stated", [False, True])
def test_a_call_outside_of_its_permit(the, moved, kinds, is_stated):
    """A minute's difference of clocks is none, up to a quarter of an hour outside is found as such, beyond there is no permit; stated or not."""
    permit = the.permit(OWN)
    the.load(row("c1", at=NOON + moved, permit=permit.pk if is_stated else ""))
    assert the.kinds() == kinds


def test_a_number_nobody_knows(the):
    """A stranger's number is found as unknown; once a debtor has it, the next check finds a call without a permit."""
    the.load(row("c1", STRANGERS))
    assert the.kinds() == ["number_unknown"]
    the.debtor(STRANGERS)
    assert calls_match(actor=the.bank.qiu, on=DAY) == 1
    assert the.kinds() == ["call_without_permit"]
    assert calls_match(actor=the.bank.qiu, on=DAY) == 0


def test_findings_are_counted_and_narrowed(the):
    """By day, performer and kind; one performer, one kind, one debtor, a page, and days without any."""
    the.load(row("c1"), row("c2", STRANGERS), row("c3"))
    the.load(row("c1", OTHERS), by=the.bank.birch)
    with acting(the.bank.system):
        counts = call_finding_counts(creditor_id=the.bank.id, from_on=DAY - timedelta(days=30), until_on=DAY)
        assert [(n.performer_id, n.kind, n.finding_count) for n in counts] == [
            (the.bank.aoki.pk, "call_without_permit", 2),
            (the.bank.aoki.pk, "number_unknown", 1),
            (the.bank.birch.pk, "call_without_permit", 1),
        ]
        assert call_finding_counts(creditor_id=the.bank.id, from_on=DAY, until_on=DAY, kind="outside_permit") == []
    assert [finding.call_ref for finding in the.findings(performer_id=the.bank.aoki.pk, kind="call_without_permit")] == ["c1", "c3"]
    assert len(the.findings(person_id=the.persons[OTHERS].pk)) == 1
    assert [finding.call_ref for finding in the.findings(limit=2, offset=1)] == ["c3", "c2"]
    assert the.findings(from_on=DAY + timedelta(days=1), until_on=DAY + timedelta(days=9)) == []


def test_the_order_of_files_makes_no_difference(the):
    """Three files of one performer's two days in any order, then a check: permits and findings are the same each time."""
    midnight = NOON + 12 * HOUR
    seen = set()
    for turn, order in enumerate(permutations(range(3))):
        number = f"1370000{turn:04d}"
        the.debtor(number)
        given = [the.permit(number, at=at).pk for at in (NOON, midnight - 3 * MINUTE, midnight + 20 * MINUTE)]
        files = [
            (DAY, [row(f"a{turn}", number, at=midnight - MINUTE), row(f"b{turn}", number, at=NOON + MINUTE)]),
            (DAY, [row(f"c{turn}", number, at=midnight - 2 * MINUTE)]),
            (date(2026, 9, 2), [row(f"d{turn}", number, at=midnight + SECOND), row(f"e{turn}", number, at=midnight + 21 * MINUTE)]),
        ]
        for place in order:
            the.load(*files[place][1], on=files[place][0], at=EVENING + timedelta(days=2))
        with frozen(EVENING + timedelta(days=2)):
            assert sum(calls_match(actor=the.bank.qiu, on=day) for day, _ in files[1:]) == 0, "loading alone found it already"
        found = permits(the)
        seen.add(tuple(given.index(found[f"{name}{turn}"]) if found[f"{name}{turn}"] else None for name in "abcde"))
    assert seen == {(None, 0, 1, None, 2)}


# ── definitions ──────────────────────────────────────────────────────────────────────────────────


def test_what_counts_as_connected_and_effective_is_said_from_a_day_on(the):
    """By default any answer counts, voicemail too; with ten and thirty seconds and no voicemail, only longer talk does."""
    calls = [
        row("short", talk=9),
        row("long", talk=10),
        row("longer", talk=30),
        row("box", talk=60, result="语音信箱"),
        row("rang", talk=0),
    ]
    define(the, connected_seconds_min=10, effective_seconds_min=30, is_voicemail_connected=False)
    the.load(*calls)
    the.load(*calls, by=the.bank.birch)
    with acting(the.bank.system):
        found = {(match.record.call_ref): (match.is_connected, match.is_effective) for match in CallMatch.objects.select_related("record")}
    no, yes = (False, False), (True, True)
    assert found == {"short": no, "long": (True, False), "longer": yes, "box": no, "rang": no}
    yesterday = [text.replace("2026-09-01", "2026-08-31") for text in (row("y-box", talk=0, result="语音信箱"), row("y-rang", talk=0))]
    the.load(*yesterday, on=DAY - timedelta(days=1))
    with acting(the.bank.system):
        before = CallMatch.objects.filter(record__local_on=DAY - timedelta(days=1))
        assert list(before.values_list("is_connected", "is_effective")) == [yes, yes]


def test_a_definition_is_of_days_to_come_and_of_compliance(the):
    """Today is too late, a manager may not, seconds are between 0 and an hour; the last word about a day holds."""
    with frozen(NOON):
        for terms in ({"from_on": DAY}, {"from_on": DAY + timedelta(days=1), "connected_seconds_min": -1}):
            with pytest.raises(CallDefinitionRefused):
                call_definition_set(actor=the.bank.qiu, **terms)
        with pytest.raises(Forbidden):
            call_definition_set(actor=the.bank.mei, from_on=DAY + timedelta(days=1))
    define(the, duration_tolerance_seconds=100, clock_tolerance_seconds=0)
    with frozen(NOON - HOUR * 23):
        call_definition_set(actor=the.bank.qiu, from_on=DAY, duration_tolerance_seconds=2, clock_tolerance_seconds=0)
    the.attempt(the.permit(OWN), "connected", talk=30)
    the.load(row("c1", talk=33, at=NOON - SECOND))
    assert the.kinds() == ["duration_disagrees", "outside_permit"]


# ── slots ────────────────────────────────────────────────────────────────────────────────────────


def test_a_connected_call_without_a_permit_holds_a_slot(the):
    """It counts in the debtor's day and in no other's; one that reached nobody, or had its permit, does not."""
    the.permit(OWN, at=NOON + HOUR)
    the.load(row("around"), row("rang", talk=0, result="未接"), row("permitted", at=NOON + HOUR))
    assert (held(the), held(the, OTHERS), held(the, on=DAY + timedelta(days=1))) == (1, 0, 0)


def test_a_number_that_two_debtors_share_counts_for_both(the):
    """Nobody knows whom the call was meant for; a call under one's permit is that one's alone."""
    brother = "13800000008"
    the.debtor(brother, agency=the.bank.aoki)
    the.number(the.persons[brother], OWN)
    the.load(row("around"))
    assert (held(the), held(the, brother)) == (1, 1)
    the.permit(OWN, at=NOON + HOUR)
    the.load(row("permitted", at=NOON + HOUR))
    assert (held(the), held(the, brother)) == (1, 1)


def test_a_call_that_gave_its_slot_back_and_was_connected_holds_one(the):
    """Reported as nobody reached, recorded as answered: the permit's slot is free, so the call holds one; unreported, the permit does."""
    given, silent = the.permit(OWN), the.permit(OWN, at=NOON + HOUR)
    the.attempt(given, "no_answer")
    the.load(row("c1"), row("c2", at=NOON + HOUR))
    assert permits(the) == {"c1": given.pk, "c2": silent.pk}
    assert held(the) == 1
    with acting(the.bank.system):
        span = {"from_on": DAY - timedelta(days=7), "until_on": DAY}
        (call,) = calls_unheld(creditor_id=the.bank.id, person_id=the.persons[OWN].pk, **span)
    assert call[1:] == (DAY, the.points[OWN].pk, given.pk, NOON, True)


def test_the_day_is_the_debtors(db, home, tmp_path):
    """A call at 23:30 in Shanghai is on the next day for a debtor in Auckland, and a permit of that debtor's other day does not stand for it."""
    the = call_scene(tmp_path)
    far = "13800000009"
    the.debtor(far, zone="Pacific/Auckland", agency=the.bank.aoki)
    the.load(row("c1", far, at=NOON + 11.5 * HOUR), at=NOON + 13 * HOUR)
    assert (held(the, far), held(the, far, on=DAY + timedelta(days=1))) == (0, 1)


def test_only_the_open_creditors_calls_are_told(the):
    """The function looks at the creditor that is open."""
    from django.db import DatabaseError

    other = factories.bank(people.OTHER_BANK)
    with pytest.raises(DatabaseError, match="not open here"), acting(other.system):
        calls_held(creditor_id=the.bank.id, person_id=the.persons[OWN].pk, on=DAY)
