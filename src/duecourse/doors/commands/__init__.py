"""The `duecourse` command: a table of commands, each loaded when it is asked for, so that `duecourse --help` is quick.

A command's module holds a Typer `app`. `__main__` hands in what lies above the doors: commands of its own and the function that makes
Django ready, which is called before the first module that needs models is imported.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import typer
from typer.core import TyperGroup

from duecourse.doors.commands.terminal import EXIT_REFUSED, Terminal, terminal
from duecourse.kit.errors import DuecourseError

__all__ = ["EXIT_REFUSED", "Command", "Terminal", "app", "be_ready", "make_ready", "register", "run", "terminal"]

CONTEXT = {"help_option_names": ["-h", "--help"]}


@dataclass(frozen=True, slots=True)
class Command:
    """One line of the table.

    Attributes:
        module: where the Typer `app` is.
        summary: one line of help, shown without loading the module; English, also the translation key.
        needs_models: Django is set up before the module is imported.
    """

    module: str
    summary: str
    needs_models: bool = True


COMMANDS: dict[str, Command] = {
    "demo": Command("duecourse.doors.commands.demo", "Play a simulated bank, its borrowers and agencies, and show the report."),
    "house": Command("duecourse.doors.commands.house", "Set a creditor up: people, agencies, contracts, fees."),
    "cycle": Command("duecourse.doors.commands.cycle", "The month in ten steps: open, run, close, compute again."),
    "intake": Command("duecourse.doors.commands.intake", "Take in a tape of overdue loans."),
    "feed": Command("duecourse.doors.commands.feed", "Take in daily feeds of the core, one by one or from a drop folder."),
    "day": Command("duecourse.doors.commands.day", "Do what is due today: ends of terms and recalls, feeds, stops, idle cases."),
    "calls": Command("duecourse.doors.commands.calls", "Load what was really dialled, and see which calls had no permit."),
    "mapping": Command("duecourse.doors.commands.mapping", "Guess how a file's columns are read, and save it as a mapping."),
    "allocation": Command("duecourse.doors.commands.allocation", "Preview, approve and hand over an allocation."),
    "placement": Command(
        "duecourse.doors.commands.placements", "Extend, recall, swap and close placements; see what is owed, idle or behind."
    ),
    "holds": Command("duecourse.doors.commands.holds", "Load stop lists, lift stops, and list who is left out and why."),
    "payments": Command("duecourse.doors.commands.payments", "Take in a bank file; match what is in suspense."),
    "statement": Command("duecourse.doors.commands.statements", "Settle with the agencies: show, agree, approve, freeze."),
    "rules": Command("duecourse.doors.commands.rules", "The law as code: list, show and check rules.", needs_models=False),
    "report": Command("duecourse.doors.commands.report", "Show a month: its steps and their laws, placements, money, scorecards."),
    "serve": Command("duecourse.doors.commands.serve", "Serve the console on this machine and seal the audit trail."),
    "worker": Command("duecourse.doors.commands.worker", "Do in the background what pages ask for; `serve` runs one by itself."),
    "token": Command("duecourse.doors.commands.tokens", "Give programs access to the API: issue, list and revoke tokens."),
    "webhook": Command("duecourse.doors.commands.webhooks", "Tell programs what happened: add and remove webhooks, see what was sent."),
    "audit": Command("duecourse.doors.commands.audit", "Verify the trail, or seal what is new in it."),
    "conformance": Command(
        "duecourse.doors.commands.conformance", "Run vectors that others wrote against the rules and the engine.", needs_models=False
    ),
}
"""The commands, in the order of a month's work."""
_ready: list[Callable[[], None]] = []


def register(name: str, command: Command) -> None:
    """Add a command to the table."""
    COMMANDS[name] = command


def make_ready(function: Callable[[], None]) -> None:
    """Set the function that makes server, Django and schema ready."""
    _ready[:] = [function]


def be_ready() -> None:
    """Make server, Django and schema ready, for a command that needs models on some of its lines only."""
    if _ready:
        _ready[0]()
        _activate_language()


class LazyGroup(TyperGroup):
    """Loads a command's module when the command is used."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the names in the table's order, which is the order of a month's work."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Return the command, or a placeholder with its summary while help is being listed."""
        entry = COMMANDS.get(cmd_name)
        if entry is None:
            return None
        if ctx.protected_args if hasattr(ctx, "protected_args") else getattr(ctx, "_protected_args", ()):
            return self._loaded(cmd_name, entry)
        placeholder = typer.Typer(add_completion=False)
        placeholder.command(cmd_name, help=terminal.translated(entry.summary))(_nothing)
        return typer.main.get_command(placeholder)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Return name, loaded command and remaining arguments."""
        entry = COMMANDS.get(args[0]) if args else None
        if entry is None:
            return super().resolve_command(ctx, args)
        return args[0], self._loaded(args[0], entry), args[1:]

    def _loaded(self, name: str, entry: Command) -> Any:
        if entry.needs_models:
            be_ready()
        command = typer.main.get_command(importlib.import_module(entry.module).app)
        command.name = name
        _keep_examples(command)
        return command


def _keep_examples(command: Any) -> None:
    """Let the lines of examples stay lines in a command's help, and in its own commands'; other paragraphs are filled."""
    paragraphs = (command.help or "").split("\n\n")
    are_examples = [
        all(line.strip().startswith("duecourse ") for line in paragraph.strip().splitlines() or [""]) for paragraph in paragraphs
    ]
    command.help = "\n\n".join(
        f"\b\n{paragraph}" if is_example else paragraph for paragraph, is_example in zip(paragraphs, are_examples, strict=True)
    )
    for inner in getattr(command, "commands", {}).values():
        _keep_examples(inner)


app = typer.Typer(
    cls=LazyGroup,
    add_completion=False,
    no_args_is_help=True,
    context_settings=CONTEXT,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


@app.callback()
def duecourse(
    json: bool = typer.Option(False, "--json", help="Answer in JSON; may stand anywhere in the line."),
    lang: str = typer.Option("", "--lang", help="en or zh-hans; may stand anywhere in the line. Default: DUECOURSE_LANG, else en."),
) -> None:
    """Run outsourced debt collection, from the tape of overdue loans to the agencies' statements."""


def run(arguments: Sequence[str], *, lang: str = "en") -> int:
    """Run one command line and return its exit code: 0 done, 1 a crash, 2 refused.

    `--json` and `--lang` are taken from anywhere in the line before `--`.
    """
    terminal.is_json, terminal.lang, rest = _wishes(arguments, lang=lang)
    try:
        ended = app(args=rest, prog_name="duecourse", standalone_mode=True)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except DuecourseError as error:
        terminal.refuse(error)
        return EXIT_REFUSED
    return ended if isinstance(ended, int) else 0


def _wishes(arguments: Sequence[str], *, lang: str) -> tuple[bool, str, list[str]]:
    rest: list[str] = []
    is_json = False
    words = iter(arguments)
    for word in words:
        if word == "--":
            rest += [word, *words]
        elif word == "--json":
            is_json = True
        elif word == "--lang":
            lang = next(words, lang)
        elif word.startswith("--lang="):
            lang = word.removeprefix("--lang=")
        else:
            rest.append(word)
    return is_json, "zh-hans" if lang.lower().replace("_", "-").startswith("zh") else "en", rest


def _activate_language() -> None:
    from django.utils import translation

    translation.activate(terminal.lang)


def _nothing() -> None:
    """Stand for a command that is not loaded."""
