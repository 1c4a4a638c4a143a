"""Reading the records of work behind the page."""

from __future__ import annotations

from typing import Any

from duecourse.ledger.selectors.rows import dicts

_COLUMNS = "id, agency_id, asked_by, kind, parameters, state, done_count, total_count, result, error, attempt_count, asked_at, started_at, ended_at"


def job_row(*, creditor_id: int, job_id: int) -> dict[str, Any] | None:
    """Return one job's record, or None when there is none that may be seen here."""
    query = f"SELECT {_COLUMNS} FROM ledger_job WHERE creditor_id = %(creditor_id)s AND id = %(job_id)s"  # noqa: S608 own columns
    found = dicts(query, creditor_id=creditor_id, job_id=job_id)
    return found[0] if found else None


def job_rows(*, creditor_id: int, agency_id: int | None, asked_by: int, limit: int = 50) -> list[dict[str, Any]]:
    """Return the last jobs that somebody asked for on a side, the newest first."""
    query = f"""
        SELECT {_COLUMNS} FROM ledger_job
        WHERE creditor_id = %(creditor_id)s AND agency_id IS NOT DISTINCT FROM %(agency_id)s AND asked_by = %(asked_by)s
        ORDER BY id DESC LIMIT %(row_limit)s
    """  # noqa: S608 own columns
    return dicts(query, creditor_id=creditor_id, agency_id=agency_id, asked_by=asked_by, row_limit=limit)


def jobs_unended_count(*, creditor_id: int) -> int:
    """Return how many jobs of a creditor wait or run."""
    query = "SELECT count(*) AS unended_count FROM ledger_job WHERE creditor_id = %(creditor_id)s AND ended_at IS NULL"
    return int(dicts(query, creditor_id=creditor_id)[0]["unended_count"])
