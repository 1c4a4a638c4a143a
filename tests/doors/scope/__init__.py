"""The matrix of addresses and visitors, one module per group of pages; each gives its `ROWS`.

A row is the address, or a function that gives it for a house (and may make what it needs), and the answer to a GET by kind of visitor.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from typing import Any

from tests import people

VISITORS = {
    "anonymous": "",
    "manager": people.MEI.email,
    "compliance": people.QIU.email,
    "accountant": people.FAN.email,
    "lead": people.ANN.email,
    "collector": people.BO.email,
    "stranger": people.DAI_EMAIL,
}
CREDITOR_ONLY = {"anonymous": 302, "manager": 200, "compliance": 200, "accountant": 200, "lead": 404, "collector": 404, "stranger": 403}
AGENCY_ONLY = {"anonymous": 302, "manager": 404, "compliance": 404, "accountant": 404, "lead": 200, "collector": 200, "stranger": 403}
CREDITOR_POST = CREDITOR_ONLY | dict.fromkeys(("manager", "compliance", "accountant"), 405)
AGENCY_POST = AGENCY_ONLY | dict.fromkeys(("lead", "collector"), 405)
LED_AWAY = dict.fromkeys(VISITORS, 302) | {"stranger": 403}
ALL_IN = dict.fromkeys(VISITORS, 200) | {"anonymous": 302, "stranger": 403}

Address = str | Callable[[Any], str]
Row = tuple[Address, dict[str, int]]


def gathered() -> dict[str, Row]:
    """Return the rows of all modules.

    Raises:
        ValueError: two modules have a row for one address.
    """
    found: dict[str, Row] = {}
    for module in pkgutil.iter_modules(__path__):
        rows = importlib.import_module(f"{__name__}.{module.name}").ROWS
        if twice := sorted(set(found) & set(rows)):
            raise ValueError(f"{module.name} repeats {twice}")
        found |= rows
    return found


def address_of(row: Row, house: Any) -> str:
    """Return the address of a row in a house."""
    address = row[0]
    return address if isinstance(address, str) else address(house)


MATRIX = gathered()
