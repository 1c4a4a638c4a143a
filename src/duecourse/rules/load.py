"""Reading packs and overlays, strictly: a value without a reference, overlapping dates or an unknown key does not load.

A pack is a folder with `pack.yaml` and one folder per rule, each with `rule.py`, `parameters.yaml` and `cases.yaml`. Adding a pack
is copying a folder. `load_pack` reads one wherever it lies; `shipped_pack` reads one that comes with duecourse.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from datetime import date
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from string import Formatter
from types import SimpleNamespace
from typing import Any

from duecourse.rules.body import BODY, faults_of, module_of, names_read
from duecourse.rules.errors import PackInvalid
from duecourse.rules.facts import zone_of
from duecourse.rules.form import (
    CHANNELS,
    LENDER_CLASSES,
    OVERLAY_LAYERS,
    READING_ZH,
    TEXT_LAYERS,
    Bilingual,
    Confidence,
    DatedValue,
    Exception_,
    Layer,
    Modality,
    Overlay,
    Pack,
    Parameter,
    Reference,
    Rule,
    Text,
    Tighter,
    Unit,
)
from duecourse.rules.reading import Fields, read_yaml
from duecourse.rules.vocabulary import CONTACT, Vocabulary, read_vocabulary

SHIPPED = Path(__file__).parent / "packs"


@lru_cache(maxsize=32)
def shipped_pack(pack_id: str) -> Pack:
    """Return a pack that comes with duecourse, the same object on each call.

    Raises:
        PackInvalid: there is none of that name, or it is not written in the form.
    """
    if pack_id not in shipped_names():
        raise PackInvalid(path=pack_id, reasons=["no pack of that name comes with duecourse"])
    return load_pack(SHIPPED / pack_id)


def shipped_names() -> tuple[str, ...]:
    """Return the names of the packs that come with duecourse. A pack holds code, so no other folder is ever reached by a name."""
    return tuple(path.parent.name for path in sorted(SHIPPED.glob("*/pack.yaml")))


def shipped_packs() -> tuple[Pack, ...]:
    """Return all packs that come with duecourse, by id."""
    return tuple(shipped_pack(name) for name in shipped_names())


@lru_cache(maxsize=1)
def shared_vocabulary() -> Vocabulary:
    """Return the facts and subjects that all packs share, the same object on each call.

    Raises:
        PackInvalid: with everything that is wrong in the file.
    """
    problems: list[str] = []
    path = SHIPPED / "facts.yaml"
    node = read_yaml(path.read_text(encoding="utf-8"), place=path.name, problems=problems)
    found = read_vocabulary(node, place=path.name, problems=problems)
    if problems:
        raise PackInvalid(path=str(path), reasons=problems)
    return found


def load_pack(folder: Path, *, enable: Collection[str] = ()) -> Pack:
    """Return the pack in `folder`.

    Args:
        folder: holds `pack.yaml` and one folder per rule.
        enable: ids of rules or parameters whose weakly known values shall be used all the same.

    Raises:
        PackInvalid: with everything that is wrong in any of its files.
    """
    problems: list[str] = []
    sources = _Sources(folder, problems=problems)
    head = Fields(sources.yaml("pack.yaml"), place="pack.yaml", problems=problems)
    pack_id, country, zone_default, title = head.text("pack"), head.text("country"), head.text("zone_default"), head.bilingual("title")
    if zone_of(zone_default) is None:
        head.add(f"has the zone {zone_default!r}, which does not exist")
    texts = {name: _text(fields, name=name, layers=TEXT_LAYERS) for name, fields in head.named("texts")}
    head.close()
    vocabulary = _vocabulary(sources)
    folders = sorted(path.parent.name for path in folder.glob("*/parameters.yaml"))
    rules = tuple(_rule(sources, name=name, pack_id=pack_id, texts=texts, vocabulary=vocabulary, enable=enable) for name in folders)
    if not rules:
        problems.append("no folder of a rule is there")
    if problems:
        raise PackInvalid(path=str(folder), reasons=problems)
    return Pack(pack_id, country, zone_default, title, texts, vocabulary, rules, sources.fingerprint())


def load_overlay(path: Path) -> Overlay:
    """Return the overlay in a YAML file, see `parse_overlay`.

    Raises:
        PackInvalid: with everything that is wrong in the file.
    """
    problems: list[str] = []
    node = read_yaml(path.read_text(encoding="utf-8"), place=path.name, problems=problems)
    if problems:
        raise PackInvalid(path=str(path), reasons=problems)
    return parse_overlay(node, place=str(path))


def parse_overlay(node: Any, *, place: str) -> Overlay:
    """Return the overlay written as a mapping with `text` and `parameters`.

    `text` has `id`, `layer` (creditor_policy, agency_contract or agreement), `title` {zh, en}, `issued_on`, `effective_on`,
    `last_reviewed_on`. `parameters` maps a parameter's id (`cn.contact_hours.allowed_until_minute`) to `unit` and `values`, each
    with `value`, `effective_on`, perhaps `until_on`, `article` and `confidence`.

    Raises:
        PackInvalid: with everything that is wrong.
    """
    problems: list[str] = []
    head = Fields(node, place="overlay", problems=problems)
    text_fields = head.inner("text")
    text = _text(text_fields, name=text_fields.text("id"), layers=OVERLAY_LAYERS)
    values = {}
    for parameter_id, fields in head.named("parameters"):
        unit = fields.choice("unit", Unit)
        values[parameter_id] = tuple(_overlay_value(entry, text=text, unit=unit) for entry in fields.listed("values"))
        _refuse_overlaps(values[parameter_id], fields=fields)
        fields.close()
    head.close()
    if problems:
        raise PackInvalid(path=place, reasons=problems)
    return Overlay(text=text, values=values)


class _Sources:
    """The files of a pack as they are read; each goes into the fingerprint."""

    def __init__(self, folder: Path, *, problems: list[str]) -> None:
        self.folder, self.problems = folder, problems
        self._read: dict[str, bytes] = {}

    def text(self, name: str) -> str:
        try:
            self._read[name] = (self.folder / name).read_bytes()
            return self._read[name].decode()
        except (OSError, UnicodeDecodeError) as error:
            self.problems.append(f"{name} cannot be read ({error})")
            return ""

    def add(self, name: str, content: bytes) -> None:
        self._read[name] = content

    def yaml(self, name: str) -> Any:
        return read_yaml(self.text(name), place=name, problems=self.problems)

    def fingerprint(self) -> str:
        sha = hashlib.sha256(b"pack/1")
        for name, content in sorted(self._read.items()):
            sha.update(f"|{name}:{len(content)}|".encode() + content)
        return sha.hexdigest()


def _vocabulary(sources: _Sources) -> Vocabulary:
    """Return the shared facts with the pack's own; the shared file goes into the fingerprint too."""
    sources.add("../facts.yaml", (SHIPPED / "facts.yaml").read_bytes())
    shared = shared_vocabulary()
    if not (sources.folder / "facts.yaml").exists():
        return shared
    own = read_vocabulary(sources.yaml("facts.yaml"), place="facts.yaml", problems=sources.problems)
    for name in sorted(own.facts.keys() & shared.facts.keys()):
        sources.problems.append(f"facts.yaml declares {name}, which all packs share already")
    return Vocabulary({**shared.facts, **own.facts}, {**shared.subjects, **own.subjects})


def _text(fields: Fields, *, name: str, layers: Sequence[Layer]) -> Text:
    text = Text(
        id=name,
        layer=fields.choice("layer", Layer),
        title=fields.bilingual("title"),
        issued_on=fields.day("issued_on"),
        effective_on=fields.day("effective_on"),
        last_reviewed_on=fields.day("last_reviewed_on"),
        lender_classes=fields.texts("lender_classes", known=LENDER_CLASSES, default=()),
        product_classes=fields.texts("product_classes", default=()),
    )
    fields.close()
    if text.layer not in layers:
        fields.add(f"is of the layer {text.layer}, which cannot stand here; it takes {', '.join(layers)}")
    return text


def _rule(
    sources: _Sources, *, name: str, pack_id: str, texts: Mapping[str, Text], vocabulary: Vocabulary, enable: Collection[str]
) -> Rule:
    problems = sources.problems
    fields = Fields(sources.yaml(f"{name}/parameters.yaml"), place=f"{name}/parameters.yaml", problems=problems)
    rule_id = f"{pack_id}.{name}"
    source = sources.text(f"{name}/rule.py")
    faults = faults_of(source)
    problems.extend(f"{name}/rule.py {fault}" for fault in faults)
    module = None if faults else module_of(source, path=sources.folder / name / "rule.py", name=f"duecourse_rule.{rule_id}")
    parameters = tuple(
        _parameter(inner, rule_id=rule_id, name=parameter, texts=texts, enable=enable) for parameter, inner in fields.named("parameters")
    )
    subject = fields.text("subject", default=CONTACT)
    is_contact = subject == CONTACT
    rule = Rule(
        id=rule_id,
        name=name,
        code=fields.text("code"),
        title=fields.bilingual("title"),
        subject=subject,
        modality=fields.choice("modality", Modality),
        channels=frozenset(fields.texts("channels", known=CHANNELS)) if is_contact else frozenset(),
        is_local=fields.flag("is_local") if is_contact else False,
        begins_with_text=_begins_with_text(fields),
        facts_used=_facts_used(fields, vocabulary=vocabulary),
        explanation=fields.bilingual("explanation"),
        parameters=parameters,
        exceptions=tuple(_exception(inner, texts=texts, known=parameters) for inner in fields.listed("exceptions", is_required=False)),
        is_breached=getattr(module, BODY, _no_body),
        sense=(module.__doc__ or "") if module else "",
        sense_zh=_sense_zh(fields),
        source=source,
        cases=tuple(_cases(sources, name=name)),
    )
    fields.close()
    if subject not in vocabulary.subjects:
        fields.add(f"has the subject {subject!r}, which is not one of {', '.join(vocabulary.subjects)}")
    _refuse_unknown_places(rule, fields=fields)
    if not faults:
        _refuse_undeclared_reads(rule, fields=fields)
    return rule


def _no_body(facts: Any, values: SimpleNamespace) -> bool:
    return True


def _begins_with_text(fields: Fields) -> bool:
    word = fields.text("before_first_value", default="unknown")
    if word not in ("unknown", "no_rule"):
        fields.add(f"needs before_first_value as unknown or no_rule, not {word!r}")
    return word == "no_rule"


def _sense_zh(fields: Fields) -> str:
    """Return the sense in Chinese, '' where none is written; like the docstring it has the text's sense and how we read it."""
    if not fields.has("sense_zh"):
        return ""
    found = fields.text("sense_zh")
    sense, _, reading = found.partition(f"\n{READING_ZH}\n")
    if not sense.strip() or not any(line.startswith("- ") for line in reading.splitlines()):
        fields.add(f"needs sense_zh as the text's sense, the line {READING_ZH} and a list")
    return found


def _facts_used(fields: Fields, *, vocabulary: Vocabulary) -> dict[str, Unit]:
    names = fields.raw("facts_used")
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        fields.add("needs facts_used as a list of names")
        return {}
    for name in names:
        if name not in vocabulary.facts:
            fields.add(f"uses the fact {name!r}, which no facts.yaml declares")
    return {name: vocabulary.facts[name].unit for name in names if name in vocabulary.facts}


def _cases(sources: _Sources, *, name: str) -> list[Mapping[str, Any]]:
    fields = Fields(sources.yaml(f"{name}/cases.yaml"), place=f"{name}/cases.yaml", problems=sources.problems)
    node = fields.raw("cases")
    fields.close()
    if not isinstance(node, list) or not node or not all(isinstance(case, Mapping) for case in node):
        fields.add("needs cases as a list with at least one entry")
        return []
    for case in node:
        if "case_zh" in case and (not isinstance(case["case_zh"], str) or not case["case_zh"].strip()):
            fields.add(f"needs case_zh of {case.get('case')!r} as a text")
    return node


def _parameter(fields: Fields, *, rule_id: str, name: str, texts: Mapping[str, Text], enable: Collection[str]) -> Parameter:
    unit, parameter_id = fields.choice("unit", Unit), f"{rule_id}.{name}"
    is_forced = rule_id in enable or parameter_id in enable
    values = tuple(_value(entry, unit=unit, texts=texts, is_forced=is_forced) for entry in fields.listed("values"))
    for text_id in texts:
        _refuse_overlaps([value for value in values if value.reference.text.id == text_id], fields=fields)
    found = Parameter(parameter_id, name, fields.bilingual("title"), unit, fields.choice("tighter", Tighter), values)
    fields.close()
    return found


def _value(fields: Fields, *, unit: Unit, texts: Mapping[str, Text], is_forced: bool) -> DatedValue:
    confidence = fields.choice("confidence", Confidence)
    found = DatedValue(
        value=fields.quantity("value", unit),
        unit=unit,
        effective_on=fields.day("effective_on"),
        until_on=fields.day_or_none("until_on"),
        reference=_reference(fields.inner("reference"), texts=texts),
        confidence=confidence,
        is_enabled=is_forced or confidence.is_trusted,
    )
    fields.close()
    if found.effective_on < found.reference.text.effective_on:
        fields.add(f"begins on {found.effective_on}, before its text does on {found.reference.text.effective_on}")
    return found


def _overlay_value(fields: Fields, *, text: Text, unit: Unit) -> DatedValue:
    found = DatedValue(
        value=fields.quantity("value", unit),
        unit=unit,
        effective_on=fields.day("effective_on"),
        until_on=fields.day_or_none("until_on"),
        reference=Reference(text, fields.text("article"), fields.text("note", default="")),
        confidence=fields.choice("confidence", Confidence),
    )
    fields.close()
    if not found.confidence.is_trusted:
        fields.add(f"rests on {found.confidence}; what binds only by a paper needs the paper")
    return found


def _reference(fields: Fields, *, texts: Mapping[str, Text]) -> Reference:
    text_id, article, note = fields.text("text"), fields.text("article"), fields.text("note", default="")
    note_zh = fields.text("note_zh", default="")
    fields.close()
    if text_id not in texts:
        fields.add(f"names the text {text_id!r}, which pack.yaml does not have")
    if not article and not note:
        fields.add("has neither an article nor a note that says why")
    return Reference(texts.get(text_id, _NO_TEXT), article, note, note_zh)


def _exception(fields: Fields, *, texts: Mapping[str, Text], known: Sequence[Parameter]) -> Exception_:
    found = Exception_(
        id=fields.text("exception"),
        layer=fields.choice("layer", Layer),
        parameters=fields.texts("parameters", known=tuple(parameter.name for parameter in known)),
        reference=_reference(fields.inner("reference"), texts=texts),
        title=fields.bilingual("title"),
    )
    fields.close()
    if found.layer not in OVERLAY_LAYERS:
        fields.add(f"names the layer {found.layer}; only {', '.join(OVERLAY_LAYERS)} can replace a text's value")
    return found


def _refuse_overlaps(values: Sequence[DatedValue], *, fields: Fields) -> None:
    ordered = sorted(values, key=lambda value: value.effective_on)
    for value in ordered:
        if value.until_on is not None and value.until_on <= value.effective_on:
            fields.add(f"has a value that ends on {value.until_on}, not after it begins")
    for earlier, later in pairwise(ordered):
        if earlier.until_on is None or later.effective_on < earlier.until_on:
            fields.add(f"has values that overlap from {later.effective_on} on")


def _refuse_unknown_places(rule: Rule, *, fields: Fields) -> None:
    known = {*rule.facts_used, *(parameter.name for parameter in rule.parameters), *(("local_time",) if rule.is_local else ())}
    for template in rule.explanation:
        for _, place, _, _ in Formatter().parse(template):
            if place is not None and place not in known:
                fields.add(f"explains with {{{place}}}, which is neither a fact used nor a parameter")


def _refuse_undeclared_reads(rule: Rule, *, fields: Fields) -> None:
    for place, allowed in (("facts", set(rule.facts_used)), ("values", {parameter.name for parameter in rule.parameters})):
        read = names_read(rule.source, of=place)
        for name in sorted(read - allowed):
            fields.add(f"has a body that reads {place}.{name}, which it does not declare")
        for name in sorted(allowed - read):
            fields.add(f"declares {name}, which its body does not read")


_NO_TEXT = Text("", Layer.law, title=Bilingual("", ""), issued_on=date.min,
                effective_on=date.min, last_reviewed_on=date.min)  # fmt: skip
