"""Looking at a person from a page: for a purpose with a code, by those whose work needs it, and not too often."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import NamedTuple

from django.db import connection

from duecourse.kit.clock import now
from duecourse.ledger.selectors.looks import actions_by
from duecourse.parties.access import Actor, acting, require, system
from duecourse.parties.models import Role
from duecourse.portfolio.errors import LooksExhausted, PurposeNamesSomebody, PurposeUnknown, PurposeUnsaid
from duecourse.portfolio.services.reveal import RevealedPerson, person_reveal

LOOKS_PER_HOUR = 20
"""How many persons one user may open in any sixty minutes; whoever needs more needs a handover."""
WORDS_MIN, WORDS_MAX = 5, 200
_LOCK_CLASS = 0x100C
_LONG_NUMBER = re.compile(r"(?:\d[\s\-]*){7,}")
_ADDRESS = re.compile(r"\S+@\S+\.\S+")


class Purpose(NamedTuple):
    """Why somebody looks: the words in both languages, and whether a sentence of one's own is asked for."""

    en: str
    zh: str
    needs_words: bool = False


PURPOSES: Mapping[str, Purpose] = {
    "check_identity": Purpose("Compare with papers or another system", "核对身份资料"),
    "answer_debtor": Purpose("Answer a question of the debtor", "答复债务人咨询"),
    "complaint": Purpose("Work on a complaint or dispute", "处理投诉或异议"),
    "match_payment": Purpose("Find out whose payment it is", "核实还款归属"),
    "inspection": Purpose("Inspection by compliance, audit or a regulator", "合规检查、审计或监管调阅"),
    "legal": Purpose("Letter, notice or court step", "函件、通知或诉讼"),
    "other": Purpose("Another reason", "其他", needs_words=True),
}
"""The purposes a reader chooses from."""


def person_look(*, actor: Actor, person_id: int, purpose: str, words: str = "") -> RevealedPerson:
    """Open a person's name and contact points for one look, for a purpose from the list.

    Args:
        actor: anybody but analysts and those who only read; an agency's people at persons of cases they have.
        person_id: at whom.
        purpose: a key of PURPOSES.
        words: a sentence beside it, of at most `WORDS_MAX` characters; it stands in the trail for good, so it names nobody.

    Raises:
        Forbidden: the actor's role does not look at persons.
        PurposeUnknown: the purpose is none of the list.
        PurposeUnsaid: it needs words and has none, or too many.
        PurposeNamesSomebody: the words hold a number or an address of somebody.
        LooksExhausted: the actor has opened `LOOKS_PER_HOUR` persons in the last hour; it says when the next look is possible.
        PersonMissing, PersonErased: as `person_reveal`.

    Guarantees: the look stands in the trail before anything is opened, with purpose and words; two looks at once are counted one after
        the other.
    """
    require(actor, Role.MANAGER, Role.COMPLIANCE, Role.ACCOUNTANT, Role.LEAD, Role.COLLECTOR, action="look at a person")
    said = " ".join(words.split())
    _check(purpose, said)
    with acting(actor):
        with acting(system(actor.creditor_id)), connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s, hashint8(%s))", [_LOCK_CLASS, actor.user_id])
            instant = now()
            seen = actions_by(
                creditor_id=actor.creditor_id, actor_id=actor.user_id, action="person_revealed", since_at=instant - timedelta(hours=1)
            )
        if len(seen) >= LOOKS_PER_HOUR:
            waits = seen[-LOOKS_PER_HOUR] + timedelta(hours=1) - instant
            raise LooksExhausted(limit=LOOKS_PER_HOUR, minutes=max(1, -(-int(waits.total_seconds()) // 60)))
        return person_reveal(actor=actor, person_id=person_id, purpose=f"{purpose}: {said}" if said else purpose)


def _check(purpose: str, said: str) -> None:
    chosen = PURPOSES.get(purpose)
    if chosen is None:
        raise PurposeUnknown(purpose=purpose[:40])
    if len(said) > WORDS_MAX or (chosen.needs_words and len(said) < WORDS_MIN):
        raise PurposeUnsaid(minimum=WORDS_MIN, maximum=WORDS_MAX)
    if _LONG_NUMBER.search(said) or _ADDRESS.search(said) or "\x00" in said:
        raise PurposeNamesSomebody
