"""Hypothesis strategies that several test files share."""

from __future__ import annotations

from datetime import UTC, date, datetime

from hypothesis import strategies as st

amounts_minor = st.integers(min_value=-(10**15), max_value=10**15)
"""Any amount a loan book may hold, in minor units, both signs."""

debts_minor = st.integers(min_value=0, max_value=10**12)
"""What somebody owes, in minor units."""

rates_bp = st.integers(min_value=0, max_value=10_000)
"""A share of a whole in basis points."""

currencies = st.sampled_from(["CNY", "USD", "JPY", "KWD"])
"""Currencies with two, no and three decimals."""

days = st.dates(min_value=date(2015, 1, 1), max_value=date(2035, 12, 31))
"""Business dates, leap days included."""

instants = st.datetimes(min_value=datetime(2015, 1, 1), max_value=datetime(2035, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001
"""Aware instants in UTC."""
