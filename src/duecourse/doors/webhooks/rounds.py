"""What the worker does each second: take new events from the trail, and send what is due, each webhook on its own."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

from django.db import Error as DatabaseError
from django.db import connection

from duecourse.doors.webhooks.events import actions_of, events_of
from duecourse.doors.webhooks.sending import send
from duecourse.kit.clock import now
from duecourse.kit.errors import DuecourseError
from duecourse.ledger.selectors import seal_position, sealed_events
from duecourse.parties.access import acting, system
from duecourse.parties.models import Creditor
from duecourse.parties.selectors import creditors, webhooks_due, webhooks_listening
from duecourse.parties.services import deliveries_add, delivery_claim, delivery_tried

POSITIONS_MAX = 20_000
SENDERS = 8
SENT_IN_A_ROW = 50
_log = logging.getLogger(__name__)


def events_take() -> int:
    """Put what was sealed since last time on its way to every webhook that asked for it, and return how many deliveries that makes."""
    return sum(_taken(creditor) for creditor in creditors())


def _taken(creditor: Creditor) -> int:
    added_count = 0
    with acting(system(creditor.pk)):
        head = seal_position(creditor_id=creditor.pk)
        for hook in webhooks_listening(creditor_id=creditor.pk):
            if hook["position"] >= head:
                continue
            until = min(head, hook["position"] + POSITIONS_MAX)
            actions = actions_of(hook["event_kinds"])
            sources = sealed_events(creditor_id=creditor.pk, after=hook["position"], until=until, actions=actions)
            found = [event for source in sources for event in events_of(source, creditor_id=creditor.pk, creditor_code=creditor.code)]
            # An agency is told of its own rows only; the creditor of all.
            own = [e for e in found if e["type"] in hook["event_kinds"] and hook["agency_id"] in (None, e["agency_id"])]
            added_count += deliveries_add(creditor_id=creditor.pk, webhook_id=hook["id"], position=until, events=own)
    return added_count


def due() -> Iterator[tuple[int, int]]:
    """Yield creditor and webhook of everything that is due."""
    for creditor in creditors():
        with acting(system(creditor.pk)):
            found = webhooks_due(creditor_id=creditor.pk, at=now())
        yield from ((creditor.pk, webhook_id) for webhook_id in found)


def send_due(*, creditor_id: int, webhook_id: int) -> int:
    """Send what is due to one webhook, in the order of the events, and return how many arrived; the first that does not ends the row."""
    delivered_count = 0
    for _ in range(SENT_IN_A_ROW):
        with acting(system(creditor_id)):
            delivery = delivery_claim(creditor_id=creditor_id, webhook_id=webhook_id)
        if delivery is None:
            break
        tried = send(delivery)
        with acting(system(creditor_id)):
            state = delivery_tried(
                creditor_id=creditor_id,
                delivery_id=delivery.id,
                status=tried.status,
                problem=tried.problem,
                duration_ms=tried.duration_ms,
            )
        if state != "delivered":
            break
        delivered_count += 1
    return delivered_count


class Senders:
    """Threads that send, at most one for each webhook, so that a slow receiver delays nobody but itself."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(SENDERS, thread_name_prefix="webhook")
        self._under_way: dict[tuple[int, int], Future[None]] = {}

    def round(self) -> None:
        """Take new events and begin to send what is due; it does not wait for the sending."""
        events_take()
        self._under_way = {place: future for place, future in self._under_way.items() if not future.done()}
        for place in due():
            if place not in self._under_way:
                self._under_way[place] = self._pool.submit(_send, *place)

    def close(self) -> None:
        """Begin nothing more and wait for what is under way."""
        self._pool.shutdown(wait=True, cancel_futures=True)


def _send(creditor_id: int, webhook_id: int) -> None:
    try:
        send_due(creditor_id=creditor_id, webhook_id=webhook_id)
    except (DatabaseError, DuecourseError):
        _log.exception("Sending to webhook %s broke off; it is tried again.", webhook_id)
    finally:
        connection.close()
