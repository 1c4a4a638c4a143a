"""The gate's answers for people: long tables of refusals and permits, their counts by rule and agency, and one answer with all it rests on."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from duecourse.contact.selectors.rule_sets import whole_evidence
from duecourse.kit.errors import Absent
from duecourse.kit.ids import canonical_bytes
from duecourse.ledger.selectors import PageQuery, event_proof
from duecourse.ledger.selectors.rows import dicts
from duecourse.parties.access import Actor

_MIDNIGHT = "((%({day})s::date{more})::timestamp AT TIME ZONE (SELECT zone FROM parties_creditor WHERE id = %(creditor_id)s))"
_WHERES = {
    "performer": "w.performer_id = %(performer)s::bigint",
    "channel": "w.channel = %(channel)s",
    "case": "w.case_id = %(case)s::bigint",
    "debtor": "w.person_id = (SELECT c.person_id FROM portfolio_case c WHERE c.creditor_id = %(creditor_id)s AND c.id = %(debtor)s::bigint)",
    "asked_by": "w.user_id IN (SELECT n.id FROM parties_user n WHERE strpos(lower(n.display_name), lower(%(asked_by)s)) > 0)",
    "made_by": "w.made_by IN (SELECT n.id FROM parties_user n WHERE strpos(lower(n.display_name), lower(%(made_by)s)) > 0)",
    "warned": "(jsonb_array_length(coalesce(w.explanation -> 'warnings', '[]')) > 0) = (%(warned)s = 'yes')",
    "from_on": f"w.decided_at >= {_MIDNIGHT.format(day='from_on', more='')}",
    "until_on": f"w.decided_at < {_MIDNIGHT.format(day='until_on', more=' + 1')}",
}
_MADE_ON_REVOKED = f"""
w.id IN (SELECT r.permit_id FROM gate.made_on_revoked(%(creditor_id)s, {_MIDNIGHT.format(day="revoked_from", more="")}, 'infinity') r)
"""  # noqa: S608 - a fragment of SQL
_AGAIN = """
(%(again)s = 'yes') = EXISTS (SELECT 1 FROM contact_refusal f WHERE f.creditor_id = w.creditor_id AND f.person_id = w.person_id
    AND f.performer_id = w.performer_id AND f.decided_at >= w.decided_at - interval '1 day' AND f.decided_at < w.decided_at
    AND coalesce(f.next_allowed_at, 'infinity') > w.decided_at)
"""
_JOINS = (
    "JOIN parties_agency g ON g.creditor_id = w.creditor_id AND g.id = w.performer_id LEFT JOIN parties_user u ON u.id = w.user_id"
    " LEFT JOIN parties_user mu ON mu.id = w.made_by"
)
_WARNED = "coalesce(w.explanation #>> '{warnings,0,code}', '') AS warning"
_COLUMNS = """
w.id, w.decided_at, w.contact_at, w.local_on, w.channel, w.case_id, w.person_id, w.performer_id, g.name AS performer, g.code AS performer_code,
g.kind AS performer_kind, w.user_id, coalesce(u.display_name, '') AS user_name, w.client_request_id,
w.made_by, coalesce(mu.display_name, '') AS made_by_name
"""
ANSWERS_PAGE: Mapping[str, PageQuery] = {
    "refusal": PageQuery(
        select=f"{_COLUMNS}, w.codes, w.codes->>0 AS code, w.next_allowed_at,"
        " coalesce(w.explanation #>> '{reasons,0,citations,0,article}', w.explanation #>> '{grounds,0,source}', '') AS article,"
        " w.explanation #> '{reasons,0,citations,0}' AS citation",
        source=f"FROM contact_refusal w {_JOINS}",
        always="w.creditor_id = %(creditor_id)s",
        wheres=_WHERES | {"rule": "w.codes ? %(rule)s", "again": _AGAIN},
        orders={"decided": "w.decided_at"},
        key="w.id",
    ),
    "permit": PageQuery(
        select=f"{_COLUMNS}, {_WARNED}, w.valid_until_at, coalesce(a.outcome, 'unreported') AS outcome, a.talk_seconds, a.started_at",
        source=f"FROM contact_permit w {_JOINS} LEFT JOIN contact_attempt a ON a.creditor_id = w.creditor_id AND a.permit_id = w.id"
        " AND a.local_on = w.local_on",
        always="w.creditor_id = %(creditor_id)s",
        wheres=_WHERES
        | {
            "outcome": "coalesce(a.outcome, 'unreported') = %(outcome)s",
            "revoked_from": _MADE_ON_REVOKED,
            "rule": "w.explanation -> 'warnings' @> jsonb_build_array(jsonb_build_object('code', %(rule)s::text))",
        },
        orders={"decided": "w.decided_at"},
        key="w.id",
    ),
}
"""The long tables of both answers, newest decision first with `-decided`."""

_SUMMARY = """
SELECT ground.code, g.id AS performer_id, g.code AS performer_code, g.name AS performer, count(*) AS request_count,
       count(DISTINCT w.person_id) AS debtor_count
FROM contact_refusal w CROSS JOIN LATERAL jsonb_array_elements_text(w.codes) AS ground (code)
JOIN parties_agency g ON g.creditor_id = w.creditor_id AND g.id = w.performer_id
WHERE {conditions}
GROUP BY ground.code, g.id, g.code, g.name ORDER BY ground.code, g.code
"""
_TOTALS = "SELECT count(*) AS request_count, count(DISTINCT w.person_id) AS debtor_count FROM contact_refusal w WHERE {conditions}"
_ONE = """
SELECT w.*, g.name AS performer, g.code AS performer_code, g.kind AS performer_kind, coalesce(u.display_name, '') AS user_name,
       coalesce(mu.display_name, '') AS made_by_name, b.code AS batch_code, k.kind AS contact_point_kind
FROM contact_{kind} w
JOIN parties_agency g ON g.creditor_id = w.creditor_id AND g.id = w.performer_id
LEFT JOIN parties_user u ON u.id = w.user_id
LEFT JOIN parties_user mu ON mu.id = w.made_by
LEFT JOIN placement_placement p ON p.creditor_id = w.creditor_id AND p.id = w.placement_id
LEFT JOIN placement_batch b ON b.creditor_id = p.creditor_id AND b.id = p.batch_id
LEFT JOIN portfolio_contactpoint k ON k.creditor_id = w.creditor_id AND k.id = w.contact_point_id
WHERE w.creditor_id = %(creditor)s AND w.id = %(answer)s
"""
_ATTEMPT = "SELECT outcome, is_connected, started_at, talk_seconds, reported_at FROM contact_attempt WHERE creditor_id = %(creditor)s AND permit_id = %(permit)s"
_SAME_DAY = """
SELECT count(*) FILTER (WHERE coalesce(a.is_connected, true)) AS held_count, count(*) FILTER (WHERE a.is_connected) AS connected_count
FROM contact_permit p LEFT JOIN contact_attempt a ON a.creditor_id = p.creditor_id AND a.permit_id = p.id AND a.local_on = p.local_on
WHERE p.creditor_id = %(creditor)s AND p.person_id = %(person)s AND p.channel = 'call' AND p.local_on = %(on)s
"""
SUMMARY_DAYS = 31


def refusals_by_rule(*, creditor_id: int, filters: Mapping[str, str], on: date) -> dict[str, Any]:
    """Return how often which rule refused which agency, for the filters of the long table.

    Args:
        creditor_id: the creditor that is open in this transaction.
        filters: as `ANSWERS_PAGE["refusal"]` takes them; without a first day the last `SUMMARY_DAYS` days are counted.
        on: today in the creditor's zone.

    Returns:
        a dict with `from_on` and `until_on` (ISO text, '' for no end), `request_count` and `debtor_count` altogether, and `rows`: dicts of
        code, performer_id, performer_code, performer, request_count, debtor_count. A request that several rules refuse stands in each.
    """
    query = ANSWERS_PAGE["refusal"]
    given = query.known(filters)
    if "from_on" not in given:
        given["from_on"] = (on - timedelta(days=SUMMARY_DAYS - 1)).isoformat()
    conditions = " AND ".join(["w.creditor_id = %(creditor_id)s", *(query.wheres[name] for name in given)])
    rows = dicts(_SUMMARY.format(conditions=conditions), creditor_id=creditor_id, **given)
    (total,) = dicts(_TOTALS.format(conditions=conditions), creditor_id=creditor_id, **given)
    return {"from_on": given["from_on"], "until_on": given.get("until_on", ""), "rows": rows, **total}


def answer_page(*, actor: Actor, kind: str, answer_id: int) -> dict[str, Any]:
    """Return one answer of the gate with everything that is stored of it.

    Args:
        actor: who asks; an agency sees the answers it was given.
        kind: 'permit' or 'refusal'.
        answer_id: its number.

    Returns:
        the row's columns, the explanation whole, with performer, user_name, batch_code and contact_point_kind; `attempt` of a permit (None when unreported); `day`:
        slots held and connected calls of the debtor on that local day over all performers, as they stand now (None without a day); `proof`:
        how it stands in the trail (None where this reader may not see the trail), and `is_as_told`: whether the explanation is the one whose hash was sealed.

    Raises:
        Absent: there is none for this actor.
    """
    found = dicts(_ONE.format(kind=kind), creditor=actor.creditor_id, answer=answer_id) if kind in ANSWERS_PAGE else []
    if not found:
        raise Absent(entity=kind)
    (row,) = found
    attempts = dicts(_ATTEMPT, creditor=actor.creditor_id, permit=answer_id) if kind == "permit" else []
    days = dicts(_SAME_DAY, creditor=actor.creditor_id, person=row["person_id"], on=row["local_on"]) if row["local_on"] else []
    named = {"creditor_id": actor.creditor_id, "subject_kind": kind, "subject_id": answer_id, "action": f"{kind}_given"}
    proof = None if actor.is_agency else event_proof(**named)
    told = hashlib.sha256(canonical_bytes(row["explanation"])).hexdigest()
    (explanation,) = whole_evidence(actor=actor, evidences=[row["explanation"]])
    return row | {
        "kind": kind,
        "explanation": explanation,
        "attempt": attempts[0] if attempts else None,
        "day": days[0] if days else None,
        "proof": proof,
        "is_as_told": proof is not None and proof.details.get("explanation_hash") == told,
    }
