"""Papers of lower layers and templates of messages, for the creditor's side."""

from __future__ import annotations

from datetime import date
from typing import Any, Final

from duecourse.contact.models import GateTerms, MessageTemplate, Paper
from duecourse.contact.selectors.terms import gate_terms_on
from duecourse.kit.errors import Absent
from duecourse.ledger.selectors import PageQuery
from duecourse.ledger.selectors.rows import dicts
from duecourse.parties.access import Actor, acting

_STATE = """CASE WHEN p.id IS NULL AND {waits} THEN 'waiting' WHEN NOT coalesce(p.is_granted, true) THEN 'refused'
    WHEN w.is_end THEN 'end' ELSE 'approved' END"""
_BY = "w.added_by, coalesce(u.display_name, '') AS added_by_name, w.known_at, coalesce(d.display_name, '') AS decided_by_name, p.at AS decided_at"
_JOINS = """
LEFT JOIN parties_user u ON u.id = w.added_by
LEFT JOIN parties_approval p ON p.creditor_id = w.creditor_id AND p.subject_kind = '{kind}' AND p.subject_id = w.id
LEFT JOIN parties_user d ON d.id = p.decided_by_id
"""
_PAPER_STATE = _STATE.format(waits="true")
_PAPER = f"""
w.id, w.id AS paper_id, w.layer, w.code, w.number, w.agency_id, coalesce(g.name, '') AS agency, w.person_id, w.title_zh, w.title_en,
w.issued_on, w.effective_on, w.parameters, w.is_end, w.content_hash, {_PAPER_STATE} AS state, {_BY}
"""
_PAPERS = f"""
FROM contact_paper w LEFT JOIN parties_agency g ON g.creditor_id = w.creditor_id AND g.id = w.agency_id {_JOINS.format(kind="paper")}
"""
PAPERS_PAGE: Final = PageQuery(
    select=_PAPER,
    source=_PAPERS,
    always="w.creditor_id = %(creditor_id)s",
    wheres={
        "layer": "w.layer = %(layer)s",
        "state": f"{_PAPER_STATE} = %(state)s",
        "agency": "w.agency_id = %(agency)s::bigint",
        "person": "w.person_id = %(person)s::bigint",
        "q": "strpos(lower(w.code || ' ' || w.title_zh || ' ' || w.title_en), lower(%(q)s)) > 0",
    },
    orders={"known": "w.known_at", "code": "w.code"},
    key="w.id",
)
"""Every version of every paper; state is waiting, approved, refused or end."""

_TEMPLATE_STATE = _STATE.format(waits="NOT w.is_end")
_TEMPLATE = f"""
w.id, w.id AS template_id, w.code, w.number, w.channel, w.language, w.body, w.parts, w.purpose, w.valid_from_on, w.valid_until_on, w.is_end,
w.content_hash, {_TEMPLATE_STATE} AS state, {_BY}
"""
_TEMPLATES = f"FROM contact_messagetemplate w {_JOINS.format(kind='message_template')}"
TEMPLATES_PAGE: Final = PageQuery(
    select=_TEMPLATE,
    source=_TEMPLATES,
    always="w.creditor_id = %(creditor_id)s",
    wheres={
        "channel": "w.channel = %(channel)s",
        "state": f"{_TEMPLATE_STATE} = %(state)s",
        "q": "strpos(lower(w.code || ' ' || w.body), lower(%(q)s)) > 0",
    },
    orders={"known": "w.known_at", "code": "w.code"},
    key="w.id",
)
"""Every version of every template; state is waiting, approved, refused or end."""


def papers_waiting(*, actor: Actor) -> list[dict[str, Any]]:
    """Return the versions of papers that wait for a second person, oldest first, as rows of `PAPERS_PAGE`; an agency sees none."""
    if actor.is_agency:
        raise Absent(entity="paper")
    query = f"SELECT {_PAPER} {_PAPERS} WHERE w.creditor_id = %(creditor)s AND p.id IS NULL ORDER BY w.id"
    return dicts(query, creditor=actor.creditor_id)


def templates_waiting(*, actor: Actor) -> list[dict[str, Any]]:
    """Return the versions of templates that wait for a second person, oldest first, as rows of `TEMPLATES_PAGE`; an agency sees none."""
    if actor.is_agency:
        raise Absent(entity="template")
    query = f"SELECT {_TEMPLATE} {_TEMPLATES} WHERE w.creditor_id = %(creditor)s AND p.id IS NULL AND NOT w.is_end ORDER BY w.id"
    return dicts(query, creditor=actor.creditor_id)


def access_paper(actor: Actor, *, paper_id: int) -> Paper:
    """Return a version of a paper.

    Raises:
        Absent: there is none for this actor.
    """
    found = None if actor.is_agency else Paper.objects.filter(creditor_id=actor.creditor_id, pk=paper_id).first()
    if found is None:
        raise Absent(entity="paper")
    return found


def access_template(actor: Actor, *, template_id: int) -> MessageTemplate:
    """Return a version of a template.

    Raises:
        Absent: there is none for this actor.
    """
    found = None if actor.is_agency else MessageTemplate.objects.filter(creditor_id=actor.creditor_id, pk=template_id).first()
    if found is None:
        raise Absent(entity="template")
    return found


def person_kinds_on(*, actor: Actor, on: date) -> tuple[str, ...]:
    """Return the kinds of evidence that the creditor asks of everybody who calls or visits on a day; agencies are told them too."""
    if not actor.is_agency:
        return _person_kinds(gate_terms_on(actor=actor, on=on))
    reader = Actor(user_id=actor.user_id, creditor_id=actor.creditor_id, agency_id=None, roles=frozenset())
    with acting(reader):
        return _person_kinds(gate_terms_on(actor=reader, on=on))


def _person_kinds(terms: GateTerms | None) -> tuple[str, ...]:
    return tuple(terms.person_qualification_kinds) if terms is not None else ()
