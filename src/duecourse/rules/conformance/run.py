"""Running a file of vectors: each is judged by our own code and compared with what its author expects.

Three outcomes: passed, failed, unsupported. A line that is no vector stops the run with its number. Unsupported is never a pass.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

from duecourse.kit.errors import DuecourseError, InvalidInput
from duecourse.rules.conformance import addresses, contacts, dealings, messages, notices
from duecourse.rules.conformance.vector import Answer, Reader, Unsupported, Vector
from duecourse.rules.form import Pack
from duecourse.rules.load import shipped_pack

ACTIONS: dict[str, Reader] = {**contacts.ACTIONS, **notices.ACTIONS, **addresses.ACTIONS, **messages.ACTIONS, **dealings.ACTIONS}
"""Which reader answers which action."""

OUTCOMES = ("allow", "deny", "presumed_compliant", "presumed_violation")
_KEYS = {
    *("id", "source_comment", "comment_id_confidence", "basis", "dimension", "facts", "question", "expected", "reason", "filled_in"),
    *("expected_facts", "expected_counters", "strength"),
    *("note", "notes", "title", "description", "source", "citation", "example", "example_id", "tags", "confidence", "provenance"),
}
"""Keys of a vector: those that are read, and those that are for people."""
_NEEDED = ("id", "facts", "question", "expected")


class LineUnreadable(InvalidInput):
    """A line of a file of vectors is not one."""

    what = "Line {line} is no vector: {text}."
    why = "A line that is passed over would look like one that passed."
    todo = "Correct the line, or take it out."
    read = "docs/conformance.md"


class Status(StrEnum):
    """How a vector came out."""

    passed = "passed"
    failed = "failed"
    unsupported = "unsupported"


@dataclass(frozen=True, slots=True)
class Result:
    """One vector's outcome.

    Attributes:
        line: number in the file, from 1.
        id: the vector's name.
        scopes: what it is about: its citations, or its kind.
        status: how it came out.
        expected: what its author expects.
        got: what our rules say; None when unsupported.
        why: what differs, or what is not understood.
    """

    line: int
    id: str
    scopes: tuple[str, ...]
    status: Status
    expected: Any
    got: Any
    why: str


@dataclass(frozen=True, slots=True)
class Report:
    """All results in the order of the file."""

    results: tuple[Result, ...]

    def count(self, status: Status) -> int:
        """Return how many came out so."""
        return sum(result.status is status for result in self.results)

    @property
    def counts(self) -> dict[str, int]:
        """`{"passed": n, "failed": n, "unsupported": n}`."""
        return {status.value: self.count(status) for status in Status}

    def by_scope(self) -> dict[str, dict[str, int]]:
        """Return the counts per citation or kind, in order of name; a vector with several citations counts at each."""
        found: dict[str, Counter[str]] = {}
        for result in self.results:
            for scope in result.scopes:
                found.setdefault(scope, Counter()).update([result.status.value])
        return {scope: {status.value: found[scope][status.value] for status in Status} for scope in sorted(found)}

    def of(self, status: Status) -> list[Result]:
        """Return the results of one status."""
        return [result for result in self.results if result.status is status]


class Suite(Protocol):
    """A kind of vector: it knows its own, and judges them."""

    def knows(self, document: Mapping[str, Any]) -> str:
        """Return '' if the document is of this kind, else why not."""
        ...

    def judge(self, document: Mapping[str, Any], *, line: int) -> Result:
        """Judge a document that it knows."""
        ...


class RuleSuite:
    """Vectors about a pack: facts, a timeline and a question."""

    def __init__(self, pack: Pack) -> None:
        self.pack = pack

    def knows(self, document: Mapping[str, Any]) -> str:
        """Return '' if the document has facts, a question and an expectation of the right shape, else why not."""
        missing = [key for key in _NEEDED if key not in document]
        if missing:
            return f"it has no {', '.join(missing)}"
        if not isinstance(document["facts"], Mapping) or not isinstance(document["question"], Mapping):
            return "facts and question must be mappings"
        if not isinstance(document["id"], str):
            return "id must be a text"
        if document["expected"] not in (*OUTCOMES, None):
            return f"expected is none of {', '.join(OUTCOMES)}, null"
        for key in ("expected_facts", "expected_counters"):
            if not isinstance(document.get(key, {}), Mapping):
                return f"{key} must be a mapping"
        return ""

    def judge(self, document: Mapping[str, Any], *, line: int) -> Result:
        """Answer the question and compare."""
        expected = {key: document[key] for key in ("expected", "expected_facts", "expected_counters") if key in document}
        scopes = document["question"].get("rule_scope")
        named = tuple(str(scope) for scope in scopes) if isinstance(scopes, list) and scopes else ("(no citation)",)
        got: Any = None
        try:
            _refuse_unknown_keys(document)
            answer = answered(document["facts"], document["question"], pack=self.pack)
            got = {"outcome": answer.outcome, "facts": dict(answer.facts), "counters": dict(answer.counters), "rules": list(answer.rules)}
            why = "; ".join(_differences(document, answer))
            status = Status.failed if why else Status.passed
        except Unsupported as error:
            status, why = Status.unsupported, str(error)
        return Result(line, document["id"], named, status, expected, got, why)


def answered(facts: Any, question: Any, *, pack: Pack) -> Answer:
    """Return what the pack says to a question about facts.

    Raises:
        Unsupported: something in facts or question is not fully understood.
    """
    try:
        vector = Vector(facts, question, pack=pack)
        reader = ACTIONS.get(vector.action)
        if reader is None:
            raise Unsupported(f"the action {vector.action!r} is not one we answer")
        answer = reader(vector)
    except DuecourseError as error:
        raise Unsupported(error.message()) from error
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        raise Unsupported(f"a value is of another shape than expected ({type(error).__name__}: {error})") from error
    unread = vector.unread()
    if unread:
        raise Unsupported("; ".join(unread))
    return answer


def run_lines(
    lines: Iterable[str],
    *,
    suites: Sequence[Suite] | None = None,
    progress: Callable[[int], None] | None = None,
) -> Report:
    """Judge every line of a file of vectors.

    Args:
        lines: JSON documents, one a line; empty lines are passed over.
        suites: the kinds of vector that may stand there; by default those about the pack `us`.
        progress: is told how many lines are done.

    Raises:
        LineUnreadable: a line is not JSON, or of no known shape.
    """
    chosen = (RuleSuite(shipped_pack("us")),) if suites is None else tuple(suites)
    results = []
    for line, text in enumerate(lines, start=1):
        if text.strip():
            results.append(_judged(text, line=line, suites=chosen))
        if progress is not None:
            progress(line)
    return Report(tuple(results))


def _judged(text: str, *, line: int, suites: Sequence[Suite]) -> Result:
    try:
        document = json.loads(text, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise LineUnreadable(line=line, text=f"not JSON ({error})") from None
    if not isinstance(document, dict):
        raise LineUnreadable(line=line, text="not a JSON object")
    reasons = []
    for suite in suites:
        reason = suite.knows(document)
        if not reason:
            return suite.judge(document, line=line)
        reasons.append(reason)
    raise LineUnreadable(line=line, text="; or ".join(reasons))


def _no_number(name: str) -> Any:
    raise ValueError(f"{name} is no number")


def _refuse_unknown_keys(document: Mapping[str, Any]) -> None:
    unknown = sorted(document.keys() - _KEYS)
    if unknown:
        raise Unsupported(f"the vector has {', '.join(unknown)}, which was not understood")


def _differences(document: Mapping[str, Any], answer: Answer) -> list[str]:
    expected, facts = document["expected"], dict(document.get("expected_facts", {}))
    counters = dict(document.get("expected_counters", {}))
    if expected is None and not facts and not counters:
        raise Unsupported("nothing is expected")
    found = []
    if expected is not None and answer.outcome is None:
        raise Unsupported(f"{expected} is expected, but only facts were derived")
    if expected is not None and answer.outcome != expected:
        found.append(f"{answer.outcome}, not {expected}")
    choices = facts.pop("counters_any_of", None)
    if choices is not None and all(_counter_differences(choice, answer) for choice in choices):
        found.append(f"counted {dict(answer.counters)}, none of {choices}")
    counters |= facts.pop("counters", {})
    if isinstance(facts.get("rebuttal_factors"), list):
        facts["rebuttal_factors"] = sorted(_factor_named(value) for value in facts["rebuttal_factors"])
    if "rebuttal_factor" in facts:
        facts["rebuttal_factor"] = _factor_named(facts["rebuttal_factor"])
    found += [f"{key} is {answer.facts[key]!r}, not {value!r}" for key, value in facts.items() if _given(answer.facts, key) != value]
    return found + _counter_differences(counters, answer)


def _counter_differences(counters: Mapping[str, Any], answer: Answer) -> list[str]:
    found = []
    for debt, wanted in counters.items():
        counted = _given(answer.counters, debt)
        for key, value in wanted.items() if isinstance(wanted, Mapping) else ():
            if _given(counted, key) != value:
                found.append(f"{key} of {debt} is {counted[key]!r}, not {value!r}")
        if not isinstance(wanted, Mapping) and counted != wanted:
            found.append(f"{debt} is {counted!r}, not {wanted!r}")
    return found


_FACTORS: dict[str, tuple[str, ...]] = {
    "rapid_succession_calls": ("rapid_calls", "rapid_succession"),
    "highly_concentrated_calls": ("concentrated_calls", "high_concentration_of_calls", "high_concentration", "highly_concentrated"),
    "rapid_succession_voicemails": ("rapid_voicemails",),
    "highly_concentrated_voicemails": ("concentrated_voicemails", "high_concentration_of_voicemails"),
    "prior_statement": ("prior_statements", "prior_communications", "content_of_prior_communications"),
    "prior_collector_conduct": ("prior_conduct", "collector_prior_conduct", "collector_conduct"),
    "required_by_law": (
        "applicable_law",
        "legally_required",
        "legally_required_call",
        "compliance_with_applicable_law",
        "required_by_applicable_law",
    ),
    "active_litigation": ("litigation", "directly_related_to_active_litigation", "related_to_active_litigation"),
    "consumer_request": (
        "consumer_requested_information",
        "response_to_consumer_request",
        "request_for_additional_information",
        "requested_information",
    ),
    "avoid_negative_effect": (
        "opportunity_to_avoid_negative_effect",
        "avoid_demonstrably_negative_effect",
        "time_sensitive_negative_effect",
    ),
}
"""The names under which vectors may know our factors for and against a presumption."""


def _factor_named(value: Any) -> Any:
    """Return our name of a factor.

    Raises:
        Unsupported: nobody here calls a factor so.
    """
    if value is None or value in _FACTORS:
        return value
    name = next((name for name, others in _FACTORS.items() if value in others), None)
    if name is None:
        raise Unsupported(f"{value!r} is the name of no factor that is known here")
    return name


def _given(derived: Any, key: str) -> Any:
    if not isinstance(derived, Mapping) or key not in derived:
        raise Unsupported(f"{key} is expected, which is not derived here")
    return derived[key]
