"""Approvals: everybody of the creditor's side sees what waits; deciding takes the role and a second person."""

from __future__ import annotations

from tests.doors.scope import CREDITOR_ONLY, CREDITOR_POST

ROWS = {
    "approvals": ("/approvals/", CREDITOR_ONLY),
    "approvals-history": ("/approvals/history/", CREDITOR_ONLY),
    "approval-decide": ("/approvals/export/1/", CREDITOR_POST),
}
