"""Debtors with numbers, permits for calls, and files of what a telephone system recorded."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

from duecourse.contact.models import Attempt, Permit
from duecourse.contact.selectors import CallFinding, call_findings
from duecourse.contact.services import CallRecordsResult, call_records_load
from duecourse.kit.clock import frozen
from duecourse.kit.crypto import blind_index
from duecourse.parties.access import acting
from duecourse.parties.models import Agency
from duecourse.portfolio.models import Case, ContactPoint, Person
from duecourse.portfolio.selectors.sealing import contact_text, keyring
from tests import factories, people
from tests.contact.scene import DAY, NOON

EVENING = NOON + timedelta(hours=8)
"""When files come, 20:00 in Shanghai."""
HEADER = "通话编号,呼叫开始时间,被叫号码,通话时长(秒),呼叫结果,坐席工号,主叫号码,录音编号,许可编号"
OWN, OTHERS, STRANGERS = "13800000001", "13800000002", "13999999999"


@dataclass
class CallScene:
    """A bank with debtors who have a number each.

    Attributes:
        bank: the house of the tests.
        folder: where files are made.
        persons, points, cases: the debtors, their numbers' rows and their cases, by number.
    """

    bank: factories.Bank
    folder: Path
    persons: dict[str, Person] = field(default_factory=dict)
    points: dict[str, ContactPoint] = field(default_factory=dict)
    cases: dict[str, Case] = field(default_factory=dict)
    _files: Any = field(default_factory=lambda: count(1))

    def debtor(self, number: str, *, agency: Agency | None = None, zone: str | None = "Asia/Shanghai") -> Person:
        """Make a debtor with a number and a case, which may be open with an agency."""
        with acting(self.bank.system):
            person = Person.objects.create(creditor=self.bank.creditor, zone=zone, zone_source="test", known_at=NOON)
            case = Case.objects.create(creditor=self.bank.creditor, person=person, work_stream=number, opened_on=DAY,
                                       open_agency_id=agency and agency.pk)  # fmt: skip
        self.persons[number], self.cases[number] = person, case
        self.points[number] = self.number(person, number)
        return person

    def number(self, person: Person, number: str, *, key_id: str = "") -> ContactPoint:
        """Give a person a number."""
        ring = keyring()
        index = blind_index(contact_text("phone", number), key=ring.index_key(self.bank.id, key_id or None))
        with acting(self.bank.system):
            return ContactPoint.objects.create(
                creditor=self.bank.creditor, person=person, kind="phone", value_sealed=b"", value_index=index,
                index_key_id=key_id or ring.active_id, valid_from_on=DAY,
            )  # fmt: skip

    def permit(
        self, number: str, *, at: datetime = NOON, by: Agency | None = None, channel: str = "call", has_point: bool = True
    ) -> Permit:
        """Give a permit for a call to a number, of Aoki by default."""
        performer = by or self.bank.aoki
        with acting(self.bank.system):
            return Permit.objects.create(
                creditor=self.bank.creditor, performer=performer, client_request_id=f"{number}-{next(self._files)}", request_hash="",
                person=self.persons[number], case=self.cases[number], contact_point=self.points[number] if has_point else None, user_id=0,
                channel=channel, contact_at=at, local_on=(at + timedelta(hours=8)).date(), decided_at=at, explanation={},
                valid_until_at=at + timedelta(minutes=10),
            )  # fmt: skip

    def attempt(self, permit: Permit, outcome: str, *, talk: int = 0, at: datetime | None = None) -> Attempt:
        """Report what came of a permit."""
        with acting(self.bank.system):
            return Attempt.objects.create(
                creditor=self.bank.creditor, permit=permit, performer_id=permit.performer_id, outcome=outcome,
                is_connected=outcome in {"connected", "promise"}, started_at=at or permit.contact_at, talk_seconds=talk,
                reported_at=permit.contact_at,
            )  # fmt: skip

    def file(self, *rows: str, header: str = HEADER, name: str = "") -> Path:
        """Write a file of call records."""
        path = self.folder / (name or f"calls-{next(self._files)}.csv")
        path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
        return path

    def load(self, *rows: str, by: Agency | None = None, at: datetime = EVENING, **more: Any) -> CallRecordsResult:
        """Load rows as a file of Aoki's, or of another performer's, as the system by default."""
        path = more.pop("path", None) or self.file(*rows)
        with frozen(at):
            return call_records_load(
                **({"actor": self.bank.system, "path": path, "performer_id": (by or self.bank.aoki).pk, "on": DAY} | more)
            )

    def findings(self, **more: Any) -> list[CallFinding]:
        """Return the findings of the day."""
        with acting(self.bank.system):
            return call_findings(**({"creditor_id": self.bank.id, "from_on": DAY, "until_on": DAY} | more))

    def kinds(self, **more: Any) -> list[str]:
        """Return the kinds of the day's findings."""
        return [finding.kind for finding in self.findings(**more)]


def row(ref: str, number: str = OWN, *, at: datetime = NOON, talk: int = 30, result: str = "接通", permit: Any = "", **more: str) -> str:
    """Return a row of a file of call records; times are written in Shanghai's."""
    local = (at + timedelta(hours=8)).replace(tzinfo=None)
    cells = (ref, f"{local.isoformat()}+08:00", number, str(talk), result, more.get("agent", "A01"), "95588", f"rec-{ref}", str(permit))
    return ",".join(cells)


def call_scene(folder: Path, *, firm: people.Firm = people.BANK) -> CallScene:
    """Make the scene: one debtor with Aoki, one with Birch."""
    bank = factories.bank(firm)
    made = CallScene(bank, folder)
    made.debtor(OWN, agency=bank.aoki)
    made.debtor(OTHERS, agency=bank.birch)
    return made
