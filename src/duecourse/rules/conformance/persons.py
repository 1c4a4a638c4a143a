"""Who a person is: the roles of vectors, and which of them are the consumer in the sense of the rules on contact."""

from __future__ import annotations

import re
from functools import cache

from duecourse.rules.conformance.asking import ask
from duecourse.rules.conformance.vector import Unsupported, Vector
from duecourse.rules.form import Pack

_ESTATE = re.compile(
    r"(?:(?:the )?(?:deceased consumers? )?(?:executor|administrator|executor or administrator|(?:informal (?:probate )?|summary administration )?personal representative)"
    r"(?: under (?:informal probate|summary administration)(?: procedures)?)?"
    r"|(?:informal probate|summary administration) (?:personal )?representative"
    r"|(?:person )?(?:appointed (?:as )?)?universal successor"
    r"|person (?:who is )?authorized to act (?:for|on behalf of)(?: (?:the|a))?"
    r"|(?:person (?:who )?)?(?:signs|signing|signer of)(?: a| an)? (?:declaration|affidavit)s?(?: or (?:declaration|affidavit)s?)?"
    r"(?: to effectuate (?:the )?transfer of estate assets)?"
    r"|person (?:who )?(?:disposes|disposing) of (?:the )?(?:deceased consumers? )?(?:financial )?assets(?: extrajudicially)?)"
    r"(?:(?: (?:of|for))?(?: (?:the|a))?(?: deceased(?: consumers?)?)?(?: estate)?)?"
)


def acts_for_estate(role: str) -> bool:
    """Whether a role is that of a person who may act for a deceased consumer's estate (comment 6(a)(4)-1)."""
    return _ESTATE.fullmatch(role.replace("_", " ").replace("'", "").lower()) is not None


EXCLUDED_ROLES = {"consumer_attorney", "creditor", "creditor_attorney", "collector_attorney", "consumer_reporting_agency"}
PARTY_FACTS: dict[str, tuple[str, ...]] = {
    "consumer": ("is_debtor",),
    "joint_consumer": ("is_debtor",),
    "spouse": ("is_spouse",),
    "surviving_spouse": ("is_spouse",),
    "surviving_spouse_of_deceased_consumer": ("is_spouse",),
    "parent_of_minor": ("is_parent", "is_minor"),
    "parent_of_minor_consumer": ("is_parent", "is_minor"),
    "parent_of_deceased_minor_consumer": ("is_parent", "is_minor"),
    "parent_of_adult_consumer": ("is_parent",),
    "legal_guardian": ("is_guardian",),
    "guardian": ("is_guardian",),
    "executor": ("is_estate_representative",),
    "legal_guardian_of_consumer": ("is_guardian",),
    "legal_guardian_of_minor_consumer": ("is_guardian",),
    "confirmed_successor_in_interest": ("is_confirmed_successor",),
}
_STRANGERS = {
    *(
        "neighbor",
        "neighbour",
        "friend",
        "coworker",
        "co_worker",
        "employer",
        "roommate",
        "sibling",
        "brother",
        "sister",
        "relative",
        "landlord",
    ),
    *("adult_child", "unrelated_person"),
}
"""Persons who are not the consumer in any sense of 1006.6(a)."""


def role_of(vector: Vector, person: str) -> str:
    """Return a person's role.

    Raises:
        Unsupported: the person is not named, or the role is not known.
    """
    if person not in vector.persons:
        raise Unsupported(f"{person} is not among the persons")
    role = vector.persons[person].text("role")
    plain = "spouse" if role.removeprefix("spouse_of_") in vector.persons else role
    if acts_for_estate(role):
        plain = "executor"
    if plain in _STRANGERS:
        plain = f"third_party_{plain}"
    if plain not in PARTY_FACTS and plain not in EXCLUDED_ROLES and not plain.startswith("third_party"):
        raise Unsupported(f"the role {role!r} is not understood")
    return plain


def only_consumer(vector: Vector) -> str | None:
    """Return the one consumer, None where there is none or several."""
    found = [name for name, node in vector.persons.items() if node.text("role") == "consumer"]
    return found[0] if len(found) == 1 else None


def read_roles(vector: Vector) -> None:
    """Read every person's role.

    Raises:
        Unsupported: one is not known.
    """
    for person in vector.persons:
        role_of(vector, person)


def is_consumer(role: str, *, pack: Pack) -> bool:
    """Whether a role is a consumer in the sense of the pack's rules on contact."""
    return _is_consumer(role, pack)


@cache
def _is_consumer(role: str, pack: Pack) -> bool:
    as_of = max(text.last_reviewed_on for text in pack.texts.values())
    known = dict.fromkeys(PARTY_FACTS.get(role, ()), 1)
    return "no_consumer" not in ask("party", known, pack=pack, scope=("1006.6(a)",), as_of=as_of).facts["codes"]
