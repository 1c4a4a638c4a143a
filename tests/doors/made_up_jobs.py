"""Work that only tests ask for."""

from __future__ import annotations

import time

from duecourse.doors.jobs import job
from duecourse.kit.errors import Conflict
from duecourse.ledger.services import audit_append
from duecourse.parties.access import acting

KINDS = ("test_count", "test_refuse", "test_break", "test_mark", "test_die")


class HouseOnFire(Conflict):
    """Something that a person can do something about."""

    what = "The house {number} is on fire."
    why = "Somebody smoked."
    todo = "Call the fire brigade."


@job("test_count", title="Counting")
def count(*, actor, parameters, progress):
    """Count to `steps`, waiting `pause_ms` each time."""
    for step in range(1, parameters["steps"] + 1):
        time.sleep(parameters.get("pause_ms", 0) / 1000)
        progress(step, parameters["steps"])
    return {"counts": {"row_count": parameters["steps"]}} | ({"url": parameters["url"]} if "url" in parameters else {})


@job("test_refuse", title="Refusing")
def refuse(*, actor, parameters, progress):
    """Meet an obstacle."""
    raise HouseOnFire(number=parameters["number"])


@job("test_break", title="Breaking")
def shatter(*, actor, parameters, progress):
    """Have a fault."""
    raise RuntimeError("the secret reason")


@job("test_mark", title="Marking")
def mark(*, actor, parameters, progress):
    """Leave one mark in the trail, after a while, inside one transaction that shows its progress."""
    with acting(actor):
        progress(1, 2)
        time.sleep(parameters.get("pause_ms", 0) / 1000)
        audit_append(creditor_id=actor.creditor_id, action="test_marked", subject_kind="test", subject_id=parameters["number"])
    progress(2, 2)
    return {"roles": sorted(actor.roles)}


@job("test_die", title="Dying")
def die(*, actor, parameters, progress):
    """Be killed before the end, every time."""
    import os
    import signal

    os.kill(os.getpid(), signal.SIGKILL)
    return {}
