"""What a page about one case shows: masked, so that looking at the page is not a look at a person."""

from __future__ import annotations

from typing import Any

from django.db.models import F

from duecourse.kit.masking import mask_address, mask_email, mask_id_number, mask_name, mask_phone
from duecourse.parties.access import Actor
from duecourse.portfolio.models import CaseAccount, CaseTransition, Hold, Snapshot
from duecourse.portfolio.selectors.access import access_case, access_person
from duecourse.portfolio.selectors.secrets import person_values

_MASKS = {"phone": mask_phone, "email": mask_email, "address": mask_address}


def case_page(*, actor: Actor, case_id: int) -> dict[str, Any]:
    """Return a case with its person, accounts, holds and history, personal values shortened to what may be displayed.

    Raises:
        CaseMissing: there is no such case for this actor.
    """
    case = access_case(actor, case_id)
    shown = person_shown(actor=actor, person_id=case.person_id)
    rows = CaseAccount.objects.filter(creditor_id=actor.creditor_id, case_id=case_id, until_on__isnull=True).select_related("account")
    return {
        "id": case.pk,
        "work_stream": case.work_stream,
        "region": case.region,
        "opened_on": case.opened_on,
        "closed_on": case.closed_on,
        "close_reason": case.close_reason,
        "open_agency_id": case.open_agency_id,
        "hand_count": case.hand_count,
        "person": shown,
        "accounts": [_account(actor, row) for row in rows.order_by("account_id")],
        "holds": list(
            Hold.objects.filter(creditor_id=actor.creditor_id, person_id=case.person_id)
            .order_by("-from_on", "-pk")
            .values("kind", "stops_contact", "stops_placement", "from_on", "until_on")
        ),
        "transitions": list(
            CaseTransition.objects.filter(creditor_id=actor.creditor_id, case_id=case_id)
            .order_by("pk")
            .values("status", "reason", "effective_on", "known_at")
        ),
    }


def person_shown(*, actor: Actor, person_id: int) -> dict[str, Any]:
    """Return a person as pages may display them without a look being recorded: everything shortened.

    Returns:
        a dict with id, kind, zone, zone_source and is_erased; where the person was not erased also name, identity_kind, identity_number and
        contact_points (dicts of id, kind, whose, zone, value).

    Raises:
        PersonMissing: there is no such person for this actor.
    """
    person = access_person(actor, person_id)
    values = person_values(creditor_id=actor.creditor_id, person_id=person_id)
    shown = {"id": person.pk, "kind": person.kind, "zone": person.zone, "zone_source": person.zone_source, "is_erased": values is None}
    if values is not None:
        shown |= {
            "name": values.name.partial(mask_name) if values.name else None,
            "identity_kind": values.identity_kind,
            "identity_number": values.identity_number.partial(mask_id_number) if values.identity_number else None,
            "contact_points": [
                {
                    "id": point.id,
                    "kind": point.kind,
                    "whose": point.whose,
                    "zone": point.zone,
                    "value": point.value.partial(_MASKS[point.kind]),
                }
                for point in values.points
            ],
        }
    return shown


def holds_of(*, actor: Actor, person_id: int) -> list[dict[str, Any]]:
    """Return every hold a person has or had, open ones first: id, kind, what it stops, its days and its source."""
    found = Hold.objects.filter(creditor_id=actor.creditor_id, person_id=person_id)
    columns = ("id", "kind", "stops_contact", "stops_placement", "from_on", "until_on", "source_kind", "source_id", "known_at")
    return list(found.order_by(F("until_on").desc(nulls_first=True), "-from_on", "-pk").values(*columns))


def _account(actor: Actor, row: CaseAccount) -> dict[str, Any]:
    account = row.account
    newest = (
        Snapshot.objects.filter(creditor_id=actor.creditor_id, account_id=account.pk)
        .order_by("-as_of", "-pk")
        .values("as_of", "days_past_due", "bucket", "balance_minor", "principal_minor", "interest_minor", "fee_minor", "penalty_minor")
        .first()
    )
    return {
        "id": account.pk,
        "number": account.number,
        "product_class": account.product_class,
        "currency": account.currency,
        "opened_on": account.opened_on,
        "charged_off_on": account.charged_off_on,
        "from_on": row.from_on,
        "snapshot": newest,
    }
