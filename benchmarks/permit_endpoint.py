"""Claim: asking for a permit over HTTP costs at most twice an endpoint that inserts one row, with twenty million earlier attempts stored.

There are two peers. `insert` is another operation of the same API: the same token, pace, walls and reading of the same body, and then
the row of a permit in one transaction, in the same table with its references and indexes; what it lacks is what a permit is more than its row.
`bare` is less than any API may be: a Django application of one view and no middleware, which asks nobody who they are and inserts one row
into a table without walls, references or triggers. The permit endpoint does what it does for a dialler: token, pace, walls, the debtor's lock,
the counts over all performers, the rules, the stored explanation, the trail, the answer with all it checked; the pace's bound is lifted, its
counting is not. The limit is held to `insert`; `bare` is printed beside it.

All are asked through Django's WSGI handler, on the same database with the same durability, in short rounds that take turns; what is
measured is the server's time. Clients are processes, as a web server's workers are. The best rounds are compared and the medians printed beside.

The attempts lie in the weeks of two years before, so in 24 months' parts beside the few that are made ahead.

It makes an installation of its own in a temporary folder and removes it, or fills one in a folder that is named and uses it again the next
time. Twenty million take about 12 GB and ten minutes to fill.

    python benchmarks/permit_endpoint.py --permits 20000000
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import sys
from collections.abc import Callable
from dataclasses import asdict
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).parent))
from permits import DAY, NOON, Place, ask, installation, printed, rate

from duecourse.kit.clock import frozen, stopwatch

RATIO_MAX = 2.0
ROUNDS, CLIENTS, WARM = 15, 2, 50
KINDS = ("bare", "insert", "permit")
PER_DEBTOR = 100

FILL = """
INSERT INTO portfolio_person (id, creditor_id, kind, zone, zone_source, known_at)
OVERRIDING SYSTEM VALUE SELECT n, %(creditor)s, 'individual', 'Asia/Shanghai', 'bench', %(noon)s FROM generate_series(1, %(debtors)s) n;
INSERT INTO portfolio_account (id, creditor_id, number, product_class, lender_class, currency, balance_authority, region, collateral_reference)
OVERRIDING SYSTEM VALUE SELECT n, %(creditor)s, 'N' || n, 'credit_card', 'bank', 'CNY', 'core', '', '' FROM generate_series(1, %(debtors)s) n;
INSERT INTO portfolio_case (id, creditor_id, person_id, work_stream, region, opened_on, close_reason, open_agency_id, hand_count)
OVERRIDING SYSTEM VALUE SELECT n, %(creditor)s, n, 'all', '', %(day)s, '', %(agency)s, 1 FROM generate_series(1, %(debtors)s) n;
INSERT INTO portfolio_caseaccount (creditor_id, case_id, account_id, from_on)
SELECT %(creditor)s, n, n, %(day)s FROM generate_series(1, %(debtors)s) n;
INSERT INTO portfolio_contactpoint (id, creditor_id, person_id, kind, whose, value_sealed, zone_source, valid_from_on, index_key_id)
OVERRIDING SYSTEM VALUE SELECT n, %(creditor)s, n, 'phone', 'self', ''::bytea, 'bench', %(day)s, '' FROM generate_series(1, %(debtors)s) n
"""
INSERT = """
INSERT INTO contact_permit (creditor_id, performer_id, client_request_id, request_hash, person_id, case_id, user_id, channel, contact_at,
    local_on, decided_at, explanation, valid_until_at) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s) RETURNING id
"""
HISTORY = """
SELECT gate.contact_month(m::date) FROM generate_series(%(day)s::date - interval '24 months', %(day)s::date + interval '3 months', '1 month') m;
INSERT INTO contact_permit (creditor_id, performer_id, client_request_id, request_hash, person_id, case_id, user_id, channel,
    contact_at, local_on, decided_at, explanation, valid_until_at)
SELECT p.creditor_id, p.performer_id, 'old-' || d || '-' || weeks, p.request_hash, d, d, p.user_id, p.channel,
    p.contact_at - weeks * interval '1 week', p.local_on - weeks * 7, p.decided_at - weeks * interval '1 week', '{}',
    p.valid_until_at - weeks * interval '1 week'
FROM contact_permit p, generate_series(1, %(debtors)s) d, generate_series(1, %(each)s) weeks;
INSERT INTO contact_attempt (creditor_id, permit_id, local_on, performer_id, outcome, is_connected, started_at, talk_seconds, reported_at)
SELECT creditor_id, id, local_on, performer_id, 'no_answer', false, contact_at, 0, contact_at FROM contact_permit;
CREATE TABLE plain_row (id bigserial PRIMARY KEY, case_id bigint NOT NULL, request text NOT NULL, at timestamptz NOT NULL);
GRANT INSERT, SELECT ON plain_row TO duecourse_app;
GRANT USAGE ON SEQUENCE plain_row_id_seq TO duecourse_app;
GRANT INSERT ON contact_permit TO duecourse_agency;
GRANT USAGE ON SEQUENCE contact_permit_id_seq TO duecourse_agency;
VACUUM ANALYZE;
CHECKPOINT
"""


class Share(NamedTuple):
    """What one client does: with which token, which debtors (the first, and how far apart they are), and how many requests a round."""

    secret: str
    first: int
    apart: int
    times: int


def filled(permit_count: int) -> tuple[Place, str]:
    """Fill the database, each debtor with a number, a placed case and a hundred reported permits of the weeks before; return a token too."""
    from duecourse.config import boot
    from duecourse.config.environment import current
    from duecourse.parties import services
    from duecourse.parties.access import system

    creditor = services.creditor_add(code="lanxi", name="Lanxi", zone="Asia/Shanghai", calendar_name="china", currency="CNY", packs=["cn"])
    boss = system(creditor.pk)
    agency = services.agency_add(actor=boss, code="aoki", name="Aoki", kind="external", opened_on=DAY)
    someone = services.user_add(email="ann@aoki.example", display_name="Ann", password="long-enough-to-pass")  # noqa: S106
    token = services.token_issue(actor=boss, name="dialler", scopes=["permits:write"], agency_id=agency.pk)
    place = Place(creditor.pk, agency.pk, someone.pk, max(1, permit_count // PER_DEBTOR))
    known = {"creditor": creditor.pk, "agency": agency.pk, "debtors": place.debtor_count, "each": PER_DEBTOR, "noon": NOON, "day": DAY}
    with boot.cluster(current()).connect(database=boot.DATABASE) as administrator:
        administrator.execute("SET session_replication_role = replica")
        for statement in FILL.split(";\n"):
            administrator.execute(statement, known)
        ask(place, 1, "first")
        for statement in HISTORY.split(";\n"):
            administrator.execute(statement, known if "%(" in statement else None)
    return place, token.text


def remembered(permit_count: int, *, folder: str) -> tuple[Place, str]:
    """Fill the database, or return what was filled into the installation in this folder before."""
    note = Path(folder) / "filled.json"
    if folder and note.exists():
        known = json.loads(note.read_text())
        if known["permits"] != permit_count:
            sys.exit(f"{folder} was filled with {known['permits']:,} permits; name another folder, or give --permits {known['permits']}")
        place = Place(**known["place"])
        empty_of(place)
        return place, known["secret"]
    place, secret = filled(permit_count)
    if folder:
        note.write_text(json.dumps({"permits": permit_count, "place": asdict(place), "secret": secret}))
    return place, secret


def empty_of(place: Place) -> None:
    """Take out what an earlier run asked for, so that every debtor has a day with nothing in it."""
    from duecourse.config import boot
    from duecourse.config.environment import current

    with boot.cluster(current()).connect(database=boot.DATABASE) as administrator:
        administrator.execute("SET session_replication_role = replica")
        administrator.execute("DELETE FROM contact_permit WHERE creditor_id = %s AND local_on = %s", [place.creditor_id, DAY])
        administrator.execute("TRUNCATE plain_row")
    with boot.cluster(current()).connect(database=boot.DATABASE) as administrator:
        administrator.autocommit = True
        administrator.execute("VACUUM ANALYZE contact_permit")


def bare(request: Any) -> Any:
    """Insert one row and answer."""
    from django.db import connection, transaction
    from django.http import JsonResponse

    body = json.loads(request.body)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO plain_row (case_id, request, at) VALUES (%s, %s, %s) RETURNING id",
            [body["case_id"], request.headers["Idempotency-Key"], body["contact_at"]],
        )
        return JsonResponse({"id": cursor.fetchone()[0]})


def insert(request: Any, body: Any) -> Any:
    """Insert a permit's row as the token's actor and answer; an operation of the API like the others that decides nothing."""
    from django.db import connection

    from duecourse.parties.access import acting

    actor, at = request.auth.actor, body.contact_at
    key = request.headers["Idempotency-Key"]
    with acting(actor), connection.cursor() as cursor:
        row = [
            actor.creditor_id,
            actor.agency_id,
            key,
            "0" * 64,
            body.case_id,
            body.case_id,
            actor.user_id,
            body.channel,
            at,
            DAY,
            at,
            "{}",
            at,
        ]
        cursor.execute(INSERT, row)
        return {"id": cursor.fetchone()[0]}


def applications() -> tuple[Any, Any]:
    """Return the WSGI applications of the API, with the operation `insert` added to it, and of the bare view."""
    from django.conf import settings
    from django.core.handlers.wsgi import WSGIHandler
    from django.test import override_settings
    from django.urls import get_resolver, path
    from ninja import NinjaAPI

    from duecourse.doors import urls
    from duecourse.doors.api.bearer import Token
    from duecourse.doors.api.exact import ExactJson
    from duecourse.doors.api.schemas import PermitIn
    from duecourse.doors.api.urls import door

    insert.__annotations__["body"] = PermitIn
    more = NinjaAPI(urls_namespace="rows", docs_url=None, openapi_url=None, renderer=ExactJson())
    more.post("/rows", auth=Token("permits:write"))(insert)
    added, *_ = more.urls
    for pattern in added:
        pattern.callback = door(pattern.callback)
    for name, patterns in (
        ("bare_urls", [path("bare/", bare)]),
        ("more_urls", [path("v1/more/", (added, "rows", "rows")), *urls.urlpatterns]),
    ):
        sys.modules[name] = type(sys)(name)
        sys.modules[name].urlpatterns = patterns  # type: ignore[attr-defined]
    settings.ROOT_URLCONF = "more_urls"

    class Bare(WSGIHandler):
        """Resolves the one address of the peer."""

        def resolve_request(self, request: Any) -> Any:
            """Return the peer's view."""
            request.resolver_match = get_resolver("bare_urls").resolve(request.path_info)
            return request.resolver_match

    with override_settings(MIDDLEWARE=[]):
        plain = Bare()
    return WSGIHandler(), plain


def works(secret: str) -> dict[str, Callable[[Place, int, str], None]]:
    """Return the operations by name: the two peers, and a permit asked for with the token."""
    real, plain = applications()

    def asked(application: Any, path: str, debtor: int, request: str) -> dict[str, Any]:
        body = {"case_id": debtor, "channel": "call", "contact_at": NOON.isoformat()}
        with frozen(NOON):
            status, answer = posted(application, path, body, request, secret)
        assert status == 200, answer
        return json.loads(answer)  # type: ignore[no-any-return]

    def permit(_: Place, debtor: int, request: str) -> None:
        assert asked(real, "/v1/permits", debtor, request)["decision"] == "permit"

    return {
        "bare": lambda _, debtor, request: bool(asked(plain, "/bare/", debtor, request)),
        "insert": lambda _, debtor, request: bool(asked(real, "/v1/more/rows", debtor, request)),
        "permit": permit,
    }


def posted(application: Any, path: str, body: dict[str, Any], request: str, secret: str) -> tuple[int, bytes]:
    """Send a POST through a WSGI application, and return status and body."""
    content, found = json.dumps(body).encode(), []
    environ = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": path,
        "QUERY_STRING": "",
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "8000",
        "HTTP_HOST": "127.0.0.1:8000",
        "REMOTE_ADDR": "127.0.0.1",
        "CONTENT_TYPE": "application/json",
        "CONTENT_LENGTH": str(len(content)),
        "HTTP_AUTHORIZATION": f"Bearer {secret}",
        "HTTP_IDEMPOTENCY_KEY": request,
        "wsgi.url_scheme": "http",
        "wsgi.input": BytesIO(content),
        "wsgi.errors": sys.stderr,
    }
    answer = application(environ, lambda status, _headers: found.append(status))
    told = b"".join(answer)
    answer.close()
    return int(found[0].split()[0]), told


def client(place: Place, share: Share, barrier: Any, told: Any) -> None:
    """Be one of the clients, for debtors of its own: wait for the others, take turns with all of them, tell how long each call took."""
    from duecourse.config import boot

    boot.set_up_django()
    from django.conf import settings

    settings.API_REQUESTS_PER_SECOND = settings.API_REQUESTS_AT_ONCE = 10**8
    operations = works(share.secret)
    debtors = iter(range(share.first, place.debtor_count, share.apart))
    for kind, work in operations.items():
        for number in range(WARM):
            work(place, next(debtors), f"warm-{kind}-{share.first}-{number}")
    for turn in range(ROUNDS):
        for kind, work in operations.items():
            chosen, found = [next(debtors) for _ in range(share.times)], []
            barrier.wait(timeout=120)
            begun = stopwatch()
            for debtor in chosen:
                asked = stopwatch()
                work(place, debtor, f"{kind}-{debtor}")
                found.append(stopwatch() - asked)
            told.put((kind, turn, stopwatch() - begun, found))


def measured(place: Place, secret: str, *, clients: int, times: int) -> dict[str, Any]:
    """Measure some clients at once: bare and permits, in turns that all begin together."""
    from django.db import connections

    connections.close_all()
    spawn = multiprocessing.get_context("spawn")
    barrier, told = spawn.Barrier(clients), spawn.Queue()
    first, apart = 2 + sum(range(clients)), CLIENTS + 1
    processes = [spawn.Process(target=client, args=(place, Share(secret, first + n, apart, times), barrier, told)) for n in range(clients)]
    for process in processes:
        process.start()
    rounds: dict[tuple[str, int], tuple[float, list[float]]] = {}
    for _ in range(clients * ROUNDS * len(KINDS)):
        kind, turn, seconds, found = told.get(timeout=300)
        longest, others = rounds.get((kind, turn), (0.0, []))
        rounds[kind, turn] = max(longest, seconds), others + found
    for process in processes:
        process.join()
    return {kind: rate([one for (name, _), one in rounds.items() if name == kind]) for kind in KINDS}


def main() -> int:
    """Measure, print, and return 1 if a ratio passes its limit."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--permits", type=int, default=2_000_000, help="permits, each with its attempt, that the database holds before")
    parser.add_argument("--requests", type=int, default=150, help="requests a client makes in each of the rounds")
    parser.add_argument("--keep", default="", help="a folder whose installation is filled once and used again")
    chosen = parser.parse_args()
    needed = PER_DEBTOR * (CLIENTS + 1) * len(KINDS) * (WARM + ROUNDS * chosen.requests + 1)
    if chosen.permits < needed:
        parser.error(f"{chosen.requests} requests a round take a debtor each: give at least {needed:,} permits")
    os.environ.setdefault("DUECOURSE_POOL", "1")
    begun = stopwatch()
    with installation(chosen.keep):
        place, secret = remembered(chosen.permits, folder=chosen.keep)
        print(f"permits and attempts before: {chosen.permits:,}; debtors: {place.debtor_count:,}; {ROUNDS} rounds of {chosen.requests:,}")
        print(f"filled in {stopwatch() - begun:.0f} s; cores: {os.cpu_count()}; durable commits (fsync on)")
        rates = {clients: measured(place, secret, clients=clients, times=chosen.requests) for clients in (1, CLIENTS)}
    missed = printed(rates, ratio_max=RATIO_MAX, peer="insert")
    for clients, found in rates.items():
        print(f"ratio bare : permit, {clients} client{'s' * (clients > 1)}: {found['bare'].per_s / found['permit'].per_s:.2f}")
    return missed


if __name__ == "__main__":
    sys.exit(main())
