"""`duecourse rules audit` and `what-if`: a history of contacts judged by the rules, as they stand and under other values."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

import typer

from duecourse.doors.commands.terminal import terminal
from duecourse.doors.drawing import progress_bar, table_lines
from duecourse.kit.clock import now
from duecourse.kit.errors import InvalidInput
from duecourse.rules.audit import Audit, Papers, audit
from duecourse.rules.events import REACHED, REASONS, Reached
from duecourse.rules.form import Pack
from duecourse.rules.history import Executor, InProcess, ProcessPool
from duecourse.rules.load import load_overlay, load_pack, shipped_names, shipped_pack
from duecourse.rules.log_files import Log
from duecourse.rules.outlets import Period
from duecourse.rules.what_if import Change, Way, WhatIf, parsed, what_if

ROWS_MAX = 40
QUARTER = timedelta(days=91)

EVENTS = typer.Argument(
    None,
    metavar="[EVENTS.parquet]...",
    help="The log, one row per contact: a file, several, or a folder of them; or name a creditor with --creditor.",
)
PACK = typer.Option([], "--pack", help="A pack's id or folder; may stand several times. Default: the creditor's, or cn for a file.")
LAYER = typer.Option([], "--layer", help="A creditor's policy or an agency's contract, in YAML; may stand several times.")
AS_OF = typer.Option("", "--as-of", help="YYYY-MM-DD: the last day of which the log can know; later events are rejected. Default: now.")
ZONE = typer.Option("", "--zone", help="The zone of rows that name none, such as Asia/Shanghai. Default: none is guessed.")
CONNECTED = typer.Option("", "--connected", help="Outcomes that reached somebody, separated by commas, beside the usual ones.")
SILENT = typer.Option("", "--not-connected", help="Outcomes that reached nobody, the same. Any other outcome counts as connected.")
WORKERS = typer.Option(0, "--workers", min=0, max=256, help="Processes that count; 0 counts in this one.")
CREDITOR = typer.Option("", "--creditor", help="Take this creditor's own permits and outcomes instead of a file.")
FROM = typer.Option("", "--from", help="YYYY-MM-DD: their first local day. Default: 91 days before the last.")
UNTIL = typer.Option("", "--until", help="YYYY-MM-DD: the day after their last. Default: tomorrow.")


class LogUnclear(InvalidInput):
    """Neither a file nor a creditor was named, or both were."""

    what = "It is not clear whose contacts are meant."
    todo = "Name a Parquet file, or a creditor with --creditor CODE; one of them."
    read = "docs/audit.md"


class DayUnreadable(InvalidInput):
    """A day is not written as one."""

    what = "{text!r} is no day."
    todo = "Write it as YYYY-MM-DD."


def audit_command(
    events: list[Path] = EVENTS,
    pack: list[str] = PACK,
    out: Path = typer.Option(None, "--out", help="A folder for violations, the rows, the rejects and a summary, as CSV and Parquet."),
    by: Period = typer.Option(Period.week, "--by", help="Gather violations by day, week or month of the debtor's local day."),
    layer: list[Path] = LAYER,
    as_of: str = AS_OF,
    zone: str = ZONE,
    connected: str = CONNECTED,
    not_connected: str = SILENT,
    workers: int = WORKERS,
    creditor: str = CREDITOR,
    from_: str = FROM,
    until: str = UNTIL,
    refusals: bool = typer.Option(False, "--refusals", help="With --creditor: judge what the gate refused too; it counts for nothing."),
) -> None:
    """Judge a history of contacts by the rules of the gate: violations by rule, performer and week, with the rows.

    What the log cannot tell is listed and never counted as clear. Memory does not grow with the log.

        duecourse rules audit events.parquet --pack cn --out audit-2026
        duecourse rules audit 2025/*.parquet --pack cn
        duecourse rules audit --creditor lanxi --from 2026-07-01 --until 2026-10-01
    """
    asked = _asked(events, pack, creditor=creditor, span=(from_, until), has_refusals=refusals)
    with progress_bar(_t("Judging")) as progress:
        found, _ = audit(
            asked.log,
            packs=asked.packs,
            known_until=_day(as_of) or now(),
            layers=[load_overlay(path) for path in layer],
            papers=asked.papers,
            by=by,
            zone_default=zone,
            reached=_reached(connected, not_connected),
            out=out,
            lang=terminal.lang,
            executor=_executor(workers),
            progress=progress,
        )
    terminal.answer(found.to_record() | {"out": str(out) if out else None}, text="" if terminal.is_json else _audited(found, out=out))


def what_if_command(
    events: list[Path] = EVENTS,
    pack: list[str] = PACK,
    set_: list[str] = typer.Option(
        [], "--set", help="PARAMETER=VALUE as a draft text: it replaces what the texts say, stricter or looser."
    ),
    policy: list[str] = typer.Option([], "--policy", help="PARAMETER=VALUE as the creditor's policy: it can only tighten."),
    layer: list[Path] = LAYER,
    as_of: str = AS_OF,
    zone: str = ZONE,
    connected: str = CONNECTED,
    not_connected: str = SILENT,
    workers: int = WORKERS,
    creditor: str = CREDITOR,
    from_: str = FROM,
    until: str = UNTIL,
) -> None:
    """Judge the same history under other values: what would have been refused that was not, and the reverse, by performer and hour.

    duecourse rules what-if events.parquet --set cn.connected_calls_daily.connected_calls_max_count=2
    duecourse rules what-if --creditor lanxi --policy cn.contact_hours.allowed_until_minute=20:00
    """  # fmt: skip
    if not set_ and not policy:
        raise typer.BadParameter(_t("Name at least one change with --set or --policy."))
    asked = _asked(events, pack, creditor=creditor, span=(from_, until))
    changes = [parsed(text, packs=asked.packs, way=way) for way, texts in ((Way.draft, set_), (Way.policy, policy)) for text in texts]
    with progress_bar(_t("Judging twice")) as progress:
        found, _ = what_if(
            asked.log,
            packs=asked.packs,
            changes=changes,
            known_until=_day(as_of) or now(),
            layers=[load_overlay(path) for path in layer],
            papers=asked.papers,
            zone_default=zone,
            reached=_reached(connected, not_connected),
            executor=_executor(workers),
            progress=progress,
        )
    terminal.answer(found.to_record(), text="" if terminal.is_json else _tried(found))


@dataclass(frozen=True, slots=True)
class Asked:
    """Whose contacts are judged: the log, the packs, and the papers that bound each contact, which a creditor keeps."""

    log: Log
    packs: tuple[Pack, ...]
    papers: Papers = field(default_factory=dict)


def _asked(
    events: Sequence[Path] | None, names: Sequence[str], *, creditor: str, span: tuple[str, str], has_refusals: bool = False
) -> Asked:
    """Return the files, or a creditor's own contacts."""
    if bool(events) == bool(creditor):
        raise LogUnclear
    if events:
        return Asked(events, _packs(names or ["cn"]))
    from duecourse.doors.commands import be_ready

    be_ready()
    from duecourse.contact.selectors.history import past_of
    from duecourse.doors.commands.choose import chosen_creditor
    from duecourse.kit.calendar import local_day
    from duecourse.parties.access import acting, system

    chosen = chosen_creditor(creditor)
    today = local_day(now(), chosen.zone)
    until_on = _day(span[1]) or today + timedelta(days=1)
    with acting(system(chosen.pk)):
        from_on = _day(span[0]) or until_on - QUARTER
        past = past_of(creditor_id=chosen.pk, from_on=from_on, until_on=until_on, has_refusals=has_refusals)
    return Asked(past.events, _packs(names or chosen.packs), past.papers)


def _packs(names: Sequence[str]) -> tuple[Pack, ...]:
    return tuple(shipped_pack(name) if name in shipped_names() else load_pack(Path(name)) for name in dict.fromkeys(names))


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise DayUnreadable(text=text) from error


def _reached(connected: str, silent: str) -> Reached:
    more, fewer = ({word.strip().lower() for word in words.split(",") if word.strip()} for words in (connected, silent))
    return Reached(connected=(REACHED.connected | more) - fewer, not_connected=(REACHED.not_connected | fewer) - more)


def _executor(workers: int) -> Executor:
    return ProcessPool(workers) if workers else InProcess()


def _audited(found: Audit, *, out: Path | None) -> str:
    counts = {"events": found.event_count, "judged": found.judged_count, "breaches": found.breach_count, "refused": found.refused_count}
    text = _t("{events} events, {judged} judged: in {breaches} a rule finds fault, and {refused} the gate would have refused.")
    rows = sorted(found.violations.to_pylist(), key=lambda row: -row["event_count"])
    heads = (_t("rule"), _t("a breach"), _t("performer"), _t("period"), _t("events"), _t("debtors"), _t("zone not known"))
    cells = [
        (r["rule_id"], r["modality"], _plain(r["performer"]), r["period"], f"{r['event_count']:,}", f"{r['person_count']:,}",
         "✗" if r["finding"] == "zone_unknown" else "")
        for r in rows[:ROWS_MAX]
    ]  # fmt: skip
    lines = [text.format(**{name: f"{count:,}" for name, count in counts.items()}), *(table_lines(heads, cells) if cells else [])]
    if len(rows) > ROWS_MAX:
        lines.append(_t("… and {count} more lines; --out FOLDER writes them all.").format(count=len(rows) - ROWS_MAX))
    return "\n".join([*lines, *_not_judged(found), *([_t("Written to {folder}.").format(folder=out)] if out else [])])


def _not_judged(found: Audit) -> Iterator[str]:
    is_zh = terminal.lang.startswith("zh")
    for rule, lacking, count in found.unjudged:
        title = rule.title.zh if is_zh else rule.title.en
        text = _t("NOT JUDGED: {rule} ({title}) on {count} events, because the log has no {lacking}.")
        if count:
            yield "! " + text.format(rule=rule.id, title=title, count=f"{count:,}", lacking=", ".join(lacking))
    for rule_id, count in sorted(found.partly.items()):
        if count:
            yield "! " + _t("NOT JUDGED: {rule} on {count} events in which a stated fact is empty.").format(
                rule=rule_id, count=f"{count:,}"
            )
    for reason, count in sorted(found.reasons.items()):
        words = REASONS[reason].zh if is_zh else REASONS[reason].en
        yield "! " + _t("{count} rows were not judged: {reason}").format(count=f"{count:,}", reason=words)
    for cause, count in sorted(found.causes.items()):
        yield "! " + _t("{count} rows were not judged: {reason}").format(count=f"{count:,}", reason=cause)
    for word, count in sorted(found.outcomes.items(), key=lambda pair: -pair[1])[:10]:
        text = _t(
            "The outcome {word!r} is not known and counts as connected, {count} times; --connected or --not-connected say what it is."
        )
        yield "! " + text.format(word=_plain(word), count=f"{count:,}")
    if found.assumed:
        told = ", ".join(f"{name} = {value}" for name, value in sorted(found.assumed.items()))
        yield _t("Taken as unknown, for the log has no such column: {facts}").format(facts=told)
    if found.complete_from_on and found.first_on and found.complete_from_on > found.first_on:
        text = _t("The log begins on {first}; counts over several days are complete from {complete} on.")
        yield text.format(first=found.first_on, complete=found.complete_from_on)


def _tried(found: WhatIf) -> str:
    ways = {
        Way.draft: _t("{parameter} = {value} as a draft text, in the place of: {texts}"),
        Way.policy: _t("{parameter} = {value} as the creditor's policy, which can only tighten; the texts say: {texts}"),
    }
    lines = [_shown(change, ways[change.way], found=found) for change in found.changes]
    text = _t("{judged} contacts judged twice: {before} refused as the rules stand, {after} with the changes.")
    lines.append(text.format(judged=f"{found.judged_count:,}", before=f"{found.refused_before:,}", after=f"{found.refused_after:,}"))
    lines.append(_t("The contacts stay as they were: one that would have been refused still counts for those after it."))
    rows = found.flips.to_pylist() if found.flips is not None else []
    names = {
        "newly_refused": _t("would have been refused"),
        "newly_allowed": _t("would have been allowed"),
        "newly_warned": _t("would have been warned of"),
        "no_longer_warned": _t("would not have been warned of"),
    }
    heads = (_t("what changes"), _t("performer"), _t("local hour"), _t("events"), _t("debtors"))
    cells = [
        (
            names[r["change"]],
            _plain(r["performer"]),
            "" if r["local_hour"] is None else f"{r['local_hour']:02d}",
            f"{r['event_count']:,}",
            f"{r['person_count']:,}",
        )
        for r in rows
    ]
    lines += table_lines(heads, cells) if cells else [_t("Nothing would have been otherwise.")]
    return "\n".join([*lines, *(_not_judged(found.audit) if found.audit is not None else [])])


def _plain(text: str) -> str:
    """Return a text of a log without what could steer a terminal, and not longer than a line."""
    return "".join(letter if letter.isprintable() else "·" for letter in text[:80])


def _shown(change: Change, template: str, *, found: WhatIf) -> str:
    return template.format(parameter=change.parameter, value=change.value, texts=", ".join(found.before[change.parameter]))


def _t(text: str) -> str:
    return terminal.translated(text)
