"""Every write of this room. Each service opens `acting(actor)` itself."""

from __future__ import annotations

from duecourse.portfolio.services.by_hand import hold_by_hand, hold_lift_by_hand
from duecourse.portfolio.services.cases import CASES_PLACED, case_close, cases_close, cases_close_absent, cases_placed
from duecourse.portfolio.services.erasure import erasures_replay, person_erase
from duecourse.portfolio.services.holds import hold_lift, hold_place, pause_add
from duecourse.portfolio.services.intake import IntakeResult, tape_intake
from duecourse.portfolio.services.lifts import HOLDS_MAX, LIFT_REASONS, HoldsLifted, holds_lift
from duecourse.portfolio.services.looks import PURPOSES, Purpose, person_look
from duecourse.portfolio.services.mappings import mapping_save
from duecourse.portfolio.services.reveal import HANDOVER_FIELDS, RevealedPerson, RevealedPoint, handover_rows, person_reveal
from duecourse.portfolio.services.snapshots import SCORED, scores_write, snapshots_write
from duecourse.portfolio.services.specs import OVERDUE_TAPE, saved_folder, shipped_mappings, tape_mapping, tape_mapping_save
from duecourse.portfolio.services.stops import STOP_LIST, StopsLoaded, stops_lift, stops_load
from duecourse.portfolio.services.totals import ControlTotals
from duecourse.portfolio.services.uploads import OpenedFile, tape_file_open, upload_opened, upload_put, upload_ref, uploads_expire

__all__ = [
    "CASES_PLACED",
    "HANDOVER_FIELDS",
    "HOLDS_MAX",
    "LIFT_REASONS",
    "OVERDUE_TAPE",
    "PURPOSES",
    "SCORED",
    "STOP_LIST",
    "ControlTotals",
    "HoldsLifted",
    "IntakeResult",
    "OpenedFile",
    "Purpose",
    "RevealedPerson",
    "RevealedPoint",
    "StopsLoaded",
    "case_close",
    "cases_close",
    "cases_close_absent",
    "cases_placed",
    "erasures_replay",
    "handover_rows",
    "hold_by_hand",
    "hold_lift",
    "hold_lift_by_hand",
    "hold_place",
    "holds_lift",
    "mapping_save",
    "pause_add",
    "person_erase",
    "person_look",
    "person_reveal",
    "saved_folder",
    "scores_write",
    "shipped_mappings",
    "snapshots_write",
    "stops_lift",
    "stops_load",
    "tape_file_open",
    "tape_intake",
    "tape_mapping",
    "tape_mapping_save",
    "upload_opened",
    "upload_put",
    "upload_ref",
    "uploads_expire",
]
