"""What long tables show of allocations, batches, placements and sets of moves: queries that are filtered, ordered and read page by page."""

from __future__ import annotations

from duecourse.ledger.selectors import PageQuery

_NUMBER = """
JOIN LATERAL (
    SELECT a.number FROM portfolio_caseaccount ca JOIN portfolio_account a ON a.creditor_id = ca.creditor_id AND a.id = ca.account_id
    WHERE ca.creditor_id = {row}.creditor_id AND ca.case_id = {row}.case_id ORDER BY (ca.until_on IS NULL) DESC, a.id LIMIT 1) n ON true
"""


def _number(row: str) -> str:
    """Return a join to the number of one of a row's case's accounts, today's before earlier ones: what people call the case by."""
    return _NUMBER.format(row=row)


ALLOCATIONS = PageQuery(
    select="""r.id AS allocation_run_id, r.as_of, to_char(r.as_of, 'YYYY-MM') AS month, r.state, r.known_at, u.display_name AS proposer,
        (r.summary->>'placed_count')::bigint AS placed_count, (r.summary->>'placed_minor')::bigint AS placed_minor,
        (r.summary->>'value_minor')::bigint AS value_minor, (r.summary->>'slice_count')::bigint AS slice_count,
        r.policy->>'currency' AS currency, coalesce(r.policy ? 'choices', false) AS has_choices, (r.policy->>'move_set_id')::bigint AS move_set_id,
        d.display_name AS decider""",
    source="""FROM placement_allocationrun r
        LEFT JOIN parties_user u ON u.id = r.proposed_by
        LEFT JOIN parties_approval p ON p.creditor_id = r.creditor_id AND p.subject_kind = 'allocation_run' AND p.subject_id = r.id
        LEFT JOIN parties_user d ON d.id = p.decided_by_id""",
    always="r.creditor_id = %(creditor_id)s AND (%(swaps)s::text <> '' OR r.run_id <> 0)",
    wheres={"state": "r.state = %(state)s", "month": "to_char(r.as_of, 'YYYY-MM') = %(month)s", "swaps": "true"},
    orders={
        "number": "r.id",
        "as_of": "r.as_of",
        "placed": "(r.summary->>'placed_count')::bigint",
        "value": "(r.summary->>'value_minor')::bigint",
    },
    key="r.id",
    parameters={"swaps": ""},
)
"""The allocations, newest first; those that swaps recorded are there when `swaps` is asked for."""

ALLOCATION_ROWS = PageQuery(
    select="""r.case_id, n.number, a.id AS agency_id, a.code AS agency_code, r.reason, r.segment_key, r.hand, r.days_past_due,
        r.balance_minor, r.currency, r.expected_recovered_minor, r.is_random_slice, r.propensity_share""",
    source="FROM placement_allocationrow r LEFT JOIN parties_agency a ON a.creditor_id = r.creditor_id AND a.id = r.agency_id"
    + _number("r"),
    always="r.creditor_id = %(creditor_id)s",
    wheres={
        "allocation": "r.allocation_run_id = %(allocation)s::bigint",
        "agency": "r.agency_id = %(agency)s::bigint",
        "reason": "r.reason = %(reason)s",
        "placed": "(r.agency_id IS NOT NULL) = (%(placed)s = 'yes')",
        "slice": "r.is_random_slice = (%(slice)s = 'yes')",
        "segment": "r.segment_key = %(segment)s",
        "balance_min": "r.balance_minor >= %(balance_min)s::bigint",
    },
    orders={"case": "r.case_id", "balance": "r.balance_minor", "expected": "r.expected_recovered_minor", "days": "r.days_past_due"},
    key="r.id",
)
"""What allocations decided of each case."""

BATCHES = PageQuery(
    select="""b.id AS batch_id, b.code, b.allocation_run_id, a.id AS agency_id, a.code AS agency_code, a.name AS agency_name, b.placed_on,
        b.term_until_on, b.case_count, b.placed_minor, b.currency, h.handed_over_at, h.sha256,
        c.code AS contract_code, e.at AS accepted_at""",
    source="""FROM placement_batch b
        JOIN parties_agency a ON a.creditor_id = b.creditor_id AND a.id = b.agency_id
        JOIN parties_contract c ON c.creditor_id = b.creditor_id AND c.id = b.contract_id
        LEFT JOIN placement_handover h ON h.creditor_id = b.creditor_id AND h.batch_id = b.id
        LEFT JOIN placement_batchreceipt e ON e.creditor_id = b.creditor_id AND e.batch_id = b.id AND e.kind = 'accepted'""",
    always="b.creditor_id = %(creditor_id)s",
    wheres={
        "agency": "b.agency_id = %(agency)s::bigint",
        "month": "to_char(b.placed_on, 'YYYY-MM') = %(month)s",
        "allocation": "b.allocation_run_id = %(allocation)s::bigint",
        "open": """EXISTS (SELECT 1 FROM placement_placement p
            WHERE p.creditor_id = b.creditor_id AND p.batch_id = b.id AND upper_inf(p.during)) = (%(open)s = 'yes')""",
        "ends_by": "b.term_until_on <= %(ends_by)s::date",
        "accepted": "(e.id IS NOT NULL) = (%(accepted)s = 'yes')",
        "package": "(h.id IS NOT NULL) = (%(package)s = 'yes')",
    },
    orders={"placed_on": "b.placed_on", "term": "b.term_until_on", "cases": "b.case_count", "placed": "b.placed_minor"},
    key="b.id",
)
"""The batches; their live rates are read for a page's batches together (`batch_rates`)."""

PLACEMENTS = PageQuery(
    select="""p.case_id, n.number, p.batch_id, b.code AS batch_code, a.code AS agency_code, p.hand, lower(p.during) AS began_at, p.term_until_on,
        p.placed_minor, p.currency, p.days_past_due, p.segment_key, p.is_random_slice, t.status, t.last_on, upper(p.during) AS ended_at""",
    source="""FROM placement_placement p
        JOIN placement_batch b ON b.creditor_id = p.creditor_id AND b.id = p.batch_id
        JOIN parties_agency a ON a.creditor_id = p.creditor_id AND a.id = p.agency_id
        JOIN LATERAL (
            SELECT t.status, t.last_on FROM placement_placementtransition t
            WHERE t.creditor_id = p.creditor_id AND t.placement_id = p.id ORDER BY t.id DESC LIMIT 1) t ON true"""  # noqa: S608 - a fragment of this file
    + _number("p"),
    always="p.creditor_id = %(creditor_id)s",
    wheres={
        "batch": "p.batch_id = %(batch)s::bigint",
        "agency": "p.agency_id = %(agency)s::bigint",
        "status": "t.status = %(status)s",
        "open": "upper_inf(p.during) = (%(open)s = 'yes')",
        "q": "starts_with(lower(n.number), lower(%(q)s))",
        "ends_by": "p.term_until_on <= %(ends_by)s::date",
    },
    orders={"case": "p.case_id", "placed": "p.placed_minor", "term": "p.term_until_on", "days": "p.days_past_due"},
    key="p.id",
)
"""The placements, each with the newest step of its history."""

MOVE_SETS = PageQuery(
    select="""s.id AS move_set_id, s.kind, s.reason_code, s.words, s.state, s.as_of, s.known_at, s.applied_at, u.display_name AS asker,
        d.display_name AS decider, a.code AS agency_code""",
    source="""FROM placement_placementmoveset s
        LEFT JOIN parties_user u ON u.id = s.requested_by
        LEFT JOIN parties_agency a ON a.creditor_id = s.creditor_id AND a.id = s.agency_id
        LEFT JOIN parties_approval p ON p.creditor_id = s.creditor_id AND p.subject_kind = 'placement_move_set' AND p.subject_id = s.id
        LEFT JOIN parties_user d ON d.id = p.decided_by_id""",
    always="s.creditor_id = %(creditor_id)s",
    wheres={
        "kind": "s.kind = %(kind)s",
        "state": "s.state = %(state)s",
        "from": "s.as_of >= %(from)s::date",
        "until": "s.as_of <= %(until)s::date",
    },
    orders={"number": "s.id", "day": "s.as_of"},
    key="s.id",
)
"""The sets of moves; what became of their rows is counted for a page's sets together (`move_set_counts`)."""

MOVE_ROWS = PageQuery(
    select="""m.case_id, n.number, a.code AS agency_code, b.code AS batch_code, p.term_until_on, p.placed_minor, p.currency, m.ground,
        coalesce(nullif(m.outcome, ''), m.verdict) AS said, m.verdict, m.outcome, t.status AS taken_status, t.known_at AS taken_at,
        u.display_name AS taken_by""",
    source="""FROM placement_placementmove m
        LEFT JOIN placement_placement p ON p.creditor_id = m.creditor_id AND p.id = m.placement_id
        LEFT JOIN placement_batch b ON b.creditor_id = p.creditor_id AND b.id = p.batch_id
        LEFT JOIN parties_agency a ON a.creditor_id = p.creditor_id AND a.id = p.agency_id
        LEFT JOIN LATERAL (
            SELECT t.status, t.known_at, t.actor_id FROM placement_placementtransition t
            WHERE m.outcome = 'changed' AND t.creditor_id = m.creditor_id AND t.placement_id = m.placement_id AND t.id > m.seen_transition_id
            ORDER BY t.id LIMIT 1) t ON true
        LEFT JOIN parties_user u ON u.id = t.actor_id"""  # noqa: S608 - a fragment of this file
    + _number("m"),
    always="m.creditor_id = %(creditor_id)s",
    wheres={
        "set": "m.move_set_id = %(set)s::bigint",
        "said": "coalesce(nullif(m.outcome, ''), m.verdict) = %(said)s",
        "stays": "(coalesce(nullif(m.outcome, ''), m.verdict) IN ('allowed', 'applied', 'undone')) = (%(stays)s = 'no')",
        "q": "starts_with(lower(n.number), lower(%(q)s))",
    },
    orders={"case": "m.case_id", "placed": "coalesce(p.placed_minor, 0)", "said": "coalesce(nullif(m.outcome, ''), m.verdict)"},
    key="m.id",
)
"""The rows of sets of moves; of a row that somebody else took, who it was, when, and what they did."""
