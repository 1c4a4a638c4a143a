"""The sections of the console and of the workbench, in the order of the work; one letter after `g` leads to each."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext_lazy as _

from duecourse.doors.console.tables import Text
from duecourse.parties.access import Actor
from duecourse.parties.models import Role


@dataclass(frozen=True, slots=True)
class Section:
    """One entry of the navigation.

    Attributes:
        name: of its address.
        label: what it is called.
        icon: of the icon font, without `ti-`.
        key: the letter that follows `g`, '' for none.
        roles: who is shown it, empty for all of the side.
        group: sections of one group stand under one word in the menu, '' for the top.
        also: beginnings of further addresses that belong to it.
    """

    name: str
    label: Text
    icon: str
    key: str = ""
    roles: tuple[str, ...] = ()
    group: Text = ""
    also: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Shown:
    """A section as it is shown: with its address, and whether the page is inside it."""

    section: Section
    address: str
    is_here: bool


_MONEY, _RULES, _HOUSE, _FILES = _("Money"), _("Compliance"), _("House"), _("Files")
CREDITOR_SECTIONS = (
    Section("home", _("Home"), "home", "h", also=("/months/",)),
    Section("portfolio", _("Portfolio"), "chart-histogram", "p"),
    Section("cases", _("Case list"), "users", "c", also=("/cases/",)),
    Section("allocations", _("Allocation"), "arrows-split-2", "a"),
    Section("batches", _("Batches"), "packages", "b"),
    Section("moves", _("Desk of moves"), "arrows-exchange", "m"),
    Section("feeds", _("Feeds"), "file-import", "f", group=_FILES),
    Section("mappings", _("Mappings"), "table-options", group=_FILES),
    Section("holds", _("Stops and left out"), "hand-stop", "s", group=_FILES),
    Section("classification", _("Classification"), "category", group=_FILES),
    Section("refusals", _("Refused contacts"), "shield-x", "r", group=_RULES, also=("/permits/",)),
    Section("violations", _("Violations"), "alert-triangle", "i", group=_RULES),
    Section("contact-stops", _("Emergency stop"), "hand-stop", "o", group=_RULES),
    Section("complaints", _("Complaints and disputes"), "message-report", group=_RULES, also=("/disputes/",)),
    Section("rules", _("Rule library"), "gavel", "l", group=_RULES),
    Section("papers", _("Papers"), "file-certificate", group=_RULES, also=("/templates/", "/gate-terms/")),
    Section("what-if", _("What if"), "flask", group=_RULES),
    Section("payments", _("Incoming payments"), "cash", "y", group=_MONEY),
    Section("statements", _("Statements"), "file-invoice", "t", group=_MONEY),
    Section("scorecards", _("Scorecards"), "gauge", "k", group=_MONEY),
    Section("approvals", _("Approvals"), "checks", "v"),
    Section("agencies", _("Agencies and contracts"), "building", "g", group=_HOUSE, also=("/contracts/",)),
    Section("people", _("Users and roles"), "user-cog", "u", group=_HOUSE),
    Section("policies", _("Policies"), "adjustments", group=_HOUSE),
    Section("exports", _("Exports"), "file-export", "e", group=_HOUSE),
    Section("jobs", _("Jobs"), "progress", group=_HOUSE),
    Section("webhooks", _("Webhooks"), "webhook", group=_HOUSE, roles=(Role.MANAGER,)),
)
AGENCY_SECTIONS = (
    Section("workbench", _("Home"), "home", "h"),
    Section("work-batches", _("Batches"), "packages", "b", roles=(Role.LEAD,)),
    Section("work-cases", _("Case list"), "users", "c"),
    Section("work-statements", _("Statements"), "file-invoice", "t", roles=(Role.LEAD,)),
    Section("work-people", _("People"), "user-cog", "u", roles=(Role.LEAD,)),
)


def sections(request: HttpRequest) -> list[tuple[str, list[Shown]]]:
    """Return the sections of the actor's side by group, those without a group one by one, in their order."""
    actor = getattr(request, "actor", None)
    if actor is None:
        return []
    grouped: dict[str, list[Shown]] = {}
    for shown in _shown(request, actor):
        grouped.setdefault(str(shown.section.group) or f"·{shown.section.name}", []).append(shown)
    return [("" if name.startswith("·") else name, found) for name, found in grouped.items()]


def _shown(request: HttpRequest, actor: Actor) -> list[Shown]:
    found = []
    for section in AGENCY_SECTIONS if actor.is_agency else CREDITOR_SECTIONS:
        if section.roles and actor.roles.isdisjoint(map(str, section.roles)):
            continue
        try:
            address = reverse(section.name)
        except NoReverseMatch:
            continue
        found.append((section, address))
    depths = [max((len(own) for own in (address, *section.also) if request.path.startswith(own)), default=0) for section, address in found]
    deepest = max(depths, default=0)
    return [Shown(section, address, 0 < depth == deepest) for (section, address), depth in zip(found, depths, strict=True)]
