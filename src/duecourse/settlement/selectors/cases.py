"""What is on paper about one case: the files it stands in, and the lines of statements it earned."""

from __future__ import annotations

from typing import Any

from duecourse.ledger.selectors.rows import dicts

DOCUMENTS_MAX = 50

_DOCUMENTS = """
SELECT 'tape' AS kind, f.id AS file_id, f.name, f.media_type, f.sha256, f.size_bytes, f.row_count, f.stored_at, f.destroyed_at,
       f.wrapped_key IS NOT NULL AS is_sealed, t.as_of::text AS told
FROM portfolio_tape t JOIN ledger_storedfile f ON f.creditor_id = t.creditor_id AND f.id = t.file_id
WHERE t.creditor_id = %(creditor)s AND t.id IN (SELECT r.tape_id FROM portfolio_taperow r JOIN portfolio_caseaccount ca
    ON ca.creditor_id = r.creditor_id AND ca.account_id = r.account_id WHERE r.creditor_id = %(creditor)s AND ca.case_id = %(case)s)
UNION ALL
SELECT 'handover', f.id, f.name, f.media_type, f.sha256, f.size_bytes, f.row_count, f.stored_at, f.destroyed_at, f.wrapped_key IS NOT NULL, b.code
FROM placement_placement p
JOIN placement_batch b ON b.creditor_id = p.creditor_id AND b.id = p.batch_id
JOIN placement_handover h ON h.creditor_id = b.creditor_id AND h.batch_id = b.id
JOIN ledger_storedfile f ON f.creditor_id = h.creditor_id AND f.id = h.file_id
WHERE p.creditor_id = %(creditor)s AND p.case_id = %(case)s
UNION ALL
SELECT 'payments', f.id, f.name, f.media_type, f.sha256, f.size_bytes, f.row_count, f.stored_at, f.destroyed_at, f.wrapped_key IS NOT NULL, ''
FROM repayment_paymentfile w JOIN ledger_storedfile f ON f.creditor_id = w.creditor_id AND f.id = w.file_id
WHERE w.creditor_id = %(creditor)s AND w.id IN (
    SELECT y.payment_file_id FROM repayment_paymentmatch m
    JOIN repayment_payment y ON y.creditor_id = m.creditor_id AND y.id = m.payment_id
    JOIN portfolio_caseaccount ca ON ca.creditor_id = m.creditor_id AND ca.account_id = m.account_id
    WHERE m.creditor_id = %(creditor)s AND ca.case_id = %(case)s)
ORDER BY stored_at DESC, file_id DESC LIMIT %(limit)s
"""
_LINES = """
SELECT s.id AS statement_id, s.month, a.name AS agency_name, s.currency, l.kind, l.basis_minor, l.rate_bp, l.amount_minor, t.recognised_on
FROM placement_placement p
JOIN settlement_statementline l ON l.creditor_id = p.creditor_id AND l.placement_id = p.id
JOIN settlement_statement s ON s.creditor_id = l.creditor_id AND s.id = l.statement_id
JOIN parties_agency a ON a.creditor_id = s.creditor_id AND a.id = s.agency_id
JOIN repayment_attribution t ON t.creditor_id = l.creditor_id AND t.id = l.attribution_id
WHERE p.creditor_id = %(creditor)s AND p.case_id = %(case)s ORDER BY t.recognised_on DESC, l.id DESC LIMIT %(limit)s
"""


def case_documents(*, creditor_id: int, case_id: int) -> list[dict[str, Any]]:
    """Return the stored files that a case stands in, newest first: tapes, handover packages, files of payments.

    Only what names them, never their bytes: each holds other debtors too. For the creditor's side.
    """
    return dicts(_DOCUMENTS, creditor=creditor_id, case=case_id, limit=DOCUMENTS_MAX)


def case_lines(*, creditor_id: int, case_id: int) -> list[dict[str, Any]]:
    """Return what a case earned on statements, newest first."""
    return dicts(_LINES, creditor=creditor_id, case=case_id, limit=DOCUMENTS_MAX)
