"""What the studio's pages show of allocations: the preview with bars and words, what was chosen, and two allocations side by side."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext

from duecourse.doors import words
from duecourse.doors.console.pages.studio.studio_forms import share_text
from duecourse.kit.money import BASIS_POINTS, format_amount
from duecourse.placement import selectors
from duecourse.placement.models import AllocationRun


def preview_shown(run: AllocationRun, /, *, creditor_id: int) -> dict[str, Any]:
    """Return the preview of an allocation as its page shows it: words in the reader's language, shares of caps, change against the month before."""
    facts = selectors.allocation_preview(creditor_id=creditor_id, allocation_run_id=run.pk)
    propensities = selectors.slice_propensities(creditor_id=creditor_id, allocation_run_id=run.pk)
    before = selectors.allocation_before(creditor_id=creditor_id, allocation_run_id=run.pk) if run.run_id else {"as_of": None, "rows": []}
    earlier = {row["code"]: row for row in before["rows"]}
    agencies = []
    for row in facts["agencies"]:
        least, most = propensities.get(row["agency_id"], (None, None))
        past = earlier.get(row["code"])
        agencies.append(
            row
            | {
                "used": min(100, row["case_count"] * 100 // row["cap_count"]) if row["cap_count"] else 0,
                "placed_share": row["case_count"] / facts["placed_count"] if facts["placed_count"] else None,
                "least_share": least,
                "most_share": most,
                "change_count": row["case_count"] - past["before_case_count"] if past else None,
            }
        )
    gone = [row for row in before["rows"] if row["before_case_count"] and not any(one["code"] == row["code"] for one in facts["agencies"])]
    return {
        "facts": facts,
        "currency": facts["policy"]["currency"],
        "agencies": agencies,
        "expected_minor": sum(row["expected_recovered_minor"] for row in facts["agencies"]),
        "placed_minor": facts["placed_minor"].get(facts["policy"]["currency"], 0),
        "before_on": before["as_of"],
        "gone": gone,
        "reasons": [_with_text(row) for row in facts["reasons"]],
        "left_out": [_with_text(row) for row in facts["left_out"]],
        "barriers": [_with_text(row) | {"agency": _code(row, facts["agencies"])} for row in facts["barriers"] if row["agency_id"]],
        "obstacles": facts["obstacles"],
        "explore_share": facts["policy"]["explore_share_bp"] / BASIS_POINTS,
    }


def choices_shown(run: AllocationRun, /, *, names: Mapping[int, str], currency: str) -> list[tuple[str, str]]:
    """Return what was chosen for an allocation beside the house's policy and the contracts, as label and text; empty for nothing."""
    chosen = run.policy.get("choices") or {}
    found = []
    if chosen.get("objective") == "equal":
        found.append((gettext("What for"), gettext("Like for like: everybody by lot")))
    if "explore_share_bp" in chosen:
        found.append((gettext("Random slice"), f"{share_text(chosen['explore_share_bp'])} %"))
    if "may_return_to_previous_agency" in chosen:
        text = gettext("may go back to an agency that had them") if chosen["may_return_to_previous_agency"] else gettext("do not go back")
        found.append((gettext("Cases"), text))
    for number, limits in chosen.get("agencies", {}).items():
        found.append((names.get(int(number), number), _limits_text(limits, currency)))
    return found


def compared(left: AllocationRun, right: AllocationRun, /, *, creditor_id: int) -> dict[str, Any]:
    """Return two allocations side by side: figures with their difference, and each agency's cases and amounts in both."""
    shown = [preview_shown(run, creditor_id=creditor_id) for run in (left, right)]
    currency = shown[0]["currency"]
    summaries = [run.summary for run in (left, right)]
    figures = [
        _figure(gettext("Cases placed"), *(one["facts"]["placed_count"] for one in shown), kind="count"),
        _figure(gettext("Cases left out"), *(one["facts"]["left_out_count"] for one in shown), kind="count"),
        _figure(gettext("Balance placed"), *(one["placed_minor"] for one in shown), kind="money"),
        _figure(
            gettext("Expected net recovery of the plan"), *(summary["plan_value_minor"] for summary in summaries), kind="money", is_key=True
        ),
        _figure(
            gettext("Expected net recovery after the draw"), *(summary["value_minor"] for summary in summaries), kind="money", is_key=True
        ),
        _figure(gettext("Bound of what is possible"), *(summary["bound_minor"] for summary in summaries), kind="money"),
        _figure(gettext("Expected before fee and agency"), *(one["expected_minor"] for one in shown), kind="money"),
        _figure(gettext("Cases drawn at random"), *(one["facts"]["slice_count"] for one in shown), kind="count"),
    ]
    sides = [{row["code"]: row for row in one["facts"]["agencies"]} for one in shown]
    agencies = [
        {
            "code": code,
            "name": (sides[0].get(code) or sides[1][code])["name"],
            "counts": [side.get(code, {"case_count": 0})["case_count"] for side in sides],
            "amounts": [side.get(code, {"balance_minor": 0})["balance_minor"] for side in sides],
        }
        for code in sorted(sides[0] | sides[1])
    ]
    for row in agencies:
        row["change"] = row["counts"][1] - row["counts"][0]
    changes = {name: summaries[1][f"{name}_minor"] - summaries[0][f"{name}_minor"] for name in ("plan_value", "value")}
    return {
        "figures": figures,
        "compared_agencies": agencies,
        "plan_minor": changes["plan_value"],
        "drawn_minor": changes["value"],
        "currency": currency,
    }


def _figure(text: str, left: int, right: int, *, kind: str, is_key: bool = False) -> dict[str, Any]:
    return {"text": text, "left": left, "right": right, "change": right - left, "kind": kind, "is_key": is_key}


def _limits_text(limits: Mapping[str, Any], currency: str) -> str:
    if limits.get("is_asked") is False:
        return gettext("takes no part")
    lang = "zh" if words.is_chinese() else "en"
    texts = {
        "capacity_count": lambda value: gettext("at most {count} cases").format(count=f"{value:,}"),
        "capacity_minor": lambda value: gettext("at most {amount}").format(amount=format_amount(value, currency, lang=lang)),
        "share_min_bp": lambda value: gettext("at least {share} percent").format(share=share_text(value)),
        "share_cap_bp": lambda value: gettext("at most {share} percent").format(share=share_text(value)),
    }
    return ", ".join(text(limits[name]) for name, text in texts.items() if name in limits)


def _with_text(row: Mapping[str, Any]) -> dict[str, Any]:
    return dict(row) | {"text": words.in_language(dict(row))}


def _code(row: Mapping[str, Any], agencies: list[dict[str, Any]]) -> str:
    return next((one["code"] for one in agencies if one["agency_id"] == row["agency_id"]), "")
