"""Work of more than two seconds leaves the page: a job is asked for in the page's transaction and done by a worker. docs/jobs.md tells more.

The queue is procrastinate's and holds two numbers per place; what there is to do, for whom and how far it is stands in the ledger's record.
A worker holds a job by a lock on a line of its own to the database, so two never do the same one, and a killed worker's job is free at once.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from importlib import import_module
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone, translation
from django.utils.translation import gettext_noop
from procrastinate.contrib.django import app as queue
from procrastinate.exceptions import AlreadyEnqueued

from duecourse.doors.words import told
from duecourse.kit.calendar import local_day
from duecourse.kit.clock import now, stopwatch
from duecourse.kit.errors import Absent, DuecourseError
from duecourse.ledger.selectors import job_row, job_rows
from duecourse.ledger.services import QUEUE_LOCK, ClaimedJob, JobLine, asked_here, asked_on, job_add, jobs_dropped, line_open, queue_take
from duecourse.parties.access import Actor, acting, actors_of, system
from duecourse.parties.errors import MembershipMissing
from duecourse.parties.models import Creditor, Role, User
from duecourse.parties.selectors import creditors

JOB_MODULES: tuple[str, ...] = (
    "duecourse.doors.exporting",
    "duecourse.doors.feed_jobs",
    "duecourse.doors.payment_jobs",
    "duecourse.doors.desk_jobs",
    "duecourse.doors.month_jobs",
    "duecourse.doors.rule_jobs",
)
"""The modules that register jobs; each is imported before the first job is asked for or done."""
QUEUE = "jobs"
ATTEMPTS_MAX = 5
PROGRESS_EVERY_SECONDS = 0.2
Progress = Callable[[int, int], None]
JobFunction = Callable[..., dict[str, Any]]
_log = logging.getLogger(__name__)


class JobBroke(DuecourseError):
    """A job ended with an error of ours."""

    what = "This work stopped because of a fault of ours."
    why = "What it had completed step by step is kept; the step it stopped in left nothing behind."
    todo = "Try again. If it stops again, give the number {job_id} to whoever runs this installation; the reason is in the log."
    http_status = 500


class JobGivenUp(DuecourseError):
    """A job's worker was lost each time."""

    what = "This work was begun {attempts} times, and its process was lost each time."
    why = "Usually the machine has too little memory for it."
    todo = "Do it in smaller parts, or ask whoever runs this installation."
    http_status = 500


class JobUnknown(DuecourseError):
    """A job's kind is not known to this version."""

    what = "This version does not know the work {kind!r}."
    todo = "Start it anew from the page it belongs to."
    http_status = 500


@dataclass(frozen=True, slots=True)
class JobKind:
    """One kind of work: its name in records, how it is called on the page, and what does it."""

    name: str
    title: Any
    function: JobFunction


@dataclass(frozen=True, slots=True)
class JobShown:
    """A job as its page shows it.

    Attributes:
        state: queued, running, done or failed.
        done_count, total_count: how far it is; a total of 0 says that it is not known.
        result: what the function returned; may hold `url`, where the outcome is shown, and `counts`.
        error: what, why and todo in the reader's language, empty unless it failed.
    """

    id: int
    kind: str
    title: str
    state: str
    done_count: int
    total_count: int
    result: dict[str, Any]
    error: dict[str, str]
    asked_at: datetime
    ended_at: datetime | None

    @property
    def is_ended(self) -> bool:
        """Say whether nothing more will happen."""
        return self.ended_at is not None

    @property
    def url(self) -> str:
        """The address of the outcome on this host, or ''."""
        url = str(self.result.get("url") or "")
        return url if url.startswith("/") and not url.startswith(("//", "/\\")) else ""


_kinds: dict[str, JobKind] = {}


def job(name: str, *, title: Any) -> Callable[[JobFunction], JobFunction]:
    """Register a function as a kind of work; its module stands in `JOB_MODULES`.

    The function takes `actor`, `parameters` and `progress(done_count, total_count)` by keyword and returns what JSON can hold. It may be
    done twice when a worker is killed, so a repeat must change nothing, as all services are.
    """

    def register(function: JobFunction) -> JobFunction:
        _kinds[name] = JobKind(name, title, function)
        return function

    return register


def kinds_load() -> None:
    """Import the modules that register jobs, behind the addresses: in a worker nobody has asked for a page yet, and jobs name pages."""
    for module in (settings.ROOT_URLCONF, *JOB_MODULES):
        import_module(module)


def job_kind(name: str) -> JobKind:
    """Return the kind of this name.

    Raises:
        JobUnknown: no module registers it.
    """
    kinds_load()
    if name not in _kinds:
        raise JobUnknown(kind=name)
    return _kinds[name]


def job_start(*, actor: Actor, kind: str, parameters: Mapping[str, Any]) -> int:
    """Ask for work and return its number; it begins when the caller's transaction has committed, and never if it does not.

    Args:
        actor: who asks; the work is done in their name, with the roles they have when it begins.
        kind: the name under which the function is registered.
        parameters: ids, days, codes; days and instants become texts. No personal data; files by the number of their StoredFile.

    Raises:
        JobUnknown: there is no such kind.
        NotCanonical: the parameters hold a float or an object.
    """
    found = job_kind(kind)
    with acting(system(actor.creditor_id)):
        job_id = job_add(
            creditor_id=actor.creditor_id,
            agency_id=actor.agency_id,
            asked_by=actor.user_id,
            roles=sorted(actor.roles),
            lang=translation.get_language() or "en",
            kind=found.name,
            parameters=parameters,
        )
        _enqueue(creditor_id=actor.creditor_id, job_id=job_id)
    return job_id


def job_of(*, actor: Actor, job_id: int) -> JobShown:
    """Return a job to who asked for it, or to a manager of the same side (an agency's lead).

    Raises:
        Absent: there is none, or it is not theirs to see.
    """
    return _shown(_record(actor, job_id))


def jobs_of(*, actor: Actor, limit: int = 50) -> list[JobShown]:
    """Return the last jobs the actor asked for, the newest first."""
    with acting(actor):
        return [
            _shown(row) for row in job_rows(creditor_id=actor.creditor_id, agency_id=actor.agency_id, asked_by=actor.user_id, limit=limit)
        ]


def job_again(*, actor: Actor, job_id: int) -> int:
    """Ask for the same work anew, in the actor's own name, and return the new job's number; one that has not ended is returned as it is.

    Raises:
        Absent: there is no such job, or it is not theirs to see.
    """
    record = _record(actor, job_id)
    if record["ended_at"] is None:
        return job_id
    return job_start(actor=actor, kind=record["kind"], parameters=record["parameters"])


def run_pending() -> int:
    """Do every job that is queued, in this process, and return how many; for tests, and for `duecourse worker --once`.

    Inside a transaction the jobs are done in it, so that a test may roll all of it back.
    """
    done_count = 0
    while place := queue_take():
        creditor_id, job_id = place
        done_count += perform(creditor_id=creditor_id, job_id=job_id)
    return done_count


def take_up() -> int:
    """Queue the jobs anew whose worker was killed, and return how many."""
    found_count = 0
    for creditor in creditors():
        with acting(system(creditor.pk)):
            for job_id in jobs_dropped(creditor_id=creditor.pk):
                _enqueue(creditor_id=creditor.pk, job_id=job_id)
                found_count += 1
    return found_count


@queue.task(name="duecourse.job", queue=QUEUE)
def work(*, creditor_id: int, job_id: int) -> None:
    """Do one job; the worker calls it with what stands in the queue."""
    perform(creditor_id=creditor_id, job_id=job_id)


def perform(*, creditor_id: int, job_id: int) -> bool:
    """Do one job, unless another worker holds it or it has ended; say whether it was done here."""
    with _line(creditor_id, job_id) as line:
        claimed = line.claim()
        if claimed is None:
            return False
        try:
            line.done(_done(claimed, creditor_id=creditor_id, job_id=job_id, line=line))
        except DuecourseError as error:
            line.failed(_templates(error))
        except Exception:  # noqa: BLE001 whatever it was, the person who waits is told and the worker lives on
            _log.exception("Job %s of creditor %s broke.", job_id, creditor_id)
            line.failed(_templates(JobBroke(job_id=job_id)))
        finally:
            line.release()
    return True


def _done(claimed: ClaimedJob, *, creditor_id: int, job_id: int, line: JobLine) -> dict[str, Any]:
    if claimed.attempt_count > ATTEMPTS_MAX:
        raise JobGivenUp(attempts=ATTEMPTS_MAX)
    found = job_kind(claimed.kind)
    zone = Creditor.objects.get(pk=creditor_id).zone
    actor = _actor_now(claimed, creditor_id=creditor_id, zone=zone)
    with translation.override(claimed.lang), timezone.override(zone):
        return dict(found.function(actor=actor, parameters=claimed.parameters, progress=_progress_on(line)) or {})


def _actor_now(claimed: ClaimedJob, *, creditor_id: int, zone: str) -> Actor:
    """Return who asked, with the roles they have today: whose membership has ended gets nothing done any more."""
    if claimed.asked_by <= 0:
        return Actor(claimed.asked_by, creditor_id, claimed.agency_id, frozenset(claimed.roles))
    user = User.objects.filter(pk=claimed.asked_by, is_active=True).first()
    for actor in actors_of(user, on=local_day(now(), zone)) if user else ():
        if (actor.creditor_id, actor.agency_id) == (creditor_id, claimed.agency_id):
            return actor
    raise MembershipMissing


def _progress_on(line: JobLine) -> Progress:
    """Return a function that shows progress at most five times a second, and the last step always."""
    shown_at = [stopwatch() - PROGRESS_EVERY_SECONDS]

    def progress(done_count: int, total_count: int) -> None:
        if done_count >= total_count or stopwatch() - shown_at[0] >= PROGRESS_EVERY_SECONDS:
            shown_at[0] = stopwatch()
            line.progress(int(done_count), int(total_count))

    return progress


@contextmanager
def _line(creditor_id: int, job_id: int) -> Iterator[JobLine]:
    if connection.in_atomic_block:
        # A job asked for in this very transaction is not there yet for anybody else.
        def execute(query: str, values: dict[str, Any]) -> list[tuple[Any, ...]]:
            with acting(system(creditor_id)):
                return asked_here(query, values=values)

        yield JobLine(execute, creditor_id=creditor_id, job_id=job_id)
        return
    with line_open(creditor_id=creditor_id) as line:
        yield JobLine(asked_on(line), creditor_id=creditor_id, job_id=job_id)


def _enqueue(*, creditor_id: int, job_id: int) -> None:
    place = queue.configure_task("duecourse.job", queue=QUEUE, queueing_lock=f"{QUEUE_LOCK}{job_id}")
    try:
        with transaction.atomic():
            place.defer(creditor_id=creditor_id, job_id=job_id)
    except AlreadyEnqueued:
        _log.info("Job %s is queued already.", job_id)


def _record(actor: Actor, job_id: int) -> dict[str, Any]:
    with acting(actor):
        row = job_row(creditor_id=actor.creditor_id, job_id=job_id)
    leads = {str(Role.MANAGER), str(Role.LEAD)}
    if row is None or row["agency_id"] != actor.agency_id or not (row["asked_by"] == actor.user_id or leads & actor.roles):
        raise Absent(entity=gettext_noop("job"))
    return row


def _shown(row: Mapping[str, Any]) -> JobShown:
    names = ("id", "kind", "state", "done_count", "total_count", "result", "asked_at", "ended_at")
    try:
        title = str(job_kind(row["kind"]).title)
    except JobUnknown:
        title = row["kind"]
    return JobShown(title=title, error=_told(row["error"]), **{name: row[name] for name in names})


def _templates(error: DuecourseError) -> dict[str, Any]:
    """Return what is kept of an error: its templates and values, so that each reader has it in their own language."""
    return {"code": error.code, "what": error.what, "why": error.why, "todo": error.todo, "parameters": error.parameters}


def _told(error: Mapping[str, Any]) -> dict[str, str]:
    parameters = error.get("parameters", {})
    texts = {name: error.get(name, "") for name in ("what", "why", "todo")}
    return {name: told(text, parameters) for name, text in texts.items()} if error else {}
