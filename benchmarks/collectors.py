"""Claim: what narrows a collector to assigned cases costs at most four times a lead's own look at one row, and a lead nothing.

The peer is the agency's lead, whose policies are one equality each. A collector's role inherits them and adds, on cases and placements, a
restrictive one that looks up the open assignment of the case. Most of the difference is the planner's, for nothing is prepared. Measured are one case by its number, the debtor's numbers of a case, and
everything that is visible of an agency with many open cases; then a collector's whole worklist in milliseconds, which has no peer.

It makes an installation of its own in a temporary folder and removes it. Rounds of both take turns; the best of each are compared.

    python benchmarks/collectors.py --cases 100000
"""

from __future__ import annotations

import argparse
import random
import statistics
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

from permits import installation

from duecourse.kit.clock import stopwatch

RATIO_MAX = 4.0
ROUNDS = 15
OPEN_SHARE = 10
ASSIGNED_COUNT = 300
DAY = date(2026, 9, 1)
NOON = datetime(2026, 9, 1, 4, 0, tzinfo=UTC)

FILL = """
INSERT INTO portfolio_person (id, creditor_id, kind, zone, zone_source, known_at)
SELECT n, %(creditor)s, 'individual', 'Asia/Shanghai', '', %(at)s FROM generate_series(1, %(cases)s::int) n;
INSERT INTO portfolio_case (id, creditor_id, person_id, work_stream, region, opened_on, close_reason, hand_count, open_agency_id)
SELECT n, %(creditor)s, n, 'collection', '', %(on)s, '', 1, CASE WHEN n %% %(share)s = 0 THEN %(agency)s END FROM generate_series(1, %(cases)s::int) n;
INSERT INTO portfolio_contactpoint (creditor_id, person_id, kind, whose, value_sealed, index_key_id, zone_source, valid_from_on)
SELECT %(creditor)s, n, 'phone', 'self', '', '', '', %(on)s FROM generate_series(1, %(cases)s::int) n;
INSERT INTO placement_batch (id, creditor_id, allocation_run_id, agency_id, contract_id, contract_version_id, code, placed_on, term_until_on,
    case_count, placed_minor, currency)
VALUES (1, %(creditor)s, 1, %(agency)s, 1, %(version)s, 'B1', %(on)s, %(on)s + 60, 1, 1, 'CNY');
INSERT INTO placement_placement (id, creditor_id, batch_id, case_id, agency_id, contract_version_id, hand, during, term_until_on, placed_minor,
    currency, days_past_due, segment_key, is_random_slice, propensity_share, end_reason)
SELECT n, %(creditor)s, 1, n, %(agency)s, %(version)s, 1, tstzrange(%(at)s, NULL), %(on)s + 60, 100000 + n, 'CNY', 45, '', false, 1, ''
FROM generate_series(%(share)s::int, %(cases)s::int, %(share)s::int) n;
INSERT INTO placement_caseassignment (creditor_id, placement_id, case_id, agency_id, user_id, from_at, assigned_by)
SELECT %(creditor)s, n, n, %(agency)s, CASE WHEN n <= %(assigned)s * %(share)s THEN %(user)s ELSE 1000000 + n %% 30 END, %(at)s, 1
FROM generate_series(%(share)s::int, %(cases)s::int, %(share)s::int) n
"""

ASKED = {
    "one case": "SELECT * FROM portfolio_case WHERE creditor_id = %(creditor)s AND id = %(case)s",
    "its numbers": "SELECT * FROM portfolio_contactpoint WHERE creditor_id = %(creditor)s AND person_id = %(case)s",
    "one placement": "SELECT * FROM placement_placement WHERE creditor_id = %(creditor)s AND case_id = %(case)s",
}
ALL = "SELECT count(*) FROM portfolio_case WHERE creditor_id = %(creditor)s"


def filled(case_count: int) -> tuple[Any, Any]:
    """Fill the database; return a lead and a collector of the agency that has a tenth of the cases open."""
    from duecourse.config import boot
    from duecourse.config.environment import current
    from duecourse.parties import services
    from duecourse.parties.access import Actor, system

    creditor = services.creditor_add(code="lanxi", name="Lanxi", zone="Asia/Shanghai", calendar_name="china", currency="CNY", packs=["cn"])
    boss = system(creditor.pk)
    agency = services.agency_add(actor=boss, code="aoki", name="Aoki", kind="external", opened_on=date(2025, 1, 1))
    contract = services.contract_add(actor=boss, agency_id=agency.pk, code="C1")
    version = services.contract_version_add(
        actor=boss, contract_id=contract.pk, effective_on=date(2026, 1, 1), expires_on=date(2027, 1, 1), placement_term_days=60,
        contracted_fields=["phone"], attribution_rule="paid", signed_on=date(2025, 12, 1),
    )  # fmt: skip
    someone = services.user_add(email="bo@aoki.example", display_name="Bo", password="long-enough-to-pass")  # noqa: S106
    known = {
        "creditor": creditor.pk,
        "agency": agency.pk,
        "version": version.pk,
        "user": someone.pk,
        "cases": case_count,
        "at": NOON,
        "on": DAY,
    }
    known |= {"share": OPEN_SHARE, "assigned": ASSIGNED_COUNT}
    with boot.cluster(current()).connect(database=boot.DATABASE) as administrator:
        administrator.execute("SET session_replication_role = replica")
        for statement in FILL.split(";\n"):
            administrator.execute(statement, known)
        administrator.execute("VACUUM ANALYZE")
    who = {"creditor_id": creditor.pk, "agency_id": agency.pk}
    return Actor(user_id=0, roles=frozenset({"lead"}), **who), Actor(user_id=someone.pk, roles=frozenset({"collector"}), **who)


def spent(actor: Any, query: str, *, times: int, label: str) -> float:
    """Return the milliseconds that one of some calls took, each for one of the collector's cases drawn at random."""
    from django.db import connection

    from duecourse.parties.access import acting

    chance = random.Random(label)
    with acting(actor), connection.cursor() as cursor:
        begun = stopwatch()
        for _ in range(times):
            cursor.execute(query, {"creditor": actor.creditor_id, "case": OPEN_SHARE * chance.randint(1, ASSIGNED_COUNT)})
            assert cursor.fetchone() is not None
        return 1000 * (stopwatch() - begun) / times


def worklist_ms(actor: Any) -> float:
    """Return the milliseconds of a collector's worklist."""
    from duecourse.contact.selectors import worklist
    from duecourse.parties.access import acting

    with acting(actor):
        begun = stopwatch()
        assert len(worklist(actor=actor, on=DAY)) == ASSIGNED_COUNT
        return 1000 * (stopwatch() - begun)


def best(measure: Callable[[int], float]) -> tuple[float, float]:
    """Return the least and the median of the rounds."""
    found = [measure(turn) for turn in range(ROUNDS)]
    return min(found), statistics.median(found)


def main() -> int:
    """Measure, print, and return 1 if a ratio passes its limit."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=100_000, help="cases of the creditor; a tenth is open with the agency")
    chosen = parser.parse_args()
    ratios = []
    with installation():
        lead, collector = filled(chosen.cases)
        print(f"cases: {chosen.cases:,}; open with the agency: {chosen.cases // OPEN_SHARE:,}; assigned to the collector: {ASSIGNED_COUNT}")
        print(f"{'what':<14} {'lead ms':>9} {'collector ms':>13} {'ratio':>7}")
        for name, query in ASKED.items():
            theirs, own = (
                best(lambda turn, who=who, query=query: spent(who, query, times=200, label=f"{turn}"))[0] for who in (lead, collector)
            )
            ratios.append(own / theirs)
            print(f"{name:<14} {theirs:>9.3f} {own:>13.3f} {own / theirs:>7.2f}")
        theirs, own = (best(lambda turn, who=who: spent(who, ALL, times=1, label=f"{turn}"))[0] for who in (lead, collector))
        print(
            f"{'all visible':<14} {theirs:>9.3f} {own:>13.3f} {own / theirs:>7.2f}   (rows: {chosen.cases // OPEN_SHARE:,} and {ASSIGNED_COUNT})"
        )
        least, median = best(lambda _turn: worklist_ms(collector))
        print(f"worklist of {ASSIGNED_COUNT} cases: {least:.0f} ms, median {median:.0f} ms")
    print(f"largest ratio of one row: {max(ratios):.2f}   (limit {RATIO_MAX})")
    return int(max(ratios) > RATIO_MAX)


if __name__ == "__main__":
    sys.exit(main())
