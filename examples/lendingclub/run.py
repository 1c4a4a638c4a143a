"""March 2019 on LendingClub's file of accepted loans, played by the commands a person would type (docs/lendingclub.md).

    DUECOURSE_HOME=/tmp/lendingclub python examples/lendingclub/run.py /path/to/accepted_2015_12.csv

The file is real, the lender and the agencies are made up. The commands run in this process, for the clock is set to March 2019: a placement
begins when it is published, and only money received in its term earns a commission. Killed and started again, the month goes on where it was.
"""

# ruff: noqa: INP001, T201 - a script that stands alone and prints

from __future__ import annotations

import argparse
import csv
import io
import json
import sys
from collections.abc import Iterator
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from zoneinfo import ZoneInfo

from duecourse.doors import commands
from duecourse.kit.clock import frozen

HOUSE = Path(__file__).with_name("house.yaml")
MONTH, AS_OF, ZONE = "2019-03", date(2019, 3, 31), ZoneInfo("America/New_York")
CREDITOR, MAPPING = "PINEFOLD", "lendingclub_at_charge_off"
NORA, OTIS, IVAN = "nora@pinefold.example", "otis@pinefold.example", "ivan@pinefold.example"
LEADS = {"ALDER": "lead@alder.example", "BRIGHT": "lead@brightmoor.example", "CASTLE": "lead@castlereach.example"}
CHANNELS = ("call", "sms", "email", "letter")
CENT = Decimal("0.01")
OPENED, MORNING, NOON, EVENING = (
    datetime.combine(day, hour, tzinfo=ZONE)
    for day, hour in ((date(2019, 3, 1), time(8)), (AS_OF, time(8)), (AS_OF, time(12)), (AS_OF, time(20)))
)


@dataclass(slots=True)
class Real:
    """What the file says of one loan after charge-off, in US dollars of two decimals."""

    recovered: Decimal
    fee: Decimal


@dataclass(slots=True)
class Share:
    """One agency's side of the comparison: simulated money attributed and commission, and the file's own fee on the same loans."""

    name: str
    payment_count: int = 0
    attributed: Decimal = Decimal(0)
    commission: Decimal = Decimal(0)
    recovered: Decimal = Decimal(0)
    fee: Decimal = Decimal(0)

    def plus(self, other: Share) -> Share:
        """Return both together, under this name."""
        names = ("payment_count", "attributed", "commission", "recovered", "fee")
        return Share(self.name, **{name: getattr(self, name) + getattr(other, name) for name in names})


@dataclass(slots=True)
class Comparison:
    """The simulated contracts against the file's own fees, by agency and together, with the money that counts for no agency."""

    shares: list[Share] = field(default_factory=list)
    total: Share = field(default_factory=lambda: Share("together"))
    unattributed: Decimal = Decimal(0)


def main() -> None:
    """Play the month on the file named on the command line, and print its report and the comparison."""
    parser = argparse.ArgumentParser(description="Play March 2019 on LendingClub's file of accepted loans.")
    parser.add_argument("file", type=Path, help="accepted_2015_12.csv, or a file of the same columns")
    file = parser.parse_args().file
    if not file.is_file():
        parser.error(f"there is no file {file}")
    from duecourse.config import boot

    commands.make_ready(boot.ready)
    play(file)
    say("report", MONTH, at=EVENING)
    print(told(compare(file)))


def play(file: Path) -> None:
    """Play the whole month, from the house to the replay of the closed books."""
    ask("house", "load", str(HOUSE), at=OPENED)
    if not is_closed():
        ask("cycle", "open", MONTH, "--as", NORA, at=OPENED)
        place(file)
        request_contacts()
        pay(file)
        for step in ("contact", "repay", "measure", "settle"):
            ask("cycle", "step", step, MONTH, "--as", NORA, at=EVENING)
        settle()
        ask("cycle", "step", "close", MONTH, "--as", NORA, at=EVENING)
    ask("cycle", "replay", MONTH, at=EVENING)


def place(file: Path) -> None:
    """Take the tape in, age, score, allocate, have Otis approve what Nora proposed, and hand over.

    Rejected rows are kept sealed in the home; the copy for mending would lie beside the file, whose folder may not be ours to write in.
    """
    with TemporaryDirectory() as folder:
        tape = ("--tape", str(file), "--mapping", MAPPING, "--as-of", str(AS_OF), "--rejects", str(Path(folder) / "rejects.csv"))
        steps = ask("cycle", "run", MONTH, *tape, "--until", "allocate", "--as", NORA, at=MORNING)["steps"]
        number = str(steps[-1]["counts"]["allocation_run_id"])
        if ask("allocation", "preview", number, at=MORNING)["state"] == "proposed":
            ask("allocation", "approve", number, "--as", OTIS, "--reason", "Looked at, agreed", at=MORNING)
        ask("cycle", "run", MONTH, *tape, "--as", NORA, at=MORNING)


def ask(*words: str, at: datetime) -> dict[str, Any]:
    """Run one command at an instant and return its answer; a refusal is printed by the command and ends the script."""
    line = [*words, "--creditor", CREDITOR, "--json"] if words[0] != "house" else [*words, "--json"]
    print(f"{at:%Y-%m-%d %H:%M}  duecourse {' '.join(line[:-1])}", file=sys.stderr)
    answer = io.StringIO()
    with frozen(at), redirect_stdout(answer):
        code = commands.run(line)
    if code:
        raise SystemExit(code)
    return json.loads(answer.getvalue())


def say(*words: str, at: datetime) -> None:
    """Run one command at an instant and let it speak."""
    with frozen(at):
        commands.run([*words, "--creditor", CREDITOR])


def is_closed() -> bool:
    """Say whether the month was played to its end before."""
    from duecourse.cycle.models import Run
    from duecourse.parties.access import acting, system
    from duecourse.parties.selectors import creditor_by_code

    creditor_id = creditor_by_code(code=CREDITOR).pk
    with acting(system(creditor_id)):
        return Run.objects.filter(creditor_id=creditor_id, month=MONTH, closed_at__isnull=False).exists()


def request_contacts() -> list[Any]:
    """Have each agency's lead ask for a contact with four of its debtors, one by each channel, and return the answers.

    There is no command for it, an agency's dialler asks the service. All are refused: no rule pack is in force, so nothing is permitted.
    """
    from duecourse.contact.services import permit_request
    from duecourse.doors.commands.choose import chosen_actor
    from duecourse.parties.access import acting
    from duecourse.placement.selectors import open_placements_frame

    answers = []
    for code, email in LEADS.items():
        with frozen(NOON):
            lead = chosen_actor(CREDITOR, email)
            with acting(lead):
                placed = open_placements_frame(creditor_id=lead.creditor_id, on=AS_OF).column("case_id").to_pylist()
            for channel, case_id in zip(CHANNELS, sorted(placed), strict=False):
                request_id = f"{code}-{channel}-1"
                answers.append(permit_request(actor=lead, case_id=case_id, channel=channel, contact_at=NOON, client_request_id=request_id))
    return answers


def pay(file: Path) -> None:
    """Load the file's recoveries as the month's payments."""
    with TemporaryDirectory() as folder:
        bank = Path(folder) / "recoveries.csv"
        with bank.open("w", encoding="utf-8", newline="") as stream:
            writer = csv.writer(stream)
            writer.writerow(["bank_account", "external_ref", "amount", "currency", "paid_on", "booked_on", "account_number"])
            writer.writerows(bank_rows(file))
        ask("payments", "load", str(bank), "--as", IVAN, at=EVENING)


def bank_rows(file: Path) -> Iterator[list[str]]:
    """Yield one payment per loan with recoveries.

    Assumptions: `recoveries` is the total since charge-off, here received in one payment on the day of the placement, because a day is all
    that the month leaves after its tape; cents are rounded half to even.
    """
    for number, loan in sorted(real(file).items()):
        if loan.recovered > 0:
            yield ["RECOVERIES", f"LC-{number}", str(loan.recovered), "USD", str(AS_OF), str(AS_OF), number]


def real(file: Path) -> dict[str, Real]:
    """Return loan number → what the file says was recovered after charge-off, and what that cost."""
    with file.open(encoding="utf-8", newline="") as stream:
        return {row["id"]: Real(cents(row["recoveries"]), cents(row["collection_recovery_fee"])) for row in csv.DictReader(stream)}


def cents(text: str) -> Decimal:
    """Return a cell's amount with two decimals; an empty cell is nothing."""
    return Decimal(text or "0").quantize(CENT, ROUND_HALF_EVEN)


def settle() -> None:
    """Have each agency's lead agree, Ivan approve and Otis freeze, as far as that has not been done."""
    order = {"draft": 0, "agreed": 1, "approved": 2, "frozen": 3}
    for statement in ask("statement", "list", MONTH, at=EVENING)["statements"]:
        acts = (("agree", LEADS[statement["agency_code"]]), ("approve", IVAN), ("freeze", OTIS))
        for act, email in acts[order[statement["status"]] :]:
            ask("statement", act, str(statement["id"]), "--as", email, at=EVENING)


def compare(file: Path) -> Comparison:
    """Return the frozen statements' lines beside what the file says of the same loans."""
    loans, found = real(file), Comparison()
    for statement in ask("statement", "list", MONTH, at=EVENING)["statements"]:
        share, numbers = Share(statement["agency_name"]), set()
        for line in ask("statement", "show", str(statement["id"]), at=EVENING)["lines"]:
            share.payment_count += 1
            share.attributed += line["basis_minor"] * CENT
            share.commission += line["amount_minor"] * CENT
            numbers.add(line["account_number"])
        share.recovered = sum((loans[number].recovered for number in numbers), Decimal(0))
        share.fee = sum((loans[number].fee for number in numbers), Decimal(0))
        found.shares.append(share)
        found.total = found.total.plus(share)
    found.unattributed = sum((loan.recovered for loan in loans.values()), Decimal(0)) - found.total.attributed
    return found


def told(found: Comparison) -> str:
    """Return the comparison as text."""
    heads = ("agency", "payments", "attributed", "commission", "", "recoveries", "fee in the file", "")
    rows = [heads]
    for share in (*found.shares, found.total):
        simulated = (f"{share.attributed:,.2f}", f"{share.commission:,.2f}", ratio(share.commission, share.attributed))
        rows.append(
            (
                share.name,
                f"{share.payment_count:,}",
                *simulated,
                f"{share.recovered:,.2f}",
                f"{share.fee:,.2f}",
                ratio(share.fee, share.recovered),
            )
        )
    widths = [max(len(row[place]) for row in rows) for place in range(len(heads))]
    lines = [
        " ".join((row[0].ljust(widths[0]), *(cell.rjust(width + 1) for cell, width in zip(row[1:], widths[1:], strict=True))))
        for row in rows
    ]
    title = "Simulated contract on real recoveries (USD): what the example's schedules pay, and what the same loans' recoveries cost in the file"
    return "\n".join(["", title, "", *lines, "", f"Recoveries that count for no agency: {found.unattributed:,.2f}"])


def ratio(part: Decimal, whole: Decimal) -> str:
    """Return a share as a percentage, or a dash of nothing."""
    return f"{part / whole:.1%}" if whole else "–"


if __name__ == "__main__":
    main()
