"""Claim: a permit costs at most four bare transactions, over a database that holds many earlier ones.

The peer reads one row and writes one, in the same database, through the same connection, with the same durability:
BEGIN; SELECT one case; INSERT one row into a table without walls, references or triggers; COMMIT. A permit is asked for as an
agency's person does: walls, the debtor's lock, the counts over all performers, the rules, the stored explanation, the trail.

It makes an installation of its own in a temporary folder (durable, as every installation is) and removes it. Many short rounds of
both kinds take turns. The best rounds are compared, which is what the code costs: on a busy machine each waits for its share of the
processor, and that flatters the dearer side. The medians are printed beside. Clients are processes, as a web server's workers are.

    python benchmarks/permits.py --permits 200000
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import random
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any

from duecourse.kit.clock import frozen, stopwatch

RATIO_MAX = 4.0
PER_DEBTOR = 5
ROUNDS = 25
CLIENTS = 4
DAY = date(2026, 9, 1)
NOON = datetime(2026, 9, 1, 4, 0, tzinfo=UTC)
"""12:00 in Shanghai."""

HISTORY = """
SELECT gate.contact_month(m::date) FROM generate_series(timestamp '2026-07-01', timestamp '2026-12-01', '1 month') m;
INSERT INTO contact_permit (creditor_id, performer_id, client_request_id, request_hash, person_id, case_id, user_id, channel,
    contact_at, local_on, decided_at, explanation, valid_until_at)
SELECT p.creditor_id, p.performer_id, 'old-' || n, p.request_hash, d, d, p.user_id, p.channel, p.contact_at - away, p.local_on - days,
    p.decided_at - away, p.explanation, p.valid_until_at - away
FROM contact_permit p, generate_series(1, %(permits)s) n,
    LATERAL (SELECT 1 + n %% %(debtors)s AS d, (1 + n / %(debtors)s)::integer AS days) AS placed,
    LATERAL (SELECT make_interval(days => days) AS away) AS ago;
INSERT INTO contact_attempt (creditor_id, permit_id, local_on, performer_id, outcome, is_connected, started_at, talk_seconds, reported_at)
SELECT creditor_id, id, local_on, performer_id, 'no_answer', false, contact_at, 0, contact_at FROM contact_permit;
CREATE TABLE plain_case AS SELECT * FROM portfolio_case;
ALTER TABLE plain_case ADD PRIMARY KEY (id);
CREATE TABLE plain_row (id bigserial PRIMARY KEY, case_id bigint NOT NULL, at timestamptz NOT NULL);
GRANT SELECT ON plain_case TO duecourse_app;
GRANT INSERT ON plain_row TO duecourse_app;
GRANT USAGE ON SEQUENCE plain_row_id_seq TO duecourse_app;
"""


@dataclass(frozen=True)
class Place:
    """Where requests are made: the creditor, its agency, a person of the agency, and how many debtors there are."""

    creditor_id: int
    agency_id: int
    user_id: int
    debtor_count: int


@dataclass(frozen=True)
class Rate:
    """Operations a second and quantiles of their duration in the best round, and operations a second in the median round."""

    per_s: float
    p50_ms: float
    p99_ms: float
    median_per_s: float


@contextmanager
def installation(kept: str = "") -> Iterator[None]:
    """Make an installation with an empty, migrated database, and remove it afterwards; one in a folder that is `kept` stays and is used again."""
    with nullcontext(kept) if kept else tempfile.TemporaryDirectory(prefix="duecourse-bench-") as folder:
        os.environ |= {"DUECOURSE_HOME": folder, "DUECOURSE_MODE": "test", "DJANGO_SETTINGS_MODULE": "duecourse.config.settings"}
        from duecourse.config import boot
        from duecourse.config.environment import current

        try:
            boot.ready()
            yield
        finally:
            from django.db import connections

            connections.close_all()
            if kept:
                boot.cluster(current()).stop()
            else:
                boot.cluster(current()).remove()


def filled(permit_count: int) -> Place:
    """Fill the database: one case a debtor, all placed with one agency, five permits a debtor of the days before, each reported."""
    from duecourse.config import boot
    from duecourse.config.environment import current
    from duecourse.parties import services
    from duecourse.parties.access import system

    creditor = services.creditor_add(code="lanxi", name="Lanxi", zone="Asia/Shanghai", calendar_name="china", currency="CNY", packs=["cn"])
    boss = system(creditor.pk)
    agency = services.agency_add(actor=boss, code="aoki", name="Aoki", kind="external", opened_on=date(2025, 1, 1))
    someone = services.user_add(email="ann@aoki.example", display_name="Ann", password="long-enough-to-pass")  # noqa: S106
    place = Place(creditor.pk, agency.pk, someone.pk, max(1, permit_count // PER_DEBTOR))
    people(place, boss=boss)
    known = {"debtors": place.debtor_count, "permits": permit_count}
    with boot.cluster(current()).connect(database=boot.DATABASE) as administrator:
        administrator.execute("SET session_replication_role = replica")
        ask(place, 1, "first")
        for statement in HISTORY.split(";\n")[:-1]:
            administrator.execute(statement, known if "%(" in statement else None)
        administrator.execute("VACUUM ANALYZE")
        administrator.execute("CHECKPOINT")
    return place


def people(place: Place, *, boss: Any) -> None:
    """Make the debtors: number n has account n in case n, placed with the agency, and a telephone."""
    from duecourse.parties.access import acting
    from duecourse.portfolio.models import Account, Case, CaseAccount, ContactPoint, Person

    of = {"creditor_id": place.creditor_id}
    numbers = range(1, place.debtor_count + 1)
    with acting(boss):
        Person.objects.bulk_create([Person(pk=n, zone="Asia/Shanghai", known_at=NOON, **of) for n in numbers], 5_000)
        accounts = [Account(pk=n, number=f"N{n}", product_class="credit_card", lender_class="bank", currency="CNY", **of) for n in numbers]
        Account.objects.bulk_create(accounts, 5_000)
        Case.objects.bulk_create([Case(pk=n, person_id=n, opened_on=DAY, open_agency_id=place.agency_id, **of) for n in numbers], 5_000)
        points = [ContactPoint(person_id=n, kind="phone", value_sealed=b"", valid_from_on=date(2026, 1, 1), **of) for n in numbers]
        ContactPoint.objects.bulk_create(points, 5_000)
        CaseAccount.objects.bulk_create([CaseAccount(case_id=n, account_id=n, from_on=DAY, **of) for n in numbers], 5_000)


def ask(place: Place, debtor: int, request: str, *, at: datetime = NOON) -> Any:
    """Ask for a permit to call a debtor, as a person of the agency."""
    from duecourse.contact.services import permit_request

    with frozen(at):
        return permit_request(actor=_actor(place), case_id=debtor, channel="call", contact_at=at, client_request_id=request)


def permitting(place: Place, *, share: int) -> Callable[[Place, int, str], None]:
    """Return an operation that is given a permit for a debtor of a client's own share, each once: the next would wait for an outcome."""
    mine = list(range(1 + share, place.debtor_count + 1, 1 + CLIENTS))
    random.Random(share).shuffle(mine)
    fresh = iter(mine)

    def permit(place: Place, _: int, request: str) -> None:
        assert ask(place, next(fresh), request).is_permit

    return permit


def bare(_: Place, debtor: int, __: str) -> None:
    """Read one row and write one, in one transaction."""
    from django.db import connection, transaction

    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT * FROM plain_case WHERE id = %s", [debtor])
        cursor.fetchone()
        cursor.execute("INSERT INTO plain_row (case_id, at) VALUES (%s, %s)", [debtor, NOON])


def night(place: Place, debtor: int, request: str) -> None:
    """Ask at 23:00, and be refused with all reasons and the next allowed instant."""
    assert not ask(place, debtor, request, at=NOON + timedelta(hours=11)).is_permit


def reporting(place: Place) -> Callable[[Place, int, str], None]:
    """Return an operation that reports the outcome of one of the permits nobody reported on yet."""
    from django.db import connection

    from duecourse.contact.services import attempt_report
    from duecourse.parties.access import acting

    with acting(_actor(place)), connection.cursor() as cursor:
        cursor.execute(
            "SELECT p.id FROM contact_permit p LEFT JOIN contact_attempt a ON a.permit_id = p.id AND a.local_on = p.local_on WHERE a.id IS NULL"
        )
        open_ids = iter(cursor.fetchall())

    def report(place: Place, _: int, __: str) -> None:
        with frozen(NOON):
            attempt_report(actor=_actor(place), permit_id=next(open_ids)[0], outcome="no_answer", started_at=NOON)

    return report


def spent(work: Callable[[Place, int, str], Any], place: Place, *, label: str, times: int) -> list[float]:
    """Return the seconds that each of some calls took, each for a debtor drawn at random."""
    chance, numbers, found = random.Random(label), count(), []
    for _ in range(times):
        debtor, request = chance.randint(1, place.debtor_count), f"{label}-{next(numbers)}"
        begun = stopwatch()
        work(place, debtor, request)
        found.append(stopwatch() - begun)
    return found


def client(place: Place, label: str, times: int, barrier: Any, told: Any) -> None:
    """Be one of several clients: wait for the others, take turns with all of them, tell how long each call took."""
    from duecourse.config import boot

    boot.set_up_django()
    permit = permitting(place, share=int(label.removeprefix("c")) + 1)
    spent(permit, place, label=f"warm-{label}", times=50)
    for turn in range(ROUNDS):
        for kind, work in (("bare", bare), ("permit", permit)):
            barrier.wait(timeout=60)
            begun = stopwatch()
            found = spent(work, place, label=f"{kind}-{label}-{turn}", times=times)
            told.put((kind, turn, stopwatch() - begun, found))


def rate(rounds: list[tuple[float, list[float]]]) -> Rate:
    """Return the rate of rounds, each given as (its seconds, the seconds of each call)."""
    rates = [len(found) / seconds for seconds, found in rounds]
    best = max(range(len(rates)), key=rates.__getitem__)
    cut = statistics.quantiles(rounds[best][1], n=100)
    return Rate(rates[best], 1000 * cut[49], 1000 * cut[98], statistics.median(rates))


def alone(place: Place, *, times: int) -> dict[str, Rate]:
    """Measure one client: bare, permits, refusals, reports, in turns."""
    found: dict[str, list[tuple[float, list[float]]]] = {}
    permit = permitting(place, share=0)
    spent(bare, place, label="warm", times=200), spent(permit, place, label="warm", times=200)
    for turn in range(ROUNDS):
        found.setdefault("bare", []).append(_timed(bare, place, label=f"bare-{turn}", times=times))
        found.setdefault("permit", []).append(_timed(permit, place, label=f"permit-{turn}", times=times))
        found.setdefault("report", []).append(_timed(reporting(place), place, label="", times=times // 2))
        found.setdefault("refusal", []).append(_timed(night, place, label=f"night-{turn}", times=times // 4))
    return {kind: rate(rounds) for kind, rounds in found.items()}


def together(place: Place, *, times: int) -> dict[str, Rate]:
    """Measure several clients at once: bare and permits, in turns that all begin together."""
    from django.db import connections

    connections.close_all()
    spawn = multiprocessing.get_context("spawn")
    barrier, told = spawn.Barrier(CLIENTS), spawn.Queue()
    processes = [spawn.Process(target=client, args=(place, f"c{n}", times, barrier, told)) for n in range(CLIENTS)]
    for process in processes:
        process.start()
    rounds: dict[tuple[str, int], tuple[float, list[float]]] = {}
    for _ in range(CLIENTS * ROUNDS * 2):
        kind, turn, seconds, found = told.get(timeout=120)
        longest, others = rounds.get((kind, turn), (0.0, []))
        rounds[kind, turn] = max(longest, seconds), others + found
    for process in processes:
        process.join()
    return {kind: rate([one for (name, _), one in rounds.items() if name == kind]) for kind in ("bare", "permit")}


def _timed(work: Callable[[Place, int, str], Any], place: Place, *, label: str, times: int) -> tuple[float, list[float]]:
    begun = stopwatch()
    found = spent(work, place, label=label, times=times)
    return stopwatch() - begun, found


def _actor(place: Place) -> Any:
    from duecourse.parties.access import Actor

    return Actor(place.user_id, place.creditor_id, place.agency_id, frozenset({"lead"}))


def main() -> int:
    """Measure, print, and return 1 if a ratio passes its limit."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--permits", type=int, default=200_000, help="permits that the database holds before")
    parser.add_argument("--requests", type=int, default=200, help="requests a client makes in each of the rounds")
    chosen = parser.parse_args()
    begun = stopwatch()
    with installation():
        place = filled(chosen.permits)
        print(f"permits and attempts before: {chosen.permits:,}; debtors: {place.debtor_count:,}; {ROUNDS} rounds of {chosen.requests:,}")
        print(f"filled in {stopwatch() - begun:.0f} s; cores: {os.cpu_count()}; durable commits (fsync on)")
        measured = {1: alone(place, times=chosen.requests), CLIENTS: together(place, times=chosen.requests)}
    return printed(measured, ratio_max=RATIO_MAX)


def printed(measured: dict[int, dict[str, Rate]], *, ratio_max: float, peer: str = "bare") -> int:
    """Print the rates by number of clients and the ratios, and return 1 if one passes its limit."""
    print(f"{'clients':>7}  {'what':<8} {'per s':>8} {'p50 ms':>8} {'p99 ms':>8} {'median round, per s':>20}")
    for clients, rates in measured.items():
        for kind, found in rates.items():
            best = f"{found.per_s:>8,.0f} {found.p50_ms:>8.2f} {found.p99_ms:>8.2f}"
            print(f"{clients:>7}  {kind:<8} {best} {found.median_per_s:>20,.0f}")
    ratios = {clients: rates[peer].per_s / rates["permit"].per_s for clients, rates in measured.items()}
    for clients, ratio in ratios.items():
        print(f"ratio {peer} : permit, {clients} client{'s' * (clients > 1)}: {ratio:.2f}   (limit {ratio_max})")
    return int(max(ratios.values()) > ratio_max)


if __name__ == "__main__":
    sys.exit(main())
