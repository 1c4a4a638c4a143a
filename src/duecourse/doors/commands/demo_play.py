"""Playing the simulated world, day by day, through the services."""

from __future__ import annotations

import csv
from datetime import date, datetime, time, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.parquet as pq
from django.db import connection

from duecourse.care.services import complaint_receive, dispute_open
from duecourse.contact.services import attempt_report, permit_request
from duecourse.cycle.services import perform, run_open
from duecourse.cycle.steps import STEPS
from duecourse.doors.commands.choose import progress_bar
from duecourse.doors.commands.cycle import month_of
from duecourse.doors.commands.demo_house import lead_email
from duecourse.doors.commands.terminal import terminal
from duecourse.engine.simulate import Decisions, World
from duecourse.engine.simulate.schemas import CALLS, PLACEMENTS
from duecourse.kit.calendar import Month as CalendarMonth
from duecourse.kit.clock import frozen
from duecourse.kit.money import plain_amount
from duecourse.parties.access import Actor, acting, actors_of, system
from duecourse.parties.models import Agency, Creditor, User
from duecourse.placement import selectors as placements
from duecourse.placement.services import allocation_approve
from duecourse.portfolio import selectors as portfolio
from duecourse.repayment.services import payments_load, promise_make
from duecourse.settlement import selectors as settled
from duecourse.settlement.services import statement_agree, statement_approve, statement_freeze

OUTCOMES = {
    "connected": "connected",
    "promise": "promise",
    "refused": "refused_to_pay",
    "dispute": "disputed",
    "wrong_party": "wrong_party",
    "no_answer": "no_answer",
}
"""Our outcome for each of the world's."""

_BANK_ACCOUNT = "SIM-COLLECTION-1"
_OPENING, _TAPE, _CLOSING = time(7, 0), time(7, 30), time(23, 30)


class Play:
    """A world played through the services, with the clock set to the world's days."""

    def __init__(self, *, world: World, creditor_id: int) -> None:
        self.world = world
        self.system = system(creditor_id)
        creditor = Creditor.objects.get(pk=creditor_id)
        self.zone = ZoneInfo(creditor.zone)
        with acting(self.system):
            self.agency_ids = dict(Agency.objects.filter(creditor_id=creditor_id).values_list("code", "id"))
        self.leads = {code: self._member(lead_email(code)) for code in self.agency_ids}
        self.mei, self.lin = self._member("mei@lanxi.example"), self._member("lin@lanxi.example")
        self.fan = self._member("fan@lanxi.example")
        self.refs: dict[str, tuple[int, int]] = {}
        with connection.cursor() as cursor:
            cursor.execute("SET synchronous_commit = off")

    def month(self, month: CalendarMonth) -> None:
        """Play one month from its tape to its closed books."""
        with TemporaryDirectory(prefix="duecourse-demo-") as folder, progress_bar(str(month)) as progress:
            length = (month.last - month.first).days + 1
            self._open(month, Path(folder), progress=progress)
            day = month.first
            while day <= month.last:
                progress((day - month.first).days + 1, length, day.isoformat())
                self._day(day, Path(folder))
                day += timedelta(days=1)
            self._close(month, progress=progress)

    def _open(self, month: CalendarMonth, folder: Path, *, progress: Any) -> None:
        """Take the tape in, age, score, allocate, approve by a second person, and hand over."""
        with frozen(self._at(month.first, _OPENING)):
            run_open(actor=self.mei, month=str(month))
        tape = folder / f"tape-{month}.parquet"
        pq.write_table(self.world.tape(month.first), tape)
        with frozen(self._at(month.first, _TAPE)):
            for step in STEPS[:5]:
                given = month_of(self.mei, str(month), as_of=month.first, tape=tape, mapping="native")
                step_run = perform(step, month=given)
                if step.name == "allocate":
                    allocation_approve(actor=self.lin, allocation_run_id=step_run.counts["allocation_run_id"])
                progress(0, 1, terminal.translated(step.name))
        self._look_up()

    def _look_up(self) -> None:
        """Learn which case and account each account number is."""
        with acting(self.system):
            self.refs = portfolio.case_accounts_by_number(creditor_id=self.system.creditor_id)
            self.placed = self._placements()

    def _placements(self) -> pa.Table:
        frame = placements.open_placements_frame(creditor_id=self.system.creditor_id, on=self.world.present)
        codes = {agency_id: code for code, agency_id in self.agency_ids.items()}
        numbers: dict[int, list[str]] = {}
        for number, (case_id, _) in self.refs.items():
            numbers.setdefault(case_id, []).append(number)
        rows = [
            {"account_number": number, "agency_code": codes[row["agency_id"]], "from_on": row["placed_on"], "until_on": None}
            for row in frame.to_pylist()
            for number in numbers.get(row["case_id"], ())
        ]
        return pa.Table.from_pylist(rows, schema=PLACEMENTS)

    def _day(self, day: date, folder: Path) -> None:
        wanted = self.world.wanted_calls(day, self.placed).to_pylist()
        permits = {}
        for call in sorted(wanted, key=lambda c: (c["minute"], c["request_id"])):
            answer = self._ask(call, day)
            if answer.is_permit:
                permits[call["request_id"]] = answer.id
        made = [call for call in wanted if call["request_id"] in permits]
        calls = pa.Table.from_pylist(made, schema=CALLS)
        events = self.world.step(day, Decisions(placements=self.placed, calls=calls))
        self._report(events, permits, day)
        self._listen(events, day)
        self._pay(events, day, folder)

    def _ask(self, call: dict[str, Any], day: date) -> Any:
        at = self._minute(day, call["minute"])
        with frozen(at):
            return permit_request(
                actor=self.leads[call["performer_code"]],
                case_id=self.refs[call["account_number"]][0],
                channel="call",
                contact_at=at,
                client_request_id=call["request_id"],
            )

    def _report(self, events: Any, permits: dict[str, int], day: date) -> None:
        for row in events.call_outcomes.to_pylist():
            at = self._minute(day, row["minute"])
            with frozen(at + timedelta(seconds=row["talk_seconds"] + 30)):
                attempt_report(
                    actor=self.leads[row["performer_code"]],
                    permit_id=permits[row["request_id"]],
                    outcome=OUTCOMES[row["outcome"]],
                    started_at=at,
                    talk_seconds=row["talk_seconds"],
                )
        for row in events.promises.to_pylist():
            case_id, account_id = self.refs[row["account_number"]]
            with frozen(self._at(day, _CLOSING)):
                promise_make(
                    actor=self.leads[row["performer_code"]],
                    case_id=case_id,
                    account_id=account_id,
                    amount_minor=row["amount_minor"],
                    made_on=row["made_on"],
                    due_on=row["due_on"],
                    source_kind="permit",
                    source_id=permits[row["request_id"]],
                )

    def _listen(self, events: Any, day: date) -> None:
        with frozen(self._at(day, _CLOSING)):
            for row in events.complaints.to_pylist():
                complaint_receive(
                    actor=self.system,
                    case_id=self.refs[row["account_number"]][0],
                    kind=row["subject"],
                    external_ref=row["complaint_ref"],
                    received_on=day,
                    agency_id=self.agency_ids[row["performer_code"]],
                )
            for row in events.disputes.to_pylist():
                case_id, account_id = self.refs[row["account_number"]]
                dispute_open(
                    actor=self.system,
                    case_id=case_id,
                    account_id=account_id,
                    kind=row["reason"],
                    external_ref=row["dispute_ref"],
                    received_on=day,
                )

    def _pay(self, events: Any, day: date, folder: Path) -> None:
        """Hand the day's bank file in, as the bank would send it."""
        rows = [self._bank_row(row) for row in events.payments.to_pylist()]
        rows += [self._bank_row(self._reversal(row)) for row in events.reversals.to_pylist()]
        if not rows:
            return
        path = folder / f"bank-{day}.csv"
        with path.open("w", encoding="utf-8", newline="") as stream:
            writer = csv.DictWriter(stream, fieldnames=list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
        with frozen(self._at(day, _CLOSING)):
            payments_load(actor=self.fan, path=path, mapping="native_payments")

    @staticmethod
    def _reversal(row: dict[str, Any]) -> dict[str, Any]:
        days = {"paid_on": row["reversed_on"], "booked_on": row["reversed_on"]}
        return row | days | {"amount_minor": -abs(row["amount_minor"]), "reverses_ref": row["reversed_external_ref"]}

    @staticmethod
    def _bank_row(row: dict[str, Any]) -> dict[str, str]:
        return {
            "bank_account": _BANK_ACCOUNT,
            "external_ref": row["external_ref"],
            "amount": plain_amount(row["amount_minor"], row["currency"]),
            "currency": row["currency"],
            "paid_on": row["paid_on"].isoformat(),
            "booked_on": row["booked_on"].isoformat(),
            "account_number": row["account_number"],
            "reverses_ref": row.get("reverses_ref", ""),
        }

    def _close(self, month: CalendarMonth, *, progress: Any) -> None:
        """Seal the month's contacts and money, measure, settle with every agency, and close."""
        with frozen(self._at(month.last, _CLOSING) + timedelta(minutes=15)):
            given = month_of(self.mei, str(month))
            for step in STEPS[5:9]:
                progress(0, 1, terminal.translated(step.name))
                perform(step, month=given)
            self._settle(str(month))
            progress(0, 1, terminal.translated("close"))
            perform(STEPS[9], month=given)

    def _settle(self, month: str) -> None:
        codes = {agency_id: code for code, agency_id in self.agency_ids.items()}
        with acting(self.system):
            drafted = settled.statements(creditor_id=self.system.creditor_id, month=month)
        for statement in drafted:
            statement_agree(actor=self.leads[codes[statement["agency_id"]]], statement_id=statement["id"])
            statement_approve(actor=self.fan, statement_id=statement["id"])
            statement_freeze(actor=self.lin, statement_id=statement["id"])

    def _member(self, email: str) -> Actor:
        user = User.objects.get(email=email)
        return actors_of(user, on=self.world.present)[0]

    def _at(self, day: date, moment: time) -> datetime:
        return datetime.combine(day, moment, tzinfo=self.zone)

    def _minute(self, day: date, minute: int) -> datetime:
        return self._at(day, time(minute // 60, minute % 60))
