"""Loading a bank's file of payments behind the page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from duecourse.doors.jobs import job
from duecourse.parties.access import Actor
from duecourse.portfolio.services import upload_opened
from duecourse.repayment.services import payments_load as load


@job("payments_load", title=_("Loading payments"))
def payments_load(*, actor: Actor, parameters: dict[str, Any], progress: Callable[[int, int], None]) -> dict[str, Any]:
    """Load an uploaded file of payments and lead to what came of it; `parameters` is `file_id`."""
    with upload_opened(actor=actor, file_id=parameters["file_id"]) as path:
        result = load(actor=actor, path=path, progress=lambda done, total, _text: progress(done, total))
    address = reverse("payment-file", args=[result.payment_file_id]) + ("?" + urlencode({"again": 1}) if result.is_repeat else "")
    counts = {name: getattr(result, name) for name in ("row_count", "payment_count", "reversal_count", "rejected_count")}
    return {"url": address, "counts": counts}
