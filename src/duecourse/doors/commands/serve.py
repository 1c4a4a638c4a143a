"""`duecourse serve`: the console on this machine, and beside it the sealer and a worker for jobs."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Self

import typer
from django.conf import settings
from django.db import Error as DatabaseError
from django.db import connection

from duecourse.doors.commands.terminal import terminal
from duecourse.kit.clock import stopwatch
from duecourse.kit.errors import ConfigurationError, DuecourseError
from duecourse.ledger.services import seal_pending
from duecourse.parties.access import acting, system
from duecourse.parties.selectors import creditors

app = typer.Typer(add_completion=False, rich_markup_mode=None)

LOOPBACK = "127.0.0.1"
PORTS_TRIED = 50
START_SECONDS_MAX = 60
SEAL_EVERY_SECONDS = 1.0
WORKER_AGAIN_SECONDS = 5.0
THREADS = 4
PLATFORM = 0
_log = logging.getLogger(__name__)


class NoPortFree(ConfigurationError):
    """Every port that was tried is in use."""

    what = "The ports {first} to {last} are all in use."
    todo = "Name another one: duecourse serve --port PORT"


class ServerFailed(ConfigurationError):
    """The web server ended, or does not answer."""

    what = "The web server did not start."
    why = "It ended with code {code}, or did not answer within {seconds} seconds; what it said stands above."
    todo = "Mend what it complains about and start it again."


@app.command()
def command(
    port: int = typer.Option(0, help="Port of the page; another is taken when it is in use. Default: DUECOURSE_PORT, else 8000."),
) -> None:
    """Serve the console on this machine until Ctrl-C; what happens is sealed into the audit trail within a second.

    Whoever logs in sees what their membership lets them see. In production put a proxy with TLS in front.
    """
    serve(port=port or settings.ENVIRONMENT.port, on_ready=_announce)


def serve(*, port: int, on_ready: Callable[[str], None] | None = None, ended: threading.Event | None = None) -> None:
    """Serve the console on DUECOURSE_BIND, 127.0.0.1 by default, until the process is interrupted.

    The web server is a process of its own, with a pool of database connections, and so is the worker that does jobs; this one seals the
    audit trail every second and replaces the worker when it ends.

    Args:
        port: where to listen; the next free one is taken when it is in use.
        on_ready: called with the page's address once it answers.
        ended: set it to end the serving; Ctrl-C and SIGTERM set it too.

    Raises:
        NoPortFree: nothing is free nearby.
        ServerFailed: the web server did not start or ended by itself.
    """
    chosen = free_port(port)
    if chosen != port:
        terminal.note(terminal.translated("Port {port} is in use; taking {chosen}.").format(port=port, chosen=chosen))
    url = f"http://{_reached_at()}:{chosen}/"
    ended = ended or threading.Event()
    with _web_server(chosen) as server, _Worker() as worker, _stopping(ended):
        _wait_until_it_answers(server, chosen, ended)
        if on_ready and not ended.is_set():
            on_ready(url)
        while not ended.wait(SEAL_EVERY_SECONDS):
            if server.poll() is not None:
                raise ServerFailed(code=server.returncode, seconds=START_SECONDS_MAX)
            worker.keep()
            seal_all()


def seal_all() -> int:
    """Seal what is pending for the platform and for every creditor, and return how many events; a failure is logged and tried again."""
    sealed_count = 0
    try:
        for creditor_id in [PLATFORM, *(creditor.pk for creditor in creditors())]:
            with acting(system(creditor_id)):
                sealed_count += seal_pending(creditor_id=creditor_id)
    except (DatabaseError, DuecourseError):
        _log.exception("Sealing failed; it is tried again in a second.")
        connection.close()
    return sealed_count


def free_port(wanted: int, *, tried: int = PORTS_TRIED) -> int:
    """Return the first free port from `wanted` on.

    Raises:
        NoPortFree: none of the `tried` ports is free.
    """
    last = min(wanted + tried - 1, 65535)
    for port in range(wanted, last + 1):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((settings.ENVIRONMENT.bind, port))
            return port
    raise NoPortFree(first=wanted, last=last)


@contextlib.contextmanager
def _web_server(port: int) -> Iterator[subprocess.Popen[bytes]]:
    """Run granian in a clean process, so that it makes its own connections, and end it with the block."""
    target = ":".join(settings.WSGI_APPLICATION.rsplit(".", 1))
    options = [
        "--interface",
        "wsgi",
        "--host",
        settings.ENVIRONMENT.bind,
        "--port",
        str(port),
        "--blocking-threads",
        str(THREADS),
        "--log-level",
        "warning",
    ]
    environment = {"DUECOURSE_POOL": str(THREADS)} | os.environ
    server = subprocess.Popen([sys.executable, "-m", "granian", *options, target], env=environment, start_new_session=True)
    try:
        yield server
    finally:
        _end(server)


class _Worker:
    """The process that does jobs, begun anew when it ends by itself; a killed one's job is taken up by the next."""

    def __enter__(self) -> Self:
        self._begin()
        return self

    def __exit__(self, *_: object) -> None:
        _end(self._process)

    def keep(self) -> None:
        """Begin another one if it has ended, a while after the last beginning."""
        if self._process.poll() is not None and stopwatch() - self._begun_at >= WORKER_AGAIN_SECONDS:
            _log.warning("The worker ended with code %s; another one begins.", self._process.returncode)
            self._begin()

    def _begin(self) -> None:
        self._begun_at = stopwatch()
        line = [sys.executable, "-m", "duecourse", "worker", "--parent", str(os.getpid())]
        self._process = subprocess.Popen(line, stdin=subprocess.DEVNULL, start_new_session=True)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ask a process to end, and end it when it has not after ten seconds."""
    process.terminate()
    try:
        process.wait(timeout=10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@contextlib.contextmanager
def _stopping(ended: threading.Event) -> Iterator[None]:
    """Let Ctrl-C and SIGTERM end the block; in another thread than the main one only the block's owner can."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    names = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(name, lambda *_: ended.set()) for name in names]
    try:
        yield
    finally:
        for name, handler in zip(names, before, strict=True):
            signal.signal(name, handler)


def _wait_until_it_answers(server: subprocess.Popen[bytes], port: int, ended: threading.Event) -> None:
    for _attempt in range(START_SECONDS_MAX * 10):
        if server.poll() is not None or ended.is_set():
            break
        with socket.socket() as probe:
            if probe.connect_ex((_reached_at(), port)) == 0:
                return
        ended.wait(0.1)
    if not ended.is_set():
        raise ServerFailed(code=server.poll(), seconds=START_SECONDS_MAX)


def _reached_at() -> str:
    """Return the address at which this machine reaches the server, which may listen on all of its addresses."""
    bind = settings.ENVIRONMENT.bind
    return LOOPBACK if set(bind) <= {"0", "."} else bind


def _announce(url: str) -> None:
    terminal.answer({"url": url}, text=terminal.translated("Open {url}").format(url=url))
    sys.stdout.flush()
    terminal.note(terminal.translated("Stop with Ctrl-C; `duecourse db stop` stops the database."))
