"""`duecourse rules`: the packs and their rules: list them, read one, check a folder, write the reference pages."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import typer

from duecourse.doors.commands.contacts_audit import audit_command, what_if_command
from duecourse.doors.commands.terminal import terminal
from duecourse.doors.drawing import table_lines
from duecourse.kit.clock import now
from duecourse.kit.errors import InvalidInput
from duecourse.rules.cases import check_case
from duecourse.rules.errors import PackInvalid
from duecourse.rules.form import Bilingual, DatedValue, Pack, Reference, Rule
from duecourse.rules.library import body_of, dated_values, texts_of
from duecourse.rules.load import SHIPPED, load_pack, shipped_names, shipped_pack, shipped_packs
from duecourse.rules.pages import write_pages

app = typer.Typer(add_completion=False, no_args_is_help=True, rich_markup_mode=None)

EXIT_FAULTY = 1
PAGES = Path("docs/rules")


class RuleUnknown(InvalidInput):
    """No pack has the rule that was asked for."""

    what = "{rule} is no rule of {packs}."
    todo = "See `duecourse rules list`; name a pack of your own with --pack FOLDER."


@app.callback()
def rules() -> None:
    """The rules by which contacts are decided, by pack.

    duecourse rules list --pack uk
    duecourse rules show cn.contact_hours
    duecourse rules check my-packs/nz
    duecourse rules audit events.parquet --pack cn
    """


@app.command(name="list")
def list_(
    pack: list[str] = typer.Option([], help="A pack's id, or the folder of one; may stand several times. Default: all that come along."),
) -> None:
    """List rules: what a breach means, who wrote the text, whether decisions use it, and how well it is known."""
    packs = _packs(pack)
    facts = [_rule_facts(rule, pack=one) for one in packs for rule in one.rules]
    enabled_count = sum(rule.is_enabled for one in packs for rule in one.rules)
    text = "\n".join([*(part for one in packs for part in _listed(one)), _counted(len(facts), enabled_count)])
    terminal.answer({"rules": facts}, text=text)


@app.command()
def show(
    rule_id: str = typer.Argument(..., metavar="RULE", help="Such as cn.contact_hours."),
    pack: list[str] = typer.Option([], help="A pack's id or folder to look in. Default: all that come along."),
) -> None:
    """Show one rule: the text's sense, its values in time, its cases and its code."""
    packs = _packs(pack)
    found = [(one, rule) for one in packs for rule in one.rules if rule.id == rule_id]
    if not found:
        raise RuleUnknown(rule=rule_id, packs=", ".join(one.id for one in packs))
    one, rule = found[0]
    more = {
        "sense": rule.sense.strip(),
        "sense_zh": rule.sense_zh,
        "about": rule.subject,
        "facts": list(rule.facts_used),
        "values": [_value_facts(parameter.name, value) for parameter, value in dated_values(rule)],
        "exceptions": [{"exception": e.id, "layer": e.layer, "parameters": list(e.parameters)} for e in rule.exceptions],
        "cases": [dict(case) for case in rule.cases],
        "code_text": rule.source,
    }
    terminal.answer(_rule_facts(rule, pack=one) | more, text=_shown(rule, pack=one))


@app.command()
def check(
    folders: list[Path] = typer.Argument(None, metavar="[FOLDER]...", help="Folders of packs. Default: all that come along."),
) -> None:
    """Load packs and run every case, those of disabled rules too; warn of texts that nobody reviewed for a year.

    The exit code is 1 if a pack does not load or a case comes out otherwise than written; a warning leaves it 0.
    """
    checked = [_checked(folder) for folder in folders or [SHIPPED / name for name in shipped_names()]]
    terminal.answer({"packs": checked}, text="\n".join(line for one in checked for line in _check_lines(one)))
    if any(one["faults"] for one in checked):
        raise typer.Exit(EXIT_FAULTY)


@app.command()
def pages(
    into: Path = typer.Argument(PAGES, help="The folder for the pages."),
    pack: list[str] = typer.Option([], help="A pack's id or folder. Default: all that come along."),
) -> None:
    """Write the reference pages: one per rule, an index, and the page of facts."""
    written = write_pages(into, packs=_packs(pack))
    text = terminal.translated("{count} pages written to {folder}.").format(count=len(written), folder=into)
    terminal.answer({"pages": [str(path) for path in written]}, text=text)


app.command(name="audit")(audit_command)
app.command(name="what-if")(what_if_command)


def layers_of(rule: Rule) -> tuple[str, ...]:
    """Return the layers of the texts that give the rule its values, the highest first."""
    return tuple(dict.fromkeys(text.layer.value for text in texts_of(rule)))


def confidences_of(rule: Rule) -> tuple[str, ...]:
    """Return how well the rule's values are known, each word once."""
    return tuple(dict.fromkeys(value.confidence.value for _, value in dated_values(rule)))


def _packs(names: Sequence[str]) -> tuple[Pack, ...]:
    if not names:
        return shipped_packs()
    return tuple(shipped_pack(name) if name in shipped_names() else load_pack(Path(name)) for name in names)


def _rule_facts(rule: Rule, *, pack: Pack) -> dict[str, Any]:
    return {
        "rule": rule.id,
        "pack": pack.id,
        "code": rule.code,
        "title": rule.title._asdict(),
        "modality": rule.modality.value,
        "layers": list(layers_of(rule)),
        "is_enabled": rule.is_enabled,
        "confidence": list(confidences_of(rule)),
    }


def _value_facts(name: str, value: DatedValue) -> dict[str, Any]:
    return {
        "parameter": name,
        "value": value.value,
        "shown": value.unit.show(value.value),
        "unit": value.unit.value,
        "effective_on": value.effective_on.isoformat(),
        "until_on": value.until_on.isoformat() if value.until_on else None,
        "text": value.reference.text.id,
        "article": value.reference.article,
        "note": value.reference.note,
        "confidence": value.confidence.value,
        "is_enabled": value.is_enabled,
    }


def _listed(pack: Pack) -> list[str]:
    heads = (_t("rule"), _t("title"), _t("a breach"), _t("layer"), _t("decisions use it"), _t("known"))
    rows = [
        (
            rule.id,
            _in_language(rule.title),
            rule.modality.value,
            ", ".join(layers_of(rule)),
            _t("yes") if rule.is_enabled else _t("no, disabled"),
            ", ".join(confidences_of(rule)),
        )
        for rule in pack.rules
    ]
    return [f"{pack.id}: {_in_language(pack.title)}", *table_lines(heads, rows), ""]


def _counted(rule_count: int, enabled_count: int) -> str:
    text = terminal.translated("{count} rules; {enabled} enabled, {disabled} disabled.")
    return text.format(count=rule_count, enabled=enabled_count, disabled=rule_count - enabled_count)


def _shown(rule: Rule, *, pack: Pack) -> str:
    state = _t("enabled") if rule.is_enabled else _t("disabled: no value that is known well enough")
    values = [
        (one.name, value.unit.show(value.value), value.effective_on, value.until_on or "", _cited(value.reference), _known(value))
        for one, value in dated_values(rule)
    ]
    is_chinese = terminal.lang.startswith("zh")
    names = [(is_chinese and case.get("case_zh")) or case["case"] for case in rule.cases]
    cases = [(name, case.get("finding", case.get("error", ""))) for name, case in zip(names, rule.cases, strict=True)]
    exceptions = [(one.id, _in_language(one.title), one.layer.value, _cited(one.reference)) for one in rule.exceptions]
    parts = [
        f"{rule.id}: {_in_language(rule.title)}",
        f"{_in_language(pack.title)} · {rule.modality.value} · {', '.join(layers_of(rule))} · {state}",
        "",
        *_sense_lines(rule, is_chinese=is_chinese),
        "",
        _in_language(rule.explanation),
        "",
        *table_lines((_t("parameter"), _t("value"), _t("from"), _t("until"), _t("reference"), _t("known")), values),
        *([*table_lines((_t("exception"), _t("title"), _t("layer"), _t("reference")), exceptions)] if exceptions else []),
        *table_lines((_t("case"), _t("finding")), cases),
        "",
        body_of(rule),
    ]
    return "\n".join(parts)


def _sense_lines(rule: Rule, *, is_chinese: bool) -> list[str]:
    """Return the sense in the reader's language; where it is not written in it, in English, marked as such."""
    if is_chinese and not rule.sense_zh:
        return [f"[{_t('English only')}]", "", rule.sense.strip()]
    return [rule.sense_zh if is_chinese else rule.sense.strip()]


def _checked(folder: Path) -> dict[str, Any]:
    """Load one pack twice: as it decides, and with everything enabled so that sleeping rules keep their cases."""
    try:
        plain = load_pack(folder)
        awake = load_pack(folder, enable={rule.id for rule in plain.rules})
    except PackInvalid as error:
        return {"folder": str(folder), "pack": None, "faults": list(error.parameters["reasons"]), "unreviewed": []}
    except Exception as error:  # noqa: BLE001 - a pack is code: whatever its modules raise is its fault, and is told as such
        return {"folder": str(folder), "pack": None, "faults": [f"a rule.py ended in {error!r}"], "unreviewed": []}
    unreviewed = [
        {"text": text.id, "title": text.title._asdict(), "last_reviewed_on": text.last_reviewed_on.isoformat()}
        for text in plain.unreviewed(now().date())
    ]
    return {
        "folder": str(folder),
        "pack": plain.id,
        "rule_count": len(plain.rules),
        "disabled": [rule.id for rule in plain.rules if not rule.is_enabled],
        "case_count": sum(len(rule.cases) for rule in plain.rules),
        "faults": list(_faults(awake)),
        "unreviewed": unreviewed,
    }


def _faults(pack: Pack) -> Iterator[str]:
    """Yield what is wrong with the cases, one that cannot be read included."""
    for rule in pack.rules:
        for case in rule.cases:
            try:
                faults = check_case(case, rule=rule, pack=pack)
            except (AttributeError, KeyError, TypeError, ValueError) as error:
                faults = [f"cannot be read: {error!r}"]
            yield from (f"{rule.id}: {case.get('case')}: {fault}" for fault in faults)
        if all(case.get("finding", "clear") == "clear" for case in rule.cases):
            yield f"{rule.id}: no case in which it finds fault"


def _check_lines(one: dict[str, Any]) -> Iterable[str]:
    if one["pack"] is None:
        yield "✗ " + terminal.translated("{folder} does not load:").format(folder=one["folder"])
    else:
        mark = "✗ " if one["faults"] else "✓ "
        text = terminal.translated("{pack}: {rule_count} rules ({disabled_count} disabled), {case_count} cases")
        yield mark + text.format(**one, disabled_count=len(one["disabled"]))
    yield from (f"  - {fault}" for fault in one["faults"])
    for late in one["unreviewed"]:
        text = terminal.translated("{text} was last reviewed on {last_reviewed_on}, more than a year ago: compare it and set the day anew.")
        yield "! " + text.format(**late)


def _cited(reference: Reference) -> str:
    note = (reference.note_zh if terminal.lang.startswith("zh") else "") or reference.note
    return f"{reference.text.id} {reference.article}".strip() + (f" ({note})" if note else "")


def _known(value: DatedValue) -> str:
    return value.confidence.value if value.is_enabled else f"{value.confidence.value}, {_t('disabled')}"


def _in_language(text: Bilingual) -> str:
    return text.zh if terminal.lang.startswith("zh") else text.en


def _t(text: str) -> str:
    return terminal.translated(text)
