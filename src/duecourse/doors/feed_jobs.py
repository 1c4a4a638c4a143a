"""Taking files in behind the page: tapes and stop lists that were uploaded."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from duecourse.cycle.services.feeds import feed_receive as daily_receive
from duecourse.doors.jobs import job
from duecourse.kit.errors import InvalidInput
from duecourse.kit.records import Mapping
from duecourse.kit.records.saved import NAME
from duecourse.parties.access import Actor
from duecourse.portfolio import services
from duecourse.portfolio.services import ControlTotals

Progress = Callable[[int, int], None]
OVERDUE, NATIVE = "overdue", "native"


class MappingUnnamed(InvalidInput):
    """A mapping was not chosen from the list."""

    what = "There is no mapping of this name."
    todo = "Choose one of the list, or let the columns be guessed."


@job("feed_receive", title=_("Taking in a file"))
def feed_receive(*, actor: Actor, parameters: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Take an upload in and lead to its page.

    Args:
        actor: a manager.
        parameters: `file_id` of the upload, `kind` of the feed, `mapping` as `name` or `name.version`, `as_of` of an overdue tape or
            `feed_at` of a daily feed, and what the sender declares as `control_rows` and `control_minor`, an amount in minor units of
            `currency`.
        progress: called with rows read and rows in the file, the latter 0 when it is not known.
    """
    control = None
    if parameters.get("control_rows") is not None or parameters.get("control_minor") is not None:
        amounts = {} if parameters.get("control_minor") is None else {parameters["currency"]: parameters["control_minor"]}
        control = ControlTotals(parameters.get("control_rows"), amounts)
    with services.upload_opened(actor=actor, file_id=parameters["file_id"]) as path:
        arguments: dict[str, Any] = {"actor": actor, "path": path, "control_totals": control}
        arguments["progress"] = lambda done, total, _text: progress(done, total)
        if parameters["kind"] == OVERDUE:
            mapping, as_of = chosen_mapping(parameters["mapping"], creditor_id=actor.creditor_id), date.fromisoformat(parameters["as_of"])
            tape = services.tape_intake(mapping=mapping, as_of=as_of, **arguments)
            tape_id, is_new, counts = tape.tape_id, tape.is_new, tape.counts
        else:
            feed_at = datetime.fromisoformat(parameters["feed_at"]) if parameters.get("feed_at") else None
            mapping_name = "" if parameters["mapping"] == NATIVE else checked_name(parameters["mapping"])
            feed = daily_receive(kind=parameters["kind"], mapping=mapping_name, feed_at=feed_at, **arguments)
            tape_id, is_new, counts = feed.feed_id, feed.is_new, feed.counts
    shown = ("row_count", "accepted_count", "rejected_count", "passed_over_count")
    return {
        "url": reverse("feed", args=[tape_id]) + ("" if is_new else "?" + urlencode({"again": 1})),
        "counts": {name: counts[name] for name in shown if name in counts},
    }


@job("stops_load", title=_("Loading a stop list"))
def stops_load(*, actor: Actor, parameters: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Load an uploaded stop list and lead to what came of it; `parameters` are `file_id`, `name`, `as_of` and `is_whole`."""
    with services.upload_opened(actor=actor, file_id=parameters["file_id"]) as path:
        result = services.stops_load(
            actor=actor,
            path=path,
            as_of=date.fromisoformat(parameters["as_of"]),
            name=parameters["name"],
            is_whole=parameters["is_whole"],
        )
    url = reverse("stop-list", args=[result.stop_list_id]) + ("?" + urlencode({"again": 1}) if result.is_repeat else "")
    return {"url": url, "counts": {"row_count": result.row_count, "rejected_count": result.rejected_count}}


def chosen_mapping(name: str, *, creditor_id: int) -> Mapping:
    """Return a mapping by `name` or `name.version`, never by a path.

    Raises:
        MappingUnnamed: it is no such name.
        UnknownMapping: there is none.
    """
    return services.tape_mapping(checked_name(name), creditor_id=creditor_id)


def checked_name(name: str) -> str:
    """Return the name of a mapping, which is never a path.

    Raises:
        MappingUnnamed: it is no name.
    """
    own, _dot, version = name.partition(".")
    if not NAME.fullmatch(own) or (version and not (version.isdecimal() and version.isascii())):
        raise MappingUnnamed
    return name
