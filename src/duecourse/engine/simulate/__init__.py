"""A simulated world of debtors, agencies and a bank, whose truth is known. Everything that comes out of it is simulated.

See docs/algorithms/simulate.md for the model, its parameters, the moments it is held to, and what it does not prove.
"""

from duecourse.engine.simulate.parameters import PRESETS, SEGMENTS, Behaviour, Preset, PresetName, WorldSettings
from duecourse.engine.simulate.schemas import (
    AGENCIES,
    CALL_OUTCOMES,
    CALLS,
    COMPLAINTS,
    DISPUTES,
    PAYMENTS,
    PLACEMENTS,
    PROMISES,
    REVERSALS,
    TAPE,
    TRUTH,
    UnusableDecision,
    WorldOutOfStep,
    WorldUnimaginable,
)
from duecourse.engine.simulate.world import Decisions, Events, World

__all__ = [
    "AGENCIES",
    "CALLS",
    "CALL_OUTCOMES",
    "COMPLAINTS",
    "DISPUTES",
    "PAYMENTS",
    "PLACEMENTS",
    "PRESETS",
    "PROMISES",
    "REVERSALS",
    "SEGMENTS",
    "TAPE",
    "TRUTH",
    "Behaviour",
    "Decisions",
    "Events",
    "Preset",
    "PresetName",
    "UnusableDecision",
    "World",
    "WorldOutOfStep",
    "WorldSettings",
    "WorldUnimaginable",
]
