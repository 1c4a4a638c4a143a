"""Every write of the ledger: the trail, the books, the files, and the keys of requests that must have one effect.

The ledger lies below the room that knows who acts. Its services run inside the caller's `acting(...)` transaction, and the database
refuses them for any creditor but the one that is open there.
"""

from __future__ import annotations

from duecourse.ledger.services.audit import audit_append, seal_pending
from duecourse.ledger.services.books import BOOKS, COMPONENTS, PostingLine, entry_post, entry_reverse, receivables_post
from duecourse.ledger.services.files import StoredFileRef, file_destroy, file_put
from duecourse.ledger.services.jobs import (
    QUEUE_LOCK,
    ClaimedJob,
    JobLine,
    asked_here,
    asked_on,
    job_add,
    jobs_dropped,
    line_open,
    queue_take,
)
from duecourse.ledger.services.once import idempotency_once
from duecourse.ledger.services.planner import statistics_refresh

__all__ = [
    "BOOKS",
    "COMPONENTS",
    "QUEUE_LOCK",
    "ClaimedJob",
    "JobLine",
    "PostingLine",
    "StoredFileRef",
    "asked_here",
    "asked_on",
    "audit_append",
    "entry_post",
    "entry_reverse",
    "file_destroy",
    "file_put",
    "idempotency_once",
    "job_add",
    "jobs_dropped",
    "line_open",
    "queue_take",
    "receivables_post",
    "seal_pending",
    "statistics_refresh",
]
