"""What happened to a case, in a reader's words: each event of the timeline as a title, an icon and a few facts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise as Lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from duecourse.contact.services.grounds import ground_text
from duecourse.doors.console.rule_words import cited
from duecourse.doors.words import is_chinese, word
from duecourse.kit.money import format_amount
from duecourse.placement.selectors import kind_text, move_reasons, state_text
from duecourse.portfolio.selectors import stop_text
from duecourse.portfolio.services import PURPOSES

GROUPS: Mapping[str, tuple[str | Lazy, str]] = {
    "intake": (gettext_lazy("Intake"), "file-import"),
    "age": (gettext_lazy("Bucket"), "chart-bar"),
    "placement": (gettext_lazy("Placement"), "arrows-exchange"),
    "contact": (gettext_lazy("Contact"), "phone"),
    "money": (gettext_lazy("Payment"), "cash"),
    "promise": (gettext_lazy("Promise"), "calendar-check"),
    "care": (gettext_lazy("Dispute and complaint"), "message-report"),
    "hold": (gettext_lazy("Stop"), "hand-stop"),
    "look": (gettext_lazy("Reveal"), "eye"),
}
"""The words and the icon of each group a reader can choose."""

_STEPS: Mapping[str, str | Lazy] = {
    "placed": gettext_lazy("Placed with %(agency)s, hand %(hand)s"),
    "extended": gettext_lazy("Extended at %(agency)s"),
    "recall_pending": gettext_lazy("Recall from %(agency)s pending"),
    "recall_cancelled": gettext_lazy("Recall from %(agency)s cancelled"),
    "recalled": gettext_lazy("Recalled from %(agency)s"),
    "returned": gettext_lazy("Returned by %(agency)s"),
    "swapped": gettext_lazy("Taken from %(agency)s to another agency"),
    "term_ended": gettext_lazy("Term at %(agency)s ended"),
    "closed": gettext_lazy("Closed at %(agency)s"),
}
_MOVE_KINDS = {
    "extended": "extend",
    "recall_pending": "recall",
    "recalled": "recall",
    "returned": "return",
    "swapped": "swap",
    "closed": "close",
}
_SLEEPING, _GOOD, _BAD, _PLAIN = "secondary", "green", "red", "azure"


@dataclass(frozen=True, slots=True)
class Told:
    """One event as it is shown.

    Attributes:
        at: the instant at which the house learned of it.
        group: key of GROUPS.
        icon: of the icon font, without `ti-`.
        tone: colour of the icon: green, red, azure or secondary.
        title: one line.
        facts: label and value, in order.
        who: who did it, '' when nobody is named.
        address: where it leads, '' for nowhere.
    """

    at: datetime
    group: str
    icon: str
    tone: str
    title: str
    facts: list[tuple[str, str]] = field(default_factory=list)
    who: str = ""
    address: str = ""


def told(event: Mapping[str, Any]) -> Told:
    """Return an event of `contact.selectors.case_timeline` in the reader's language."""
    group, tell = _TELLERS[event["kind"]]
    facts: dict[str, Any] = event["facts"]
    title, tone, shown, address = tell(facts, int(event["id"]))
    rows = [(str(label), value) for label, value in shown if value not in (None, "", "–")]
    return Told(event["at"], group, GROUPS[group][1], tone, title, rows, _who(event), address)


def purpose_text(purpose: str) -> str:
    """Return a recorded purpose in the reader's language, with its own words behind."""
    code, _colon, said = purpose.partition(": ")
    if code not in PURPOSES:
        return purpose
    name = PURPOSES[code].zh if is_chinese() else PURPOSES[code].en
    return f"{name} · {said}" if said else name


def in_two(texts: tuple[str, str]) -> str:
    """Return the one of (English, Chinese) that the reader reads."""
    return texts[1] if is_chinese() else texts[0]


def stop_word(kind: str) -> str:
    """Return what a kind of hold means."""
    found = stop_text(kind)
    return in_two(found) if found else word(kind)


def stop_target(row: Mapping[str, Any]) -> str:
    """Return who or what an emergency stop is about; a debtor is named by number only."""
    names = {
        "agency": row["agency"],
        "collector": row["collector"],
        "channel": word(row["channel"]) if row["channel"] else "",
        "debtor": _("debtor %(number)s") % {"number": row["person_id"]},
        "everything": _("everything"),
    }
    return str(names[row["scope"]])


def citation_text(citations: list[dict[str, Any]], sources: list[str]) -> str:
    """Return the texts and articles that an answer rests on, in one line."""
    return ("；" if is_chinese() else "; ").join(dict.fromkeys([*map(cited, citations), *map(source_said, sources)]))


_SOURCES: Mapping[str, str | Lazy] = {
    "Agency's assignments of cases": gettext_lazy("Agency's assignments of cases"),
    "Creditor policy": gettext_lazy("Creditor policy"),
    "Creditor's papers": gettext_lazy("Creditor's papers"),
    "Creditor's records of contact points": gettext_lazy("Creditor's records of contact points"),
    "Creditor's records of direct debits": gettext_lazy("Creditor's records of direct debits"),
    "Creditor's records of qualifications": gettext_lazy("Creditor's records of qualifications"),
    "Creditor's records of wishes about contact": gettext_lazy("Creditor's records of wishes about contact"),
    "Creditor's settings": gettext_lazy("Creditor's settings"),
    "Creditor's templates": gettext_lazy("Creditor's templates"),
    "Creditor's terms of the gate": gettext_lazy("Creditor's terms of the gate"),
    "Creditor's terms of the gate and emergency stops": gettext_lazy("Creditor's terms of the gate and emergency stops"),
    "Emergency stop": gettext_lazy("Emergency stop"),
    "Gate": gettext_lazy("Rule of this platform"),
    "Placement contract: authority ends with the case": gettext_lazy("Placement contract: authority ends with the case"),
    "docs/algorithms/permit.md, Counting slots": gettext_lazy("Rule of this platform: a contact is reported before the next is asked for"),
}
"""What the platform's own grounds rest on, in words for people."""


def source_said(source: str) -> str:
    """Return what a ground rests on in the reader's language; the gloss behind an article is English, for English readers alone."""
    if is_chinese() and source.startswith("《"):
        return source.partition(": ")[0]
    return str(_SOURCES.get(source, source))


def move_reason(status: str, code: str) -> str:
    """Return why a placement was moved, in words."""
    reason = move_reasons(_MOVE_KINDS.get(status, status)).get(code)
    return in_two((reason.en, reason.zh)) if reason else word(code) if code else ""


def local_instant(text: str | None) -> str:
    """Return an instant that stands in JSON as a person in the creditor's zone reads it."""
    zone = timezone.get_current_timezone()
    return datetime.fromisoformat(text).astimezone(zone).strftime("%Y-%m-%d %H:%M") if text else "–"


def _who(event: Mapping[str, Any]) -> str:
    user_id = event["user_id"]
    if user_id is None:
        return ""
    if user_id == 0:
        return _("system")
    return event["user_name"] or (_("a program") if user_id < 0 else f"#{user_id}")


_Shown = tuple[str, str, list[tuple[Any, Any]], str]


def _money(facts: Mapping[str, Any], name: str) -> str:
    return format_amount(facts[name], facts["currency"], lang="zh" if is_chinese() else "en")


def _last(until_on: str | None) -> str | None:
    """Return the last day of a half-open span whose end stands in JSON."""
    return date.fromordinal(date.fromisoformat(until_on).toordinal() - 1).isoformat() if until_on else None


def _tape(facts: Mapping[str, Any], _id: int) -> _Shown:
    title = _("Told by the bank's file of %(day)s: %(amount)s owed") % {"day": facts["as_of"], "amount": _money(facts, "balance_minor")}
    return title, _PLAIN, [(_("Account"), facts["account"]), (_("Row"), facts["row_number"])], ""


def _case(facts: Mapping[str, Any], _id: int) -> _Shown:
    title = {"opened": _("Case opened"), "closed": _("Case closed")}.get(facts["status"], word(facts["status"]))
    return title, _SLEEPING, [(_("Reason"), word(facts["reason"]) if facts["reason"] else ""), (_("From"), facts["effective_on"])], ""


def _bucket(facts: Mapping[str, Any], _id: int) -> _Shown:
    values = {"before": facts["before"], "bucket": facts["bucket"]}
    title = _("Bucket %(before)s → %(bucket)s") % values if facts["before"] else _("Bucket %(bucket)s") % values
    shown = [(_("Account"), facts["account"]), (_("Days past due"), facts["days_past_due"]), (_("On"), facts["as_of"])]
    return title, _SLEEPING, [*shown, (_("Balance"), _money(facts, "balance_minor"))], ""


def _placement(facts: Mapping[str, Any], _id: int) -> _Shown:
    title = str(_STEPS.get(facts["status"], facts["status"])) % {"agency": facts["agency"], "hand": facts["hand"]}
    placed = [(_("Balance placed"), _money(facts, "placed_minor")), (_("Term until"), facts["term_until_on"])]
    shown = [
        (_("Reason"), move_reason(facts["status"], facts["reason_code"])),
        (_("In words"), facts["reason"]),
        (_("From"), facts["effective_on"]),
    ]
    shown += [(_("Last day"), facts["last_on"])] if facts["last_on"] else []
    return title, _PLAIN, [*shown, (_("Batch"), facts["batch"]), *(placed if facts["status"] == "placed" else [])], ""


def _move(facts: Mapping[str, Any], _id: int) -> _Shown:
    values = {"kind": in_two(kind_text(facts["kind"])), "state": in_two(state_text(facts["state"]))}
    shown = [(_("Reason"), move_reason(facts["kind"], facts["reason_code"])), (_("From"), facts["as_of"])]
    return _("Asked for: %(kind)s (%(state)s)") % values, _SLEEPING, shown, ""


def _permit(facts: Mapping[str, Any], number: int) -> _Shown:
    title = _("Permit for %(performer)s: %(channel)s") % {"performer": facts["performer"], "channel": word(facts["channel"])}
    return (
        title,
        _GOOD,
        [(_("Contact at"), local_instant(facts["contact_at"])), (_("Valid until"), local_instant(facts["valid_until_at"]))],
        reverse("permit", args=[number]),
    )


def _refusal(facts: Mapping[str, Any], number: int) -> _Shown:
    title = _("Refused to %(performer)s: %(channel)s") % {"performer": facts["performer"], "channel": word(facts["channel"])}
    grounds = " ".join(in_two(ground_text(code)) for code in facts["codes"])
    shown = [(_("Rule"), grounds), (_("Rests on"), citation_text(facts["citations"], facts["sources"]))]
    return title, _BAD, [*shown, (_("Next allowed"), local_instant(facts["next_allowed_at"]))], reverse("refusal", args=[number])


def _attempt(facts: Mapping[str, Any], _id: int) -> _Shown:
    values = {"performer": facts["performer"], "channel": word(facts["channel"]), "outcome": word(facts["outcome"])}
    seconds = _("%(seconds)s s") % {"seconds": facts["talk_seconds"]} if facts["talk_seconds"] else ""
    tone = _GOOD if facts["is_connected"] else _SLEEPING
    return (
        _("%(performer)s, %(channel)s: %(outcome)s") % values,
        tone,
        [(_("Talked"), seconds)],
        reverse("permit", args=[facts["permit_id"]]),
    )


def _payment(facts: Mapping[str, Any], _id: int) -> _Shown:
    is_back = facts["amount_minor"] < 0
    title = (_("Taken back by the bank: %(amount)s") if is_back else _("Paid: %(amount)s")) % {"amount": _money(facts, "amount_minor")}
    shown = [(_("Account"), facts["account"]), (_("Paid on"), facts["paid_on"]), (_("Booked on"), facts["booked_on"])]
    shown += [(_("Reference"), facts["external_ref"]), (_("Found by"), word(facts["how"]))]
    return title, _BAD if is_back else _GOOD, shown, reverse("payment", args=[facts["payment_id"]])


def _promise(facts: Mapping[str, Any], _id: int) -> _Shown:
    title = _("Promised: %(amount)s by %(day)s") % {"amount": _money(facts, "amount_minor"), "day": facts["due_on"]}
    return title, _PLAIN, [(_("Account"), facts["account"]), (_("Said on"), facts["made_on"])], ""


def _promise_outcome(facts: Mapping[str, Any], _id: int) -> _Shown:
    title = _("Promise %(outcome)s") % {"outcome": word(facts["outcome"])}
    tone = {"kept": _GOOD, "broken": _BAD}.get(facts["outcome"], _SLEEPING)
    paid = _("%(paid)s of %(amount)s") % {"paid": _money(facts, "paid_minor"), "amount": _money(facts, "amount_minor")}
    return title, tone, [(_("Paid"), paid), (_("Due on"), facts["due_on"])], ""


def _dispute(facts: Mapping[str, Any], _id: int) -> _Shown:
    shown = [(_("Account"), facts["account"]), (_("Reference"), facts["external_ref"]), (_("Received on"), facts["received_on"])]
    return _("Dispute: %(kind)s") % {"kind": word(facts["kind"])}, _BAD, shown, ""


def _dispute_closed(facts: Mapping[str, Any], _id: int) -> _Shown:
    shown = [(_("Reference"), facts["external_ref"]), (_("Closed on"), facts["closed_on"])]
    return _("Dispute closed: %(kind)s") % {"kind": word(facts["kind"])}, _GOOD, shown, ""


def _complaint(facts: Mapping[str, Any], _id: int) -> _Shown:
    shown = [(_("About"), facts["agency"]), (_("Reference"), facts["external_ref"]), (_("Received on"), facts["received_on"])]
    shown += [(_("Answer due on"), facts["due_on"]), (_("Closed on"), facts["closed_on"])]
    return _("Complaint: %(kind)s") % {"kind": word(facts["kind"])}, _BAD, shown, ""


def _hold(facts: Mapping[str, Any], _id: int) -> _Shown:
    stops = [text for name, text in (("stops_contact", _("contact")), ("stops_placement", _("placement"))) if facts[name]]
    shown = [(_("Stops"), ", ".join(stops)), (_("From"), facts["from_on"]), (_("Last day"), _last(facts["until_on"]))]
    return _("Stop: %(kind)s") % {"kind": stop_word(facts["kind"])}, _BAD, shown, ""


def _hold_lifted(facts: Mapping[str, Any], _id: int) -> _Shown:
    kind = stop_word(facts["kind"]) if facts.get("kind") else ""
    return _("Stop lifted: %(kind)s") % {"kind": kind}, _GOOD, [(_("From"), facts.get("until_on") or facts.get("on"))], ""


def _pause(facts: Mapping[str, Any], _id: int) -> _Shown:
    shown = [(_("Account"), facts["account"]), (_("From"), facts["from_on"]), (_("Last day"), _last(facts["until_on"]))]
    return _("The clock stands still: %(kind)s") % {"kind": word(facts["kind"])}, _SLEEPING, shown, ""


def _look(facts: Mapping[str, Any], _id: int) -> _Shown:
    return _("Personal data looked at"), _PLAIN, [(_("Purpose"), purpose_text(facts.get("purpose", "")))], ""


_TELLERS: Mapping[str, tuple[str, Callable[[Mapping[str, Any], int], _Shown]]] = {
    "tape": ("intake", _tape),
    "case": ("intake", _case),
    "bucket": ("age", _bucket),
    "placement": ("placement", _placement),
    "move": ("placement", _move),
    "permit": ("contact", _permit),
    "refusal": ("contact", _refusal),
    "attempt": ("contact", _attempt),
    "payment": ("money", _payment),
    "promise": ("promise", _promise),
    "promise_outcome": ("promise", _promise_outcome),
    "dispute": ("care", _dispute),
    "dispute_closed": ("care", _dispute_closed),
    "complaint": ("care", _complaint),
    "hold": ("hold", _hold),
    "hold_lifted": ("hold", _hold_lifted),
    "pause": ("hold", _pause),
    "look": ("look", _look),
}
