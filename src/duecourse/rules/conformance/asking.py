"""Asking the pack: the rules within the question's citations are run, and what they say becomes an answer.

A citation such as `1006.14(b)(2)` takes in every rule one of whose values stands at it, below it, or in the paragraph above it;
`1006.6(d)(3)-(4)` is a range.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from functools import lru_cache
from typing import Any

from duecourse.rules.conformance.vector import Answer, Unsupported
from duecourse.rules.decide import decide, judge
from duecourse.rules.facts import ContactFacts
from duecourse.rules.form import Modality, Overlay, Pack, Rule
from duecourse.rules.verdict import Judgement, Verdict

_CITATION = re.compile(r"(\d+\.\d+)((?:\([A-Za-z0-9]+\))*)(?:-\(([A-Za-z0-9]+)\))?")
_REFUSING = (Modality.must_not, Modality.safe_harbour_lost)


def ask_contact(facts: ContactFacts, *, pack: Pack, scope: Sequence[str], layers: Sequence[Overlay] = ()) -> Answer:
    """Run the gate on a contact and answer for the rules in scope.

    Raises:
        Unsupported: no rule about this medium stands within the citations.
    """
    return answer_of(decide(facts, packs=(pack,), as_of=facts.local_on, layers=layers), pack=pack, scope=scope)


def ask(
    subject: str, known: Mapping[str, int], *, pack: Pack, scope: Sequence[str], as_of: date, about: Sequence[str] | None = None
) -> Answer:
    """Run the rules about another subject and answer for those in scope, and of these for those named in `about` where it is given.

    Raises:
        Unsupported: no rule about the subject stands within the citations.
    """
    return answer_of(judge(subject, known, packs=(pack,), as_of=as_of), pack=pack, scope=scope, about=about)


def answer_of(verdict: Verdict | Judgement, *, pack: Pack, scope: Sequence[str], about: Sequence[str] | None = None) -> Answer:
    """Return the answer of a verdict for the rules in scope.

    The outcome is deny where a prohibition or a safe harbour fails, presumed_violation where a presumption is raised; without a finding it
    is presumed_compliant where the rules in scope only presume, else allow. `facts` holds the codes of all findings in scope under
    `codes`, those that only warn under `warnings`, and `warn` when there are any.
    """
    asked = {rule.id for rule in rules_in(pack, tuple(scope))} & {bound.rule.id for bound in verdict.checked}
    if about is not None:
        asked &= {f"{pack.id}.{name}" for name in about}
    if not asked:
        raise Unsupported(f"no rule of the pack {pack.id} about this stands at {', '.join(scope)}")
    told = [reason for reason in (*verdict.reasons, *verdict.warnings) if reason.rule_id in asked]
    modalities = {bound.rule.modality for bound in verdict.checked if bound.rule.id in asked}
    warnings = sorted(reason.code for reason in told if reason.modality is Modality.should_not)
    if any(reason.modality in _REFUSING for reason in told):
        outcome = "deny"
    elif any(reason.modality is Modality.presumption for reason in told):
        outcome = "presumed_violation"
    else:
        only_presumes = Modality.presumption in modalities and not modalities & {*_REFUSING}
        outcome = "presumed_compliant" if only_presumes else "allow"
    facts: dict[str, Any] = {"codes": sorted(reason.code for reason in told), "warnings": warnings, "warn": bool(warnings)}
    return Answer(outcome, facts, {}, tuple(sorted(asked)))


@lru_cache(maxsize=512)
def rules_in(pack: Pack, scope: tuple[str, ...]) -> tuple[Rule, ...]:
    """Return the enabled rules one of whose values stands within the citations."""
    wanted = [path for citation in scope for path in paths_of(citation)]
    return tuple(rule for rule in pack.rules if rule.is_enabled and any(_meets(path, wanted) for path in _standing(rule)))


def paths_of(citation: str) -> list[tuple[str, ...]]:
    """Return the paragraphs of a citation, a range as one path each.

    Raises:
        Unsupported: it is not of the form 1006.14(b)(2), or 1006.14(b)(1)-(4) with numbers or small letters.
    """
    matched = _CITATION.fullmatch(citation.strip())
    if matched is None:
        raise Unsupported(f"{citation!r} is no citation")
    section, levels, last = matched.groups()
    path = (section, *re.findall(r"\(([^)]+)\)", levels))
    if last is None:
        return [path]
    return [(*path[:-1], level) for level in _range(path[-1], last, citation=citation)]


def _range(first: str, last: str, *, citation: str) -> list[str]:
    if first.isdigit() and last.isdigit() and int(first) <= int(last):
        return [str(number) for number in range(int(first), int(last) + 1)]
    if len(first) == len(last) == 1 and first.isalpha() and first.islower() and first <= last:
        return [chr(code) for code in range(ord(first), ord(last) + 1)]
    raise Unsupported(f"{citation!r} is no range that can be read")


def _standing(rule: Rule) -> Iterator[tuple[str, ...]]:
    for parameter in rule.parameters:
        for value in parameter.values:
            for section, levels, _ in _CITATION.findall(value.reference.article):
                yield (section, *re.findall(r"\(([^)]+)\)", levels))


def _meets(path: tuple[str, ...], wanted: Sequence[tuple[str, ...]]) -> bool:
    return any(path[: len(other)] == other or other[: len(path)] == path for other in wanted)
