"""Kill -9 in the middle of a feed: accounts, books, cases and placements are as before; the same command then does all of it.

Real processes, real commits.
"""

from __future__ import annotations

import subprocess
import sys
import textwrap
import time

import pytest

from duecourse.portfolio.errors import IntakeBusy
from tests.cycle import feeding
from tests.cycle.feeding import at, feed_file, receive, state

PROGRAM = textwrap.dedent("""
    import os, signal, sys
    from datetime import datetime
    from pathlib import Path
    from tests import database
    database.use_test_environment()
    from duecourse.config import boot
    boot.set_up_django()
    name, creditor_id, path, home, moment = sys.argv[1:]
    database.point_at(name)
    from django.conf import settings
    from duecourse.kit.crypto import Keyring
    settings.DUECOURSE_HOME, settings.DUECOURSE_KEYRING = Path(home), Keyring({"test-1": b"t" * 32}, active_id="test-1")
    from duecourse.cycle.services import feeds
    from duecourse.parties.access import system

    def die(*args, **kwargs):
        os.kill(os.getpid(), signal.SIGKILL)

    def tell(done, total, text):
        if text == moment:
            die()

    if moment == "settled":
        feeds.statistics_refresh = die
    feeds.feed_receive(actor=system(int(creditor_id)), kind="paid", path=Path(path), progress=tell,
        feed_at=datetime.fromisoformat("2026-09-05T08:00:00+08:00"))
""")


@pytest.mark.parametrize("moment", ["Reading rows", "balances", "done", "settled"])
def test_killed_feed_leaves_nothing_and_can_be_repeated(committed_db, home, tmp_path, moment):
    """After the kill the state is the old one; the same feed then closes the case, and once more does nothing."""
    bank = feeding.begin(tmp_path)
    path, before = feed_file(tmp_path, [{"account_number": n} for n in ("A-1", "A-2")], name="p.csv"), state(bank)
    arguments = [committed_db.name, str(bank.id), str(path), str(home), moment]
    ended = subprocess.run([sys.executable, "-c", PROGRAM, *arguments], check=False, capture_output=True, text=True, timeout=120)
    assert ended.returncode == -9, ended.stderr
    assert state(bank) == before
    first = settled(lambda: receive(bank, "paid", path, feed_at=at(5)))
    second = receive(bank, "paid", path, feed_at=at(5))
    assert (first.counts["case_closed"], first.is_new, second.is_new) == ({"paid": 1}, True, False)


def settled(repeat):
    """Repeat a command as its error asks: until the server has noticed that the killed one is gone."""
    for _ in range(60):
        try:
            return repeat()
        except IntakeBusy:
            time.sleep(0.5)
    return repeat()


def test_two_who_send_one_feed_at_once_do_it_once(committed_db, home, tmp_path):
    """Of two at the same moment one takes it in; the other is told to wait, or that it was done."""
    bank = feeding.begin(tmp_path)
    path = feed_file(tmp_path, [{"account_number": "C-1"}], name="p.csv")
    results = committed_db.parallel(lambda _: receive(bank, "paid", path, feed_at=at(5)), count=2)
    assert sum(getattr(result, "is_new", False) for result in results) == 1
    assert all(hasattr(result, "is_new") or isinstance(result, IntakeBusy) for result in results), results
