"""Invariants of daily feeds, over whatever files a core may send, with accounts that wait while their debtor's case is placed.

1. Any permutation and any repetition of a set of files ends in the same accounts, balances by component, cases with their reasons, holds in
   force and placements.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import count

import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from duecourse.cycle.services.feeds import feed_receive
from duecourse.kit.clock import frozen
from tests.cycle import feeding
from tests.cycle.feeding import CHEN, DAI, EVA, SHANGHAI, TODAY_AT, feed_file, row, state, tape_file, update

OWNERS = {"A-1": CHEN, "A-2": CHEN, "A-3": CHEN, "B-1": DAI, "B-2": DAI, "C-1": EVA, "C-2": EVA, "D-1": {"person_name": "Du"}}
"""Accounts of two placed debtors, of one who is not, and of one whom the first tape does not have; four of them are not on it."""
FIRST_AT = datetime(2026, 8, 30, 6, 0, tzinfo=SHANGHAI)
NUMBERS = st.sampled_from(sorted(OWNERS))
_names = count(1)


@st.composite
def rows_of(draw, kind: str):
    """Return the rows of a file of a kind; an account may stand twice in it, but for new ones."""
    numbers = draw(st.lists(NUMBERS, min_size=1, max_size=4, unique=kind == "new"))
    if kind == "new":
        return [row(n, balance=draw(balances), days_past_due=draw(st.integers(1, 90)), oldest_due_on="", **OWNERS[n]) for n in numbers]
    if kind == "update":
        return [update(n, draw(balances), days=draw(st.integers(0, 90))) for n in numbers]
    if kind == "stopped":
        reason, lifted = st.sampled_from(["dispute", "complaint"]), st.sampled_from(["", "yes"])
        return [{"account_number": n, "reason": draw(reason), "is_lifted": draw(lifted), "scope": draw(scopes)} for n in numbers]
    return [{"account_number": n} for n in numbers]


balances = st.sampled_from(["10.00", "90.00", "250.55"])
scopes = st.sampled_from(["", "both", "contact"])
kinds = st.sampled_from(["new", "update", "paid", "cured", "stopped", "recalled"])
files = kinds.flatmap(lambda kind: st.tuples(st.just(kind), st.integers(0, 20 * 24).map(lambda h: h // 6 * 6), rows_of(kind)))


def ended(bank, folder, sent):
    """Return the state after these files, which is then taken back."""
    with transaction.atomic(), frozen(TODAY_AT):
        for kind, hours, rows in sent:
            write = tape_file if kind == "new" else feed_file
            path = write(folder, rows, name=f"{next(_names)}.csv")
            feed_receive(actor=bank.mei, kind=kind, path=path, feed_at=FIRST_AT + timedelta(hours=hours))
        found = state(bank)
        transaction.set_rollback(True)
    return found


@pytest.mark.django_db
def test_order_and_repetition_of_feeds_change_nothing(home, tmp_path):
    """Files in the order of their times, and the same files shuffled with some of them twice, end in the same state (1)."""
    bank = feeding.begin(tmp_path)

    @settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck), phases=(Phase.explicit, Phase.reuse, Phase.generate))
    @given(sent=st.lists(files, min_size=2, max_size=5), more=st.data())
    def holds(sent, more):
        shuffled = more.draw(st.permutations(sent + more.draw(st.lists(st.sampled_from(sent), max_size=2))))
        assert ended(bank, tmp_path, shuffled) == ended(bank, tmp_path, sorted(sent, key=lambda file: file[1]))

    holds()
