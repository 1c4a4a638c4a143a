"""Every e-mail, text and other electronic message says how to opt out of it, simply, freely and without further data.

Regulation F, 12 CFR 1006.6(e): each electronic communication or attempt carries a clear and conspicuous statement of a reasonable and
simple way to opt out of further ones to that address or number. The consumer need neither pay the collector a fee nor give more than the
preference and the address or number concerned.

How we read it:

- Simple is what can be done from the message itself: a reply, or a link in it. A letter, a call or a visit to a site without a link is not.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether the statement is missing or fails one of its four qualities."""
    is_good = facts.is_opt_out_stated & facts.is_opt_out_clear & facts.is_opt_out_simple & facts.is_opt_out_free & facts.is_opt_out_bare
    return (values.is_required == 1) & (is_good == 0)
