"""Evaluation (考核): how well each agency did with what it was given, and how sure one can be.

Guarantees:
    No function ranks. A scorecard states observed over expected, shrunk, with a 90 % interval, and the probabilities of being best
    and among the best three; where the cases are too few it says 'cannot rank yet'. Contractual rates are integer arithmetic. Nothing
    is random: the same frames in any order give the same result.

Source: docs/algorithms/evaluation.md
"""

from duecourse.engine.evaluation.effects import effects, segment_effects
from duecourse.engine.evaluation.expectations import segment_expectations
from duecourse.engine.evaluation.rates import recovery_rates
from duecourse.engine.evaluation.schemas import (
    EXPECTATIONS,
    FLOORS,
    OUTCOMES,
    RATES,
    SCORECARD,
    WHY_NOT,
    EvaluationPolicy,
)
from duecourse.engine.evaluation.scorecard import evaluate
from duecourse.engine.evaluation.shrinkage import Posterior, shrink

__all__ = [
    "EXPECTATIONS",
    "FLOORS",
    "OUTCOMES",
    "RATES",
    "SCORECARD",
    "WHY_NOT",
    "EvaluationPolicy",
    "Posterior",
    "effects",
    "evaluate",
    "recovery_rates",
    "segment_effects",
    "segment_expectations",
    "shrink",
]
