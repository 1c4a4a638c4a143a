"""How many queries the pages of the desk and the studio ask: the same for five cases as for fifty."""

from __future__ import annotations

import pytest

from duecourse.kit.clock import frozen
from duecourse.parties.access import acting
from duecourse.placement import services
from duecourse.placement.models import AllocationRun, Batch, Placement
from tests import factories, people
from tests.doors.test_budgets import asked_by
from tests.placement import world

pytestmark = pytest.mark.django_db
BUDGETS = {
    "/moves/": 18,
    "/moves/due/": 14,
    "/moves/new/?due=idle": 23,
    "/moves/{set}/": 18,
    "/moves/rows/?set={set}": 17,
    "/allocations/": 18,
    "/allocations/{allocation}/": 28,
    "/allocations/rows/?allocation={allocation}": 18,
    "/allocations/compare/?left={allocation}&right={allocation}": 34,
    "/batches/": 26,
    "/batches/{batch}/": 31,
    "/batches/cases/?batch={batch}": 18,
    "/policies/": 15,
}


@pytest.fixture(params=[5, 50])
def there(request):
    """Lanxi Bank with a few cases placed, or many, and a set of moves over all of them."""
    with frozen(world.days_later(20)):
        bank = factories.bank()
        world.cases(bank, request.param)
        world.published(bank)
        with acting(bank.system):
            cases = list(Placement.objects.values_list("case_id", flat=True))
        wanted = {"kind": "recall", "reason_code": "idle", "case_ids": cases, "until_on": world.AS_OF}
        found = services.moves_preview(actor=bank.mei, as_of=world.days_later(20).date(), **wanted)
        with acting(bank.system):
            batch = Batch.objects.order_by("pk").first()
            yield {"set": found.pk, "batch": batch.pk, "allocation": AllocationRun.objects.get().pk}


@pytest.mark.parametrize(("address", "budget"), BUDGETS.items())
def test_pages_keep_their_budget_whatever_the_rows(there, logged_in, address, budget):
    """The page asks no more than its budget, with five rows and with fifty."""
    assert asked_by(logged_in(people.MEI.email), address.format(**there)) <= budget
