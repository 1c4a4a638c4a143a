"""From what the gate tells to the facts that rules read: counts over earlier contacts, the creditor's records, and what is stated."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta

from duecourse.contact.errors import StatedImplausible, StatedUnknown
from duecourse.contact.services import regulation_f
from duecourse.contact.services.known import Contacted, Known, Request
from duecourse.rules.vocabulary import Count, Fact, OverTime, Source, Vocabulary

History = dict[str, tuple[tuple[int, int], ...]]


def counted(known: Known, *, request: Request, vocabulary: Vocabulary, on: date) -> tuple[dict[str, int], History]:
    """Return the facts that are counted over earlier contacts, and for those of rolling days how much each day adds.

    Args:
        known: what the gate told.
        request: what is asked for.
        vocabulary: the facts of the creditor's packs.
        on: the debtor's local day. A permit that is held ahead, for a day after it, takes its place in a count over several days, for else
            whoever asks for the later day first would have more; a count of one day leaves it out.

    Returns:
        Values by fact, and (ordinal of the day, count) pairs by rolling fact. A fact that is counted by number or address is counted over the
        debtor where the request names none, and takes earlier contacts that named none; one counted by debt is counted over the debtor,
        which is never less.
    """
    values: dict[str, int] = {}
    history: History = {}
    for name, fact in vocabulary.facts.items():
        count = fact.count
        if fact.source is not Source.counted or count is None:
            continue
        days = [contact.local_on for contact in known.contacts if _is_counted(contact, count, request=request, on=on)]
        if count.is_days_since:
            if days:
                values[name] = (on - max(days)).days
            continue
        values[name] = len(days)
        if fact.over_time is OverTime.rolls:
            history[name] = tuple((day.toordinal(), found) for day, found in sorted(Counter(days).items()))
    return values, history


HOLD_FACTS = {
    "deceased": "is_deceased",
    "no_capacity": "is_incapable",
    "plan": "is_plan_kept",
    "dispute": "is_disputed",
    "complaint": "is_complaint_open",
    "hardship": "is_in_hardship",
    "litigation": "is_in_litigation",
    "bankrupt": "is_bankrupt",
    "represented": "is_represented",
    "cease_request": "is_cease_received",
}
"""The fact that each kind of hold is."""
OBLIGORS = ("self", "co_borrower", "guarantor")
"""Whose numbers and addresses are no third party's."""
STATABLE_RECORDS = ("is_private_device", *regulation_f.AGAINST_ITSELF)
"""Facts of the creditor's records that a requester may state against itself."""


def recorded(known: Known, *, request: Request, vocabulary: Vocabulary, is_placed_here: bool, on: date) -> dict[str, int]:
    """Return the facts that stand in the creditor's records, as far as the packs declare them.

    Args:
        known: what the gate told.
        request: what is asked for.
        vocabulary: the facts of the creditor's packs.
        is_placed_here: whether the case is with the performer.
        on: the debtor's local day.

    Returns:
        Values by fact. What the creditor does not keep here (the list of agencies, the notices) is left out.
    """
    holds, terms, wishes = {hold.kind for hold in known.holds_on(on)}, known.terms_on(on), known.wishes_on(on)
    found = {fact: kind in holds for kind, fact in HOLD_FACTS.items()}
    found["is_placement_ended"] = not is_placed_here and known.performer_kind in ("external", "law_firm")
    if terms.is_agency_list_kept:
        found["is_agency_unlisted"] = known.performer_kind == "external" and not known.is_listed(on)
    if terms.are_notices_kept:
        found["is_outsourcing_unannounced"] = known.performer_kind == "external" and not known.is_noticed(on)
    point_id = request.contact_point_id
    found["is_channel_declined"] = any(("channel_declined", request.channel, at) in wishes for at in (None, point_id))
    found["is_place_declined"] = point_id is not None and ("place_declined", "", point_id) in wishes
    if known.point is not None:
        found["is_third_party"] = known.point.whose not in OBLIGORS
    if "is_addressee_third_party" in vocabulary.facts:
        found |= regulation_f.of_records(known, request=request, holds=holds, wishes=wishes)
    counts = {name: int(value) for name, value in found.items()}
    if counts.get("is_third_party"):
        said = {kind for kind, _, point in wishes if point == point_id}
        of_third = {"debt_related": "is_debt_related", "agreed_contact": "is_agreed_contact"}
        of_third |= {"refused_contact": "has_refused_contact", "offered_to_pay": "has_offered_to_pay"}
        counts |= {fact: int(kind in said) for kind, fact in of_third.items()}
        counts |= {"failed_contacts_in_row_count": known.failed_count, "is_phone_invalid": int(known.is_phone_invalid(on))}
    return {name: value for name, value in counts.items() if name in vocabulary.facts}


def stated(request: Request, *, vocabulary: Vocabulary) -> dict[str, int]:
    """Return what the requester says of the contact.

    Raises:
        StatedUnknown: a name that no pack declares as stated.
        StatedImplausible: a value that the fact cannot have, such as 2 for yes or no.
    """
    for name, value in request.stated:
        fact: Fact | None = vocabulary.facts.get(name)
        if fact is None or (fact.source is not Source.stated and name not in STATABLE_RECORDS):
            known = sorted(name for name, fact in vocabulary.facts.items() if fact.source is Source.stated or name in STATABLE_RECORDS)
            raise StatedUnknown(name=name, known=", ".join(known) or "none")
        if type(value) not in (int, bool) or not 0 <= value <= fact.unit.largest:
            raise StatedImplausible(name=name, value=value, largest=fact.unit.largest)
    return dict(request.stated)


def _is_counted(contact: Contacted, count: Count, *, request: Request, on: date) -> bool:
    if contact.local_on > on and (count.window_days == 1 or count.is_days_since):
        return False
    if count.window_days and contact.local_on <= on - timedelta(days=count.window_days):
        return False
    if contact.channel not in count.channels or not contact.counts_as(count.which):
        return False
    both = (contact.contact_point_id, request.contact_point_id)
    return count.key != "contact_point" or None in both or both[0] == both[1]
