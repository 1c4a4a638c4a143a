"""Who gets what of the rules and of compliance's own pages."""

from __future__ import annotations

from tests.doors.scope import CREDITOR_ONLY

ROWS = {
    "violations": ("/violations/", CREDITOR_ONLY),
    "call-findings": ("/violations/calls/", CREDITOR_ONLY),
    "rules": ("/rules/", CREDITOR_ONLY),
    "rule-texts": ("/rules/texts/", CREDITOR_ONLY),
    "rule-disabled": ("/rules/disabled/", CREDITOR_ONLY),
    "rule": ("/rules/cn/contact_hours/", CREDITOR_ONLY),
}
