"""Claim: with a million cases, a page takes at most twice what a bare Django view takes that runs the same SQL.

For each page its statements are recorded, with their parameters, from the session to the last row. The peer is a Django application of
one view and no middleware that runs exactly these, in the same order, in one transaction, fetches their rows and answers two letters: it
has no login, no walls, no forms, no templates, no words. Page and peer take turns in one process, through Django's WSGI handler; what is
measured is the server's time. Each page is asked for as somebody who uses it, logged in.

    python benchmarks/pages.py --cases 1000000
    python benchmarks/pages.py --cases 1000000 --contacts --only violations
"""

from __future__ import annotations

import argparse
import random
import statistics
import sys
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
from _contacts import filled
from _million import house

from duecourse.kit.clock import stopwatch

RATIO_MAX = 2.0
MEI, QIU, FAN, ANN, BO = "mei@lanxi.example", "qiu@lanxi.example", "fan@lanxi.example", "ann@a01.example", "bo@a02.example"
PAGES: tuple[tuple[str, str, str], ...] = (
    ("home", MEI, "/"),
    ("portfolio", MEI, "/portfolio/"),
    ("cases, first page", MEI, "/portfolio/cases/"),
    ("cases, a bucket by balance", MEI, "/portfolio/cases/?bucket=M2&order=-balance"),
    ("a case", MEI, "/cases/{case}/"),
    ("batches", MEI, "/batches/"),
    ("one batch", MEI, "/batches/{batch}/"),
    ("refusals", MEI, "/refusals/"),
    ("violations, eight weeks", QIU, "/violations/"),
    ("violations of one agency", QIU, "/violations/?performer={agency}"),
    ("findings of call records", QIU, "/violations/calls/"),
    ("calls without a permit", QIU, "/violations/calls/?kind=call_without_permit&page=40"),
    ("payments", FAN, "/payments/"),
    ("statements", FAN, "/statements/"),
    ("a lead's home", ANN, "/agency/"),
    ("a lead's cases", ANN, "/agency/cases/"),
    ("a collector's list", BO, "/agency/"),
)


@dataclass(frozen=True)
class Times:
    """Milliseconds of a kind of request."""

    p50: float
    p95: float
    per_s: float


@dataclass
class Peer:
    """What the bare view runs."""

    statements: list[tuple[str, Any]]


PEER = Peer([])


def bare(_request: Any) -> Any:
    """Run the recorded statements in one transaction and answer."""
    from django.db import connection, transaction
    from django.http import HttpResponse

    with transaction.atomic(), connection.cursor() as cursor:
        for statement, parameters in PEER.statements:
            cursor.execute(statement, parameters)
            if cursor.description:
                cursor.fetchall()
    return HttpResponse("ok")


def handlers() -> tuple[Any, Any]:
    """Return the WSGI applications of the console and of the bare view."""
    from django.core.handlers.wsgi import WSGIHandler
    from django.test import override_settings
    from django.urls import clear_url_caches, path

    real = WSGIHandler()
    module = type(sys)("bare_urls")
    module.urlpatterns = [path("bare/", bare)]  # type: ignore[attr-defined]
    sys.modules["bare_urls"] = module
    with override_settings(MIDDLEWARE=[]):
        plain = WSGIHandler()
    clear_url_caches()
    return real, plain


def asked(application: Any, address: str, *, cookie: str = "", urlconf: str = "") -> tuple[int, bytes]:
    """Send a GET through a WSGI application, and return status and body."""
    from django.urls import set_urlconf

    path, _, query = address.partition("?")
    found: list[str] = []
    environ = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "8000",
        "HTTP_HOST": "127.0.0.1:8000",
        "wsgi.url_scheme": "http",
        "wsgi.input": BytesIO(),
        "HTTP_COOKIE": cookie,
        "REMOTE_ADDR": "127.0.0.1",
    }
    answer = application(environ, lambda status, _headers: found.append(status))
    body = b"".join(answer)
    answer.close()
    set_urlconf(None)
    return int(found[0].split()[0]), body


def cookie_of(email: str) -> str:
    """Begin a session of somebody and return its cookie."""
    from importlib import import_module

    from django.conf import settings
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY

    from duecourse.parties.models import User

    user = User.objects.get(email=email)
    session = import_module(settings.SESSION_ENGINE).SessionStore()
    session[SESSION_KEY], session[HASH_SESSION_KEY] = str(user.pk), user.get_session_auth_hash()
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session.create()
    return f"{settings.SESSION_COOKIE_NAME}={session.session_key}; django_language=zh-hans"


def recorded(ask: Callable[[], tuple[int, bytes]]) -> list[tuple[str, Any]]:
    """Return the statements that a request runs, with their parameters."""
    from django.db import connection

    found: list[tuple[str, Any]] = []

    def note(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:  # noqa: FBT001
        found.append((sql, params))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        ask()
    return found


def measured(ask: Callable[[], Any], *, times: int) -> list[float]:
    """Return the milliseconds that each of some requests took."""
    found = []
    for _ in range(times):
        begun = stopwatch()
        ask()
        found.append((stopwatch() - begun) * 1000)
    return found


def times_of(found: list[float]) -> Times:
    """Return quantiles and requests a second, one after the other."""
    ordered = sorted(found)
    return Times(statistics.median(ordered), ordered[int(len(ordered) * 0.95)], 1000 / statistics.mean(ordered))


def places() -> dict[str, int]:
    """Return a case and a batch to look at; the case has a placement, permits and payments."""
    from django.db import connection

    from duecourse.parties.access import acting, system
    from duecourse.parties.selectors import creditors

    with acting(system(creditors()[0].pk)), connection.cursor() as cursor:
        cursor.execute(
            "SELECT p.case_id, max(p.batch_id) FROM placement_placement p JOIN contact_permit c ON c.case_id = p.case_id"
            " JOIN placement_placementaccount a ON a.placement_id = p.id JOIN repayment_attribution r ON r.account_id = a.account_id"
            " WHERE p.id < 100000 AND upper_inf(p.during) GROUP BY p.case_id ORDER BY count(*) DESC, 1 LIMIT 20"
        )
        found = cursor.fetchall()
        case, batch = random.Random(7).choice(found)
        cursor.execute("SELECT open_agency_id FROM portfolio_case WHERE id = %s", [case])
        (agency,) = cursor.fetchone()
    return {"case": case, "batch": batch, "agency": agency}


def sums_kept() -> None:
    """Count the days gone by that the board of violations shows, as the worker does every few minutes."""
    from duecourse.contact.services import violations_sum
    from duecourse.parties.access import system
    from duecourse.parties.selectors import creditors

    begun, day_count = stopwatch(), 0
    for creditor in creditors():
        while len(days := violations_sum(actor=system(creditor.pk), days_max=50)) > 50:
            day_count += len(days)
    print(f"counted the violations of {day_count + len(days)} days in {stopwatch() - begun:.0f} s")


def main() -> int:
    """Make the house, ask for every page and its peer in turns, and print a line per page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=200_000)
    parser.add_argument("--times", type=int, default=60)
    parser.add_argument("--contacts", action="store_true", help="fill the house with a large history of contacts and call records first")
    parser.add_argument("--only", default="", help="pages whose name holds this")
    arguments = parser.parse_args()
    with house(case_count=arguments.cases):
        from django.test import override_settings

        real, plain = handlers()
        where, worst = places(), 0.0
        print(
            f"{'page':30}{'queries':>8}{'bytes':>9}{'p50 ms':>9}{'p95 ms':>9}{'per s':>8}{'bare p50':>10}{'bare p95':>10}{'bare/s':>8}{'ratio':>7}"
        )
        if arguments.contacts:
            filled()
        sums_kept()
        for name, email, pattern in (page for page in PAGES if arguments.only in page[0]):
            cookie, address = cookie_of(email), pattern.format(**where)
            page = lambda cookie=cookie, address=address: asked(real, address, cookie=cookie)  # noqa: E731
            status, body = page()
            if status != 200:
                print(f"{name:30} answers {status}")
                worst = float("inf")
                continue
            page()
            PEER.statements = recorded(page)
            found: dict[str, list[float]] = {"page": [], "bare": []}
            for _ in range(5):
                found["page"] += measured(page, times=max(1, arguments.times // 5))
                with override_settings(ROOT_URLCONF="bare_urls"):
                    found["bare"] += measured(lambda: asked(plain, "/bare/"), times=max(1, arguments.times // 5))
            one, other = times_of(found["page"]), times_of(found["bare"])
            worst = max(worst, one.p50 / other.p50)
            print(
                f"{name:30}{len(PEER.statements):>8}{len(body):>9,}{one.p50:>9.1f}{one.p95:>9.1f}{one.per_s:>8.0f}"
                f"{other.p50:>10.1f}{other.p95:>10.1f}{other.per_s:>8.0f}{one.p50 / other.p50:>7.2f}"
            )
        print(f"worst ratio {worst:.2f}, aim {RATIO_MAX}: {'kept' if worst <= RATIO_MAX else 'NOT kept'}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
