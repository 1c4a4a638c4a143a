"""The reference pages of the rules: each tells the text's sense, its values in time, its exceptions, its cases and its code.

The pages in docs/rules/ are written by `python -m duecourse.rules.pages docs/rules` and never by hand.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from duecourse.rules.form import OVERLAY_LAYERS, DatedValue, Pack, Reference, Rule
from duecourse.rules.load import shared_vocabulary, shipped_packs
from duecourse.rules.vocabulary import Fact

_WRITTEN = "<!-- Written by `python -m duecourse.rules.pages docs/rules`; edit the rule's folder instead. -->"


def render_pages(packs: Sequence[Pack]) -> dict[str, str]:
    """Return the pages by path under docs/rules: one per rule, and `README.md` with the texts and what is disabled."""
    pages = {f"{pack.id}/{rule.name}.md": render_rule(rule, pack=pack) for pack in packs for rule in pack.rules}
    return {"README.md": _index(packs), "facts.md": render_facts(packs), **pages}


def render_facts(packs: Sequence[Pack]) -> str:
    """Return the page of every fact that a rule may read: what all packs share, then each pack's own."""
    shared = shared_vocabulary()
    parts = [
        _WRITTEN,
        "# Facts · 事实",
        "What a rule may read. A fact that nobody gave is taken as the value in the last column. How to add one: [packs](../packs.md).",
        "## Shared by all packs",
        _facts_rows(shared.facts.values()),
    ]
    for pack in packs:
        own = [fact for name, fact in pack.vocabulary.facts.items() if name not in shared.facts]
        if own:
            parts += [f"## {pack.title.en} · {pack.title.zh}", _facts_rows(own)]
    return "\n\n".join(parts) + "\n"


def _facts_rows(facts: Iterable[Fact]) -> str:
    rows = [(f"`{f.name}`", f.title.en, f.title.zh, f.unit, f.source, f.over_time, f.unit.show(f.when_unknown)) for f in facts]
    return _table(("fact", "meaning", "含义", "unit", "source", "over time", "when unknown"), rows)


def render_rule(rule: Rule, *, pack: Pack) -> str:
    """Return the page of one rule in Markdown."""
    parts = [
        _WRITTEN,
        f"# {rule.title.en} · {rule.title.zh}",
        _facts_table(rule, pack),
        f"## The text's sense\n\n{rule.sense.strip()}",
        f"## Values in time\n\n{_values_table(rule)}",
        f"## Exceptions\n\n{_exceptions_table(rule)}",
        f"## What a refusal says\n\n- {rule.explanation.en}\n- {rule.explanation.zh}",
        f"## Cases\n\n{_cases_table(rule)}",
        f"## The code\n\n```python\n{_code(rule.source)}\n```",
    ]
    return "\n\n".join(parts) + "\n"


def write_pages(folder: Path, *, packs: Sequence[Pack]) -> list[Path]:
    """Write the pages under `folder` and return their paths; files already there that are no page of a rule stay."""
    written = []
    for name, page in render_pages(packs).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(page, encoding="utf-8")
        written.append(path)
    return written


def _index(packs: Sequence[Pack]) -> str:
    parts = [
        _WRITTEN,
        "# Rules",
        "Every rule that the contact gate knows, by pack. How a decision is made: [permit](../algorithms/permit.md).",
    ]
    for pack in packs:
        rules = [
            (f"[{r.title.en}]({pack.id}/{r.name}.md)", r.title.zh, f"`{r.modality}`", "yes" if r.is_enabled else "no") for r in pack.rules
        ]
        texts = [
            (t.title.en, t.title.zh, t.layer, t.issued_on, t.effective_on, t.last_reviewed_on, ", ".join(t.lender_classes) or "all")
            for t in pack.texts.values()
        ]
        disabled = [(f"`{p.id}`", v.unit.show(v.value), v.confidence, _cited(v.reference)) for _, p, v in pack.disabled()]
        parts += [
            f"## {pack.title.en} · {pack.title.zh}",
            _table(("rule", "规则", "modality", "enabled"), rules),
            "### Texts",
            _table(("text", "文本", "layer", "issued", "effective", "last reviewed", "binds lenders"), texts),
            "### Disabled values",
            _table(("parameter", "value", "confidence", "reference"), disabled) if disabled else "None.",
        ]
    return "\n\n".join(parts) + "\n"


def _facts_table(rule: Rule, pack: Pack) -> str:
    return _table(
        ("", ""),
        [
            ("rule", f"`{rule.id}`"),
            ("pack", f"{pack.title.en}, {pack.title.zh}"),
            ("code", f"`{rule.code}`"),
            ("about", pack.vocabulary.subjects[rule.subject].en),
            ("modality", f"`{rule.modality}`"),
            *(
                [("channels", ", ".join(sorted(rule.channels))), ("needs the debtor's zone", "yes" if rule.is_local else "no")]
                if rule.channels
                else []
            ),
            ("facts read", ", ".join(f"`{name}`" for name in rule.facts_used) or "none"),
            ("before the first value", "no such rule" if rule.begins_with_text else "not known, so nothing is decided"),
            ("enabled", "yes" if rule.is_enabled else "no: a parameter has no value that is known well enough"),
        ],
    )


def _values_table(rule: Rule) -> str:
    rows = [
        (f"`{p.name}`", p.title.en, v.unit.show(v.value), v.unit, v.effective_on, v.until_on or "", _cited(v.reference), _known(v))
        for p in rule.parameters
        for v in p.values
    ]
    return _table(("parameter", "meaning", "value", "unit", "from", "until", "reference", "confidence"), rows)


def _exceptions_table(rule: Rule) -> str:
    if not rule.exceptions:
        return "None: a lower layer can only tighten."
    rows = [
        (f"`{e.id}`", e.title.en, e.title.zh, e.layer, ", ".join(f"`{name}`" for name in e.parameters), _cited(e.reference))
        for e in rule.exceptions
    ]
    return _table(("exception", "meaning", "含义", "layer", "replaces", "granted by"), rows)


def _cases_table(rule: Rule) -> str:
    return _table(("case", "facts", "finding", "next allowed"), [(c["case"], "; ".join(_told(c)), _found(c), _next(c)) for c in rule.cases])


def _told(case: Mapping[str, Any]) -> Iterator[str]:
    if "as_of" in case:
        yield f"on {case['as_of']}"
    for name, value in case["facts"].items():
        yield f"{name} {'unknown' if value is None else value}"
    for layer in OVERLAY_LAYERS:
        for parameter_id, value in case.get(layer, {}).items():
            yield f"{layer}: {parameter_id.rsplit('.', 1)[-1]} {value}"


def _found(case: Mapping[str, Any]) -> str:
    if "error" in case:
        return f"error `{case['error']}`"
    cited = f", citing {', '.join(case['cites'])}" if "cites" in case else ""
    return f"{case['finding']}{cited}"


def _next(case: Mapping[str, Any]) -> str:
    return str(case.get("next_allowed_at", "")) if case.get("next_allowed_at", "") is not None else "none"


def _cited(reference: Reference) -> str:
    return f"{reference.text.id} {reference.article}".strip() + (f" ({reference.note})" if reference.note else "")


def _known(value: DatedValue) -> str:
    return value.confidence.value if value.is_enabled else f"{value.confidence.value}, disabled"


def _code(source: str) -> str:
    return source[source.index("def is_breached") :].strip()


def _table(heads: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(str(cell).replace("|", "\\|") for cell in line) + " |" for line in lines)


if __name__ == "__main__":
    for one in write_pages(Path(sys.argv[1]), packs=shipped_packs()):
        sys.stdout.write(f"{one}\n")
