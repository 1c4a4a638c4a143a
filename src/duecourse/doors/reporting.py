"""The report of a month, prepared for showing; page and terminal share it. Call inside `acting(...)`."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from duecourse.doors import figures, words
from duecourse.kit.calendar import zone
from duecourse.kit.errors import Absent


def newest_month(creditor_id: int) -> str | None:
    """Return the newest month in which something was done, else the newest month, or None when there is none."""
    from duecourse.cycle import selectors

    runs = selectors.runs(creditor_id)
    begun = (run.month for run in runs if selectors.latest_steps(run))
    return next(begun, runs[0].month if runs else None)


def month_facts(*, creditor_id: int, month: str) -> dict[str, Any]:
    """Return the report of a month as facts: amounts in minor units, ISO dates, stable codes.

    Raises:
        Absent: there is no such month with this creditor.
    """
    from duecourse.cycle import selectors

    if all(run.month != month for run in selectors.runs(creditor_id)):
        raise Absent(entity="month")
    return selectors.month_report(creditor_id=creditor_id, month=month)


def month_shown(facts: dict[str, Any]) -> dict[str, Any]:
    """Return the facts with what a reader needs beside them: words for codes, sides of laws with their currency, and figures."""
    currency = facts["creditor"]["currency"]
    columns, rows = figures.matrix_of(facts["roll_rates"])
    buckets = facts["buckets"]
    lengths = figures.bar_lengths([row["balance_minor"] for row in buckets])
    axis = figures.axis_of(facts["scorecards"])
    laws = [law for step in facts["steps"] for law in step["laws"]]
    return {
        "report": facts,
        "currency": currency,
        "opened": _local(facts["opened_at"], facts["creditor"]["zone"]),
        "closed": _local(facts["closed_at"], facts["creditor"]["zone"]),
        "steps": [_step(step, currency) for step in facts["steps"]],
        "quarantined": [row["column"] for row in (facts["tape"] or {}).get("quarantined", [])],
        "law_count": len(laws),
        "held_count": sum(bool(law["holds"]) for law in laws),
        "buckets": [{**row, "length": length} for row, length in zip(buckets, lengths, strict=True)],
        "bucket_count": sum(row["account_count"] for row in buckets),
        "bucket_minor": sum(row["balance_minor"] for row in buckets),
        "roll_columns": columns,
        "roll_rows": rows,
        "refusals": _refusals(facts["contacts"]["refusals"]),
        "axis": axis,
        "scorecards": _scorecards(facts["scorecards"], axis),
        "loads": [_load(agency) for agency in (facts["allocation"] or {}).get("agencies", [])],
    }


def _local(instant: str | None, zone_name: str) -> str:
    """Return an instant as a person in the creditor's zone reads it, or a dash."""
    return datetime.fromisoformat(instant).astimezone(zone(zone_name)).strftime("%Y-%m-%d %H:%M %Z") if instant else "–"


def _step(step: dict[str, Any], currency: str) -> dict[str, Any]:
    shown = []
    for law in step["laws"]:
        text, unit = words.law(law["name"], currency=currency)
        shown.append({**law, "text": text, "currency": unit})
    counts = [
        {"text": words.word(code), "number": number, "currency": currency if code.endswith("_minor") else ""}
        for code, number in words.counts_shown(step["counts"])
    ]
    holds = all(law["holds"] for law in step["laws"])
    return {**step, "laws": shown, "counts": counts, "is_done": step["state"] == "checked", "holds": holds}


def _refusals(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the refusals gathered by reason, each with its performers, most frequent first."""
    gathered: dict[str, dict[str, Any]] = {}
    for row in rows:
        reason = gathered.setdefault(row["code"], {**row, "text": words.in_language(row), "request_count": 0, "performers": []})
        reason["request_count"] += row["request_count"]
        reason["performers"].append(row)
    return sorted(gathered.values(), key=lambda reason: (-reason["request_count"], reason["code"]))


def _scorecards(cards: list[dict[str, Any]], axis: figures.Axis) -> list[dict[str, Any]]:
    """Return the scorecards by evidence and measure; within a group agencies stand by their code, for there is no rank."""
    groups: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for card in sorted(cards, key=lambda card: card["agency_code"]):
        groups.setdefault((card["evidence"], card["measure"]), []).append({**card, "plot": figures.interval_of(card, axis)})
    order = sorted(groups, key=lambda key: (key[0] != "randomised", key[1] != "money"))
    return [{"evidence": evidence, "measure": measure, "cards": groups[evidence, measure]} for evidence, measure in order]


def _load(agency: dict[str, Any]) -> dict[str, Any]:
    capacity = agency["capacity_count"]
    used = min(figures.BAR_LENGTH, agency["case_count"] * figures.BAR_LENGTH // capacity) if capacity else None
    return {**agency, "used": used}
