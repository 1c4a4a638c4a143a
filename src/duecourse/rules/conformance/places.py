"""Addresses and numbers: of what kind they are, the place they belong to, and where the consumer is known to be."""

from __future__ import annotations

import re

from duecourse.rules.conformance.past import Endpoint
from duecourse.rules.conformance.vector import Node, Unsupported, Vector
from duecourse.rules.conformance.zones import zones_in

PLACES = {
    "home": "home", "residence": "home", "consumer_home": "home", "work": "work", "workplace": "work", "place_of_employment": "work",
    "consumer_workplace": "work", "employer": "work", "office": "work", "school": "school", "hospital": "hospital",
    "consumers_home": "home", "consumers_place_of_employment": "work",
}  # fmt: skip
"""The words of vectors for places."""
_PLACELESS = {"mobile", "mobile_phone", "mobile_number", "mobile_telephone", "cell", "cell_phone", "cellphone", "email", "email_address"}
BOUND = {
    *(
        "landline",
        "landline_phone",
        "landline_telephone",
        "telephone_landline",
        "mailing_address",
        "postal_address",
        "mail",
        "mail_address",
    ),
    *("address", "street_address", "residential_address", "landline_number"),
}
"""Kinds of address that belong to a place (comment 6(b)(1)(ii)-1), and those that belong to none."""
_PREFIXES = {
    "home": "home",
    "residential": "home",
    "residence": "home",
    "work": "work",
    "workplace": "work",
    "office": "work",
    "employer": "work",
}
_NAMED_KINDS = {
    "LL": "landline", "LANDLINE": "landline", "PHONE": "landline", "TEL": "landline", "ADDR": "mailing_address", "ADDRESS": "mailing_address",
    "MAIL": "mailing_address", "MOB": "mobile", "MOBILE": "mobile", "CELL": "mobile", "EM": "email", "EMAIL": "email",
}  # fmt: skip


def endpoints_of(vector: Vector) -> dict[str, Endpoint]:
    """Return the addresses and numbers that the collector knows, by their name.

    Raises:
        Unsupported: one is of an unknown kind, or at several places.
    """
    found = {}
    for node in vector.known.nodes("endpoints") if vector.known.has("endpoints") else []:
        told = endpoint_of_kind(node.text("kind"), place=node.place)
        keys = [key for key in ("place", "associated_place", "location", "associated_with") if node.get(key) is not None]
        words = {PLACES[node.word(key, known=PLACES)] for key in keys} | ({told.place} if told.place else set())
        if len(words) > 1:
            raise Unsupported(f"{node.place} is at several places")
        node.flag("employer_provided_known", default=False)
        for key in ("number", "value", "belongs_to", "owner"):
            node.get(key)
        place = next(iter(words), None) if told.kind in BOUND else None
        found[node.text("id")] = Endpoint(told.kind, place, zones_in(node))
    return found


def endpoint_of_kind(word: str, *, place: str) -> Endpoint:
    """Return an address or number of a kind, such as `mobile` or `work_landline`.

    Raises:
        Unsupported: the kind is not known.
    """
    at = _PREFIXES.get(word.split("_", maxsplit=1)[0])
    kind = word.partition("_")[2] if at is not None else word
    kind = {"phone": "landline", "telephone": "landline", "number": "landline"}.get(kind, kind) if at is not None else kind
    if word in ("residential_address", "residential_mailing_address"):
        at, kind = "home", "address"
    if kind in _PLACELESS:
        return Endpoint(kind, None, ())
    if kind not in BOUND:
        raise Unsupported(f"{place} has the unknown kind of address {word!r}")
    return Endpoint(kind, at, ())


def endpoint_of_name(name: str) -> Endpoint | None:
    """Return what the name of an address tells by itself, such as MOB or HOME-LL; None where it tells nothing for certain."""
    words = [re.sub(r"\d+$", "", word) for word in re.split(r"[-_]", name)]
    kinds = {_NAMED_KINDS[word] for word in words if word in _NAMED_KINDS}
    places = {PLACES[word.lower()] for word in words if word.lower() in PLACES}
    rest = [word for word in words if word and word not in _NAMED_KINDS and word.lower() not in PLACES]
    if rest or len(kinds) > 1 or len(places) > 1 or not (kinds or places):
        return None
    kind = next(iter(kinds), "landline")
    return Endpoint(kind, None if kind in _PLACELESS else next(iter(places), None), ())


def place_known(node: Node) -> str | None:
    """Return the place where a mapping says that the consumer is known to be, None where it says nothing, or that it is not known.

    Raises:
        Unsupported: it names a place that is none.
    """
    for key in sorted(node):
        if _IS_AT_PLACE.fullmatch(key):
            return PLACES[node.word(key, known=PLACES)] if node.get(key) is not None else None
        said = _KNOWS_PLACE.fullmatch(key)
        if said is not None:
            return PLACES[said[1]] if node.flag(key) else None
    return None


_IS_AT_PLACE = re.compile(
    r"(?:(?:collector_)?knows_)?(?:known_)?consumer(?:_known_to_be_at|_now_at|_is_at|_location_now|_location|_location_known|_current_location"
    r"|_known_location|_known_at)|collector_knows_consumer_(?:is_)?at"
)
_KNOWS_PLACE = re.compile(
    r"(?:(?:collector_)?knows_)?consumer_(?:known_)?(?:to_be_|is_)?(?:at_|in_)?(home|work|school|hospital)(?:_known)?"
)
