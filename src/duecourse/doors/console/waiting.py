"""Everything that waits for a second person, gathered from the rooms: what, who asked, when, exactly what is decided on, and by whom."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from django.db.models import Count, OuterRef, Q, Subquery
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _

from duecourse.contact.models import CallDefinition, GateTerms
from duecourse.contact.selectors.papers import access_paper, access_template, papers_waiting, templates_waiting
from duecourse.contact.selectors.stops import lifts_waiting, stops_open
from duecourse.contact.selectors.terms import access_version, versions_waiting
from duecourse.contact.services import (
    call_definition_approve,
    call_definition_reject,
    contact_stop_lift_approve,
    contact_stop_lift_reject,
    gate_terms_approve,
    gate_terms_reject,
    message_template_approve,
    message_template_reject,
    paper_approve,
    paper_reject,
)
from duecourse.doors import words
from duecourse.doors.console.rule_words import answered_value, parameter_title
from duecourse.doors.console.stories import stop_target
from duecourse.doors.console.tables import LISTINGS
from duecourse.kit.errors import Absent
from duecourse.kit.money import BASIS_POINTS, format_amount
from duecourse.parties.access import Actor, creditor_of
from duecourse.parties.models import Role
from duecourse.parties.selectors import (
    access_collector_qualification,
    access_export,
    collector_qualifications_waiting,
    exports_waiting,
    names_of,
)
from duecourse.parties.services import (
    collector_qualification_approve,
    collector_qualification_reject,
    export_approve,
    export_reject,
)
from duecourse.placement.models import AllocationRun, PlacementMove, PlacementMoveSet
from duecourse.placement.selectors import access_allocation, access_move_set
from duecourse.placement.services import allocation_approve, allocation_reject, moves_approve, moves_reject
from duecourse.settlement.models import Statement, StatementTransition

SECOND = (Role.MANAGER, Role.COMPLIANCE)


@dataclass(frozen=True, slots=True)
class Waiting:
    """One thing that waits.

    Attributes:
        kind: of its row, as in the approval that decides it.
        id: its number.
        title: what it is, in words.
        facts: what it comes to, as label and value.
        requested_by: the user who asked, 0 for the system.
        at: since when.
        content_hash: of exactly what is decided on.
        address: its own page, or '' where there is none.
        roles: any one of them decides.
        is_decided_here: whether agreeing and refusing stand on the list; else on its own page.
        name: of who asked; filled in for all at once.
    """

    kind: str
    id: int
    title: str
    facts: tuple[tuple[str, str], ...]
    requested_by: int
    at: datetime
    content_hash: str
    address: str
    roles: tuple[str, ...] = SECOND
    is_decided_here: bool = True
    name: str = field(default="")

    def barrier(self, actor: Actor) -> str:
        """Return why this actor cannot decide it, in words, or ''."""
        if self.requested_by == actor.user_id:
            return _("You asked for this yourself, so a second person decides.")
        if actor.roles.isdisjoint(map(str, self.roles)):
            return _("It takes the role %(roles)s.") % {"roles": " / ".join(words.word(str(role)) for role in self.roles)}
        return ""


@dataclass(frozen=True, slots=True)
class Decision:
    """How one kind of thing is decided: the hash of what stands there now, and the services of its room."""

    hash_of: Callable[[Actor, int], str]
    approve: Callable[[Actor, int, str], Any]
    reject: Callable[[Actor, int, str], Any]


DECISIONS: dict[str, Decision] = {
    "allocation_run": Decision(
        lambda actor, number: access_allocation(actor, allocation_run_id=number).rows_hash,
        lambda actor, number, reason: allocation_approve(actor=actor, allocation_run_id=number, reason=reason),
        lambda actor, number, reason: allocation_reject(actor=actor, allocation_run_id=number, reason=reason),
    ),
    "placement_move_set": Decision(
        lambda actor, number: access_move_set(actor, move_set_id=number).rows_hash,
        lambda actor, number, reason: moves_approve(actor=actor, move_set_id=number, words=reason),
        lambda actor, number, reason: moves_reject(actor=actor, move_set_id=number, words=reason),
    ),
    "export": Decision(
        lambda actor, number: access_export(actor=actor, export_id=number).content_hash,
        lambda actor, number, reason: export_approve(actor=actor, export_id=number, reason=reason),
        lambda actor, number, reason: export_reject(actor=actor, export_id=number, reason=reason),
    ),
    "collector_qualification": Decision(
        lambda actor, number: access_collector_qualification(actor, qualification_id=number).content_hash,
        lambda actor, number, reason: collector_qualification_approve(actor=actor, qualification_id=number, reason=reason),
        lambda actor, number, reason: collector_qualification_reject(actor=actor, qualification_id=number, reason=reason),
    ),
    "contact_stop_lift": Decision(
        lambda actor, number: next((row["content_hash"] for row in lifts_waiting(actor=actor) if row["lift_id"] == number), ""),
        lambda actor, number, reason: contact_stop_lift_approve(actor=actor, lift_id=number, reason=reason),
        lambda actor, number, reason: contact_stop_lift_reject(actor=actor, lift_id=number, reason=reason),
    ),
    "paper": Decision(
        lambda actor, number: access_paper(actor, paper_id=number).content_hash,
        lambda actor, number, reason: paper_approve(actor=actor, paper_id=number, reason=reason),
        lambda actor, number, reason: paper_reject(actor=actor, paper_id=number, reason=reason),
    ),
    "gate_terms": Decision(
        lambda actor, number: access_version(GateTerms, actor=actor, version_id=number).content_hash,
        lambda actor, number, reason: gate_terms_approve(actor=actor, terms_id=number, reason=reason),
        lambda actor, number, reason: gate_terms_reject(actor=actor, terms_id=number, reason=reason),
    ),
    "call_definition": Decision(
        lambda actor, number: access_version(CallDefinition, actor=actor, version_id=number).content_hash,
        lambda actor, number, reason: call_definition_approve(actor=actor, definition_id=number, reason=reason),
        lambda actor, number, reason: call_definition_reject(actor=actor, definition_id=number, reason=reason),
    ),
    "message_template": Decision(
        lambda actor, number: access_template(actor, template_id=number).content_hash,
        lambda actor, number, reason: message_template_approve(actor=actor, template_id=number, reason=reason),
        lambda actor, number, reason: message_template_reject(actor=actor, template_id=number, reason=reason),
    ),
}


def waiting(*, actor: Actor) -> list[Waiting]:
    """Return everything of the actor's creditor that waits for a second person, the oldest first; call it inside `acting`.

    Raises:
        Absent: the actor is on an agency's side.
    """
    if actor.is_agency:
        raise Absent(entity="page")
    found = [
        *_allocations(actor),
        *_move_sets(actor),
        *_statements(actor),
        *_exports(actor),
        *_collector_qualifications(actor),
        *_stop_lifts(actor),
        *_papers(actor),
        *_templates(actor),
        *gate_terms_waiting(actor),
        *_call_definitions(actor),
    ]
    return named(found)


def named(found: Iterable[Waiting]) -> list[Waiting]:
    """Return what waits with the names of who asked, the oldest first."""
    found = sorted(found, key=lambda item: item.at)
    names = names_of(user_ids={item.requested_by for item in found}) if found else {}
    return [replace(item, name=names.get(item.requested_by, _("the system"))) for item in found]


def _address(name: str, number: int) -> str:
    try:
        return reverse(name, args=[number])
    except NoReverseMatch:
        return ""


def _allocations(actor: Actor) -> list[Waiting]:
    found = []
    for run in AllocationRun.objects.filter(creditor_id=actor.creditor_id, state="proposed").order_by("pk"):
        counts = tuple(
            (words.word(name), f"{run.summary[name]:,}")
            for name in ("case_count", "placed_count", "withheld_count", "slice_count")
            if isinstance(run.summary.get(name), int)
        )
        facts = ((_("Business date"), run.as_of.isoformat()), *counts)
        title = _("Allocation %(number)s") % {"number": run.pk}
        address = _address("allocation", run.pk)
        found.append(Waiting("allocation_run", run.pk, title, facts, run.proposed_by, run.known_at, run.rows_hash, address))
    return found


def _move_sets(actor: Actor) -> list[Waiting]:
    sets = list(PlacementMoveSet.objects.filter(creditor_id=actor.creditor_id, state="requested").order_by("pk"))
    counted = PlacementMove.objects.filter(creditor_id=actor.creditor_id, move_set_id__in=[row.pk for row in sets])
    counts = {
        row["move_set_id"]: row
        for row in counted.values("move_set_id").annotate(all=Count("pk"), allowed=Count("pk", filter=Q(verdict="allowed")))
    }
    found = []
    for row in sets:
        count = counts.get(row.pk, {"all": 0, "allowed": 0})
        facts = [(_("Cases"), f"{count['allowed']:,} / {count['all']:,}"), (_("Reason"), words.word(row.reason_code))]
        facts += [(_("In words"), row.words)] if row.words else []
        title = f"{words.word(row.kind)} {row.pk}"
        address = _address("move", row.pk)
        found.append(Waiting("placement_move_set", row.pk, title, tuple(facts), row.requested_by, row.known_at, row.rows_hash, address))
    return found


def _statements(actor: Actor) -> list[Waiting]:
    """Return statements that the agency agreed to and an accountant approves, and those approved that a manager freezes."""
    last = StatementTransition.objects.filter(creditor_id=actor.creditor_id, statement=OuterRef("pk")).order_by("-pk")
    steps = {name: Subquery(last.values(column)[:1]) for name, column in (("step", "status"), ("by", "actor_id"), ("since", "at"))}
    rows = Statement.objects.filter(creditor_id=actor.creditor_id).annotate(**steps).filter(step__in=["agreed", "approved"])
    found = []
    for row in rows.select_related("agency").order_by("pk"):
        lang = "zh" if words.is_chinese() else "en"
        facts = ((_("Agency"), row.agency.name), (_("Total"), format_amount(row.total_minor, row.currency, lang=lang)))
        facts += ((_("State"), words.word(row.step)),)
        title = _("Statement %(month)s") % {"month": row.month}
        roles = (Role.ACCOUNTANT,) if row.step == "agreed" else (Role.MANAGER,)
        address = _address("statement", row.pk)
        found.append(
            Waiting("statement", row.pk, title, facts, row.by, row.since, row.lines_hash, address, roles=roles, is_decided_here=False)
        )
    return found


def _exports(actor: Actor) -> list[Waiting]:
    found = []
    for row in exports_waiting(actor=actor):
        listing = str(LISTINGS[row.listing].title) if row.listing in LISTINGS else row.listing
        facts = (
            (_("Listing"), listing),
            (_("Rows"), f"{row.row_count:,}"),
            (_("About persons"), _("yes") if row.is_personal else _("no")),
            (_("Purpose"), row.purpose),
        )
        title = _("Export %(number)s") % {"number": row.pk}
        found.append(Waiting("export", row.pk, title, facts, row.asked_by_id, row.asked_at, row.content_hash, _address("export", row.pk)))
    return found


def _collector_qualifications(actor: Actor) -> list[Waiting]:
    found = []
    for row in collector_qualifications_waiting(actor=actor):
        span = f"{row['valid_from_on'].isoformat()} – {row['valid_until_on'].isoformat()}"
        facts = ((_("Whose"), row["display_name"]), (_("Agency"), row["agency"]), (_("Kind"), row["kind"]))
        facts += ((_("Document"), row["document_ref"]), (_("Valid from, first day without it"), span))
        title = _("Evidence of %(name)s") % {"name": row["display_name"]}
        given = (row["added_by"], row["known_at"], row["content_hash"], _address("agency", row["agency_id"]))
        found.append(Waiting("collector_qualification", row["qualification_id"], title, facts, *given))
    return found


def _stop_lifts(actor: Actor) -> list[Waiting]:
    rows, found = lifts_waiting(actor=actor), []
    standing = {row["stop_id"]: stop_target(row) for row in (stops_open(actor=actor) if rows else ())}
    for row in rows:
        facts = ((_("Who or what"), standing.get(row["stop_id"], "–")), (_("Why it can be lifted"), row["reason"]))
        title = _("Emergency stop %(number)s") % {"number": row["stop_id"]}
        address = _address("contact-stop", row["stop_id"])
        given = (row["asked_by"], row["asked_at"], row["content_hash"], address)
        found.append(Waiting("contact_stop_lift", row["lift_id"], title, facts, *given, roles=(Role.COMPLIANCE,)))
    return found


def _papers(actor: Actor) -> list[Waiting]:
    found = []
    for row in papers_waiting(actor=actor):
        facts = ((_("Layer"), words.word(row["layer"])), (_("Number"), f"{row['code']} {row['number']}"))
        facts += ((_("From"), row["effective_on"].isoformat()), *_paper_values(row["parameters"]))
        title = row["title_zh"] if words.is_chinese() else row["title_en"]
        title = _("End of %(title)s") % {"title": title} if row["is_end"] else title
        given = (row["added_by"], row["known_at"], row["content_hash"], _address("paper", row["paper_id"]))
        found.append(Waiting("paper", row["paper_id"], title, facts, *given))
    return found


def _paper_values(parameters: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return what a paper sets, as labels and values."""
    found = []
    for name, written in sorted(parameters.items()):
        rule_id, _dot, own = name.rpartition(".")
        value = written["values"][0]["value"]
        found.append((parameter_title(rule_id, own), answered_value(rule_id, own, str(int(value) if isinstance(value, bool) else value))))
    return found


def gate_terms_waiting(actor: Actor) -> list[Waiting]:
    """Return the terms of the gate that wait for a second person, oldest first, without names."""
    rows, found = versions_waiting(GateTerms, actor=actor), []
    currency = creditor_of(actor).currency if rows else ""
    for row in rows:
        facts = gate_terms_facts(row, currency=currency)
        given = (row.added_by, row.known_at, row.content_hash, reverse("gate-terms"))
        found.append(Waiting("gate_terms", row.pk, _("Terms from %(day)s on") % {"day": row.effective_on.isoformat()}, facts, *given))
    return found


def gate_terms_facts(row: GateTerms, *, currency: str) -> tuple[tuple[str, str], ...]:
    """Return what terms of the gate say, as labels and values."""
    said = {True: _("yes"), False: _("no")}
    return (
        (_("Paid already from so many percent of the balance"), f"{row.paid_share_bp / BASIS_POINTS:.1%}"),
        (_("And at least this amount"), format_amount(row.paid_minor_min, currency, lang="zh" if words.is_chinese() else "en")),
        (_("What every agency must have valid evidence of"), ", ".join(row.qualification_kinds) or _("nothing asked for")),
        (
            _("What everybody who calls or visits must have valid evidence of"),
            ", ".join(row.person_qualification_kinds) or _("nothing asked for"),
        ),
        (_("The published list of agencies is kept here"), said[row.is_agency_list_kept]),
        (_("Notices of outsourcing are kept here"), said[row.are_notices_kept]),
    )


def _call_definitions(actor: Actor) -> list[Waiting]:
    found = []
    for row in versions_waiting(CallDefinition, actor=actor):
        facts = (
            (_("A call is connected from so many seconds of talk"), str(row.connected_seconds_min)),
            (_("A call is effective from so many seconds of talk"), str(row.effective_seconds_min)),
            (_("Voicemail that answers counts as connected"), _("yes") if row.is_voicemail_connected else _("no")),
            (_("Seconds that a call may begin outside its permit"), str(row.clock_tolerance_seconds)),
            (_("Seconds that a duration may differ"), str(row.duration_tolerance_seconds)),
        )
        title = _("What counts as a connected call from %(day)s on") % {"day": row.from_on.isoformat()}
        found.append(Waiting("call_definition", row.pk, title, facts, row.added_by, row.known_at, row.content_hash, ""))
    return found


def _templates(actor: Actor) -> list[Waiting]:
    found = []
    for row in templates_waiting(actor=actor):
        facts = ((_("Channel"), words.word(row["channel"])), (_("Text"), row["body"]))
        title = f"{row['code']} {row['number']}"
        found.append(
            Waiting(
                "message_template",
                row["template_id"],
                title,
                facts,
                row["added_by"],
                row["known_at"],
                row["content_hash"],
                _address("template", row["template_id"]),
            )
        )
    return found
