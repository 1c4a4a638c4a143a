"""Small worlds for the tests of allocation."""

import numpy as np
import pyarrow as pa

from duecourse.engine.allocation import AGENCIES, CASES
from duecourse.engine.frames import from_rows

SECRET = b"a secret of thirty-two bytes....."


def case(case_id, **changes):
    """Return one row of CASES; the debtor is the case's own unless said otherwise."""
    row = {
        "case_id": case_id, "person_id": case_id, "segment_key": "m1", "product_class": "card", "region": "north", "currency": "CNY",
        "balance_minor": 100_000, "expected_recovered_minor": 10_000, "hand": 1,
    }  # fmt: skip
    return row | changes


def agency(agency_id, **changes):
    """Return one row of AGENCIES without limits, average, at a fee of 20 %."""
    row = {
        "agency_id": agency_id, "contract_id": 100 + agency_id, "kind": "external", "capacity_count": None, "capacity_minor": None,
        "share_min_bp": 0, "share_cap_bp": 10_000, "regions": None, "products": None, "multiplier_bp": 10_000, "fee_rate_bp": 2_000,
        "complaint_cost_minor": 100,
    }  # fmt: skip
    return row | changes


def cases(*rows):
    """Return CASES."""
    return from_rows(list(rows), CASES)


def agencies(*rows):
    """Return AGENCIES."""
    return from_rows(list(rows), AGENCIES)


def mixed_cases(count, *, seed=1, segments=6, persons_share=0.85):
    """Return CASES with heavy-tailed balances, several cases for some debtors, three products and eight regions."""
    chance = np.random.default_rng(seed)
    balance = np.rint(chance.lognormal(13.5, 1, count)).astype(np.int64)
    return pa.table(
        {
            "case_id": np.arange(count),
            "person_id": chance.integers(0, max(1, int(count * persons_share)), count),
            "segment_key": [f"s{i}" for i in chance.integers(0, segments, count)],
            "product_class": chance.choice(["card", "cash", "car"], count),
            "region": [f"r{i}" for i in chance.integers(0, 8, count)],
            "currency": ["CNY"] * count,
            "balance_minor": balance,
            "expected_recovered_minor": (balance * chance.beta(1, 8, count)).astype(np.int64),
            "hand": np.ones(count, dtype=np.int16),
        }
    ).cast(CASES)


def mixed_agencies(number, *, seats, seed=2, spread=0.2):
    """Return AGENCIES of different skill, fee, region and product, the last one in-house, each with a `seats` capacity."""
    chance = np.random.default_rng(seed)
    rows = [
        agency(
            i + 1,
            kind="in_house" if i == number - 1 else "external",
            capacity_count=seats,
            regions=None if i % 3 else [f"r{j}" for j in range(8) if (j + i) % 4],
            products=None if i % 2 else ["card", "cash"],
            multiplier_bp=int(10_000 * np.exp(chance.normal(0, spread))),
            fee_rate_bp=int(chance.integers(1_500, 3_500)),
            complaint_cost_minor=500,
        )
        for i in range(number)
    ]
    return agencies(*rows)
