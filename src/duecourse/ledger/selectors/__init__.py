"""Every read of the ledger: balances, files, and the proof that the trail is whole.

Selectors run inside the caller's `acting(...)` transaction and see the creditor that is open there.
"""

from __future__ import annotations

from duecourse.ledger.selectors.books import BALANCES, book_totals, receivable_balances
from duecourse.ledger.selectors.files import file_open, file_read, file_ref
from duecourse.ledger.selectors.jobs import job_row, job_rows, jobs_unended_count
from duecourse.ledger.selectors.pages import Page, PageQuery, page, page_count, page_stream
from duecourse.ledger.selectors.trail import (
    BadRow,
    Head,
    Proof,
    Verification,
    audit_verify,
    event_count,
    event_details,
    event_proof,
    seal_position,
    sealed_events,
)

__all__ = [
    "BALANCES",
    "BadRow",
    "Head",
    "Page",
    "PageQuery",
    "Proof",
    "Verification",
    "audit_verify",
    "book_totals",
    "event_count",
    "event_details",
    "event_proof",
    "file_open",
    "file_read",
    "file_ref",
    "job_row",
    "job_rows",
    "jobs_unended_count",
    "page",
    "page_count",
    "page_stream",
    "receivable_balances",
    "seal_position",
    "sealed_events",
]
