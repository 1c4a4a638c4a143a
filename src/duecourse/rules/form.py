"""The form of a rule: what a text of law says, as records that carry their source.

A *pack* is the texts and rules of one country. A *rule* is one prohibition with its dated parameters and its labelled exceptions.
An *overlay* is the same dated parameters written by a lower layer: a creditor's policy, an agency's contract, an agreement with
one debtor. Every value names the article it rests on and how well that is known.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from duecourse.rules.vocabulary import Vocabulary


class Layer(StrEnum):
    """Who wrote a value, from the highest authority to the lowest. A lower layer only tightens, unless an exception is named."""

    law = "law"
    standard = "standard"
    guideline = "guideline"
    creditor_policy = "creditor_policy"
    agency_contract = "agency_contract"
    agreement = "agreement"

    @property
    def rank(self) -> int:
        """0 for law, growing downwards."""
        return tuple(Layer).index(self)


TEXT_LAYERS = (Layer.law, Layer.standard, Layer.guideline)
OVERLAY_LAYERS = (Layer.creditor_policy, Layer.agency_contract, Layer.agreement)


class Modality(StrEnum):
    """What follows from a breach. Only `must_not` refuses; the others are reported as warnings under their own name."""

    must_not = "must_not"
    should_not = "should_not"
    presumption = "presumption"
    safe_harbour_lost = "safe_harbour_lost"
    definition = "definition"
    """Nothing is forbidden: the text says what counts as something, and a finding says that this does not."""

    @property
    def finding(self) -> str:
        """What a case of such a rule is called when the rule finds fault."""
        return _FINDINGS[self.value]


_FINDINGS = {
    "must_not": "refused",
    "should_not": "warned",
    "presumption": "presumed",
    "safe_harbour_lost": "harbour_lost",
    "definition": "outside",
}


class Confidence(StrEnum):
    """How well a value is known. What rests on memory or on weak secondary sources is disabled unless somebody enables it."""

    verbatim = "verbatim"
    secondary = "secondary"
    secondary_weak = "secondary_weak"
    memory = "memory"

    @property
    def is_trusted(self) -> bool:
        """Whether a value of this confidence is enabled by default."""
        return self in (Confidence.verbatim, Confidence.secondary)


class Tighter(StrEnum):
    """In which direction a parameter becomes stricter."""

    if_lower = "if_lower"
    if_higher = "if_higher"

    def strictest(self, values: Iterator[int]) -> int:
        """Return the strictest of at least one value."""
        return min(values) if self is Tighter.if_lower else max(values)


class Unit(StrEnum):
    """The unit of a parameter or of a fact that a rule uses. Values are whole numbers in it."""

    minute_of_day = "minute_of_day"
    count_per_local_day = "count_per_local_day"
    number = "count"
    days = "days"
    months = "months"
    minutes = "minutes"
    minor = "minor"
    """Money in minor units of the creditor's currency."""
    yes_no = "yes_no"

    @property
    def largest(self) -> int:
        """The largest value that makes sense in this unit; the smallest is 0."""
        return _LARGEST[self.value]

    def show(self, value: int) -> str:
        """Return the value as a person reads it: a minute of the day as `HH:MM`."""
        return f"{value // 60:02d}:{value % 60:02d}" if self is Unit.minute_of_day else str(value)


_LARGEST = {
    "minute_of_day": 1440,
    "count_per_local_day": 10_000,
    "count": 1_000_000,
    "days": 100_000,
    "months": 3_600,
    "minutes": 10_000_000,
    "minor": 10**15,
    "yes_no": 1,
}


READING_ZH = "我们的理解："
"""The line of a Chinese sense after which the list of how we read the text begins."""

CHANNELS = ("call", "sms", "email", "letter", "visit")
PERFORMER_KINDS = ("agency", "in_house", "robot", "law_firm")
LENDER_CLASSES = ("bank", "consumer_finance", "auto_finance", "small_loan", "trust", "online_lender", "other")


class Bilingual(NamedTuple):
    """One text in Chinese and in English."""

    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Text:
    """One legal text, or one paper of a lower layer.

    Attributes:
        id: stable name inside the pack.
        layer: who wrote it.
        title: in both languages.
        issued_on: day of publication.
        effective_on: first day on which it applies.
        last_reviewed_on: day on which somebody last compared the pack with it.
        lender_classes: the classes of lender it binds; empty binds all.
        product_classes: the classes of product it binds; empty binds all.
    """

    id: str
    layer: Layer
    title: Bilingual
    issued_on: date
    effective_on: date
    last_reviewed_on: date
    lender_classes: tuple[str, ...] = ()
    product_classes: tuple[str, ...] = ()

    def binds(self, *, lender_class: str, product_class: str) -> bool:
        """Whether the text binds this lender and product.

        What is unknown (an empty or undeclared lender class, an empty product class) is bound by every text: not knowing never loosens.
        """
        lender_in = not self.lender_classes or lender_class not in LENDER_CLASSES or lender_class in self.lender_classes
        return lender_in and (not self.product_classes or not product_class or product_class in self.product_classes)


@dataclass(frozen=True, slots=True)
class Reference:
    """Where in which text a value stands. `article` is '' when it is not known, and `note` then says so; `note_zh` in Chinese."""

    text: Text
    article: str
    note: str = ""
    note_zh: str = ""


@dataclass(frozen=True, slots=True)
class DatedValue:
    """One value in time.

    Attributes:
        value: whole number in `unit`.
        unit: of the parameter.
        effective_on: first day on which it holds.
        until_on: first day on which it no longer holds, or None while it stands.
        reference: where it is written.
        confidence: how well that is known.
        is_enabled: whether decisions use it.
    """

    value: int
    unit: Unit
    effective_on: date
    until_on: date | None
    reference: Reference
    confidence: Confidence
    is_enabled: bool = True

    def holds(self, as_of: date) -> bool:
        """Whether decisions of this day use it."""
        return self.is_enabled and self.effective_on <= as_of and (self.until_on is None or as_of < self.until_on)


@dataclass(frozen=True, slots=True)
class Parameter:
    """A named quantity of a rule, with its values in time, possibly from several texts.

    Attributes:
        id: `pack.rule.parameter`, the key under which overlays tighten it.
        name: the attribute by which the rule's body reads it.
        title: in both languages.
        unit: of all its values.
        tighter: which direction is stricter.
        values: in order of text and day; one text's values do not overlap.
    """

    id: str
    name: str
    title: Bilingual
    unit: Unit
    tighter: Tighter
    values: tuple[DatedValue, ...]

    @property
    def loosest(self) -> int:
        """The value that forbids least."""
        return self.unit.largest if self.tighter is Tighter.if_lower else 0


@dataclass(frozen=True, slots=True)
class Exception_:  # noqa: N801 - the law's word, beside Python's own
    """A labelled permission of one text that a lower layer's value takes the place of the text's own value.

    Attributes:
        id: label inside the rule.
        layer: the lower layer that may replace.
        parameters: names of the parameters it may replace.
        reference: the text that grants it; only that text's values are replaced.
        title: in both languages.
    """

    id: str
    layer: Layer
    parameters: tuple[str, ...]
    reference: Reference
    title: Bilingual


@dataclass(frozen=True, eq=False)
class Rule:
    """One prohibition.

    Attributes:
        id: `pack.rule`.
        name: the folder.
        code: stable name of the finding, for machines.
        title: in both languages.
        subject: what it is about; `contact` for the rules of the gate.
        modality: what a breach means.
        channels: the channels it looks at; empty for another subject than a contact.
        is_local: whether it needs the debtor's zone; without one the contact is refused.
        begins_with_text: whether there was no such rule before its first value; otherwise a day without a value is refused.
        facts_used: names of the facts its body reads, with their units.
        explanation: templates with the facts' and parameters' names as places.
        parameters: at least one.
        exceptions: labelled; empty means that lower layers only tighten.
        is_breached: the body, `(facts, values) -> bool or array of bool`.
        sense: the text's sense and how we read it, from the module docstring of `rule.py`.
        sense_zh: the same in Chinese, '' where nobody wrote it; one line per paragraph or item, the list after `READING_ZH`.
        source: the code of `rule.py`.
        cases: the rule's cases as read from `cases.yaml`.
    """

    id: str
    name: str
    code: str
    title: Bilingual
    subject: str
    modality: Modality
    channels: frozenset[str]
    is_local: bool
    begins_with_text: bool
    facts_used: Mapping[str, Unit]
    explanation: Bilingual
    parameters: tuple[Parameter, ...]
    exceptions: tuple[Exception_, ...]
    is_breached: Callable[[Any, SimpleNamespace], Any]
    sense: str
    sense_zh: str
    source: str
    cases: tuple[Mapping[str, Any], ...]

    @property
    def is_enabled(self) -> bool:
        """Whether every parameter has a value that decisions may use."""
        return all(any(value.is_enabled for value in parameter.values) for parameter in self.parameters)


@dataclass(frozen=True, eq=False)
class Pack:
    """The texts and rules of one country. Packs compare by identity: load one once and keep it.

    Attributes:
        id: name of the pack, first part of every rule's id.
        country: ISO 3166-1 alpha-2.
        zone_default: the zone a caller may give a debtor of this country whose zone is not recorded; `decide` never applies it.
        title: in both languages.
        texts: by id.
        vocabulary: the facts that its rules may read: what all packs share and its own.
        rules: all rules, those that are disabled included, by id.
        fingerprint: SHA-256 of the files it was read from, so that a stored verdict names exactly the rules it used.
    """

    id: str
    country: str
    zone_default: str
    title: Bilingual
    texts: Mapping[str, Text]
    vocabulary: Vocabulary
    rules: tuple[Rule, ...]
    fingerprint: str

    def disabled(self) -> list[tuple[Rule, Parameter, DatedValue]]:
        """Return the values that decisions do not use because they are known too weakly."""
        return [(r, p, v) for r in self.rules for p in r.parameters for v in p.values if not v.is_enabled]

    def unreviewed(self, as_of: date, *, days_max: int = 365) -> list[Text]:
        """Return the texts that nobody compared with the pack in the last `days_max` days."""
        return [text for text in self.texts.values() if (as_of - text.last_reviewed_on).days > days_max]


@dataclass(frozen=True, eq=False)
class Overlay:
    """Values of one paper of a lower layer: a creditor's policy, an agency's contract, an agreement with one debtor.

    Attributes:
        text: the paper; its layer is one of `OVERLAY_LAYERS`.
        values: by parameter id (`cn.contact_hours.allowed_until_minute`), in order of day.
    """

    text: Text
    values: Mapping[str, tuple[DatedValue, ...]]
