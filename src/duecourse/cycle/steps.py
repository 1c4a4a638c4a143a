"""The whole story of a month, top to bottom: ten steps, each with prepare, apply and check.

`prepare` reads all inputs, `apply` computes with a pure function of the engine and writes through the rooms' services, `check`
reads back what is stored and states the conservation laws. `services.perform` runs a step once for the same inputs.
Contact and repay are live: their step checks and seals the month's window. See docs/flow.md.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pyarrow.compute as pc

from duecourse.contact import selectors as contacts
from duecourse.cycle import selectors
from duecourse.cycle.errors import AllocationRejected, AllocationUndecided, MonthNotReady
from duecourse.cycle.services.compute import METRIC_VERSION, aged, commissioned, measured, scored
from duecourse.cycle.services.drafts import allocation_record
from duecourse.cycle.services.feeds import follow
from duecourse.cycle.services.frozen import Frames
from duecourse.cycle.services.inputs import (
    allocation_inputs,
    limit_of_calls,
    measure_inputs,
    required,
    score_inputs,
    settlement_inputs,
)
from duecourse.cycle.services.perform import Applied, Law, Month
from duecourse.cycle.services.policy import policy_of
from duecourse.cycle.services.read_back import (
    answers,
    handed_over,
    outputs_of,
    payments,
    ready_to_close,
    stored_tape,
    tape_counts,
    tape_facts,
)
from duecourse.cycle.services.runs import run_close, run_open
from duecourse.engine.scores import MODEL_VERSION
from duecourse.kit.calendar import Month as CalendarMonth
from duecourse.kit.clock import now
from duecourse.kit.ids import file_sha256
from duecourse.ledger import selectors as books
from duecourse.ledger.services import statistics_refresh
from duecourse.parties.access import acting
from duecourse.placement import selectors as placements
from duecourse.placement import services as placing
from duecourse.portfolio import selectors as portfolio
from duecourse.portfolio import services as portfolios
from duecourse.portfolio.services.feeds import waiting_take
from duecourse.repayment import selectors as money
from duecourse.repayment import services as repaying
from duecourse.settlement import selectors as settled
from duecourse.settlement import services as settling

if TYPE_CHECKING:
    from duecourse.cycle.models import StepRun
    from duecourse.cycle.services.perform import Step

PUBLISHED_TABLES = (
    *("ledger_entry", "ledger_posting"),
    *(f"portfolio_{name}" for name in ("person", "personsecret", "account", "obligation", "contactpoint", "taperow")),
    *(f"portfolio_{name}" for name in ("case", "caseaccount", "casetransition")),
)
"""The tables a tape fills, whose statistics are stale afterwards."""


class _OfDay:
    """A step of the business date, run once."""

    def period(self, month: Month) -> str:
        """Return the business date."""
        return month.as_of.isoformat()


class _OfMonth:
    """A step that sums the month up with what is known by then."""

    def period(self, month: Month) -> str:
        """Return the month."""
        return month.run.month


class Intake(_OfDay):
    """1 · 逾期数据接收: a tape comes in; what is not on it any more leaves."""

    name, is_atomic = "intake", False

    def prepare(self, month: Month) -> Frames:
        """Take the file's hash, its mapping and the declared control totals."""
        if "tape_id" in month.options:
            return Frames(parameters=tape_facts(month, tape_id=month.options["tape_id"]))
        if "tape" not in month.options:
            raise MonthNotReady(step=self.name, month=month.run.month, reason="no tape was named", todo="Name its file.")
        return Frames(
            parameters={
                "as_of": month.as_of.isoformat(),
                "sha256": file_sha256(month.options["tape"]),
                "mapping": month.options.get("mapping", "native"),
                "control_totals": month.options.get("control_totals") or {},
            }
        )

    def stage(self, month: Month, inputs: Frames) -> dict[str, Any]:
        """Load the tape, unless it was taken in before and is named by its number."""
        if "tape_id" in month.options:
            return tape_counts(month, tape_id=month.options["tape_id"])
        result = portfolios.tape_intake(
            actor=month.actor,
            path=month.options["tape"],
            mapping=inputs.parameters["mapping"],
            as_of=month.as_of,
            control_totals=month.options.get("control_totals"),
            rejects_path=month.options.get("rejects"),
            progress=month.progress,
        )
        with acting(month.actor):
            statistics_refresh(*PUBLISHED_TABLES, row_count=result.counts["accepted_count"])
        return {**result.counts, "tape_id": result.tape_id}

    def apply(self, month: Month, inputs: Frames, step_run: StepRun) -> Applied:
        """Close what is not on the tape any more, and end the placements whose term is over."""
        tape_id = step_run.counts["tape_id"]
        gone = portfolios.cases_close_absent(actor=month.actor, tape_id=tape_id)
        placing.cases_closed(actor=month.actor, case_ids=gone, reason="off_tape", at=now())
        ended = placing.placements_end_due(actor=month.actor, on=month.as_of)
        waiting_take(actor=month.actor)
        ended += follow(actor=month.actor, tape_id=None, on=month.as_of)["placement_ended_count"]
        counts = {**step_run.counts, "closed_case_count": len(gone), "ended_placement_count": ended}
        return Applied(stored_tape(month, tape_id=tape_id), counts)

    def read_back(self, month: Month, *, step_run: StepRun) -> Frames:
        """Return the tape's rows as they are stored."""
        return stored_tape(month, tape_id=step_run.counts["tape_id"])

    def check(self, month: Month, inputs: Frames, applied: Applied) -> list[Law]:
        """Rows in = accepted + rejected + passed over; the tape's balance is in the books, but for what daily feeds know better."""
        counts, frame = applied.counts, applied.outputs.frames["tape"]
        newer = portfolio.tape_overtaken(creditor_id=month.actor.creditor_id, tape_id=counts["tape_id"])
        counted = frame.filter(pc.invert(pc.is_in(frame.column("account_id"), newer)))
        balances = books.receivable_balances(creditor_id=month.actor.creditor_id, account_ids=counted.column("account_id").to_pylist())
        return [
            Law(
                "rows in = accepted + rejected + passed over",
                counts["row_count"],
                counts["accepted_count"] + counts["rejected_count"] + counts["passed_over_count"],
            ),
            Law("accepted rows = accounts on the tape", counts["accepted_count"], frame.num_rows),
            Law("balance of the tape = balance in the books", total(counted, "balance_minor"), total(balances, "balance_minor")),
        ]


class Snapshot(_OfDay):
    """2 · 账龄: how old every debt is on the business date."""

    name, is_atomic = "snapshot", True

    def prepare(self, month: Month) -> Frames:
        """Read accounts and pauses as of the day."""
        accounts, pauses = portfolio.ageing_inputs(creditor_id=month.actor.creditor_id, as_of=month.as_of)
        chosen = policy_of(month.actor).ageing() | {"as_of": month.as_of.isoformat()}
        keys = {"accounts": ["account_id"], "pauses": ["account_id", "from_on", "kind"]}
        return Frames(frames={"accounts": accounts, "pauses": pauses}, keys=keys, parameters=chosen)

    def apply(self, month: Month, inputs: Frames, step_run: StepRun) -> Applied:
        """Age all accounts and write their snapshots."""
        frame = aged(inputs)
        portfolios.snapshots_write(actor=month.actor, step_run_id=step_run.pk, frame=frame)
        statistics_refresh("portfolio_snapshot", "portfolio_casesnapshot", row_count=frame.num_rows)
        return Applied(Frames(frames={"aged": frame}, keys={"aged": ["account_id"]}), {"account_count": frame.num_rows})

    def check(self, month: Month, inputs: Frames, applied: Applied) -> list[Law]:
        """Every account once, its balance unchanged, days not negative, buckets rising with days."""
        frame = applied.outputs.frames["aged"].sort_by([("days_past_due", "ascending"), ("bucket_number", "ascending")])
        buckets = frame.column("bucket_number").to_numpy()
        return [
            Law("accounts in = snapshots", inputs.frames["accounts"].num_rows, frame.num_rows),
            Law("balance in = balance out", total(inputs.frames["accounts"], "balance_minor"), total(frame, "balance_minor")),
            Law("snapshots with negative days", pc.sum(pc.less(frame.column("days_past_due"), 0)).as_py() or 0, 0),
            Law("buckets that fall while days rise", int((buckets[1:] < buckets[:-1]).sum()), 0),
        ]


class Score(_OfDay):
    """3 · 分层评分: which segment each case is in, and what is expected of it."""

    name, is_atomic = "score", True

    def prepare(self, month: Month) -> Frames:
        """Read the open cases of the snapshot and what earlier months recovered by segment."""
        return score_inputs(month)

    def apply(self, month: Month, inputs: Frames, step_run: StepRun) -> Applied:
        """Segment and score the cases."""
        frame = scored(inputs)
        portfolios.scores_write(actor=month.actor, step_run_id=step_run.pk, model_version=MODEL_VERSION, frame=frame)
        statistics_refresh("portfolio_score", row_count=frame.num_rows)
        counts = {"case_count": frame.num_rows, "segment_count": pc.count_distinct(frame.column("segment_key")).as_py()}
        return Applied(Frames(frames={"scored": frame}, keys={"scored": ["case_id"]}), counts)

    def check(self, month: Month, inputs: Frames, applied: Applied) -> list[Law]:
        """The same cases, no gaps."""
        before, after = inputs.frames["cases"], applied.outputs.frames["scored"]
        missing = set(before.column("case_id").to_pylist()) ^ set(after.column("case_id").to_pylist())
        return [Law("cases in = cases scored", before.num_rows, after.num_rows), Law("cases that differ", len(missing), 0)]


class Allocate(_OfDay):
    """4 · 分案: which agency each case goes to; another person approves it."""

    name, is_atomic = "allocate", True

    def prepare(self, month: Month) -> Frames:
        """Read cases, agencies, exclusions and effects; the secret stays sealed, its commitment is among the inputs."""
        return allocation_inputs(month)

    def apply(self, month: Month, inputs: Frames, step_run: StepRun) -> Applied:
        """Allocate and propose."""
        proposed, allocation = allocation_record(month, inputs=inputs, inputs_hash=step_run.inputs_hash, is_draft=False)
        summary = allocation.summary
        statistics_refresh("placement_allocationrow", row_count=summary.case_count)
        counts = {
            "allocation_run_id": proposed,
            "case_count": summary.case_count,
            "placed_count": summary.placed_count,
            "placed_minor": summary.placed_minor,
            "slice_count": summary.slice_count,
        }
        over = sum(row["case_count"] > row["cap_count"] for row in allocation.loads.to_pylist())
        frames = Frames(frames={"rows": allocation.rows}, keys={"rows": ["case_id"]})
        return Applied(frames, counts | {"over_capacity_count": over})

    def check(self, month: Month, inputs: Frames, applied: Applied) -> list[Law]:
        """Each case once, caps kept, a propensity for every row."""
        rows = applied.outputs.frames["rows"]
        return [
            Law("cases in = rows", inputs.frames["cases"].num_rows, rows.num_rows),
            Law("cases that stand twice", rows.num_rows - pc.count_distinct(rows.column("case_id")).as_py(), 0),
            Law("agencies over capacity", applied.counts["over_capacity_count"], 0),
            Law("rows without reason or propensity", rows.column("reason").null_count + rows.column("propensity_share").null_count, 0),
        ]


class HandOver(_OfDay):
    """5 · 委案: batches, placements and packages of an approved allocation."""

    name, is_atomic = "hand_over", False

    def prepare(self, month: Month) -> Frames:
        """Take the approved allocation of the day."""
        run_id = required(month, step="allocate").counts["allocation_run_id"]
        proposed = placements.access_allocation(month.actor, allocation_run_id=run_id)
        if proposed.state not in {"approved", "published"}:
            refused = AllocationRejected if proposed.state == "rejected" else AllocationUndecided
            raise refused(month=month.run.month, allocation_run_id=run_id)
        return Frames(parameters={"allocation_run_id": run_id, "rows_hash": proposed.rows_hash})

    def stage(self, month: Month, inputs: Frames) -> dict[str, Any]:
        """Publish the allocation and write each batch's package."""
        run_id = inputs.parameters["allocation_run_id"]
        batch_ids = placing.allocation_publish(actor=month.actor, allocation_run_id=run_id, at=now())
        with acting(month.actor):
            tables = ("placement", "placementaccount", "placementtransition")
            row_count = required(month, step="allocate").counts["placed_count"]
            statistics_refresh("portfolio_case", *(f"placement_{name}" for name in tables), row_count=row_count)
        for number, batch_id in enumerate(batch_ids):
            placing.batch_hand_over(actor=month.actor, batch_id=batch_id)
            if month.progress:
                month.progress(number + 1, len(batch_ids), self.name)
        return {"allocation_run_id": run_id, "batch_count": len(batch_ids)}

    def apply(self, month: Month, inputs: Frames, step_run: StepRun) -> Applied:
        """Read back what is handed over."""
        run_id = inputs.parameters["allocation_run_id"]
        outputs = handed_over(month, allocation_run_id=run_id)
        frame = outputs.frames["handed_over"]
        preview = placements.allocation_preview(creditor_id=month.actor.creditor_id, allocation_run_id=run_id)
        counts = {
            **step_run.counts,
            "case_count": total(frame, "case_count"),
            "placed_minor": total(frame, "placed_minor"),
            "withheld_count": preview["withheld_count"],
        }
        return Applied(outputs, counts)

    def read_back(self, month: Month, *, step_run: StepRun) -> Frames:
        """Return the batches and their packages as they are stored."""
        return handed_over(month, allocation_run_id=step_run.counts["allocation_run_id"])

    def check(self, month: Month, inputs: Frames, applied: Applied) -> list[Law]:
        """What was allocated is placed, what is placed is in the packages, and nothing is placed twice."""
        frame, allocation = applied.outputs.frames["handed_over"], required(month, step="allocate").counts
        return [
            Law(
                "cases allocated = placed + withheld",
                allocation["placed_count"],
                total(frame, "case_count") + applied.counts["withheld_count"],
            ),
            Law("accounts placed = rows of the packages", total(frame, "account_count"), total(frame, "row_count")),
            Law("cases with two open placements", selectors.double_placements(creditor_id=month.actor.creditor_id), 0),
        ]


class Contact(_OfMonth):
    """6 · 触达 (live): the month's permits, refusals and attempts."""

    name, is_atomic = "contact", True

    def prepare(self, month: Month) -> Frames:
        """Read the window's answers."""
        return answers(month, known_at=now())

    def read_back(self, month: Month, *, step_run: StepRun) -> Frames:
        """Return the window's answers as they were known when the step ran."""
        return answers(month, known_at=datetime.fromisoformat(step_run.counts["known_at"]))

    def apply(self, month: Month, inputs: Frames, step_run: StepRun) -> Applied:
        """Count what is known by now; the contacts were written when they happened."""
        known_at = now()
        outputs = answers(month, known_at=known_at)
        frame = outputs.frames["answers"]
        held, connected = contacts.most_slots(creditor_id=month.actor.creditor_id, first_on=month.first_on, last_on=month.last_on)
        permits = pc.sum(frame.column("is_permit")).as_py() or 0
        counts = {
            "request_count": frame.num_rows,
            "permit_count": permits,
            "refusal_count": frame.num_rows - permits,
            "unreported_count": permits - (frame.num_rows - frame.column("outcome").null_count),
            "most_slots_held": held,
            "most_connected": connected,
            "known_at": known_at.isoformat(),
        }
        return Applied(outputs, counts)

    def check(self, month: Month, inputs: Frames, applied: Applied) -> list[Law]:
        """Every request has one answer; no debtor was reached more often on a day than the rules allow."""
        limit, counts = limit_of_calls(month), applied.counts
        return [
            Law("requests = permits + refusals", counts["request_count"], counts["permit_count"] + counts["refusal_count"]),
            Law("attempts without a permit", contacts.attempts_without_permit(creditor_id=month.actor.creditor_id), 0),
            Law("connected calls of a debtor-day over the limit", max(0, counts["most_connected"] - limit), 0),
        ]


class Repay(_OfMonth):
    """7 · 回款 (live): the month's money, and which promises were kept."""

    name, is_atomic = "repay", True

    def prepare(self, month: Month) -> Frames:
        """Read the window's payments."""
        return payments(month, known_at=now())

    def read_back(self, month: Month, *, step_run: StepRun) -> Frames:
        """Return the window's payments as they were known when the step ran."""
        return payments(month, known_at=datetime.fromisoformat(step_run.counts["known_at"]))

    def apply(self, month: Month, inputs: Frames, step_run: StepRun) -> Applied:
        """Count the money known by now, and judge the promises that fell due."""
        known_at = now()
        outputs = payments(month, known_at=known_at)
        judged = repaying.promises_judge(actor=month.actor, on=month.last_on + timedelta(days=1))
        counts = {"payment_count": outputs.frames["payments"].num_rows, "judged_promise_count": judged}
        return Applied(outputs, counts | {"known_at": known_at.isoformat()})

    def check(self, month: Month, inputs: Frames, applied: Applied) -> list[Law]:
        """The books balance; what the bank booked is imputed or in suspense, per currency."""
        laws = []
        for row in money.money_window(creditor_id=month.actor.creditor_id, first_on=month.first_on, last_on=month.last_on):
            currency = row["currency"]
            laws.append(Law(f"{currency} postings sum to zero", row["posted_minor"], 0))
            laws.append(
                Law(f"{currency} received = imputed + suspense", row["received_minor"], row["imputed_minor"] + row["suspense_minor"])
            )
            laws.append(Law(f"{currency} payments = cash in the books", row["received_minor"], row["cash_minor"]))
        return laws


class Measure(_OfMonth):
    """8 · 考核: rates that decide the tiers, and scorecards with their uncertainty."""

    name, is_atomic = "measure", True

    def prepare(self, month: Month) -> Frames:
        """Read what was placed and what came of it."""
        return measure_inputs(month)

    def apply(self, month: Month, inputs: Frames, step_run: StepRun) -> Applied:
        """Evaluate and write."""
        scorecards, rates = measured(inputs)
        settling.rates_write(actor=month.actor, month=month.run.month, metric_version=METRIC_VERSION, frame=rates)
        settling.scorecards_write(actor=month.actor, month=month.run.month, metric_version=METRIC_VERSION, frame=scorecards)
        settling.vintages_write(actor=month.actor, month=month.run.month)
        outputs = Frames(
            frames={"scorecards": scorecards, "rates": rates},
            keys={"scorecards": ["agency_id", "contract_id", "measure", "evidence"], "rates": ["contract_id", "batch_id", "currency"]},
        )
        return Applied(outputs, {"scorecard_count": scorecards.num_rows, "batch_count": rates.num_rows})

    def check(self, month: Month, inputs: Frames, applied: Applied) -> list[Law]:
        """The denominators are the frozen ones, and nothing recovered is lost between payments and rates."""
        rates, outcomes = applied.outputs.frames["rates"], inputs.frames["batch_outcomes"]
        batch_ids = pc.unique(outcomes.column("batch_id")).to_pylist()
        frozen = selectors.placed_total(creditor_id=month.actor.creditor_id, batch_ids=batch_ids)
        return [
            Law("denominators = balances frozen at placement", total(rates, "placed_minor"), frozen),
            Law("recovered in the rates = recovered in the outcomes", total(rates, "recovered_minor"), total(outcomes, "recovered_minor")),
        ]


class Settle(_OfMonth):
    """9 · 结算: a statement for every contract, to the last minor unit."""

    name, is_atomic = "settle", True

    def prepare(self, month: Month) -> Frames:
        """Read every contract's attributed money, fees, rates and earlier lines."""
        return settlement_inputs(month)

    def apply(self, month: Month, inputs: Frames, step_run: StepRun) -> Applied:
        """Draw up the statements."""
        lines = {}
        for contract in inputs.parameters["contracts"]:
            computed, problems = commissioned(inputs, contract=contract)
            if problems:
                reason = "; ".join(problem.message() for problem in problems[:5])
                raise MonthNotReady(step=self.name, month=month.run.month, reason=reason, todo="Mend the fee schedule.")
            settling.statement_draft(
                actor=month.actor, contract_id=int(contract), month=month.run.month, lines=computed, inputs_hash=step_run.inputs_hash
            )
            lines[f"lines_{contract}"] = computed
        outputs = Frames(frames=lines, keys={name: ["line_key"] for name in lines})
        count = sum(frame.num_rows for frame in lines.values())
        minor = sum(total(frame, "commission_minor") for frame in lines.values())
        return Applied(outputs, {"statement_count": len(lines), "line_count": count, "commission_minor": minor})

    def check(self, month: Month, inputs: Frames, applied: Applied) -> list[Law]:
        """Σ lines = statements, and every attributed payment has its line."""
        statements = selectors.statements_of(month.run)
        attributed = sum(frame.num_rows for name, frame in inputs.frames.items() if name.startswith("attributed_"))
        stored = settled.lines_total(creditor_id=month.actor.creditor_id, month=month.run.month)
        return [
            Law("lines computed = statements", applied.counts["commission_minor"], sum(s.total_minor for s in statements)),
            Law("lines stored = statements", stored, sum(s.total_minor for s in statements)),
            Law("attributed payments = lines", attributed, applied.counts["line_count"]),
        ]


class Close(_OfMonth):
    """10 · 关账: asserts the nine steps before, seals the trail, closes the month and opens the next."""

    name, is_atomic = "close", True

    def prepare(self, month: Month) -> Frames:
        """Take the outputs of all nine steps; each must be there and know what is known, and every statement must be frozen."""
        return outputs_of(ready_to_close(month, steps=STEPS))

    def read_back(self, month: Month, *, step_run: StepRun) -> Frames:
        """Return the outputs of the nine steps as they are stored."""
        return outputs_of(selectors.latest_steps(month.run))

    def apply(self, month: Month, inputs: Frames, step_run: StepRun) -> Applied:
        """Close, and open the next month with its own commitment."""
        closed = run_close(actor=month.actor, run=month.run, outputs=inputs.parameters["outputs"])
        following = run_open(actor=month.actor, month=str(CalendarMonth.parse(month.run.month).next()))
        counts = {"audit_position": closed.audit_position, "next_commitment": following.commitment}
        return Applied(Frames(parameters=inputs.parameters), counts)

    def check(self, month: Month, inputs: Frames, applied: Applied) -> list[Law]:
        """Σ statements = what the books owe the agencies for the month; the trail is whole."""
        verified = books.audit_verify(creditor_id=month.actor.creditor_id)
        statements = selectors.statements_of(month.run)
        booked = settled.booked_total(creditor_id=month.actor.creditor_id, month=month.run.month)
        return [
            Law("statements = movement in the books", sum(s.total_minor for s in statements), booked),
            Law("broken links in the trail", 0 if verified.first_bad is None else 1, 0),
        ]


STEPS: tuple[Step, ...] = (
    Intake(),
    Snapshot(),
    Score(),
    Allocate(),
    HandOver(),
    Contact(),
    Repay(),
    Measure(),
    Settle(),
    Close(),
)


def total(frame, column: str) -> int:  # noqa: ANN001  (any frame with the column)
    """Return the exact sum of an integer column; 0 for no rows."""
    return pc.sum(frame.column(column)).as_py() or 0
