"""A creditor under Regulation F on the real gate: what the records tell of cease, media, attorney, place of work, disputes and frequency."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from duecourse.contact.errors import StatedUnknown
from duecourse.contact.models import CONNECTED_OUTCOMES, ContactWish, WishKind
from duecourse.contact.services import Answer, attempt_report, contact_wish_record, permit_request, regulation_f
from duecourse.contact.services.known import Known, Request
from duecourse.kit.clock import frozen
from duecourse.parties.access import acting
from duecourse.portfolio.models import ContactPoint
from duecourse.rules.form import CHANNELS
from duecourse.rules.load import shipped_pack
from duecourse.rules.resolve import vocabulary_of
from duecourse.rules.vocabulary import Source
from tests.contact.scene import DAY, Scene, scene

NOON = datetime(2026, 9, 1, 19, 0, tzinfo=UTC)
"""12:00 in Los Angeles."""
US = shipped_pack("us")
_NOTHING = {"point": None, "contacts": None, "visits": None, "dialled": None}
KNOWN = Known(1, None, "bank", ("us",), "external", False, False, None, None, None, 0, "", {}, None, None, _NOTHING)


@pytest.fixture
def the(db: None) -> Scene:
    """The scene with a creditor under pack us and a debtor in California."""
    made = scene(zone="America/Los_Angeles")
    with acting(made.bank.system):
        type(made.bank.creditor).objects.filter(pk=made.bank.id).update(packs=["us"])
    return made


def ask(the: Scene, request: str = "1", *, channel: str = "call", at: datetime = NOON, outcome: str = "no_answer", **more) -> Answer:
    """Ask for a contact as Aoki's Ann and report it at once."""
    wanted = {"actor": the.bank.ann, "case_id": the.cases["aoki"].pk, "channel": channel, "contact_at": at, "client_request_id": request}
    if channel in ("sms", "email") and "template_code" not in more:
        the.template(f"t-{request}", channel=channel)
        more["template_code"] = f"t-{request}"
        more["stated"] = {"has_opt_out_line": 1} | more.get("stated", {})
    with frozen(at):
        answer = permit_request(**wanted | more)
        if answer.is_permit:
            attempt_report(actor=the.bank.ann, permit_id=answer.id, outcome=outcome, started_at=at)
    return answer


def rules(answer: Answer) -> set[str]:
    """Return the rules that refuse."""
    return {reason["rule"] for reason in answer.explanation["reasons"]}


def grounds(answer: Answer) -> set[str]:
    """Return the codes of the platform's own grounds."""
    return {ground["code"] for ground in answer.explanation["grounds"]}


def warned(answer: Answer) -> set[str]:
    """Return the rules that warn or presume."""
    return {warning["rule"] for warning in answer.explanation["warnings"]}


def wish(the: Scene, kind: str, **more) -> ContactWish:
    """Record what the debtor said, as Qiu."""
    return contact_wish_record(actor=the.bank.qiu, person_id=the.person.pk, kind=kind, from_on=DAY, **more)


def point(the: Scene, whose: str, *, kind: str = "phone", value: bytes = b"1") -> int:
    """Give the debtor another number or address, and return it."""
    with acting(the.bank.system):
        made = ContactPoint.objects.create(
            creditor=the.bank.creditor, person=the.person, kind=kind, whose=whose, value_sealed=value, value_index=value, valid_from_on=DAY
        )
    return int(made.pk)


@pytest.mark.parametrize(("zone", "may_be"), [("America/Los_Angeles", 0), ("America/New_York", 1), ("America/Chicago|America/New_York", 1)])
def test_the_zone_tells_whether_the_debtor_may_live_in_massachusetts(zone: str, may_be: int) -> None:
    """Only who may be in the eastern zone can be bound by the state's rule; where nothing is known of the zone, nothing is told."""
    told = regulation_f.of_records(replace(KNOWN, zone=zone), request=Request(1, 1, "call", NOON, "1"), holds=(), wishes=())
    assert told["is_in_massachusetts"] == may_be
    assert "is_in_massachusetts" not in regulation_f.of_records(KNOWN, request=Request(1, 1, "call", NOON, "1"), holds=(), wishes=())


def test_the_eighth_call_in_seven_days_is_presumed(the: Scene) -> None:
    """Seven unanswered calls on seven days presume nothing, an eighth on the seventh day does, and so does none on the eighth day."""
    answers = [ask(the, f"{day}", at=NOON + timedelta(days=day)) for day in range(7)]
    assert all(answer.is_permit and "us.calls_in_seven_days" not in warned(answer) for answer in answers)
    last = NOON + timedelta(days=6, hours=1)
    assert "us.calls_in_seven_days" in warned(ask(the, "eighth", at=last, outcome="not_made"))
    assert "us.calls_in_seven_days" not in warned(ask(the, "next", at=NOON + timedelta(days=7)))


def test_a_call_within_seven_days_after_a_conversation_is_presumed(the: Scene) -> None:
    """The day of the conversation is the first of seven."""
    outcome = next(iter(sorted(CONNECTED_OUTCOMES)))
    assert ask(the, "talk", outcome=outcome).is_permit
    assert "us.calls_after_conversation" in warned(ask(the, "seventh", at=NOON + timedelta(days=6)))
    assert "us.calls_after_conversation" not in warned(ask(the, "eighth", at=NOON + timedelta(days=7)))


def test_who_declines_every_channel_has_asked_to_cease(the: Scene) -> None:
    """Four declined channels refuse those; the fifth makes it a cease, which leaves its three purposes open."""
    for channel in CHANNELS[:-1]:
        wish(the, WishKind.CHANNEL_DECLINED, channel=channel)
    assert rules(ask(the, "1")) == {"us.refused_medium"}
    wish(the, WishKind.CHANNEL_DECLINED, channel=CHANNELS[-1])
    assert rules(ask(the, "2")) == {"us.refused_medium", "us.cease"}
    assert rules(ask(the, "3", stated={"is_cease_purpose_open": 1, "is_medium_required_by_law": 1})) == set()


def test_a_number_that_was_refused_is_not_reached_by_leaving_it_out(the: Scene) -> None:
    """A refusal of one number stops it and a request that names none; another number stays open."""
    refused, other = point(the, "self", value=b"1"), point(the, "self", value=b"2")
    wish(the, WishKind.CHANNEL_DECLINED, channel="call", contact_point_id=refused)
    assert rules(ask(the, "1", contact_point_id=refused)) == {"us.refused_medium"}
    assert rules(ask(the, "2")) == {"us.refused_medium"}
    assert ask(the, "3", contact_point_id=other).is_permit


def test_a_place_that_was_declined(the: Scene) -> None:
    """Calls to that number and calls to no number in particular are refused; a text that names none belongs to no place."""
    home = point(the, "self")
    wish(the, WishKind.PLACE_DECLINED, contact_point_id=home)
    assert rules(ask(the, "1", contact_point_id=home)) == {"us.inconvenient_place"}
    assert rules(ask(the, "2")) == {"us.inconvenient_place"}
    assert ask(the, "3", channel="sms").is_permit


def test_at_work_until_the_employer_minds(the: Scene) -> None:
    """A number at work may be called until somebody learns that the employer forbids it: as a wish, or stated by whoever asks."""
    work = point(the, "work")
    assert ask(the, "1", contact_point_id=work).is_permit
    assert rules(ask(the, "2", contact_point_id=work, stated={"is_employer_forbidding": 1})) == {"us.workplace"}
    wish(the, WishKind.PLACE_DECLINED, contact_point_id=work)
    assert "us.workplace" in rules(ask(the, "3", contact_point_id=work, stated={"is_employer_forbidding": 0}))


def test_a_represented_debtor_is_reached_through_the_attorney(the: Scene) -> None:
    """The hold refuses the debtor by the rule, alone; the attorney's number is open and counts towards no frequency."""
    the.hold("represented")
    attorney = point(the, "attorney")
    refused = ask(the, "1")
    assert (rules(refused), grounds(refused)) == ({"us.represented"}, set())
    for day in range(9):
        answer = ask(the, f"attorney-{day}", contact_point_id=attorney, at=NOON + timedelta(hours=day / 4))
        assert answer.is_permit, answer.explanation
        assert "us.calls_in_seven_days" not in warned(answer)


def test_a_written_cease_refuses_by_its_rule(the: Scene) -> None:
    """The hold for a cease is told once, by the rule, with its article."""
    the.hold("cease_request")
    refused = ask(the)
    assert (rules(refused), grounds(refused)) == ({"us.cease"}, set())
    assert "us.prior_statement" in warned(refused)


def test_a_dispute_stops_collection(the: Scene) -> None:
    """A hold for a dispute is a dispute that is not answered."""
    the.hold("dispute")
    assert "us.dispute_open" in rules(ask(the))


def test_a_neighbour_is_asked_for_whereabouts_alone_and_once(the: Scene) -> None:
    """Not about the debt; for location information once, and whoever says the number is the debtor's changes nothing."""
    neighbour = point(the, "neighbour")
    assert "us.third_party" in rules(ask(the, "1", contact_point_id=neighbour))
    with pytest.raises(StatedUnknown):
        ask(the, "2", contact_point_id=neighbour, stated={"is_addressee_consumer": 1})
    assert "us.third_party" in rules(ask(the, "3", contact_point_id=neighbour, stated={"is_addressee_third_party": 0}))
    outcome = next(iter(sorted(CONNECTED_OUTCOMES)))
    stated = {"is_location_contact": 1, "is_collecting": 0}
    assert ask(the, "4", contact_point_id=neighbour, stated=stated, outcome=outcome).is_permit
    assert rules(ask(the, "5", contact_point_id=neighbour, stated=stated, at=NOON + timedelta(days=1))) == {"us.location_once"}


@pytest.mark.parametrize("name", regulation_f.AGAINST_ITSELF)
def test_what_is_stated_against_oneself_counts(name: str) -> None:
    """Each of these is a fact of the pack's records that is nought where nobody tells it, and one who asks may state it and not deny it."""
    fact = vocabulary_of((US,)).facts[name]
    assert (fact.source, fact.when_unknown) == (Source.record, 0)
    request = Request(1, 1, "call", NOON, "1", stated=((name, 1),))
    assert regulation_f.of_records(KNOWN, request=request, holds=(), wishes=())[name] == 1
    denied = replace(request, stated=((name, 0),))
    assert not regulation_f.of_records(KNOWN, request=denied, holds=(), wishes=()).get(name)


def test_what_is_stated_at_the_gate_refuses(the: Scene) -> None:
    """A collector who learns of an attorney states it, and is refused by the rule."""
    assert rules(ask(the, "1", stated={"is_represented": 1})) == {"us.represented"}
    assert ask(the, "2").is_permit


def test_the_documentation_tells_of_every_fact_of_the_records() -> None:
    """Each fact of the records that a rule on contacts reads stands in the table with where it comes from, and those stated are marked."""
    page = (Path(__file__).parents[2] / "docs/packs.md").read_text("utf-8")
    section = page.split("## Regulation F at the gate\n")[1].split("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("| `")]
    told = {name: line.split("|")[3].strip() for line in lines for name in re.findall(r"`(\w+)`", line.split("|")[1])}
    facts = vocabulary_of((US,)).facts
    read = {name for rule in US.rules if rule.subject == "contact" for name in rule.facts_used if facts[name].source is Source.record}
    assert read == told.keys()
    assert {name for name, said in told.items() if said == "yes"} == set(regulation_f.AGAINST_ITSELF)
