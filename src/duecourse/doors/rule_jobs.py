"""Trying another value of a rule over a quarter's contacts, behind the page."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from duecourse.contact.selectors.history import past_of
from duecourse.contact.services.known import packs_of
from duecourse.doors.jobs import Progress, job
from duecourse.kit.clock import now
from duecourse.parties.access import Actor, acting, creditor_of
from duecourse.rules.what_if import Change, Way, what_if

KIND = "what_if"


@job(KIND, title=_("Trying another value"))
def what_if_job(*, actor: Actor, parameters: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Judge a span of contacts twice, as the rules stand and with one value changed; reads only, so a repeat changes nothing."""
    with acting(actor):
        creditor = creditor_of(actor)
        packs = packs_of(tuple(creditor.packs))
        span = {name: date.fromisoformat(parameters[name]) for name in ("from_on", "until_on")}
        past = past_of(creditor_id=actor.creditor_id, **span)
    change = Change(parameters["parameter"], parameters["value"], Way(parameters["way"]))
    found, problems = what_if(
        past.events,
        packs=packs,
        changes=[change],
        known_until=now(),
        papers=past.papers,
        progress=lambda done, total, _text: progress(done, total),
    )
    outcome = found.to_record() | {
        "problems": [{"what": one.what, "code": one.code, "parameters": _plain(one.parameters)} for one in problems[:20]]
    }
    return {
        "url": reverse("what-if-result", args=[parameters["mark"]]),
        "counts": {"judged_count": found.judged_count, "newly_refused": found.count("newly_refused")},
        "what_if": outcome,
    }


def _plain(parameters: Mapping[str, Any]) -> dict[str, str | int]:
    """Return values of a sentence as a record can hold them."""
    return {name: value if isinstance(value, int) else str(value) for name, value in parameters.items()}
