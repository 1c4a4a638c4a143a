"""Webhooks: where events are sent, and every event on its way. Who sends them, and how, is the doors' affair."""

from __future__ import annotations

import ipaddress
import json
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.db import connection

from duecourse.kit.clock import now
from duecourse.kit.errors import Absent
from duecourse.ledger.selectors import seal_position
from duecourse.ledger.services import audit_append
from duecourse.parties.access import Actor, acting, require, system
from duecourse.parties.errors import WebhookFull, WebhookRefused
from duecourse.parties.models import Agency, Role, Webhook, WebhookDelivery

PING = "webhook.ping"
AGENCY_EVENTS: tuple[str, ...] = (
    "batch.handed_over", "batch.accepted", "batch.disputed", "placements.extended", "placements.recall_pending",
    "placements.recall_cancelled", "placements.ended", "statement.drafted", "statement.agreed", "statement.disputed",
    "statement.approved", "statement.frozen", "permit.refused", "hold.placed", "hold.lifted", "stops.loaded",
)  # fmt: skip
"""What an agency's webhook may be told, of its own rows only."""
CREDITOR_EVENTS: tuple[str, ...] = (
    *AGENCY_EVENTS, "allocation.published", "case.closed", "complaint.received", "dispute.opened", "feed.received", "month.closed",
    "payments.recorded",
)  # fmt: skip
"""What the creditor's may be told."""
WEBHOOKS_MAX = 20
URL_LENGTH_MAX = 500
NAME_LENGTH_MAX = 100
TRIES_MAX = 10
CLAIM_SECONDS = 120
FIRST_WAIT_SECONDS = 10
WAIT_SECONDS_MAX = 12 * 60 * 60
_KEY_LETTERS = "abcdefghijkmnpqrstuvwxyz23456789"
_KEY_LENGTH = 12


@dataclass(frozen=True, slots=True)
class IssuedWebhook:
    """A new webhook with its secret, which is shown to the one who asked and afterwards to nobody."""

    webhook: Webhook
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class ClaimedDelivery:
    """What a sender needs: where to, which bytes, under which key."""

    id: int
    webhook_id: int
    url: str
    key_id: str
    secret: bytes = field(repr=False)
    event_id: str
    kind: str
    body: bytes
    try_count: int


def webhook_add(*, actor: Actor, name: str, url: str, event_kinds: Sequence[str], agency_id: int | None = None) -> IssuedWebhook:
    """Have events sent to an address from now on.

    Args:
        actor: a manager of the creditor, the system, or an agency's lead for the agency itself.
        name: which integration it is for.
        url: https; the host is looked up and checked anew before every sending.
        event_kinds: of `AGENCY_EVENTS` for an agency's, of `CREDITOR_EVENTS` for the creditor's own.
        agency_id: whose, None for the creditor's own; for an agency's people it is their agency whatever they say.

    Raises:
        Forbidden: the actor is neither.
        Absent: there is no such agency of this creditor.
        WebhookRefused: name, address or kinds cannot be used.
        WebhookFull: the side has as many as it may have.

    Guarantees: the secret has 32 random bytes and is kept sealed; nothing that was sealed into the trail before is sent.
    """
    _require(actor, action="add a webhook")
    owner_id = actor.agency_id if actor.is_agency else agency_id
    reason = _name_fault(name) or url_fault(url) or _kinds_fault(event_kinds, is_agency=owner_id is not None)
    if reason:
        raise WebhookRefused(reason=reason)
    secret, key_id = secrets.token_bytes(32), "".join(secrets.choice(_KEY_LETTERS) for _ in range(_KEY_LENGTH))
    with acting(_writer(actor)):
        if owner_id is not None and not Agency.objects.filter(creditor_id=actor.creditor_id, pk=owner_id, closed_on__isnull=True).exists():
            raise Absent(entity="agency")
        if _living(actor.creditor_id, owner_id).count() >= WEBHOOKS_MAX:
            raise WebhookFull(most=WEBHOOKS_MAX)
        webhook = Webhook.objects.create(
            creditor_id=actor.creditor_id,
            agency_id=owner_id,
            name=name.strip(),
            url=url,
            event_kinds=sorted(set(event_kinds)),
            key_id=key_id,
            secret_sealed=settings.DUECOURSE_KEYRING.wrap(secret, _aad(actor.creditor_id, key_id)),
            position=seal_position(creditor_id=actor.creditor_id),
            created_by=actor.user_id,
            created_at=now(),
        )
        _note(actor, "webhook_added", webhook.pk, {"key_id": key_id, "agency_id": owner_id, "event_kinds": webhook.event_kinds})
    return IssuedWebhook(webhook, f"whsec_{secret.hex()}")


def webhook_remove(*, actor: Actor, webhook_id: int) -> None:
    """Send nothing more to a webhook; what waits is given up. One that was removed before stays as it is.

    Raises:
        Forbidden: the actor is no manager and no lead.
        Absent: there is no such webhook of the actor's side.
    """
    _require(actor, action="remove a webhook")
    with acting(_writer(actor)):
        found = _own(actor).filter(pk=webhook_id)
        if not found.exists():
            raise Absent(entity="webhook")
        if found.filter(removed_at__isnull=True).update(removed_at=now()):
            waiting = WebhookDelivery.objects.filter(creditor_id=actor.creditor_id, webhook_id=webhook_id, state="waiting")
            dropped_count = waiting.update(state="dead", ended_at=now())
            _note(actor, "webhook_removed", webhook_id, {"dropped_count": dropped_count})


def webhook_ping(*, actor: Actor, webhook_id: int) -> WebhookDelivery:
    """Send a test event to a webhook and return its delivery, which is on its way.

    Raises:
        Forbidden: the actor is no manager and no lead.
        Absent: there is no such webhook of the actor's side, or it was removed.
    """
    _require(actor, action="try a webhook")
    with acting(_writer(actor)):
        webhook = _own(actor).filter(pk=webhook_id, removed_at__isnull=True).first()
        if webhook is None:
            raise Absent(entity="webhook")
        event_id = f"evt_ping_{secrets.token_hex(8)}"
        body = {"id": event_id, "type": PING, "sequence": None, "occurred_at": now().isoformat(), "agency_id": webhook.agency_id}
        body |= {"subject": {"kind": "webhook", "id": webhook.pk}, "data": {}}
        return WebhookDelivery.objects.create(
            creditor_id=actor.creditor_id,
            webhook_id=webhook.pk,
            agency_id=webhook.agency_id,
            event_id=event_id,
            kind=PING,
            body=json.dumps(body, ensure_ascii=False),
            next_try_at=now(),
            created_at=now(),
        )


def delivery_retry(*, actor: Actor, delivery_id: int) -> None:
    """Send a delivery again that was given up, or one that waits for its next try, at once and with all its tries before it.

    Raises:
        Forbidden: the actor is no manager and no lead.
        Absent: there is no such delivery of the actor's side, it has arrived, or its webhook was removed.
    """
    if not _again(actor, pk=delivery_id):
        raise Absent(entity="delivery")


def deliveries_retry(*, actor: Actor, webhook_id: int, delivery_ids: Sequence[int]) -> int:
    """Do the same for several of one webhook and return how many are on their way; those that have arrived stay as they are.

    Raises:
        Forbidden: the actor is no manager and no lead.
    """
    return _again(actor, webhook_id=webhook_id, pk__in=list(delivery_ids))


def _again(actor: Actor, **which: Any) -> int:
    _require(actor, action="send an event again")
    with acting(_writer(actor)):
        found = WebhookDelivery.objects.filter(
            creditor_id=actor.creditor_id, webhook__in=_own(actor).filter(removed_at__isnull=True), **which
        )
        return found.exclude(state="delivered").update(state="waiting", try_count=0, next_try_at=now(), ended_at=None)


def deliveries_add(*, creditor_id: int, webhook_id: int, position: int, events: Iterable[Mapping[str, Any]]) -> int:
    """Put events on their way to a webhook and move its position, in this transaction; return how many are new.

    Args:
        creditor_id: the creditor that is open.
        webhook_id: to which.
        position: of the trail, up to which its events were taken.
        events: with id, type, agency_id and what else the body holds.
    """
    webhook = Webhook.objects.select_for_update().filter(creditor_id=creditor_id, pk=webhook_id, removed_at__isnull=True).first()
    if webhook is None or webhook.position >= position:
        return 0
    rows = [
        WebhookDelivery(
            creditor_id=creditor_id,
            webhook_id=webhook_id,
            agency_id=webhook.agency_id,
            event_id=event["id"],
            kind=event["type"],
            body=json.dumps(event, ensure_ascii=False),
            next_try_at=now(),
            created_at=now(),
        )
        for event in events
    ]
    WebhookDelivery.objects.bulk_create(rows, ignore_conflicts=True)
    webhook.position = position
    webhook.save(update_fields=["position"])
    return len(rows)


_CLAIM = """
UPDATE parties_webhookdelivery d SET try_count = try_count + 1, next_try_at = %(until)s
FROM parties_webhook w
WHERE d.id = (
    SELECT id FROM parties_webhookdelivery
    WHERE creditor_id = %(creditor)s AND webhook_id = %(webhook)s AND state = 'waiting' AND next_try_at <= %(at)s
    ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED)
  AND w.creditor_id = d.creditor_id AND w.id = d.webhook_id
RETURNING d.id, d.webhook_id, w.url, w.key_id, w.secret_sealed, d.event_id, d.kind, d.body, d.try_count
"""


def delivery_claim(*, creditor_id: int, webhook_id: int) -> ClaimedDelivery | None:
    """Claim the first due delivery of a webhook for two minutes; another sender gets another one, or None."""
    at = now()
    wanted = {"creditor": creditor_id, "webhook": webhook_id, "at": at, "until": at + timedelta(seconds=CLAIM_SECONDS)}
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM, wanted)
        row = cursor.fetchone()
    if row is None:
        return None
    number, webhook_id, url, key_id, sealed, event_id, kind, body, try_count = row
    secret = settings.DUECOURSE_KEYRING.unwrap(bytes(sealed), _aad(creditor_id, key_id))
    return ClaimedDelivery(number, webhook_id, url, key_id, secret, event_id, kind, body.encode(), try_count)


def delivery_tried(*, creditor_id: int, delivery_id: int, status: int | None, problem: str, duration_ms: int) -> str:
    """Write down a try and return the delivery's state: delivered, waiting for the next try, or dead.

    Args:
        creditor_id: the creditor that is open.
        delivery_id: the one that was claimed.
        status: the receiver's HTTP status, None when there was no answer.
        problem: code of what went wrong, '' when it arrived.
        duration_ms: how long the try took.
    """
    delivery = WebhookDelivery.objects.select_for_update().get(creditor_id=creditor_id, pk=delivery_id)
    if delivery.state != "waiting":
        return delivery.state
    delivery.tries = [*delivery.tries, {"at": now().isoformat(), "status": status, "problem": problem, "duration_ms": duration_ms}][-50:]
    if not problem:
        delivery.state, delivery.ended_at = "delivered", now()
    elif delivery.try_count >= TRIES_MAX or status == 410:
        delivery.state, delivery.ended_at = "dead", now()
    else:
        delivery.next_try_at = next_try_at(try_count=delivery.try_count, at=now())
    delivery.save(update_fields=["tries", "state", "ended_at", "next_try_at"])
    return delivery.state


def next_try_at(*, try_count: int, at: datetime) -> datetime:
    """Return when to try again after so many tries: 10 s, then three times as long each time, 12 h at most, up to a tenth more by chance."""
    seconds = min(FIRST_WAIT_SECONDS * 3 ** (try_count - 1), WAIT_SECONDS_MAX)
    return at + timedelta(milliseconds=seconds * 1000 + secrets.randbelow(seconds * 100 + 1))


def url_fault(url: str) -> str:
    """Return what is wrong with a webhook's address as it is written, or ''. Where its host leads is checked when something is sent."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
        is_printable = url.isascii() and url.isprintable() and " " not in url and "\\" not in url
    except ValueError:
        return "its address cannot be read"
    if not is_printable or len(url) > URL_LENGTH_MAX:
        return f"its address is longer than {URL_LENGTH_MAX} characters or holds something other than plain letters, digits and signs"
    if parts.username is not None or parts.password is not None or parts.fragment or port == 0:
        return "its address holds a user, a password, a fragment or no usable port"
    if not host or host.endswith("."):
        return "its address names no host"
    if parts.scheme != "https" and not (parts.scheme == "http" and settings.DUECOURSE_LOOPBACK_WEBHOOKS and _is_loopback(host)):
        return "its address does not begin with https://"
    if not may_be_reached(host) and _is_number(host):
        return "its address leads into a private network"
    return ""


def may_be_reached(address: str) -> bool:
    """Say whether something may be sent to an IP address: to public ones, and to the loopback only where the house allows it for tests."""
    try:
        found: ipaddress.IPv4Address | ipaddress.IPv6Address = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(found, ipaddress.IPv6Address):
        inner = found.ipv4_mapped or found.sixtofour or (found.teredo[1] if found.teredo else None)
        if found in _NAT64:
            inner = ipaddress.IPv4Address(int(found) & 0xFFFFFFFF)
        if inner is not None:
            return may_be_reached(str(inner))
    if found.is_loopback:
        return bool(settings.DUECOURSE_LOOPBACK_WEBHOOKS)
    return found.is_global and not (found.is_multicast or found.is_reserved or found.is_unspecified)


_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


def _is_number(host: str) -> bool:
    """Say whether a host is an IP address in any of the forms that resolvers take for one, such as 2130706433 or 0x7f.1."""
    try:
        ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return all(part[:2] in ("0x", "0X") or part.isdigit() for part in host.split(".") if part)
    return True


def _is_loopback(host: str) -> bool:
    return host == "localhost" or (_is_number(host) and may_be_reached(host))


def _name_fault(name: str) -> str:
    return "" if 1 <= len(name.strip()) <= NAME_LENGTH_MAX and name.isprintable() else "it has no name, or a very long one"


def _kinds_fault(kinds: Sequence[str], *, is_agency: bool) -> str:
    unknown = sorted(set(kinds) - set(AGENCY_EVENTS if is_agency else CREDITOR_EVENTS))
    if unknown:
        return "its side is not told of " + ", ".join(unknown)[:200]
    return "" if kinds else "it asks for no kind of event"


def _require(actor: Actor, *, action: str) -> None:
    require(actor, Role.LEAD if actor.is_agency else Role.MANAGER, action=action)


def _writer(actor: Actor) -> Actor:
    """Return who writes: an agency's role may not, so the house does it for its people, in their own rows only."""
    return system(actor.creditor_id) if actor.is_agency else actor


def _own(actor: Actor) -> Any:
    """Return the webhooks of the actor's side: an agency's its own, the creditor's all of them."""
    found = Webhook.objects.filter(creditor_id=actor.creditor_id)
    return found.filter(agency_id=actor.agency_id) if actor.is_agency else found


def _living(creditor_id: int, agency_id: int | None) -> Any:
    return Webhook.objects.filter(creditor_id=creditor_id, agency_id=agency_id, removed_at__isnull=True)


def _aad(creditor_id: int, key_id: str) -> bytes:
    return f"duecourse/webhook/1/{creditor_id}/{key_id}".encode()


def _note(actor: Actor, action: str, webhook_id: int, details: dict[str, Any]) -> None:
    told = details | {"caused_by": actor.user_id}
    audit_append(creditor_id=actor.creditor_id, action=action, subject_kind="webhook", subject_id=webhook_id, details=told)
