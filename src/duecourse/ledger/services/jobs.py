"""Work behind the page: its record, and the one worker that holds it.

A worker that takes a job up opens a line of its own to the database and holds the job's lock on it. The line is no part of the work's
transactions, so that progress is seen while they are open; and when the worker is killed, the server ends the line and the lock with it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
from django.db import connection

from duecourse.kit.clock import now
from duecourse.kit.ids import canonical_bytes
from duecourse.ledger.models import Job

QUEUE_LOCK = "job-"
SECONDS_BEFORE_MISSED = 5
_LOCK_CLASS = 0x10B
_LOCK_KEY = "(%(job_id)s::bigint & 2147483647)::int"


@dataclass(frozen=True, slots=True)
class ClaimedJob:
    """What a worker needs to do a job.

    Attributes:
        kind, parameters, lang: what is to be done, in which language it was asked for.
        asked_by, agency_id, roles: who asked, as they were then.
        attempt_count: which attempt this is; the first is 1.
    """

    kind: str
    parameters: dict[str, Any]
    lang: str
    asked_by: int
    agency_id: int | None
    roles: tuple[str, ...]
    attempt_count: int


def job_add(
    *, creditor_id: int, agency_id: int | None, asked_by: int, roles: Sequence[str], lang: str, kind: str, parameters: Mapping[str, Any]
) -> int:
    """Write a job down, queued, in this transaction, and return its number.

    Raises:
        NotCanonical: the parameters hold something other than texts, whole numbers, days, instants, lists and mappings.
    """
    job = Job.objects.create(
        creditor_id=creditor_id,
        agency_id=agency_id,
        asked_by=asked_by,
        roles=sorted(roles),
        lang=lang,
        kind=kind,
        parameters=json.loads(canonical_bytes(dict(parameters))),
        asked_at=now(),
    )
    return job.pk


class JobLine:
    """One job's record, written by the worker that holds its lock; each write is seen at once."""

    def __init__(self, execute: Callable[[str, dict[str, Any]], list[tuple[Any, ...]]], *, creditor_id: int, job_id: int) -> None:
        self._execute = execute
        self._names = {"creditor_id": creditor_id, "job_id": job_id}

    def claim(self) -> ClaimedJob | None:
        """Hold the job and return it, or None when another worker holds it or it has ended."""
        if self._ask(f"SELECT pg_try_advisory_lock({_LOCK_CLASS}, {_LOCK_KEY})") != [(True,)]:
            return None
        rows = self._ask(
            "UPDATE ledger_job SET state = 'running', started_at = %(at)s, attempt_count = attempt_count + 1, done_count = 0, total_count = 0"
            " WHERE creditor_id = %(creditor_id)s AND id = %(job_id)s AND ended_at IS NULL"
            " RETURNING kind, parameters::text, lang, asked_by, agency_id, roles::text, attempt_count",
            at=now(),
        )
        if not rows:
            self.release()
            return None
        kind, parameters, lang, asked_by, agency_id, roles, attempt_count = rows[0]
        return ClaimedJob(kind, json.loads(parameters), lang, asked_by, agency_id, tuple(json.loads(roles)), attempt_count)

    def progress(self, done_count: int, total_count: int) -> None:
        """Show how much of how much is done."""
        self._ask(
            "UPDATE ledger_job SET done_count = %(done)s, total_count = %(total)s"
            " WHERE creditor_id = %(creditor_id)s AND id = %(job_id)s AND state = 'running'",
            done=done_count,
            total=total_count,
        )

    def done(self, result: Mapping[str, Any]) -> None:
        """Write down that it is done, with what came of it."""
        self._end("done", "result", result)

    def failed(self, error: Mapping[str, Any]) -> None:
        """Write down that it failed, with the templates and values of what, why and todo."""
        self._end("failed", "error", error)

    def release(self) -> None:
        """Give the lock back."""
        self._ask(f"SELECT pg_advisory_unlock({_LOCK_CLASS}, {_LOCK_KEY})")

    def _end(self, state: str, column: str, content: Mapping[str, Any]) -> None:
        self._ask(
            f"UPDATE ledger_job SET state = %(state)s, {column} = %(content)s::jsonb, ended_at = %(at)s"  # noqa: S608 result or error
            " WHERE creditor_id = %(creditor_id)s AND id = %(job_id)s AND ended_at IS NULL",
            state=state,
            content=json.dumps(content, ensure_ascii=False, default=str).replace("\\u0000", "�"),
            at=now(),
        )

    def _ask(self, query: str, **values: Any) -> list[tuple[Any, ...]]:
        return self._execute(query, self._names | values)


def line_open(*, creditor_id: int) -> psycopg.Connection:
    """Open a connection of its own to the database that Django uses, on which this creditor is open; the caller closes it."""
    keywords = {name: value for name, value in connection.get_connection_params().items() if name not in ("cursor_factory", "context")}
    line = psycopg.connect(**keywords, autocommit=True)
    line.execute("SELECT set_config('app.creditor', %s, false)", [str(creditor_id)])
    return line


def asked_on(line: psycopg.Connection) -> Callable[[str, dict[str, Any]], list[tuple[Any, ...]]]:
    """Return how a `JobLine` asks on a connection of its own."""

    def execute(query: str, values: dict[str, Any]) -> list[tuple[Any, ...]]:
        cursor = line.execute(query, values)
        return cursor.fetchall() if cursor.description else []

    return execute


def asked_here(query: str, *, values: dict[str, Any]) -> list[tuple[Any, ...]]:
    """Ask on Django's own connection, for a job that is done inside the transaction that asked for it."""
    with connection.cursor() as cursor:
        cursor.execute(query, values)
        return cursor.fetchall() if cursor.description else []


def jobs_dropped(*, creditor_id: int) -> list[int]:
    """Return the jobs nobody is doing and nobody will: their worker was killed, before or after it began. Call it inside `acting`.

    Guarantees: until this transaction ends, no worker begins one of them; their dead places in the queue are cleared.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT j.id FROM ledger_job j
            WHERE j.creditor_id = %(creditor_id)s AND j.ended_at IS NULL
              AND (j.state = 'running' OR j.asked_at < %(at)s - make_interval(secs => {SECONDS_BEFORE_MISSED}))
              AND NOT EXISTS (SELECT 1 FROM procrastinate_jobs q WHERE q.status = 'todo' AND q.queueing_lock = '{QUEUE_LOCK}' || j.id)
            ORDER BY j.id LIMIT 100
            """,  # noqa: S608 constants of this module
            {"creditor_id": creditor_id, "at": now()},
        )
        found = []
        for (job_id,) in cursor.fetchall():
            cursor.execute(f"SELECT pg_try_advisory_xact_lock({_LOCK_CLASS}, {_LOCK_KEY})", {"job_id": job_id})
            if cursor.fetchone() == (True,):
                found.append(job_id)
        if found:
            cursor.execute(
                "DELETE FROM procrastinate_jobs WHERE status = 'doing' AND queueing_lock = ANY (%s)", [[QUEUE_LOCK + str(n) for n in found]]
            )
    return found


def queue_take() -> tuple[int, int] | None:
    """Take the longest waiting job off the queue and return its creditor and number; for who works the queue off in this process."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            DELETE FROM procrastinate_jobs WHERE id = (
                SELECT id FROM procrastinate_jobs WHERE status = 'todo' AND starts_with(queueing_lock, '{QUEUE_LOCK}')
                ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED)
            RETURNING (args ->> 'creditor_id')::bigint, (args ->> 'job_id')::bigint
            """  # noqa: S608 constants of this module
        )
        return cursor.fetchone()
