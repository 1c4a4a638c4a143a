"""Who gets what of the rules and of compliance's own pages."""

from __future__ import annotations

from typing import Any

from tests.doors.scope import CREDITOR_ONLY, CREDITOR_POST

COMPLIANCE_ONLY = CREDITOR_ONLY | {"manager": 404, "accountant": 404}


def _stop(house: Any) -> int:
    """Return a stop that stands, made once for a house."""
    if not hasattr(house, "stop_id"):
        from duecourse.contact.services import contact_stop

        house.stop_id = contact_stop(actor=house.bank.qiu, scope="channel", channel="letter", reason_code="conduct").pk
    return house.stop_id


def _paper(house: Any) -> int:
    """Return a paper that waits, made once for a house."""
    if not hasattr(house, "paper_id"):
        from datetime import date

        from duecourse.contact.services import paper_add

        value = {"value": "20:00", "effective_on": "2026-09-01", "article": "1", "confidence": "verbatim"}
        parameters = {"cn.contact_hours.allowed_until_minute": {"unit": "minute_of_day", "values": [value]}}
        named = {"layer": "creditor_policy", "code": "P-1", "title_zh": "作息", "title_en": "Hours", "parameters": parameters}
        house.paper_id = paper_add(actor=house.bank.qiu, issued_on=date(2026, 9, 1), effective_on=date(2026, 9, 1), **named).pk
    return house.paper_id


def _template(house: Any) -> int:
    """Return a template that waits, made once for a house."""
    if not hasattr(house, "template_id"):
        from datetime import date

        from duecourse.contact.services import message_template_add

        said = {"channel": "sms", "language": "zh-hans", "body": "请还款", "purpose": "reminder"}
        house.template_id = message_template_add(actor=house.bank.qiu, code="T-1", valid_from_on=date(2026, 9, 1), **said).pk
    return house.template_id


ROWS = {
    "templates": ("/templates/", CREDITOR_ONLY),
    "template-new": ("/templates/new/", CREDITOR_ONLY | {"accountant": 404}),
    "template": (lambda house: f"/templates/{_template(house)}/", CREDITOR_ONLY),
    "template-end": (lambda house: f"/templates/{_template(house)}/end/", CREDITOR_POST),
    "gate-terms": ("/gate-terms/", CREDITOR_ONLY),
    "what-if": ("/what-if/", CREDITOR_ONLY),
    "what-if-result": ("/what-if/0123456789abcdef/", CREDITOR_ONLY | {"manager": 404, "compliance": 404, "accountant": 404}),
    "papers": ("/papers/", CREDITOR_ONLY),
    "paper-new": ("/papers/new/?layer=creditor_policy", CREDITOR_ONLY | {"accountant": 404}),
    "paper": (lambda house: f"/papers/{_paper(house)}/", CREDITOR_ONLY),
    "paper-end": (lambda house: f"/papers/{_paper(house)}/end/", CREDITOR_POST),
    "violations": ("/violations/", CREDITOR_ONLY),
    "call-findings": ("/violations/calls/", CREDITOR_ONLY),
    "call-rejects": (f"/violations/calls/files/{10**12}/rejects/", CREDITOR_POST),
    "contact-stops": ("/stops/", CREDITOR_ONLY),
    "contact-stops-all": ("/stops/all/", CREDITOR_ONLY),
    "contact-stop-new": ("/stops/new/?scope=everything", COMPLIANCE_ONLY),
    "contact-stop": (lambda house: f"/stops/{_stop(house)}/", CREDITOR_ONLY),
    "contact-stop-lift": (lambda house: f"/stops/{_stop(house)}/lift/", CREDITOR_POST),
    "rules": ("/rules/", CREDITOR_ONLY),
    "rule-texts": ("/rules/texts/", CREDITOR_ONLY),
    "rule-disabled": ("/rules/disabled/", CREDITOR_ONLY),
    "rule": ("/rules/cn/contact_hours/", CREDITOR_ONLY),
}
