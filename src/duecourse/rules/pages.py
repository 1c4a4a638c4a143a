"""The reference pages of the rules: each tells the text's sense, its values in time, its exceptions, its cases and its code.

A rule whose sense is written in Chinese has a page in both languages, Chinese first; any other has an English page with its Chinese title.

The pages in docs/rules/ are written by `python -m duecourse.rules.pages docs/rules` and never by hand.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from duecourse.rules.form import OVERLAY_LAYERS, Bilingual, DatedValue, Pack, Reference, Rule
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
    labels = _Labels(is_chinese=bool(rule.sense_zh))
    parts = [
        _WRITTEN,
        f"# {' · '.join(labels.ordered(rule.title))}",
        _facts_table(rule, pack, labels),
        *([f"## 条文大意与我们的理解\n\n{rule.sense_zh}"] if rule.sense_zh else []),
        f"## The text's sense\n\n{rule.sense.strip()}",
        f"## {labels('Values in time', '历次取值')}\n\n{_values_table(rule, labels)}",
        f"## {labels('Exceptions', '例外')}\n\n{_exceptions_table(rule, labels)}",
        f"## {labels('What a refusal says', '答复中的说明')}\n\n" + "\n".join(f"- {one}" for one in labels.ordered(rule.explanation)),
        f"## {labels('Cases', '案例')}\n\n{_cases_table(rule, labels)}",
        f"## {labels('The code', '代码')}\n\n```python\n{_code(rule.source)}\n```",
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


class _Labels:
    """The labels of one page: English, or Chinese before English."""

    def __init__(self, *, is_chinese: bool) -> None:
        self.is_chinese = is_chinese
        self.comma = "，" if is_chinese else ", "

    def __call__(self, en: str, zh: str) -> str:
        return f"{zh} · {en}" if self.is_chinese else en

    def columns(self, english: str, chinese: str) -> list[str]:
        """Return the heads of a table, written with bars between them."""
        return (chinese if self.is_chinese else english).split(" | ")

    def word(self, code: str) -> str:
        """Return a code, after its Chinese word where the page is in both languages."""
        return f"{_ZH.get(code, '')} `{code}`".strip() if self.is_chinese else code

    def ordered(self, text: Bilingual) -> tuple[str, str]:
        """Return both languages in the order of the page."""
        return (text.zh, text.en) if self.is_chinese else (text.en, text.zh)

    def cited(self, reference: Reference) -> str:
        """Return the text and the article, with what is known of it."""
        notes = [note for note in ((reference.note_zh, reference.note) if self.is_chinese else (reference.note,)) if note]
        return f"{reference.text.id} {reference.article}".strip() + (f" ({' · '.join(notes)})" if notes else "")

    def known(self, value: DatedValue) -> str:
        """Return how well a value is known, and that decisions do not use it where they do not."""
        return self.word(value.confidence) + ("" if value.is_enabled else self.comma + self("disabled", "停用"))


_ENGLISH = _Labels(is_chinese=False)
_ZH = {
    "must_not": "禁止",
    "should_not": "不宜",
    "presumption": "推定违规",
    "safe_harbour_lost": "丧失安全港",
    "definition": "定义",
    "law": "法规",
    "standard": "标准",
    "guideline": "行业指引",
    "creditor_policy": "委托方政策",
    "agency_contract": "委外合同",
    "agreement": "与债务人的约定",
    "verbatim": "已核原文",
    "secondary": "二手来源",
    "secondary_weak": "较弱的二手来源",
    "memory": "凭记忆",
    "minute_of_day": "时刻",
    "count_per_local_day": "次/日",
    "count": "数量",
    "days": "天",
    "months": "个月",
    "minutes": "分钟",
    "minor": "分",
    "yes_no": "是否",
    "call": "电话",
    "sms": "短信",
    "email": "电子邮件",
    "letter": "信函",
    "visit": "外访",
    "clear": "无问题",
    "refused": "拒绝",
    "warned": "提示",
    "presumed": "推定违规",
    "harbour_lost": "丧失安全港",
    "outside": "不属于该定义",
}
"""The Chinese words for codes; the console has the same in its catalogue."""


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
        heads = ("rule", "规则", "modality", "enabled")
        if all(r.sense_zh for r in pack.rules):
            rules = [(f"[{r.title.zh}]({pack.id}/{r.name}.md)", r.title.en, *row[2:]) for r, row in zip(pack.rules, rules, strict=True)]
            heads = ("规则", "rule", "modality", "enabled")
        texts = [
            (t.title.en, t.title.zh, t.layer, t.issued_on, t.effective_on, t.last_reviewed_on, ", ".join(t.lender_classes) or "all")
            for t in pack.texts.values()
        ]
        disabled = [(f"`{p.id}`", v.unit.show(v.value), v.confidence, _ENGLISH.cited(v.reference)) for _, p, v in pack.disabled()]
        parts += [
            f"## {pack.title.en} · {pack.title.zh}",
            _table(heads, rules),
            "### Texts",
            _table(("text", "文本", "layer", "issued", "effective", "last reviewed", "binds lenders"), texts),
            "### Disabled values",
            _table(("parameter", "value", "confidence", "reference"), disabled) if disabled else "None.",
        ]
    return "\n\n".join(parts) + "\n"


def _facts_table(rule: Rule, pack: Pack, labels: _Labels) -> str:
    yes, no = labels("yes", "是"), labels("no", "否")
    begins = ("no such rule", "尚无此规则") if rule.begins_with_text else ("not known, so nothing is decided", "取值不明，不作判定")
    asleep = labels("no: a parameter has no value that is known well enough", "否：有参数没有依据足够可靠的取值")
    subject = pack.vocabulary.subjects[rule.subject]
    rows = [
        (labels("rule", "规则"), f"`{rule.id}`"),
        (labels("pack", "规则包"), labels(f"{pack.title.en}, {pack.title.zh}", f"`{pack.id}`")),
        (labels("code", "代码"), f"`{rule.code}`"),
        (labels("about", "对象"), labels(subject.en, subject.zh)),
        (labels("modality", "后果"), labels.word(rule.modality) if labels.is_chinese else f"`{rule.modality}`"),
    ]
    if labels.is_chinese:
        texts = dict.fromkeys(value.reference.text for parameter in rule.parameters for value in parameter.values)
        rows.append(("依据文本 · texts", "<br>".join(f"`{text.id}` {_ZH[text.layer]}：{text.title.zh}" for text in texts)))
    if rule.channels:
        rows.append((labels("channels", "渠道"), labels.comma.join(labels.word(channel) for channel in sorted(rule.channels))))
        rows.append((labels("needs the debtor's zone", "需要债务人时区"), yes if rule.is_local else no))
    rows.append((labels("facts read", "所用事实"), ", ".join(f"`{name}`" for name in rule.facts_used) or labels("none", "无")))
    rows.append((labels("before the first value", "首个取值之前"), labels(*begins)))
    rows.append((labels("enabled", "启用"), yes if rule.is_enabled else asleep))
    return _table(("", ""), rows)


def _values_table(rule: Rule, labels: _Labels) -> str:
    rows = [
        (
            f"`{p.name}`",
            *labels.ordered(p.title)[: 2 if labels.is_chinese else 1],
            v.unit.show(v.value),
            labels.word(v.unit),
            v.effective_on,
            v.until_on or "",
            labels.cited(v.reference),
            labels.known(v),
        )
        for p in rule.parameters
        for v in p.values
    ]
    english = "parameter | meaning | value | unit | from | until | reference | confidence"
    return _table(labels.columns(english, "参数 | 含义 | meaning | 取值 | 单位 | 起 | 止 | 依据 | 可信度"), rows)


def _exceptions_table(rule: Rule, labels: _Labels) -> str:
    if not rule.exceptions:
        return labels("None: a lower layer can only tighten.", "无：下位层级只能收紧。")
    rows = [
        (
            f"`{e.id}`",
            *labels.ordered(e.title),
            labels.word(e.layer),
            ", ".join(f"`{name}`" for name in e.parameters),
            labels.cited(e.reference),
        )
        for e in rule.exceptions
    ]
    english = "exception | meaning | 含义 | layer | replaces | granted by"
    return _table(labels.columns(english, "例外 | 含义 | meaning | 层级 | 替代参数 | 依据"), rows)


def _cases_table(rule: Rule, labels: _Labels) -> str:
    rows: list[tuple[str, ...]] = [(c["case"], "; ".join(_told(c)), _found(c, labels), _next(c)) for c in rule.cases]
    if labels.is_chinese:
        rows = [(case.get("case_zh", ""), *row) for case, row in zip(rule.cases, rows, strict=True)]
    return _table(labels.columns("case | facts | finding | next allowed", "案例 | case | 事实 | 结论 | 下次可联系"), rows)


def _told(case: Mapping[str, Any]) -> Iterator[str]:
    if "as_of" in case:
        yield f"on {case['as_of']}"
    for name, value in case["facts"].items():
        yield f"{name} {'unknown' if value is None else value}"
    for layer in OVERLAY_LAYERS:
        for parameter_id, value in case.get(layer, {}).items():
            yield f"{layer}: {parameter_id.rsplit('.', 1)[-1]} {value}"


def _found(case: Mapping[str, Any], labels: _Labels) -> str:
    if "error" in case:
        return labels(f"error `{case['error']}`", "报错")
    cites = "引用" if labels.is_chinese else "citing"
    return labels.word(case["finding"]) + (f"{labels.comma}{cites} {', '.join(case['cites'])}" if "cites" in case else "")


def _next(case: Mapping[str, Any]) -> str:
    return str(case.get("next_allowed_at", "")) if case.get("next_allowed_at", "") is not None else "none"


def _code(source: str) -> str:
    return source[source.index("def is_breached") :].strip()


def _table(heads: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(str(cell).replace("|", "\\|") for cell in line) + " |" for line in lines)


if __name__ == "__main__":
    for one in write_pages(Path(sys.argv[1]), packs=shipped_packs()):
        sys.stdout.write(f"{one}\n")
