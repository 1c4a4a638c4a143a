"""Worked examples of the official comments on Regulation F, written as vectors: (comment, facts, question, what must come out)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

EASTERN = "America/New_York"
CONSUMER = {"id": "C1", "role": "consumer"}


def facts(
    *timeline: dict[str, Any], persons: Sequence[Any] = (CONSUMER,), debts: Sequence[Any] = ("D1",), known: Any = None
) -> dict[str, Any]:
    """Return the facts of a vector; a debt may be given by its id alone."""
    named = [debt if isinstance(debt, dict) else {"id": debt, "type": "credit_card"} for debt in debts]
    return {
        "timezone": EASTERN,
        "collector": "DC1",
        "persons": list(persons),
        "debts": named,
        "known": known or {},
        "timeline": list(timeline),
    }


def call(on: str, *, outcome: str = "no_answer", to: str = "C1", debts: Sequence[str] = ("D1",), **more: Any) -> dict[str, Any]:
    """Return a call of the collector; `on` is `MM-DD` or `MM-DD HH:MM`."""
    base = {"t": at(on), "type": "call_placed", "channel": "phone", "by": "DC1", "to": to, "debts": list(debts), "outcome": outcome}
    talk = {"discussed": list(debts)} if outcome == "conversation" and "discussed" not in more else {}
    return base | talk | more


def at(on: str) -> str:
    """Return an instant of 2026 in the eastern zone, summer time; noon where no time is given."""
    day, _, hour = on.partition(" ")
    return f"2026-{day}T{hour or '12:00'}:00-04:00"


def event(on: str, kind: str, **more: Any) -> dict[str, Any]:
    """Return something the consumer did."""
    return {"t": at(on), "type": kind, "by": "C1", "to": "DC1"} | more


def asked(action: str, on: str = "", *, scope: str = "1006.14(b)(2)", **more: Any) -> dict[str, Any]:
    """Return a question."""
    base: dict[str, Any] = {"action": action, "rule_scope": [scope]}
    if on:
        base["t"] = at(on)
    if action in ("place_call", "attempt_contact"):
        base |= {"channel": "phone", "to": "C1", "debts": ["D1"]}
    return base | more


BUSY = {"weekday_blackout": ["15:00", "17:00"], "weekends": "none_convenient"}
NOT_HOME = event("09-01", "preference_stated", detail="do not contact me at home")
HOME = {"endpoints": [{"id": "LL", "kind": "home_landline"}, {"id": "MOB", "kind": "mobile"}]}
NEIGHBOUR = (CONSUMER, {"id": "P1", "role": "third_party_neighbor"})
SEVEN = [call("10-01", outcome="voicemail_left", message="limited_content"), *(call(f"10-0{day}") for day in range(2, 8))]
EIGHT = [call("10-01"), *(call(f"10-0{day} {hour}:00") for day in (2, 5, 6) for hour in (10, 14)), call("10-07")]
TALK = [call("10-06"), call("10-09", outcome="conversation")]
TWO = {"debts": ("M", "K")}
LOANS = [{"id": name, "type": "student_loan", "account_number_when_obtained": "ACC-1"} for name in ("S1", "S2", "S3")]
FILE = {"t": at("03-02"), "type": "knowledge_gained"} | {
    "detail": "creditor's file notes: consumer cannot be disturbed on Tuesdays and Thursdays through the end of the calendar year"
}
WRONG = {"t": at("10-08"), "type": "knowledge_gained", "detail": "number called belongs to someone else"}
TRIPLE = [call(f"10-0{5 + n // 6} {9 + n % 6 * 2:02d}:{n // 6 * 10:02d}", debts=("M", "A", "B")) for n in range(21)]
CASED = [call("10-01"), *(call(f"10-03 {hour}:00") for hour in range(10, 16))]
WORK = {"endpoints": [{"id": "WL", "kind": "work_landline"}, {"id": "MOB", "kind": "mobile"}]}
ZONES = {"area_code_zone": "America/New_York", "home_address_zone": "America/Los_Angeles"}
MOUNTAIN = {
    "location_indicators": [{"source": "mobile area code", "zone": "Eastern"}, {"source": "landline area code", "zone": "Mountain"}]
}
HOURS = "1006.6(b)(1)(i)"
PLACE = "1006.6(b)(1)(ii)"
CEASE = [
    event("08-03", "mail_posted", content="cease_communication_or_refusal_to_pay"),
    event("08-06", "mail_received", content="cease_communication_or_refusal_to_pay"),
]
MAILED = [call("09-07", outcome="conversation", preference=BUSY), event("09-09 15:30", "email_received", debts=["D1"])]
REPLIED = [*MAILED, {"t": at("09-09 15:40"), "type": "email_sent", "by": "DC1", "to": "C1", "debts": ["D1"]}]
ANSWERED = {"channel": "email", "in_response_to": "2026-09-09T15:30"}

EXAMPLES: list[tuple[str, dict[str, Any], dict[str, Any], str]] = [
    ("6(b)(1)-1.i, a Tuesday", facts(FILE), asked("attempt_contact", "06-02", scope=HOURS), "deny"),
    ("6(b)(1)-1.i, a Wednesday", facts(FILE), asked("attempt_contact", "06-03", scope=HOURS), "allow"),
    ("6(b)(1)-1.ii, inside", facts(MAILED[0]), asked("attempt_contact", "09-10 15:30", scope=HOURS), "deny"),
    ("6(b)(1)-1.ii, outside", facts(MAILED[0]), asked("attempt_contact", "09-10 17:01", scope=HOURS), "allow"),
    ("6(b)(1)-1.ii, a Saturday", facts(MAILED[0]), asked("attempt_contact", "09-12 12:00", scope=HOURS), "deny"),
    ("6(b)(1)-1.iii", facts(NOT_HOME, known=HOME), asked("attempt_contact", "09-10", scope=PLACE, endpoint="LL"), "deny"),
    ("6(b)(1)(ii)-1.i, mobile", facts(NOT_HOME, known=HOME), asked("attempt_contact", "09-10", scope=PLACE, endpoint="MOB"), "allow"),
    ("6(b)(1)(ii)-1.i, e-mail", facts(NOT_HOME), asked("attempt_contact", "09-10", scope=PLACE, channel="email"), "allow"),
    (
        "6(b)(1)(ii)-1.i, known to be at home",
        facts(NOT_HOME, {"t": at("09-10 11:50"), "type": "knowledge_gained", "detail": "consumer is at home"}, known=HOME),
        asked("attempt_contact", "09-10", scope=PLACE, endpoint="MOB"),
        "deny",
    ),
    ("6(b)(1)-2.i, the answer", facts(*MAILED), asked("attempt_contact", "09-09 15:40", scope=HOURS, **ANSWERED), "allow"),
    ("6(b)(1)-2.i, a second answer", facts(*REPLIED), asked("attempt_contact", "09-09 16:00", scope=HOURS, **ANSWERED), "deny"),
    (
        "6(b)(1)-2.i, the answer to a second message",
        facts(*REPLIED, event("09-09 16:05", "email_received", debts=["D1"])),
        asked("attempt_contact", "09-09 16:10", scope=HOURS, channel="email", in_response_to="2026-09-09T16:05"),
        "allow",
    ),
    (
        "6(b)(1)-2.ii, the call from home",
        facts(
            NOT_HOME, event("09-10", "call_received", channel="phone", outcome="conversation", discussed=["D1"], endpoint="LL"), known=HOME
        ),
        asked("speak_on_current_inbound_call", "09-10", scope=PLACE, channel="phone", to="C1"),
        "allow",
    ),
    ("6(b)(1)(i)-2.i, too early", facts(known=ZONES), asked("attempt_contact", "10-07 10:30", scope=HOURS), "deny"),
    ("6(b)(1)(i)-2.i, in time", facts(known=ZONES), asked("attempt_contact", "10-07 11:30", scope=HOURS), "allow"),
    ("6(b)(1)(i)-2.i, too late", facts(known=ZONES), asked("attempt_contact", "10-07 21:30", scope=HOURS), "deny"),
    ("6(b)(1)(i)-2.ii, too early", facts(known=MOUNTAIN), asked("attempt_contact", "10-07 09:30", scope=HOURS), "deny"),
    ("6(b)(1)(i)-2.ii, in time", facts(known=MOUNTAIN), asked("attempt_contact", "10-07 10:30", scope=HOURS), "allow"),
    (
        "6(b)(3)-1",
        facts(event("09-01", "statement_received", detail="cannot take personal calls at work"), known=WORK),
        asked("attempt_contact", "09-10", scope="1006.6(b)(3)", endpoint="WL"),
        "deny",
    ),
    (
        "6(b)(4)(i)-2",
        facts(
            event("08-20", "preference_stated", detail="Sundays inconvenient"),
            event("09-01", "consent_given", to="CR1", scope="contact on Sundays from now on"),
        ),
        asked("attempt_contact", "10-11", scope="1006.6(b)(1)", relies_on_consent_given_to="creditor"),
        "deny",
    ),
    ("6(c)(1)-1.i, before receipt", facts(*CEASE), asked("attempt_contact", "08-04", scope="1006.6(c)(1)", channel="email"), "allow"),
    ("6(c)(1)-1.i, after receipt", facts(*CEASE), asked("attempt_contact", "08-07", scope="1006.6(c)(1)", channel="email"), "deny"),
    ("14(b)(2)(i)-1.i, the seventh", facts(*SEVEN), asked("evaluate_calls", "10-07"), "presumed_compliant"),
    ("14(b)(2)(i)-1.i, the eighth on the last day", facts(*SEVEN), asked("place_call", "10-07 15:00"), "presumed_violation"),
    ("14(b)(2)(i)-1.i, the next day", facts(*SEVEN), asked("place_call", "10-08"), "presumed_compliant"),
    (
        "14(b)(2)(i)-1.ii, the seventh day",
        facts(event("08-13", "call_received", channel="phone", outcome="conversation", discussed=["D1"])),
        asked("place_call", "08-19"),
        "presumed_violation",
    ),
    (
        "14(b)(2)(i)-1.ii, the eighth day",
        facts(event("08-13", "call_received", channel="phone", outcome="conversation", discussed=["D1"])),
        asked("place_call", "08-20"),
        "presumed_compliant",
    ),
    (
        "14(b)(2)(i)-1.iii",
        facts(*(call(f"10-{day:02d}", to="P1", purpose="location_information") for day in range(6, 13)), persons=NEIGHBOUR),
        asked("evaluate_calls", "10-12"),
        "presumed_compliant",
    ),
    ("14(b)(2)(i)-3.i", facts(call("10-05"), call("10-07"), WRONG), asked("place_call", "10-08 15:00"), "presumed_compliant"),
    ("14(b)(2)(ii)-1.i", facts(*EIGHT), asked("evaluate_calls", "10-07"), "presumed_violation"),
    ("14(b)(2)(ii)-1.ii, the seventh day", facts(*TALK), asked("place_call", "10-15"), "presumed_violation"),
    ("14(b)(2)(ii)-1.ii, the eighth day", facts(*TALK), asked("place_call", "10-16"), "presumed_compliant"),
    (
        "14(b)(3)(i)-3.i",
        facts(
            call("10-02", outcome="conversation"),
            event("10-02 12:05", "consent_given", via="phone", scope={"on_date": "2026-10-05"}, words="call back on Monday", debts=["D1"]),
        ),
        asked("place_call", "10-05"),
        "presumed_compliant",
    ),
    (
        "14(b)(3)(i)-3.ii",
        facts(
            call("10-02", outcome="conversation"),
            event("10-02 12:05", "consent_given", via="phone", scope=None, words="call back"),
            call("10-05", outcome="conversation"),
        ),
        asked("place_call", "10-07"),
        "presumed_violation",
    ),
    (
        "14(b)(3)(i)-3.iii",
        facts(
            *(call(f"06-0{day}") for day in (1, 2, 3)),
            event(
                "06-04", "consent_given", via="email", scope=None, words="You can call me at 123-456-7891 to discuss the repayment options."
            ),
            *(call(f"06-{day} {hour}:00") for day in ("08", "09") for hour in (10, 12, 14, 16)),
        ),
        asked("place_call", "06-10"),
        "presumed_compliant",
    ),
    (
        "14(b)(3)(ii)-1, busy",
        facts(*SEVEN[1:], *(call(f"10-07 {hour}:00", outcome="busy") for hour in (13, 14, 15))),
        asked("place_call", "10-07 16:00"),
        "presumed_compliant",
    ),
    (
        "14(b)(3)(ii)-1, answered and dropped",
        facts(*SEVEN[1:], call("10-07 13:00", outcome="answered_then_dropped")),
        asked("place_call", "10-07 16:00"),
        "presumed_violation",
    ),
    ("14(b)(4)-2.i", facts(*TRIPLE, debts=("M", "A", "B")), asked("evaluate_calls", "10-11"), "presumed_compliant"),
    (
        "14(b)(4)-2.iii, the medical debt",
        facts(call("10-05", outcome="conversation", debts=("M",)), **TWO),
        asked("place_call", "10-08", debts=["M"]),
        "presumed_violation",
    ),
    (
        "14(b)(4)-2.iii, the card",
        facts(call("10-05", outcome="conversation", debts=("M",)), **TWO),
        asked("place_call", "10-08", debts=["K"]),
        "presumed_compliant",
    ),
    (
        "14(b)(4)-2.vi, the debt turned away",
        facts(call("10-05", outcome="conversation", debts=("M",), discussed=["K"]), **TWO),
        asked("place_call", "10-08", debts=["M"]),
        "presumed_violation",
    ),
    (
        "14(b)(4)-2.vi, the debt turned to",
        facts(call("10-05", outcome="conversation", debts=("M",), discussed=["K"]), **TWO),
        asked("place_call", "10-08", debts=["K"]),
        "presumed_violation",
    ),
    (
        "14(b)(4)-2.vii, one account",
        facts(call("10-05", outcome="conversation", debts=("S1",)), debts=LOANS),
        asked("place_call", "10-08", debts=["S3"]),
        "presumed_violation",
    ),
    (
        "14(h)(1)-3.i",
        facts(event("09-01", "preference_stated", words="stop calling")),
        asked("attempt_contact", "09-10", scope="1006.14(h)(1)"),
        "deny",
    ),
    (
        "14(h)(1)-3.ii, a call to the number",
        facts(event("09-01", "opt_out", endpoint="MOB")),
        asked("attempt_contact", "09-10", scope="1006.14(h)(1)", endpoint="MOB"),
        "allow",
    ),
    (
        "14(h)(1)-3.ii, a text to the number",
        facts(event("09-01", "opt_out", endpoint="MOB")),
        asked("attempt_contact", "09-10", scope="1006.14(h)(1)", channel="text", endpoint="MOB"),
        "deny",
    ),
    (
        "14(h)(2)(iii)-1",
        facts(
            event("09-01", "preference_stated", words="stop mailing letters to me"),
            debts=[{"id": "D1", "type": "mortgage"}],
            known={"periodic_statement_required": True},
        ),
        asked("attempt_contact", "09-10", scope="1006.14(h)", channel="mail", purpose="periodic_statement"),
        "allow",
    ),
]
"""Each with its outcome; the days are of 2026, so the weekdays of some differ from the comment's year."""

COUNTS: list[tuple[str, dict[str, Any], dict[str, dict[str, int]]]] = [
    (
        "14(b)(4)-2.v",
        facts(
            *(call(f"10-0{5 + n % 3} {10 + n}:00", debts=("M",)) for n in range(2)),
            *(call(f"10-0{5 + n % 3} {14 + n}:00", debts=("K",)) for n in range(4)),
            call("10-08", outcome="conversation", debts=("M", "K"), discussed=[]),
            **TWO,
        ),
        {"M": {"calls": 3, "conversations": 1}, "K": {"calls": 4, "conversations": 0}},
    ),
    (
        "14(b)(4)-2.vi",
        facts(call("10-08", outcome="conversation", debts=("M",), discussed=["K"]), **TWO),
        {"M": {"calls": 1, "conversations": 1}, "K": {"calls": 0, "conversations": 1}},
    ),
    (
        "14(b)(4)-2.iv",
        facts(call("10-08", outcome="conversation", debts=("M", "K")), **TWO),
        {"M": {"calls": 1, "conversations": 1}, "K": {"calls": 1, "conversations": 1}},
    ),
    ("14(b)(2)(i)-3.i", facts(call("10-05"), call("10-07"), WRONG), {"D1": {"calls": 0, "conversations": 0}}),
]
"""What is counted at noon of 8 October."""
