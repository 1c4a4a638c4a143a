"""The planner learns of a bulk write inside its own transaction."""

from __future__ import annotations

import pytest
from django.db import connection

from duecourse.kit.clock import now
from duecourse.ledger.models import IdempotencyKey
from duecourse.ledger.services import statistics_refresh
from duecourse.parties.access import acting, system
from tests import factories


def _known_rows(table: str) -> float:
    with connection.cursor() as cursor:
        cursor.execute("SELECT reltuples FROM pg_class WHERE relname = %s", [table])
        return cursor.fetchone()[0]


@pytest.mark.django_db
def test_a_filled_table_is_known_before_the_commit() -> None:
    """After a bulk write of 2,000 rows the planner knows their number; a small write and a foreign table are passed over."""
    creditor = factories.bank().id
    with acting(system(creditor)):
        rows = [
            IdempotencyKey(creditor_id=creditor, scope="test", key=str(n), request_hash="", result_kind="", result_id=n, at=now())
            for n in range(2_000)
        ]
        IdempotencyKey.objects.bulk_create(rows)
        before = _known_rows("ledger_idempotencykey")
        statistics_refresh("ledger_idempotencykey", row_count=10)
        assert _known_rows("ledger_idempotencykey") == before
        statistics_refresh("ledger_idempotencykey", "pg_class; DROP TABLE ledger_entry", row_count=2_000)
        assert _known_rows("ledger_idempotencykey") == 2_000
