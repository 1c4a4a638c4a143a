"""Locking what a move of cases touches: persons by id ascending, then cases, as everywhere in the house."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import connection

_OF_RUN = """
SELECT case_id FROM placement_allocationrow
WHERE creditor_id = %(creditor)s AND allocation_run_id = %(run)s AND agency_id IS NOT NULL
"""
_GIVEN = "SELECT unnest(%(cases)s::bigint[])"

_LOCK_PERSONS = """
SELECT p.id FROM portfolio_person p WHERE p.creditor_id = %(creditor)s AND p.id IN (
    SELECT c.person_id FROM portfolio_case c WHERE c.creditor_id = %(creditor)s AND c.id IN ({cases}))
ORDER BY p.id FOR NO KEY UPDATE
"""
_LOCK_CASES = """
SELECT c.id FROM portfolio_case c WHERE c.creditor_id = %(creditor)s AND c.id IN ({cases}) ORDER BY c.id FOR NO KEY UPDATE
"""

_PUBLICATIONS = 0x9B1C


def moves_lock(*, creditor_id: int) -> None:
    """Let one publication or set of moves of a creditor happen at a time, until the transaction ends; to be taken before any row."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, hashint8(%s))", [_PUBLICATIONS, creditor_id])


def cases_lock(*, creditor_id: int, allocation_run_id: int | None = None, case_ids: Sequence[int] = ()) -> None:
    """Lock the debtors, then the cases, of an allocation's chosen rows or of the given cases, until the transaction ends."""
    cases = _GIVEN if allocation_run_id is None else _OF_RUN
    wanted = {"creditor": creditor_id, "run": allocation_run_id, "cases": list(case_ids)}
    with connection.cursor() as cursor:
        cursor.execute(_LOCK_PERSONS.format(cases=cases), wanted)
        cursor.execute(_LOCK_CASES.format(cases=cases), wanted)
