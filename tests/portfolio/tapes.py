"""Tapes of the tests: rows as dicts, written as CSV of the native form."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests import people

CHEN = {"person_name": people.CHEN.name, "id_type": "resident_id", "id_number": people.CHEN.identity_number, "phone": people.CHEN.phone}
DAI = {"person_name": people.DAI.name, "id_type": "resident_id", "id_number": people.DAI.identity_number, "phone": people.DAI.phone}
USUAL: dict[str, Any] = {
    "account_number": "A-1",
    "person_name": "",
    "id_type": "",
    "id_number": "",
    "phone": "",
    "email": "",
    "address": "",
    "region": "330700",
    "product_class": "credit_card",
    "lender_class": "bank",
    "currency": "CNY",
    "principal": "1000.00",
    "interest": "20.50",
    "fee": "0.00",
    "penalty": "1.25",
    "balance": "1021.75",
    "oldest_due_on": "2026-01-15",
    "days_past_due": "",
    "opened_on": "2024-05-01",
    "instalment": "120.00",
    "last_paid_on": "2026-01-02",
    "last_paid": "120.00",
}


def row(number: str, *, balance: str = "", **changes: Any) -> dict[str, Any]:
    """Return a row; `balance` alone means that all of it is principal."""
    whole = USUAL | {"account_number": number}
    if balance:
        whole |= {"principal": balance, "interest": "0", "fee": "0", "penalty": "0", "balance": balance}
    return whole | changes


def text_of(rows: list[dict[str, Any]]) -> str:
    """Return the rows as CSV."""
    block = io.StringIO()
    writer = csv.DictWriter(block, fieldnames=list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return block.getvalue()


@dataclass(frozen=True)
class TapeFile:
    """Writes tapes into a folder."""

    folder: Path

    def __call__(self, rows: list[dict[str, Any]], *, name: str = "tape.csv", encoding: str = "utf-8") -> Path:
        """Write rows and return the file."""
        return self.raw(text_of(rows).encode(encoding), name=name)

    def raw(self, content: bytes, *, name: str = "tape.csv") -> Path:
        """Write bytes and return the file."""
        path = self.folder / name
        path.write_bytes(content)
        return path
