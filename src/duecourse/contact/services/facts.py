"""From what the gate tells to the facts that rules read: counts over earlier contacts, the creditor's records, and what is stated."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta

from duecourse.contact.errors import StatedUnknown
from duecourse.contact.services.known import Contacted, Known, Request
from duecourse.rules.vocabulary import Count, Fact, OverTime, Source, Vocabulary

History = dict[str, tuple[tuple[int, int], ...]]


def counted(known: Known, *, request: Request, vocabulary: Vocabulary, on: date) -> tuple[dict[str, int], History]:
    """Return the facts that are counted over earlier contacts, and for those of rolling days how much each day adds.

    Args:
        known: what the gate told.
        request: what is asked for.
        vocabulary: the facts of the creditor's packs.
        on: the debtor's local day; days after it are not counted.

    Returns:
        Values by fact, and (ordinal of the day, count) pairs by rolling fact. A fact that is counted by number or address is left out
        where the request names none; one counted by debt is counted over the debtor, which is never less.
    """
    values: dict[str, int] = {}
    history: History = {}
    for name, fact in vocabulary.facts.items():
        count = fact.count
        if fact.source is not Source.counted or count is None or (count.key == "contact_point" and request.contact_point_id is None):
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


def stated(request: Request, *, vocabulary: Vocabulary) -> dict[str, int]:
    """Return what the requester says of the contact.

    Raises:
        StatedUnknown: a name that no pack declares as stated.
    """
    for name, _ in request.stated:
        fact: Fact | None = vocabulary.facts.get(name)
        if fact is None or fact.source is not Source.stated:
            known = sorted(name for name, fact in vocabulary.facts.items() if fact.source is Source.stated)
            raise StatedUnknown(name=name, known=", ".join(known) or "none")
    return dict(request.stated)


def _is_counted(contact: Contacted, count: Count, *, request: Request, on: date) -> bool:
    if contact.local_on > on or (count.window_days and contact.local_on <= on - timedelta(days=count.window_days)):
        return False
    if contact.channel not in count.channels or not contact.counts_as(count.which):
        return False
    return count.key != "contact_point" or contact.contact_point_id == request.contact_point_id
