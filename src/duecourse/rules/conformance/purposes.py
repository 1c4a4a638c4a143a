"""What a contact is for: the words of vectors, brought to the few purposes that the law tells apart.

A purpose that the law names is found by its key words; one that it does not name must be known as a plain act of collection.
"""

from __future__ import annotations

import re
from enum import StrEnum

from duecourse.rules.conformance.vector import Node, Unsupported
from duecourse.rules.conformance.wording import may_deny


class Purpose(StrEnum):
    """What a contact is for."""

    collect = "collect"
    location = "location"
    after_cease = "after_cease"
    """One of the three of 1006.6(c)(2), the early-intervention notice of a servicer among them (comment 6(c)(2)-1)."""
    servicing = "servicing"
    """A disclosure of the mortgage rules for which a servicer is not liable after a notice to cease (comment 6(c)(2)-2)."""
    periodic_statement = "periodic_statement"
    required_by_law = "required_by_law"
    litigation = "litigation"
    requested = "requested"
    timely_help = "timely_help"


_COLLECTING = {
    *("ask_for_payment", "collect_debt", "discuss_debt", "demand_payment", "request_payment", "offer_settlement", "collection_letter"),
    *("collection", "payment_request", "discuss_payment", "negotiate_settlement", "payment_demand", "collect"),
}
_MEANINGS = (
    (Purpose.location, r"(acquir\w+ |obtain\w+ |seek\w+ )?location( information)?( about the consumer)?"),
    (
        Purpose.after_cease,
        r"(advise|inform)\w*( the)?( consumer)?( that)?( further)?( collection)? efforts( are)?( being)? terminated|advise further efforts terminated",
    ),
    (
        Purpose.after_cease,
        r"(notify|inform|advise)\w*( the)?( consumer)?( that)?( the)?( collector)?( or creditor)? (may|intends to|intend to) invoke( a| an)?( specified)?( ordinary)? remed(y|ies)",
    ),
    (Purpose.after_cease, r"(written )?early intervention notice( required by .*)?|.*\b1024 39 ?d ?3\b.*"),
    (Purpose.servicing, r"(force[d-]? ?placed|forced placement of) (hazard )?insurance (disclosure|notice)s?|.*\b1024 37\b.*"),
    (Purpose.servicing, r"(arm |adjustable[- ]rate mortgage )?initial (interest )?rate adjustment (disclosure|notice)|.*\b1026 20 ?d\b.*"),
    (
        Purpose.periodic_statement,
        r"(send |mail |mailing )?(legally required |required )?periodic (mortgage )?statement(s)?( required by (law|.*1026 ?41.*|reg\w* z.*)| 1026 41)?",
    ),
    (
        Purpose.required_by_law,
        r"(comply with |compliance with )?(otherwise )?(required by |legally required|applicable )(applicable )?(law)?( notice| disclosure| communication)?",
    ),
    (
        Purpose.required_by_law,
        r".*\bloss mitigation\b.*|.*\b1024 39 ?a?\b.*|.*\brequired by( applicable)? (law|reg\w* [a-z])\b.*|.*\blegally required\b.*",
    ),
    (Purpose.litigation, r".*\b(court ordered|active litigation|settle\w* (active )?(debt collection )?litigation|litigation)\b.*"),
    (
        Purpose.requested,
        r".*\b(requested|request for|request s)( additional| more)? information\b.*|.*\binformation( the)?( consumer)? requested\b.*|.*\bto( the)? consumer( s)? request\b.*",
    ),
    (
        Purpose.collect,
        r".*\bdiscount\b.*|(make |convey )?(a )?(one time( only)? |limited time )?settlement offer",
    ),
    (
        Purpose.timely_help,
        r".*\b(call|conversation|discussion)( that| had| was)? ?drop(ped|s)?\b.*|.*\b(dropped|drop)( settlement)? (call|conversation|discussion)\b.*|.*\bafter( the)?( call)? drop(ped)?\b.*",
    ),
    (
        Purpose.timely_help,
        r".*\blate fee\b.*|.*\bgrace period\b.*",
    ),
)
_FACTORS = {
    Purpose.required_by_law: "required_by_law",
    Purpose.litigation: "active_litigation",
    Purpose.requested: "consumer_request",
    Purpose.timely_help: "avoid_negative_effect",
}


def purpose_of(node: Node, key: str = "purpose") -> Purpose:
    """Return the purpose that is written under a key.

    Raises:
        Unsupported: it is not one that is known, or could be several.
    """
    written = node.text(key)
    said = re.sub(r"[\s_.()-]+", " ", written.lower()).strip()
    if said.replace(" ", "_") in _COLLECTING:
        return Purpose.collect
    found = {purpose for purpose, pattern in _MEANINGS if re.fullmatch(pattern, said)} if not may_deny(said) else set()
    if Purpose.after_cease in found or Purpose.periodic_statement in found or Purpose.servicing in found:
        found.discard(Purpose.required_by_law)
    if len(found) != 1:
        raise Unsupported(f"{node.place} has the unknown word {written!r} in {key}")
    return found.pop()


def factor_of(purpose: Purpose | None) -> str | None:
    """Return the factor that a purpose is against a presumed violation (comment 14(b)(2)(ii)-2.i to .iv), None where it is none."""
    return None if purpose is None else _FACTORS.get(purpose)
