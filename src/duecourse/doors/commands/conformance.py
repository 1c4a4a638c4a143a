"""`duecourse conformance`: run vectors that others wrote against the rules and the engine, and say what passes, fails and is not understood."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import typer
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from duecourse.doors.commands.terminal import terminal
from duecourse.engine.conformance import ServicingSuite
from duecourse.kit.clock import stopwatch
from duecourse.kit.errors import InvalidInput
from duecourse.rules.conformance.run import Report, Result, RuleSuite, Status, run_lines
from duecourse.rules.load import shipped_pack

app = typer.Typer(add_completion=False, rich_markup_mode=None)

EXIT_FAILED = 1
WIDTH = 118
SILENT_SECONDS = 2.0
FILE = typer.Argument(..., metavar="FILE.jsonl", help="One vector a line, as JSON.")
PACK = typer.Option("us", "--pack", help="The pack that vectors about rules are judged by.")
SHOWN = typer.Option(10, "--show", min=0, help="How many differences, and how many reasons of the unsupported, are shown.")


class FileUnreadable(InvalidInput):
    """The file of vectors cannot be read."""

    what = "{path} cannot be read: {text}."
    why = "The vectors are read from it line by line."
    todo = "Check the path and that it is a text in UTF-8."
    read = "docs/conformance.md"


@app.command()
def conformance(path: str = FILE, pack: str = PACK, show: int = SHOWN) -> None:
    """Run vectors and print what passes, fails and is not supported, by rule; exit code 1 when one fails.

    A vector is unsupported when any word in it is not understood. It then counts neither as passed nor as failed.

        duecourse conformance vectors.jsonl
        duecourse conformance vectors.jsonl --pack us --json
    """
    suites = (RuleSuite(shipped_pack(pack)), ServicingSuite())
    lines = _lines(path)
    with _bar(terminal.translated("Judging"), len(lines)) as progress:
        report = run_lines(lines, suites=suites, progress=progress)
    if terminal.is_json:
        _print_json(report)
    else:
        _print_text(report, shown=show)
    if report.count(Status.failed):
        raise typer.Exit(EXIT_FAILED)


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text in UTF-8"
        raise FileUnreadable(path=path, text=reason) from None


@contextmanager
def _bar(title: str, total: int) -> Iterator[Callable[[int], None]]:
    """Yield a function that is told how many lines are done; a bar is drawn on standard error once it takes more than two seconds."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    console = Console(stderr=True, quiet=terminal.is_json)
    bar = Progress(*columns, console=console, transient=not console.is_terminal)
    task, began = bar.add_task(title, total=total), stopwatch()

    def progress(done: int) -> None:
        if not bar.live.is_started and stopwatch() - began > SILENT_SECONDS:
            bar.start()
        bar.update(task, completed=done)

    try:
        yield progress
    finally:
        bar.stop()


def _print_json(report: Report) -> None:
    """Print one document a line: what did not pass, the counts by rule, and last the counts."""
    for result in report.results:
        if result.status is not Status.passed:
            print(json.dumps({"result": asdict(result)}, ensure_ascii=False, default=str))
    print(json.dumps({"by_rule": report.by_scope()}, ensure_ascii=False))
    print(json.dumps(report.counts))


def _print_text(report: Report, *, shown: int) -> None:
    console = Console(width=WIDTH, highlight=False)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column(terminal.translated("Rule"))
    for heading in ("passed", "failed", "unsupported"):
        table.add_column(terminal.translated(heading), justify="right")
    for scope, counts in report.by_scope().items():
        table.add_row(escape(scope), *(str(count) for count in counts.values()))
    console.print(table)
    for status, heading in ((Status.failed, "Differences"), (Status.unsupported, "Not supported")):
        results = report.of(status)
        for result in results[:shown]:
            _print_result(result, console, heading=terminal.translated(heading) if result is results[0] else "")
        if len(results) > shown:
            console.print(terminal.translated("… and {count} more.").format(count=len(results) - shown))
    template = terminal.translated("{passed} passed, {failed} failed, {unsupported} not supported.")
    console.print(template.format(**report.counts))


def _print_result(result: Result, console: Console, *, heading: str) -> None:
    if heading:
        console.print(f"\n{heading}")
    console.print(f"  {escape(result.id)} ({terminal.translated('line {line}').format(line=result.line)}): {escape(result.why)}")
    if result.status is Status.failed:
        for template, value in (("expected {value}", result.expected), ("got {value}", result.got)):
            console.print(f"    {escape(terminal.translated(template).format(value=_short(value)))}")


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 400 else text[:399] + "…"
