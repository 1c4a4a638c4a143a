"""A month's report as the selector gives it, of a made-up bank; what pages and commands are tested against."""

from __future__ import annotations

import hashlib
from typing import Any

AGENCIES = (
    ("aoki", "Aoki Collections 青木催收", "external", 412, 1_204_330_00, 44, 450, (1.21, 1.08, 1.36, True)),
    ("birch", "Birch Recovery 白桦清收", "external", 398, 1_150_912_50, 41, 400, (0.98, 0.86, 1.11, True)),
    ("cedar", "Cedar Legal 雪松律所", "law_firm", 120, 990_408_10, 12, 120, (0.91, 0.61, 1.33, False)),
    ("in-house", "Lanxi in-house team 兰溪内催", "in_house", 310, 702_118_75, 33, None, (0.84, 0.72, 0.97, True)),
)


def digest(text: str) -> str:
    """Return 64 hexadecimal digits that stand for a hash."""
    return hashlib.sha256(text.encode()).hexdigest()


def law(name: str, left: int, right: int) -> dict[str, Any]:
    """Return a law with its two sides."""
    return {"name": name, "left": left, "right": right, "holds": left == right}


STEPS: list[tuple[str, str, dict[str, Any], list[dict[str, Any]]]] = [
    (
        "intake",
        "2026-09-01",
        {"row_count": 1500, "accepted_count": 1494, "rejected_count": 6, "passed_over_count": 0, "tape_id": 2, "closed_case_count": 38},
        [
            law("rows in = accepted + rejected + passed over", 1500, 1500),
            law("accepted rows = accounts on the tape", 1494, 1494),
            law("balance of the tape = balance in the books", 4_320_118_35, 4_320_118_35),
        ],
    ),
    (
        "snapshot",
        "2026-09-01",
        {"account_count": 1494},
        [law("accounts in = snapshots", 1494, 1494), law("balance in = balance out", 432011835, 432011835)],
    ),
    (
        "score",
        "2026-09-01",
        {"case_count": 1302, "segment_count": 14},
        [law("cases in = cases scored", 1302, 1302), law("cases that differ", 0, 0)],
    ),
    (
        "allocate",
        "2026-09-01",
        {
            "allocation_run_id": 7,
            "case_count": 1302,
            "placed_count": 1240,
            "placed_minor": 4_047_769_35,
            "slice_count": 130,
            "over_capacity_count": 0,
        },
        [law("cases in = rows", 1302, 1302), law("cases that stand twice", 0, 0), law("agencies over capacity", 0, 0)],
    ),
    (
        "hand_over",
        "2026-09-01",
        {"batch_count": 4, "case_count": 1240, "placed_minor": 4_047_769_35},
        [law("cases allocated = placed + withheld", 1240, 1240), law("balance allocated = balance placed", 4_047_769_35, 4_047_769_35)],
    ),
    (
        "contact",
        "2026-09",
        {
            "request_count": 18_204,
            "permit_count": 15_981,
            "refusal_count": 2_223,
            "unreported_count": 12,
            "most_slots_held": 3,
            "most_connected": 3,
        },
        [law("requests = permits + refusals", 18_204, 18_204), law("connected calls of a debtor-day over the limit", 0, 0)],
    ),
    (
        "repay",
        "2026-09",
        {"payment_count": 611, "judged_promise_count": 402},
        [law("CNY postings sum to zero", 0, 0), law("CNY received = imputed + suspense", 812_440_21, 812_440_21)],
    ),
    (
        "measure",
        "2026-09",
        {"scorecard_count": 16, "batch_count": 4},
        [law("denominators = balances frozen at placement", 4_047_769_35, 4_047_769_35)],
    ),
    (
        "settle",
        "2026-09",
        {"statement_count": 3, "line_count": 528, "commission_minor": 143_018_07},
        [law("lines computed = statements", 143_018_07, 143_018_07), law("attributed payments = lines", 528, 528)],
    ),
    (
        "close",
        "2026-09",
        {"audit_position": 20_417},
        [law("statements = movement in the books", 143_018_07, 143_018_07), law("broken links in the trail", 0, 0)],
    ),
]


def steps() -> list[dict[str, Any]]:
    """Return the ten steps, all checked."""
    return [
        {
            "name": name,
            "number": number,
            "state": "checked",
            "period": period,
            "counts": counts,
            "laws": [dict(law) for law in laws],
            "finished_at": f"2026-10-01T0{number % 10}:00:00+00:00",
            "inputs_hash": digest(f"in {name}"),
            "outputs_hash": digest(f"out {name}"),
        }
        for number, (name, period, counts, laws) in enumerate(STEPS, 1)
    ]


def scorecards() -> list[dict[str, Any]]:
    """Return a scorecard for every agency, kind of evidence and measure."""
    rows = []
    for evidence in ("randomised", "adjusted"):
        for measure in ("money", "payers"):
            for code, name, kind, case_count, placed_minor, slice_count, _capacity, (ratio, low, high, can_rank) in AGENCIES:
                wider = 0.18 if evidence == "randomised" else 0.0
                rows.append(
                    {
                        "agency_code": code,
                        "agency_name": name,
                        "kind": kind,
                        "evidence": evidence,
                        "measure": measure,
                        "case_count": slice_count if evidence == "randomised" else case_count,
                        "placed_minor": placed_minor,
                        "recovered_minor": placed_minor // 5,
                        "ratio": ratio,
                        "ratio_low": round(low - wider, 2),
                        "ratio_high": round(high + wider, 2),
                        "can_rank": can_rank and evidence == "adjusted",
                        "why_not": "" if can_rank and evidence == "adjusted" else "too_few_cases",
                    }
                )
    return rows


def refusals() -> list[dict[str, Any]]:
    """Return refusals by reason and performer."""
    hours = {"code": "cn.contact_hours", "en": "Outside the hours in which debtors may be contacted.", "zh": "不在允许联系的时段内。"}
    calls = {
        "code": "cn.connected_calls_daily",
        "en": "The debtor has been reached three times today, all performers together.",
        "zh": "今日该债务人已接通三次（全部机构合计）。",
    }
    hold = {"code": "hold", "en": "A hold stands on this case.", "zh": "该案件处于停催状态。"}
    return [
        {**reason, "performer_code": code, "request_count": requests, "debtor_count": debtors}
        for reason, rows in (
            (hours, [("aoki", 604, 211), ("birch", 551, 190), ("in-house", 98, 44)]),
            (calls, [("aoki", 402, 96), ("birch", 377, 103), ("in-house", 160, 51)]),
            (hold, [("birch", 31, 9)]),
        )
        for code, requests, debtors in rows
    ]


def allocation() -> dict[str, Any]:
    """Return the allocation with its agencies and who was left out."""
    left_out = [
        {
            "reason": "no_capacity",
            "en": "Every agency that may take it is full.",
            "zh": "可承接机构均已满额。",
            "case_count": 41,
            "balance_minor": 190_220_00,
        },
        {"reason": "hold", "en": "A hold stands on this case.", "zh": "该案件处于停催状态。", "case_count": 21, "balance_minor": 82_129_00},
    ]
    return {
        "id": 7,
        "state": "published",
        "case_count": 1302,
        "placed_count": 1240,
        "placed_minor": 4_047_769_35,
        "slice_count": 130,
        "gap_share": 0.0013,
        "left_out": left_out,
        "agencies": [
            {
                "agency_id": number,
                "code": code,
                "name": name,
                "kind": kind,
                "case_count": case_count,
                "balance_minor": minor,
                "slice_count": slice_count,
                "capacity_count": capacity,
            }
            for number, (code, name, kind, case_count, minor, slice_count, capacity, _ratio) in enumerate(AGENCIES, 1)
        ],
    }


def roll_rates() -> list[dict[str, Any]]:
    """Return how accounts moved since the month before."""
    moved = {
        "M1": {"cured": 0.412, "M1": 0.11, "M2": 0.478},
        "M2": {"cured": 0.181, "M1": 0.052, "M2": 0.09, "M3": 0.677},
        "M3": {"cured": 0.083, "M3": 0.06, "M4": 0.857},
        "new": {"M1": 1.0},
    }
    return [
        {"from_bucket": start, "to_bucket": end, "account_count": round(share * 400), "count_share": share}
        for start, row in moved.items()
        for end, share in row.items()
    ]


def batches() -> list[dict[str, Any]]:
    """Return the batches handed over."""
    return [
        {
            "id": number,
            "code": f"2026-09-01/{code}",
            "agency_code": code,
            "agency_name": name,
            "placed_on": "2026-09-01",
            "term_until_on": "2026-11-30",
            "case_count": case_count,
            "placed_minor": minor,
            "currency": "CNY",
            "sha256": digest(code),
        }
        for number, (code, name, _kind, case_count, minor, *_rest) in enumerate(AGENCIES, 1)
    ]


def statements() -> list[dict[str, Any]]:
    """Return the statements of three agencies."""
    return [
        {
            "id": number,
            "contract_code": f"{code.upper()}-2026",
            "agency_code": code,
            "agency_name": name,
            "currency": "CNY",
            "line_count": 176,
            "total_minor": minor // 25,
            "status": "frozen" if number < 3 else "disputed",
            "clawback_minor": -1_204_50 if number == 2 else 0,
        }
        for number, (code, name, _kind, _cases, minor, *_rest) in enumerate(AGENCIES[:3], 1)
    ]


def month_report(*, creditor_id: int, month: str) -> dict[str, Any]:
    """Return the report of a month that is closed."""
    return {
        "creditor": {"code": "lanxi", "name": "Lanxi Bank 兰溪银行", "currency": "CNY", "zone": "Asia/Shanghai"},
        "month": month,
        "is_closed": True,
        "is_simulated": True,
        "opened_at": "2026-08-31T16:00:00+00:00",
        "closed_at": "2026-10-01T02:10:00+00:00",
        "commitment": digest("commitment"),
        "audit": {"position": 20_417, "hash": digest("head")},
        "months": ["2026-10", "2026-09"],
        "steps": steps(),
        "tape": {
            "as_of": "2026-09-01",
            "rows": 1500,
            "accepted": 1494,
            "rejected": 6,
            "balance": [{"currency": "CNY", "amount_minor": 4_320_118_35}],
            "quarantined": [
                {"column": name, "reason": "personal, not asked for", "cell_count": 1494} for name in ("employer_name", "wechat_id")
            ],
        },
        "buckets": [
            {"bucket": "M1", "account_count": 702, "balance_minor": 1_880_411_10},
            {"bucket": "M2", "account_count": 401, "balance_minor": 1_160_220_35},
            {"bucket": "M3", "account_count": 214, "balance_minor": 702_000_00},
            {"bucket": "M4", "account_count": 101, "balance_minor": 340_100_90},
            {"bucket": "M5", "account_count": 51, "balance_minor": 170_386_00},
            {"bucket": "M6", "account_count": 25, "balance_minor": 67_000_00},
        ],
        "roll_rates": roll_rates(),
        "allocation": allocation(),
        "batches": batches(),
        "contacts": {
            "request_count": 18_204,
            "permit_count": 15_981,
            "refusal_count": 2_223,
            "connected_count": 4_402,
            "unreported_count": 12,
            "most_connected_on_a_day": 3,
            "refusals": refusals(),
        },
        "money": {
            "received": [{"currency": "CNY", "amount_minor": 812_440_21}],
            "imputed": [{"currency": "CNY", "amount_minor": 803_120_21}],
            "suspense": [{"currency": "CNY", "amount_minor": 9_320_00}],
            "payment_count": 611,
            "promises": {"kept": 190, "part_kept": 41, "broken": 171, "open": 63},
        },
        "complaint_count": 5,
        "statements": statements(),
        "scorecards": scorecards(),
    }


def first_month_report(*, creditor_id: int, month: str) -> dict[str, Any]:
    """Return the report of a month that has just been opened: nothing has happened in it."""
    report = month_report(creditor_id=creditor_id, month=month)
    idle = [
        step | {"state": "missing", "period": "", "counts": {}, "laws": [], "finished_at": None, "inputs_hash": "", "outputs_hash": ""}
        for step in steps()
    ]
    nothing = {
        "received": [],
        "imputed": [],
        "suspense": [],
        "payment_count": 0,
        "promises": {"kept": 0, "part_kept": 0, "broken": 0, "open": 0},
    }
    counts = dict.fromkeys(
        ["request_count", "permit_count", "refusal_count", "connected_count", "unreported_count", "most_connected_on_a_day"], 0
    )
    return report | {
        "is_closed": False,
        "is_simulated": False,
        "closed_at": None,
        "audit": {"position": None, "hash": ""},
        "months": [month],
        "steps": idle,
        "tape": None,
        "buckets": [],
        "roll_rates": [],
        "allocation": None,
        "batches": [],
        "contacts": counts | {"refusals": []},
        "money": nothing,
        "complaint_count": 0,
        "statements": [],
        "scorecards": [],
    }
