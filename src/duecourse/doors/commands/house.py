"""`duecourse house`: set a creditor up, with its people, agencies, contracts and fees, from one YAML file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import typer
import yaml

from duecourse.doors.commands.terminal import terminal
from duecourse.kit.documents import yaml_document
from duecourse.kit.errors import InvalidInput
from duecourse.parties import selectors, services
from duecourse.parties.access import Actor, acting, system
from duecourse.parties.models import Agency, Contract, Membership, User

app = typer.Typer(add_completion=False, no_args_is_help=True, rich_markup_mode=None)

_LONG_AGO = date(2020, 1, 1)
_PERSON = ({"email", "name", "password", "role"}, {"lang", "from_on"})
_TERMS = {"effective_on", "expires_on", "placement_term_days", "contracted_fields", "attribution_rule"}
_TERMS_MORE = {"signed_on", "currency", "regions", "products", "capacity_count", "capacity_minor", "share_cap_bp", "attribution_tail_days"}
_KEYS = {
    "document": ({"creditor"}, {"people", "agencies"}),
    "creditor": ({"code", "name", "zone", "currency"}, {"calendar", "lender_class", "packs", "is_simulated"}),
    "people": _PERSON,
    "agencies": ({"code", "name", "kind"}, {"opened_on", "people", "contract"}),
    "agencies.people": _PERSON,
    "contract": ({"code", "fees"} | _TERMS, _TERMS_MORE | {"tier_mode", "rounding"}),
    "fees": (
        {"product_class", "age_band_from_days", "tier_from_bp", "hand_from", "rate_bp"},
        {"age_band_to_days", "tier_to_bp", "hand_to"},
    ),
}
"""For each part of the document, the keys it must have and those it may have."""


class HouseFileUnusable(InvalidInput):
    """The file that describes a creditor cannot be used."""

    what = "The file {path} does not describe a creditor: {reason}."
    todo = "Compare it with the example in docs/house-file.md."


@dataclass(slots=True)
class Added:
    """What was added, by kind; what existed was left alone."""

    creditor_id: int
    counts: dict[str, int] = field(default_factory=dict)

    def count(self, kind: str) -> None:
        """Count one more of a kind."""
        self.counts[kind] = self.counts.get(kind, 0) + 1


@app.callback()
def house() -> None:
    """The creditor's house: who takes part, under which agreements."""


@app.command()
def load(path: Path = typer.Argument(..., help="A YAML file: creditor, people, agencies with contracts and fees.")) -> None:
    """Add what the file describes and what is not there yet; what is there is left as it is."""
    added = load_house(read_house(path))
    listing = ", ".join(f"{count} {terminal.translated(kind)}" for kind, count in added.counts.items())
    text = terminal.translated("Added: {listing}.").format(listing=listing or terminal.translated("nothing new"))
    terminal.answer({"creditor_id": added.creditor_id, "added": added.counts}, text=text)


def read_house(path: Path) -> dict[str, Any]:
    """Return the document of a house file.

    Raises:
        HouseFileUnusable: it is not YAML, lacks a key, or has keys we do not know; all are listed.
    """
    try:
        document = yaml_document(path)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise HouseFileUnusable(path=path.name, reason=type(error).__name__) from error
    faults = list(_faults("document", document, place=""))
    if faults:
        raise HouseFileUnusable(path=path.name, reason="; ".join(faults))
    return document


def _faults(part: str, row: Any, *, place: str) -> Iterator[str]:
    """Yield what is wrong with the keys of a part, and of the parts inside it."""
    required, allowed = _KEYS[part]
    if not isinstance(row, dict):
        yield f"{part} {place} has no keys".replace("  ", " ")
        return
    own = str(row.get("code") or row.get("email") or place)
    name = f"{part} {own}".strip()
    if missing := required - set(row):
        yield f"{name} lacks {', '.join(sorted(missing))}"
    if unknown := set(row) - required - allowed:
        yield f"{name} has unknown keys {', '.join(sorted(map(str, unknown)))}"
    for key in ("creditor", "contract"):
        if key in row:
            yield from _faults(key, row[key], place="")
    for key in ("people", "agencies", "fees"):
        rows = row.get(key) or []
        if not isinstance(rows, list):
            yield f"{key} is no list"
            continue
        for number, below in enumerate(rows, start=1):
            inner = f"{part}.{key}" if f"{part}.{key}" in _KEYS else key
            yield from _faults(inner, below, place=f"{number} of {own}".removesuffix(" of "))


def load_house(document: Mapping[str, Any]) -> Added:
    """Add the creditor, people, agencies, contracts and fees of a document that are not there yet."""
    described = document["creditor"]
    creditor = next((c for c in selectors.creditors() if c.code == described["code"]), None)
    added = Added(creditor.pk if creditor else 0)
    if creditor is None:
        creditor = services.creditor_add(
            code=described["code"],
            name=described["name"],
            zone=described["zone"],
            currency=described["currency"],
            calendar_name=described.get("calendar", "china"),
            lender_class=described.get("lender_class", "bank"),
            packs=described.get("packs", ["cn"]),
            is_simulated=described.get("is_simulated", False),
        )
        added.creditor_id = creditor.pk
        added.count("creditor")
    actor = system(creditor.pk)
    for person in document.get("people", []):
        _person(actor, person, agency=None, from_on=_LONG_AGO, added=added)
    for described_agency in document.get("agencies", []):
        _agency(actor, described_agency, added=added)
    return added


def _agency(actor: Actor, described: Mapping[str, Any], *, added: Added) -> None:
    opened_on = described.get("opened_on", _LONG_AGO)
    with acting(actor):
        agency = Agency.objects.filter(creditor_id=actor.creditor_id, code=described["code"]).first()
    if agency is None:
        agency = services.agency_add(
            actor=actor, code=described["code"], name=described["name"], kind=described["kind"], opened_on=opened_on
        )
        added.count("agency")
    for person in described.get("people", []):
        _person(actor, person, agency=agency, from_on=opened_on, added=added)
    if "contract" in described:
        _contract(actor, agency, dict(described["contract"]), added=added)


def _contract(actor: Actor, agency: Agency, terms: dict[str, Any], *, added: Added) -> None:
    code, fees = terms.pop("code"), terms.pop("fees")
    with acting(actor):
        if Contract.objects.filter(creditor_id=actor.creditor_id, code=code).exists():
            return
        contract = services.contract_add(actor=actor, agency_id=agency.pk, code=code)
        version = services.contract_version_add(actor=actor, contract_id=contract.pk, **terms)
        services.fee_schedule_set(actor=actor, contract_version_id=version.pk, effective_on=version.effective_on, lines=fees)
    added.count("contract")


def _person(actor: Actor, described: Mapping[str, Any], *, agency: Agency | None, from_on: date, added: Added) -> None:
    user = User.objects.filter(email__iexact=described["email"]).first()
    if user is None:
        user = services.user_add(
            email=described["email"],
            display_name=described["name"],
            password=described["password"],
            lang=described.get("lang", "zh-hans"),
        )
        added.count("person")
    with acting(actor):
        held = Membership.objects.filter(creditor_id=actor.creditor_id, user=user, role=described["role"], until_on__isnull=True)
        if not held.exists():
            services.membership_grant(
                actor=actor,
                user_id=user.pk,
                role=described["role"],
                from_on=described.get("from_on", from_on),
                agency_id=agency.pk if agency else None,
            )
            added.count("membership")
