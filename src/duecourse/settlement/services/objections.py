"""An agency objects to a statement: it says why, and the creditor draws it up anew or explains it."""

from __future__ import annotations

from duecourse.kit.clock import now
from duecourse.parties.access import Actor, acting, require
from duecourse.parties.models import Role
from duecourse.settlement.errors import ObjectionUnclear, StatementChanged, StatementOutOfOrder
from duecourse.settlement.models import StatementTransition
from duecourse.settlement.selectors.statements import access_statement, statement_status
from duecourse.settlement.services.draft import lock_statement, note_statement

OBJECTIONS = ("payment_missing", "payment_not_ours", "rate_wrong", "clawback_wrong", "period_wrong", "other")
WORDS_MAX = 500


def statement_object(*, actor: Actor, statement_id: int, reason_code: str, words: str = "", lines_hash: str = "") -> None:
    """Object to a draft on the agency's behalf. It stays open: the creditor may draw it up anew, and the agency may agree after all.

    Args:
        actor: a lead of the agency.
        statement_id: a statement in draft.
        reason_code: of `OBJECTIONS`.
        words: a sentence, at most 500 characters; `other` asks for one.
        lines_hash: the hash of the lines that were looked at; '' not to compare.

    Raises:
        Forbidden: the actor does not lead an agency.
        Absent: there is no such statement for this agency.
        ObjectionUnclear: an unknown code, or words that are missing or too long.
        StatementChanged: it was drawn up anew since it was looked at.
        StatementOutOfOrder: it is no draft, or was objected to already.
    """
    require(actor, Role.LEAD, action="object to a statement")
    words = words.strip()
    if reason_code not in OBJECTIONS or len(words) > WORDS_MAX or "\x00" in words or (reason_code == "other" and not words):
        raise ObjectionUnclear(known=", ".join(OBJECTIONS), maximum=WORDS_MAX)
    with acting(actor):
        statement = access_statement(actor, statement_id=statement_id)
        lock_statement(contract_id=statement.contract_id, month=statement.month)
        statement.refresh_from_db()
        found = statement_status(statement)
        if found != "draft":
            raise StatementOutOfOrder(statement_id=statement_id, status=found, wanted="disputed")
        if lines_hash and lines_hash != statement.lines_hash:
            raise StatementChanged(statement_id=statement_id)
        StatementTransition.objects.create(
            creditor_id=actor.creditor_id,
            statement=statement,
            status="disputed",
            reason_code=reason_code,
            words=words,
            actor_id=actor.user_id,
            at=now(),
        )
        details = {"reason_code": reason_code, "total_minor": statement.total_minor, "lines_hash": statement.lines_hash}
        note_statement(actor, action="statement_disputed", statement=statement, details=details)
