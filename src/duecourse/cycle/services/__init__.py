"""Every write about months: opening and closing them, running their steps, computing them again."""

from duecourse.cycle.services.choices import OBJECTIVES, AllocationChoices
from duecourse.cycle.services.drafts import allocation_draft
from duecourse.cycle.services.perform import Applied, Law, Month, perform, resume
from duecourse.cycle.services.replay import Replayed, replay
from duecourse.cycle.services.runs import run_close, run_of, run_open

__all__ = [
    "OBJECTIVES",
    "AllocationChoices",
    "Applied",
    "Law",
    "Month",
    "Replayed",
    "allocation_draft",
    "perform",
    "replay",
    "resume",
    "run_close",
    "run_of",
    "run_open",
]
