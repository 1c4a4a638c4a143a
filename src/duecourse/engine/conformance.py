"""Vectors about servicing loans: delinquency, allocation of payments, commission, claw-back; each kind run by the engine's own function."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from duecourse.rules.conformance.run import Result, Status
from duecourse.rules.conformance.vector import Unsupported

KINDS: dict[str, Callable[[Mapping[str, Any]], Any]] = {}
"""Which function answers which kind, from its inputs to what is expected."""


class ServicingSuite:
    """Vectors with a kind, inputs and what is expected."""

    def knows(self, document: Mapping[str, Any]) -> str:
        """Return '' if the document has id, kind, inputs and expected, else why not."""
        missing = [key for key in ("id", "kind", "inputs", "expected") if key not in document]
        if missing:
            return f"it has no {', '.join(missing)}"
        if not isinstance(document["inputs"], Mapping) or not all(isinstance(document[key], str) for key in ("id", "kind")):
            return "id and kind must be texts and inputs a mapping"
        return ""

    def judge(self, document: Mapping[str, Any], *, line: int) -> Result:
        """Run the engine on the inputs and compare."""
        kind, expected, got, why = document["kind"], document["expected"], None, ""
        try:
            got = answered(kind, document["inputs"])
            status = Status.passed if got == expected else Status.failed
            why = "" if status is Status.passed else "the engine says otherwise"
        except Unsupported as error:
            status, why = Status.unsupported, str(error)
        return Result(line, document["id"], (kind,), status, expected, got, why)


def answered(kind: str, inputs: Mapping[str, Any]) -> Any:
    """Return what the engine makes of the inputs.

    Raises:
        Unsupported: the engine has no function for the kind, or not for these inputs.
    """
    answer = KINDS.get(kind)
    if answer is None:
        raise Unsupported(f"the engine has no function for {kind}")
    return answer(inputs)
