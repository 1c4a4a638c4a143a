"""Webhooks: the creditor's manager alone."""

from __future__ import annotations

from typing import Any

from tests.doors.scope import CREDITOR_ONLY, CREDITOR_POST


def one(house: Any, tail: str = "") -> str:
    """Return the page of a webhook."""
    from duecourse.parties.services import webhook_add

    found = webhook_add(actor=house.bank.mei, name="core", url="https://core.example/hooks", event_kinds=["case.closed"])
    return f"/webhooks/{found.webhook.pk}/{tail}"


MANAGER_ONLY = CREDITOR_ONLY | {"compliance": 404, "accountant": 404}
ROWS = {
    "webhooks": ("/webhooks/", MANAGER_ONLY),
    "webhook-add": ("/webhooks/add/", MANAGER_ONLY),
    "webhook": (one, MANAGER_ONLY),
    "webhook-ping": (lambda house: one(house, "ping/"), CREDITOR_POST),
    "webhook-retry": (lambda house: one(house, "retry/"), CREDITOR_POST),
    "webhook-remove": (lambda house: one(house, "remove/"), CREDITOR_POST),
}
