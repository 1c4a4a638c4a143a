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
from duecourse.contact.models import Permit
from duecourse.contact.services import attempt_report, permit_request
from duecourse.cycle.selectors import runs
from duecourse.cycle.services import resume, run_open
from duecourse.cycle.steps import STEPS
from duecourse.doors.commands.cycle import month_of
from duecourse.doors.commands.demo.house import lead_email
from duecourse.doors.commands.terminal import terminal
from duecourse.doors.drawing import progress_bar
from duecourse.engine.simulate import Decisions, World
from duecourse.engine.simulate.schemas import CALLS, PLACEMENTS
from duecourse.kit.calendar import Month as CalendarMonth
from duecourse.kit.clock import frozen
from duecourse.kit.errors import Conflict
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


class AnotherWorld(Conflict):
    """The house holds another simulated world."""

    what = "The month {month} was begun with another simulated world."
    why = "Accounts, months, agencies, seed and calls make a world; with other numbers it is another one."
    todo = "Use the numbers of the first time, or begin anew: duecourse db remove"


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
        """Play one month from its tape to its closed books.

        What was played before is the same again: an interrupted month goes on where it was, and a closed one only moves the world.

        Raises:
            AnotherWorld: the month was begun with the tape of another world.
        """
        with TemporaryDirectory(prefix="duecourse-demo-") as folder, progress_bar(str(month)) as progress:
            is_closed = self.is_closed(month)
            self._open(month, Path(folder), is_closed=is_closed, progress=progress)
            for number in range((month.last - month.first).days + 1):
                day = month.first + timedelta(days=number)
                progress(number + 1, month.last.day, day.isoformat())
                self._day(day, Path(folder), is_closed=is_closed)
            if not is_closed:
                self._close(month, progress=progress)

    def is_closed(self, month: CalendarMonth) -> bool:
        """Say whether a month was played to its end."""
        with acting(self.system):
            return any(run.month == str(month) and run.closed_at for run in runs(self.system.creditor_id))

    def _open(self, month: CalendarMonth, folder: Path, *, is_closed: bool, progress: Any) -> None:
        """Take the tape in, age, score, allocate, approve by a second person, and hand over."""
        tape = folder / f"tape-{month}.parquet"
        pq.write_table(self.world.tape(month.first), tape)
        if not is_closed:
            with frozen(self._at(month.first, _OPENING)):
                run_open(actor=self.mei, month=str(month))
        given = month_of(self.mei, str(month), as_of=month.first, tape=tape, mapping="native", is_open=not is_closed)
        with frozen(self._at(month.first, _TAPE)):
            for step in STEPS[: 1 if is_closed else 5]:
                step_run = resume(step, month=given)
                if step.name == "intake" and step_run.inputs_hash != step.prepare(given).hash():
                    raise AnotherWorld(month=str(month))
                if step.name == "allocate":
                    allocation_approve(actor=self.lin, allocation_run_id=step_run.counts["allocation_run_id"])
                progress(0, 1, terminal.translated(step.name))
        self._look_up(month.first)

    def _look_up(self, first_on: date) -> None:
        """Learn which case and account each account number is, and who has the cases once the first day's work is done."""
        with acting(self.system):
            self.refs = portfolio.case_accounts_by_number(creditor_id=self.system.creditor_id, on=first_on)
            self.placed = self._placements(first_on + timedelta(days=1))

    def _placements(self, on: date) -> pa.Table:
        frame = placements.open_placements_frame(creditor_id=self.system.creditor_id, on=on)
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

    def _day(self, day: date, folder: Path, *, is_closed: bool) -> None:
        wanted = self.world.wanted_calls(day, self.placed).to_pylist()
        permits = self._kept_permits(wanted) if is_closed else self._permits(wanted, day)
        made = [call for call in wanted if call["request_id"] in permits]
        calls = pa.Table.from_pylist(made, schema=CALLS)
        events = self.world.step(day, Decisions(placements=self.placed, calls=calls))
        if not is_closed:
            self._report(events, permits, day)
            self._listen(events, day)
            self._pay(events, day, folder)

    def _permits(self, wanted: list[dict[str, Any]], day: date) -> dict[str, int]:
        """Ask for every call that is wanted, in the order of the day, and return the permits by request."""
        ordered = sorted(wanted, key=lambda call: (call["minute"], call["request_id"]))
        answers = {call["request_id"]: self._ask(call, day) for call in ordered}
        return {request: answer.id for request, answer in answers.items() if answer.is_permit}

    def _kept_permits(self, wanted: list[dict[str, Any]]) -> dict[str, int]:
        """Return the permits that were given when a closed month was played."""
        requests = [call["request_id"] for call in wanted]
        with acting(self.system):
            found = Permit.objects.filter(creditor_id=self.system.creditor_id, client_request_id__in=requests)
            return dict(found.values_list("client_request_id", "id"))

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
                resume(step, month=given)
            self._settle(str(month))
            progress(0, 1, terminal.translated("close"))
            resume(STEPS[9], month=given)

    def _settle(self, month: str) -> None:
        codes = {agency_id: code for code, agency_id in self.agency_ids.items()}
        with acting(self.system):
            drafted = settled.statements(creditor_id=self.system.creditor_id, month=month)
        for statement in drafted:
            lead, number = self.leads[codes[statement["agency_id"]]], statement["id"]
            decisions = {
                "draft": (statement_agree, lead),
                "agreed": (statement_approve, self.fan),
                "approved": (statement_freeze, self.lin),
            }
            for status in list(decisions)[["draft", "agreed", "approved", "frozen"].index(statement["status"]) :]:
                decide, actor = decisions[status]
                decide(actor=actor, statement_id=number)

    def _member(self, email: str) -> Actor:
        user = User.objects.get(email=email)
        return actors_of(user, on=self.world.present)[0]

    def _at(self, day: date, moment: time) -> datetime:
        return datetime.combine(day, moment, tzinfo=self.zone)

    def _minute(self, day: date, minute: int) -> datetime:
        return self._at(day, time(minute // 60, minute % 60))
