"""`duecourse worker`: does what pages ask for in the background, and sends events to webhooks."""

from __future__ import annotations

import logging
import os
import signal
import threading

import typer
from django.db import Error as DatabaseError
from django.db import connection
from procrastinate.contrib.django import app as queue
from procrastinate.contrib.django.utils import connector_params
from procrastinate.exceptions import ConnectorException
from procrastinate.psycopg_connector import PsycopgConnector

from duecourse.doors.commands.terminal import terminal
from duecourse.doors.jobs import QUEUE, kinds_load, run_pending, take_up
from duecourse.doors.tidying import TIDY_EVERY_SECONDS, tidy_all
from duecourse.doors.webhooks.rounds import Senders
from duecourse.kit.clock import stopwatch
from duecourse.kit.errors import ConfigurationError, DuecourseError

app = typer.Typer(add_completion=False, rich_markup_mode=None)

LOOK_AROUND_EVERY_SECONDS = 1.0
_log = logging.getLogger(__name__)


class WorkerCutOff(ConfigurationError):
    """The worker has lost the database."""

    what = "The worker has lost its connection to the database."
    why = "{reason}"
    todo = "See whether the database runs, and start the worker again; what it was doing is taken up by the next one."


@app.command()
def command(
    concurrency: int = typer.Option(2, min=1, max=32, help="How many jobs are done at once."),
    once: bool = typer.Option(False, "--once", help="Do what is queued, then stop."),
    parent: int = typer.Option(0, hidden=True, help="Stop when this process is gone."),
) -> None:
    """Do the work that pages ask for in the background, and send events to webhooks, until Ctrl-C. `duecourse serve` runs one of these.

    Several may run, on one machine or on many: no two do the same job. One that was killed is replaced by any other within seconds.
    """
    if once:
        done_count = run_pending()
        terminal.answer({"done_count": done_count}, text=terminal.translated("{count} jobs were done.").format(count=done_count))
        return
    run_worker(concurrency=concurrency, parent=parent)


def run_worker(*, concurrency: int = 2, parent: int = 0) -> None:
    """Do jobs until the process is interrupted; a running job is finished first.

    Args:
        concurrency: how many at once, each in a thread with a connection of its own.
        parent: number of the process whose end ends this one, 0 for none.

    Raises:
        WorkerCutOff: the database is gone.
    """
    kinds_load()
    ended = threading.Event()
    around = threading.Thread(target=_look_around, args=(ended, parent), daemon=True)
    around.start()
    # The queue's own connections: one to listen on, one to fetch with; each thread that does a job brings Django's.
    places = PsycopgConnector(kwargs=connector_params(), min_size=1, max_size=concurrency + 2)
    try:
        queue.with_connector(places).run_worker(
            queues=[QUEUE], concurrency=concurrency, delete_jobs="always", fetch_job_polling_interval=2.0
        )
    except ConnectorException as error:
        raise WorkerCutOff(reason=str(error.__cause__ or error).strip().splitlines()[-1]) from error
    finally:
        ended.set()
        around.join(timeout=10)


def _look_around(ended: threading.Event, parent: int) -> None:
    """Take up what killed workers left and send what is due, every second, and tidy up now and then; a failure is logged and tried again."""
    senders, tidied_at = Senders(), stopwatch()
    while not ended.wait(LOOK_AROUND_EVERY_SECONDS):
        if parent and os.getppid() != parent:
            os.kill(os.getpid(), signal.SIGTERM)
            return
        try:
            take_up()
            senders.round()
            if stopwatch() - tidied_at >= TIDY_EVERY_SECONDS:
                tidied_at = stopwatch()
                tidy_all()
        except (DatabaseError, DuecourseError):
            _log.exception("Looking for dropped jobs and events failed; it is tried again in a second.")
            connection.close()
    senders.close()
    connection.close()
