"""`duecourse report`: the report of a month in the terminal, the same that the console's page shows."""

from __future__ import annotations

import sys
from typing import Any

import typer
from django.utils.translation import gettext as _
from rich import box
from rich.console import Console, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from duecourse.doors import figures, words
from duecourse.doors.commands.choose import chosen_actor
from duecourse.doors.commands.terminal import terminal
from duecourse.doors.reporting import month_facts, month_shown, newest_month
from duecourse.kit.errors import Absent
from duecourse.kit.money import format_amount
from duecourse.parties.access import Actor, acting

app = typer.Typer(add_completion=False, rich_markup_mode=None)

WIDTH = 110
BAR_CELLS = 24


@app.command()
def report(
    month: str = typer.Argument("", help="YYYY-MM; the newest month when left out."),
    creditor: str = typer.Option("", "--creditor", help="The creditor's code; not needed when there is only one."),
    as_: str = typer.Option("", "--as", help="E-mail address of the person who reads; default: the system."),
) -> None:
    """Show what happened in a month: steps with their conservation laws, placements, refusals, money, statements, scorecards.

    duecourse report 2026-09
    duecourse report 2026-09 --json > 2026-09.json
    duecourse report 2026-09 --lang zh
    """
    print_report(actor=chosen_actor(creditor, as_), month=month)


def print_report(*, actor: Actor, month: str = "") -> None:
    """Print the report of a month, as JSON when the caller wished for it.

    Raises:
        Absent: there is no such month, or it is not the actor's to see.
    """
    with acting(actor):
        chosen = month or newest_month(actor.creditor_id)
        if actor.is_agency or chosen is None:
            raise Absent(entity="month")
        facts = month_facts(creditor_id=actor.creditor_id, month=chosen)
    terminal.answer(facts, text="" if terminal.is_json else text_of(facts, is_coloured=sys.stdout.isatty()))


def text_of(facts: dict[str, Any], *, is_coloured: bool = False) -> str:
    """Return the report as text of at most `WIDTH` columns, in the active language."""
    console = Console(width=WIDTH, force_terminal=is_coloured, color_system="standard" if is_coloured else None, highlight=False)
    shown = month_shown(facts)
    with console.capture() as captured:
        for part in (_heading, _steps, _ages, _rolls, _allocation, _batches, _contacts, _money, _statements, _scorecards, _trail):
            for line in part(shown):
                console.print(line)
    return captured.get().rstrip()


def _heading(shown: dict[str, Any]) -> list[RenderableType]:
    facts = shown["report"]
    state = _("closed") if facts["is_closed"] else _("open")
    marks = [state] + ([_("simulated")] if facts["is_simulated"] else [])
    return [Text(f"{facts['creditor']['name']} · {facts['month']} · {' · '.join(marks)}", style="bold"), ""]


def _steps(shown: dict[str, Any]) -> list[RenderableType]:
    lines: list[RenderableType] = [_title(_("Ten steps, and the law each of them keeps"))]
    for step in shown["steps"]:
        mark = "✓" if step["is_done"] and step["holds"] else "✗" if step["is_done"] else "·"
        lines.append(
            Text(f"{mark} {step['number']:>2} {words.word(step['name'])}  {step['period'] or words.word(step['state'])}", style="bold")
        )
        counts = "  ".join(f"{row['text']} {_number(row['number'], row['currency'])}" for row in step["counts"])
        if counts:
            lines.append(Text(f"     {counts}", style="dim"))
        for law in step["laws"]:
            sign, style = ("=", "green") if law["holds"] else ("≠", "bold red")
            sides = f"{_number(law['left'], law['currency'])} {sign} {_number(law['right'], law['currency'])}"
            lines.append(Text(f"     {'✓' if law['holds'] else '✗'} {law['text']}: {sides}", style=style))
    return [*lines, Text(_("{held} of {count} laws hold.").format(held=shown["held_count"], count=shown["law_count"])), ""]


def _ages(shown: dict[str, Any]) -> list[RenderableType]:
    rows = [
        (
            words.word(row["bucket"]),
            _number(row["account_count"]),
            _number(row["balance_minor"], shown["currency"]),
            "█" * max(1, row["length"] * BAR_CELLS // figures.BAR_LENGTH) if row["length"] else "",
        )
        for row in shown["buckets"]
    ]
    return _table(_("Age of the debts"), [_("Bucket"), f">{_('Accounts')}", f">{_('Balance')}", ""], rows)


def _rolls(shown: dict[str, Any]) -> list[RenderableType]:
    rows = [
        (words.word(row.bucket), _number(row.account_count), *(f"{cell[0]:.1%}" if cell else "·" for cell in row.cells))
        for row in shown["roll_rows"]
    ]
    columns = [_("from ↓ to →"), f">{_('Accounts')}", *(f">{words.word(name)}" for name in shown["roll_columns"])]
    return _table(_("Roll rates against the month before"), columns, rows)


def _allocation(shown: dict[str, Any]) -> list[RenderableType]:
    allocation = shown["report"]["allocation"]
    if not allocation:
        return []
    rows = [
        (
            row["name"],
            words.word(row["kind"]),
            _number(row["case_count"]),
            _number(row["slice_count"]),
            _number(row["balance_minor"], shown["currency"]),
            _("no limit") if row["capacity_count"] is None else _number(row["capacity_count"]),
        )
        for row in shown["loads"]
    ]
    columns = [_("Agency"), _("Kind"), f">{_('Cases')}", f">{_('Random slice')}", f">{_('Balance')}", f">{_('Capacity')}"]
    left_out = [
        (words.in_language(row), _number(row["case_count"]), _number(row["balance_minor"], shown["currency"]))
        for row in allocation["left_out"]
    ]
    reasons = _table(_("Left out, and why"), [_("Reason"), f">{_('Cases')}", f">{_('Balance')}"], left_out)
    return [*_table(f"{_('Allocation')} · {words.word(allocation['state'])}", columns, rows), *reasons]


def _batches(shown: dict[str, Any]) -> list[RenderableType]:
    rows = [
        (
            row["code"],
            row["agency_name"],
            f"{row['placed_on']}\u2013{row['term_until_on']}",
            _number(row["case_count"]),
            _number(row["placed_minor"], row["currency"]),
            row["sha256"][:12],
        )
        for row in shown["report"]["batches"]
    ]
    columns = [_("Batch"), _("Agency"), _("Term"), f">{_('Cases')}", f">{_('Balance')}", "SHA-256"]
    return _table(_("Batches handed over"), columns, rows)


def _contacts(shown: dict[str, Any]) -> list[RenderableType]:
    contacts = shown["report"]["contacts"]
    names = {
        _("Requests"): "request_count",
        _("Permits"): "permit_count",
        _("Refusals"): "refusal_count",
        _("Connected"): "connected_count",
        _("Not reported"): "unreported_count",
        _("Most to one debtor on a day"): "most_connected_on_a_day",
    }
    told = "  ".join(f"{name} {_number(contacts[code])}" for name, code in names.items())
    rows = [
        (
            reason["text"],
            _number(reason["request_count"]),
            ", ".join(f"{row['performer_code'] or '–'} {_number(row['request_count'])}" for row in reason["performers"]),
        )
        for reason in shown["refusals"]
    ]
    table = _table(_("Refusals, and why"), [_("Reason"), f">{_('Requests')}", _("Performers")], rows)
    return [_title(_("Contacts: permitted and refused")), Text(told), "", *table]


def _money(shown: dict[str, Any]) -> list[RenderableType]:
    money = shown["report"]["money"]
    parts = {_("Received"): "received", _("Imputed to debts"): "imputed", _("In suspense"): "suspense"}
    rows = [(name, " ".join(_number(row["amount_minor"], row["currency"]) for row in money[code]) or "–") for name, code in parts.items()]
    promises = "  ".join(f"{words.word(code)} {_number(count)}" for code, count in money["promises"].items())
    rows += [(_("Payments"), _number(money["payment_count"])), (_("Promises"), promises)]
    return _table(_("Money"), ["", ""], rows)


def _statements(shown: dict[str, Any]) -> list[RenderableType]:
    rows = [
        (
            row["agency_name"],
            row["contract_code"],
            words.word(row["status"]),
            _number(row["line_count"]),
            _number(row["clawback_minor"], row["currency"]) if row["clawback_minor"] else "–",
            _number(row["total_minor"], row["currency"]),
        )
        for row in shown["report"]["statements"]
    ]
    columns = [_("Agency"), _("Contract"), _("Status"), f">{_('Lines')}", f">{_('Claw-backs')}", f">{_('Commission')}"]
    return _table(_("Statements"), columns, rows)


def _scorecards(shown: dict[str, Any]) -> list[RenderableType]:
    axis = shown["axis"]
    parts: list[RenderableType] = []
    for group in shown["scorecards"]:
        rows = [
            (
                card["agency_name"],
                _number(card["case_count"]),
                figures.interval_text(card, axis),
                "–" if card["ratio"] is None else f"{card['ratio']:.2f} ({card['ratio_low']:.2f}–{card['ratio_high']:.2f})",
                "" if card["can_rank"] else _("cannot rank yet"),
            )
            for card in group["cards"]
        ]
        title = f"{_('Scorecards: observed over expected')} · {words.word(group['measure'])} · {words.word(group['evidence'])}"
        parts += _table(title, [_("Agency"), f">{_('Cases')}", f"|{figures.scale_text(axis)}", f">{_('Ratio')}", ""], rows)
    return parts


def _trail(shown: dict[str, Any]) -> list[RenderableType]:
    audit = shown["report"]["audit"]
    head = f"{_number(audit['position'])}  {audit['hash']}" if audit["position"] is not None else "–"
    return [Text(f"{_('Audit trail')}: {head}"), Text(f"{_('Commitment of the draw')}: {shown['report']['commitment']}")]


def _title(text: str) -> Text:
    return Text(text, style="bold underline")


def _table(title: str, columns: list[str], rows: list[tuple[str, ...]]) -> list[RenderableType]:
    """Return a table under its title, nothing when it has no rows; `>` before a column's name sets it to the right, `|` keeps its width."""
    if not rows:
        return []
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_header=any(columns))
    for name in columns:
        mark, shown = (name[0], name[1:]) if name[:1] in {">", "|"} else ("", name)
        width = figures.TEXT_WIDTH if mark == "|" else None
        table.add_column(escape(shown), justify="right" if mark == ">" else "left", no_wrap=bool(mark), min_width=width)
    for row in rows:
        table.add_row(*(escape(cell) for cell in row))
    return [_title(title), table]


def _number(number: int | None, currency: str = "") -> str:
    if number is None:
        return "–"
    return format_amount(number, currency, lang="zh" if words.is_chinese() else "en") if currency else f"{number:,}"
