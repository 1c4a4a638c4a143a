"""Tokens of the API: given out once, ended at any time."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from duecourse.kit.clock import now
from duecourse.kit.errors import Absent
from duecourse.ledger.services import audit_append
from duecourse.parties.access import AGENCY_SCOPES, CREDITOR_SCOPES, Actor, acting, require, token_hash
from duecourse.parties.errors import ScopeElsewhere, TokenTermsRefused
from duecourse.parties.models import Agency, ApiToken, Role

LIFE_DAYS_MAX = 366
_PREFIX_LETTERS = "abcdefghijkmnpqrstuvwxyz23456789"
_PREFIX_LENGTH = 12


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """A new token with its text, which is shown to the one who asked and kept nowhere."""

    token: ApiToken
    text: str = field(repr=False)


def token_issue(
    *, actor: Actor, name: str, scopes: Sequence[str], life_days: int = 90, agency_id: int | None = None, is_test: bool = False
) -> IssuedToken:
    """Give out a token.

    Args:
        actor: a manager of the creditor, or the system.
        name: which integration it is for; shown in lists.
        scopes: of `CREDITOR_SCOPES`, or of `AGENCY_SCOPES` when an agency is named.
        life_days: it ends after so many days, 366 at most.
        agency_id: the agency whose programs use it, None for the creditor's own.
        is_test: what it asks for is decided and not recorded.

    Raises:
        Forbidden: the actor is no manager.
        Absent: there is no such agency of this creditor.
        ScopeElsewhere: a scope that this side does not have, or none at all.
        TokenTermsRefused: it has no name, or lives too long or not at all.

    Guarantees: the secret has 32 random bytes and is kept as its SHA-256 only.
    """
    require(actor, Role.MANAGER, action="issue a token")
    allowed = CREDITOR_SCOPES if agency_id is None else AGENCY_SCOPES
    wanted = sorted(set(scopes))
    if not wanted or not set(wanted) <= set(allowed):
        raise ScopeElsewhere(scopes=", ".join(wanted), known=", ".join(allowed))
    if not name.strip() or not 1 <= life_days <= LIFE_DAYS_MAX:
        raise TokenTermsRefused(days=LIFE_DAYS_MAX)
    prefix = "".join(secrets.choice(_PREFIX_LETTERS) for _ in range(_PREFIX_LENGTH))
    secret = secrets.token_hex(32)
    with acting(actor):
        if agency_id is not None and not Agency.objects.filter(creditor_id=actor.creditor_id, pk=agency_id).exists():
            raise Absent(entity="agency")
        token = ApiToken.objects.create(
            creditor_id=actor.creditor_id,
            agency_id=agency_id,
            name=name.strip(),
            prefix=prefix,
            secret_hash=token_hash(secret),
            scopes=wanted,
            is_test=is_test,
            created_by=actor.user_id,
            created_at=now(),
            expires_at=now() + timedelta(days=life_days),
        )
        details = {"prefix": prefix, "agency_id": agency_id, "scopes": wanted, "is_test": is_test, "life_days": life_days}
        audit_append(creditor_id=actor.creditor_id, action="token_issued", subject_kind="api_token", subject_id=token.pk, details=details)
    return IssuedToken(token, f"dc_{prefix}_{secret}")


def token_revoke(*, actor: Actor, token_id: int) -> None:
    """End a token at once; one that was revoked before stays as it is.

    Raises:
        Forbidden: the actor is no manager.
        Absent: there is no such token of this creditor.
    """
    require(actor, Role.MANAGER, action="revoke a token")
    with acting(actor):
        found = ApiToken.objects.filter(creditor_id=actor.creditor_id, pk=token_id)
        if not found.exists():
            raise Absent(entity="token")
        if found.filter(revoked_at__isnull=True).update(revoked_at=now()):
            audit_append(creditor_id=actor.creditor_id, action="token_revoked", subject_kind="api_token", subject_id=token_id)
