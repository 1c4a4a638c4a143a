"""A hand whose clicks and keystrokes are counted, and the table that sets them beside a spreadsheet's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

FILE_CLICKS = 2
WAIT_MS = 45_000


@dataclass(slots=True)
class Tally:
    """Clicks and keystrokes of one job."""

    clicks: int = 0
    keys: int = 0


@dataclass(frozen=True, slots=True)
class Hand:
    """A person's hand on a page: whatever it does is counted for the job that is under way.

    A click is one; a choice in a list is one; a path chosen in a file dialog is two. Typed text is one click into its field and as many
    keystrokes as it has characters. Waiting, reading and logging in are not counted.
    """

    page: Page
    url: str
    tallies: dict[str, Tally] = field(default_factory=dict)
    under_way: list[str] = field(default_factory=list)

    @contextmanager
    def job(self, name: str) -> Iterator[None]:
        """Count what is done inside for a job; several hands may add to one."""
        self.tallies.setdefault(name, Tally())
        self.under_way.append(name)
        try:
            yield
        finally:
            self.under_way.pop()

    def click(self, selector: str) -> None:
        """Click the first thing that fits."""
        self._found(selector).click()
        self._count(clicks=1)

    def choose(self, selector: str, value: str) -> None:
        """Choose a value in a list."""
        self._found(selector).select_option(value)
        self._count(clicks=1)

    def tick(self, selector: str) -> None:
        """Tick a box."""
        self._found(selector).check()
        self._count(clicks=1)

    def type(self, selector: str, text: str) -> None:
        """Click into a field and type."""
        self._found(selector).fill(text)
        self._count(clicks=1, keys=len(text))

    def press(self, *keys: str) -> None:
        """Press keys, one after the other."""
        for key in keys:
            self.page.keyboard.press(key)
        self._count(keys=len(keys))

    def go(self, letter: str, address: str) -> None:
        """Go to a section of the console by `g` and its letter."""
        self.press("g", letter)
        self.page.wait_for_url(f"**{address}", timeout=WAIT_MS)

    def file(self, selector: str, path: str) -> None:
        """Choose a file in the dialog."""
        self.page.set_input_files(selector, path)
        self._count(clicks=FILE_CLICKS)

    def confirm(self) -> None:
        """Say yes in the page's dialog."""
        self.click("#confirm button[value=yes]")

    def opened(self, address: str) -> None:
        """Open an address without counting it: where a job begins, or where the next picture is.

        Raises:
            RuntimeError: the page is not found.
        """
        answer = self.page.goto(self.url + address)
        if answer is None or not answer.ok:
            raise RuntimeError(f"{address} answered {answer.status if answer else 'nothing'}")

    def _found(self, selector: str) -> Locator:
        found = self.page.locator(selector).first
        found.wait_for(state="visible", timeout=WAIT_MS)
        return found

    def _count(self, *, clicks: int = 0, keys: int = 0) -> None:
        for name in self.under_way:
            self.tallies[name].clicks += clicks
            self.tallies[name].keys += keys


@dataclass(frozen=True, slots=True)
class Job:
    """One of the commonest jobs, and how it goes by export, spreadsheet and import.

    Attributes:
        name: by which the tour counts it.
        title: what a person would call it.
        people: whose hands are in it here.
        sheet: the spreadsheet's steps, each with its clicks and keystrokes.
        outside: what the spreadsheet's way leaves to somebody else or undone, in one sentence.
    """

    name: str
    title: str
    people: str
    sheet: tuple[tuple[str, int, int], ...]
    outside: str


JOBS = (
    Job(
        "load",
        "Load the month's file, age it and score it",
        "Mei",
        (
            ("open the lender's workbook", 3, 0),
            ("delete the column nobody may have: select, right click, delete", 3, 0),
            ("bucket by days: one IFS formula, typed", 1, 78),
            ("fill it down, twice as often as there are columns: bucket and segment", 2, 0),
            ("segment: one formula, typed", 1, 46),
            ("find rows with a fault: filter on two columns, cut them into a sheet of their own", 10, 0),
            ("compare with last month: two lookups, typed and filled down", 4, 96),
            ("save under the month's name", 3, 14),
        ),
        "Control totals, repeated rows and rows that change the debt are not looked for.",
    ),
    Job(
        "allocate",
        "Allocate and hand over, approved by a second person",
        "Mei, Lin",
        (
            ("random number per row, typed and filled down", 3, 6),
            ("sort by segment and random number", 7, 0),
            ("running count and agency by share: two formulas, typed and filled down", 5, 88),
            ("pivot to see shares and sums", 9, 0),
            ("mail it to the approver: attach, address, two lines", 6, 80),
            ("approver answers", 3, 12),
            ("three agencies: filter, copy, new workbook, remove columns, save with a name", 36, 45),
            ("set a password on each of three files", 12, 30),
            ("mail each file, and each password by another way", 24, 150),
        ),
        "Capacity, the contracted fields and who was left out are kept by whoever remembers them.",
    ),
    Job(
        "move",
        "Take back every case of a batch",
        "Mei",
        (
            ("open the master sheet and filter by batch", 6, 14),
            ("type the new state and the day, fill down", 4, 14),
            ("copy the list into a workbook, save it", 8, 20),
            ("mail the agency", 4, 70),
            ("open the core's import screen, upload, confirm", 7, 0),
        ),
        "Cases with an open promise are not seen, nothing can be undone, and the agency's copy stays.",
    ),
    Job(
        "find",
        "Find one case and see how its debt is made up",
        "Mei",
        (
            ("open the master sheet", 3, 0),
            ("find by account number", 1, 14),
            ("open the core, search the account", 4, 13),
            ("open the agency's last report and find it there", 4, 14),
        ),
        "Payments since the last export are missing.",
    ),
    Job(
        "refusal",
        "Answer why a call was refused",
        "Mei",
        (
            ("mail the agency for its call record", 4, 80),
            ("open what comes and filter by number and day", 8, 23),
            ("open the other agencies' records, filter the same", 16, 46),
            ("count the connected calls of that day and compare with the rule's text", 4, 8),
        ),
        "The answer takes as long as the slowest agency.",
    ),
    Job(
        "statement",
        "Agree, approve and freeze a statement",
        "Ann, Fan, Lin",
        (
            ("open the agency's invoice and the month's receipts", 6, 0),
            ("look each payment's case up: one lookup, typed and filled down", 3, 48),
            ("rate by age and tier: a nested formula, typed and filled down", 3, 120),
            ("add up, compare, mail the difference", 8, 90),
            ("the agency answers", 3, 20),
            ("accountant approves by mail", 3, 15),
            ("type the booking into the ledger", 6, 40),
        ),
        "A payment that is taken back later is found, if at all, by hand.",
    ),
    Job(
        "export",
        "Take a filtered list out: an agency's batches",
        "Mei",
        (
            ("ask for an export from the core, mask and period", 8, 20),
            ("open it, filter, copy what shows into a new workbook", 9, 4),
            ("save under a name", 3, 16),
        ),
        "Nobody knows who has the file, and a cell that begins with = is run.",
    ),
)


def table(tallies: dict[str, Tally]) -> str:
    """Return the page of clicks and keystrokes: what was counted here, and the spreadsheet's steps one by one."""
    parts = [_HEAD]
    for job in JOBS:
        own, clicks, keys = tallies[job.name], sum(step[1] for step in job.sheet), sum(step[2] for step in job.sheet)
        parts.append(f"| {job.title} | {job.people} | {own.clicks} + {own.keys} | {clicks} + {keys} |")
    parts.append(_MIDDLE)
    for job in JOBS:
        parts += [f"\n### {job.title}\n", "| step | clicks | keystrokes |", "|---|--:|--:|"]
        parts += [f"| {text} | {clicks} | {keys} |" for text, clicks, keys in job.sheet]
        parts.append(f"\n{job.outside}")
    return "\n".join(parts) + "\n"


_HEAD = """# Clicks and keystrokes

Seven jobs of the month, by hand. The numbers of duecourse are **measured**: `make screenshots` plays the jobs in a real browser and counts
every click and key, and writes this page. The numbers of the spreadsheet are **assumed**: nobody was watched; its steps were written
down one by one, as they stand below, for somebody quick who makes no mistake.

| job | hands | duecourse, measured: clicks + keystrokes | export, spreadsheet, import, assumed: clicks + keystrokes |
|---|---|--:|--:|"""
_MIDDLE = """
## How it is counted

- A click is one. A choice in a list is one. A file chosen in a dialog is two. A date is typed.
- Typed text is one click into its field and one keystroke for each character. `g` and a letter, which lead to a section, are two.
- Each job begins on the home page of a person who is logged in, except that handing over begins on the page of the month's steps, where
  loading ends. Logging in, reading and waiting count nowhere.
- Moving a batch costs the same for 30 cases and for 500. A list about persons, taken out, needs a second person besides; this one does not.
- What differs in kind is not in the numbers: in the spreadsheet every step can go wrong unseen, and its file lies in a mailbox afterwards.

## The spreadsheet's steps, as assumed"""
