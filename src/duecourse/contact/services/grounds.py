"""The platform's own grounds for refusing a contact, beside the rules of the packs: authority, holds and contact points.

They come from records, not from a clock or a count; only where a record says when it ends can a ground name the day.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import lru_cache
from typing import Any

from duecourse.contact.services.known import Hold, Point, Span, is_in
from duecourse.kit.errors import DuecourseError
from duecourse.parties.models import AgencyKind
from duecourse.portfolio.selectors import stop_text
from duecourse.rules.load import shipped_packs

RULE_KINDS = {
    AgencyKind.EXTERNAL.value: "agency",
    AgencyKind.IN_HOUSE.value: "in_house",
    AgencyKind.ROBOT.value: "robot",
    AgencyKind.LAW_FIRM.value: "law_firm",
}
"""The rules' word for each kind of performer."""

OWN_KINDS = (AgencyKind.IN_HOUSE.value, AgencyKind.ROBOT.value)
"""The performers that are the creditor's own: only in their name may its side ask, else it would use up an agency's calls and owe its outcomes."""


@dataclass(frozen=True, slots=True)
class Ground:
    """One ground.

    Attributes:
        code: stable name.
        en, zh: what people read.
        source: where it comes from.
        values: what it rests on, as shown: numbers of records, codes, days; nothing personal.
        until_on: the first local day on which it no longer holds, where that is known.
    """

    code: str
    en: str
    zh: str
    source: str
    values: Mapping[str, Any] = field(default_factory=dict)
    until_on: date | None = None

    def told(self, en: str = "", zh: str = "", *, until_on: date | None = None, **values: Any) -> Ground:
        """Return the ground with what is particular to one request: a second sentence in both languages, values and end."""
        return replace(self, en=f"{self.en} {en}".rstrip(), zh=f"{self.zh}{zh}", values=values, until_on=until_on)

    def record(self) -> dict[str, Any]:
        """Return the ground as it stands in a permit's explanation."""
        found: dict[str, Any] = {"code": self.code, "en": self.en, "zh": self.zh, "source": self.source}
        if self.values:
            found["values"] = dict(self.values)
        if self.until_on is not None:
            found["until_on"] = self.until_on.isoformat()
        return found


CASE_CLOSED = Ground("case_closed", "The case is closed.", "案件已结案。", "Placement contract: authority ends with the case")
PERFORMER_CLOSED = Ground(
    "performer_closed",
    "The performer no longer works for the creditor.",
    "作业主体已停止合作。",
    "《民法典》第933条: a mandate may be ended at any time",
)
NOT_PLACED = Ground(
    "not_placed",
    "The case is not placed with this performer.",
    "该案件未委托给此作业主体。",
    "《民法典》第922条: an agent acts within its instructions",
)
PLACED_ELSEWHERE = Ground(
    "placed_elsewhere",
    "The case is placed with another performer.",
    "该案件已委托给其他作业主体。",
    "《民法典》第922条: an agent acts within its instructions",
)
NO_RULES = Ground(
    "no_rules",
    "No rule pack is in force for the creditor, so nothing can be permitted.",
    "该机构未启用任何规则包，无法给予许可。",
    "Creditor's settings",
)
POINT_ENDED = Ground(
    "contact_point_ended",
    "This number or address is not valid: it was found wrong, or its time is over.",
    "该号码或地址已失效（错号或已过期）。",
    "Creditor's records of contact points",
)
POINT_UNFIT = Ground(
    "contact_point_unfit",
    "This channel cannot use that number or address.",
    "该联系渠道不适用于此号码或地址。",
    "Creditor's records of contact points",
)
THIRD_PARTY = Ground(
    "third_party",
    "The number or address is another person's, and no rule in force allows to contact third parties.",
    "该号码或地址属于第三人，现行规则不允许联系第三人。",
    "《商业银行信用卡业务监督管理办法》第68条",
)
UNREACHABLE = Ground(
    "channel_unreachable",
    "No valid number or address of the debtor is known for this channel.",
    "没有该渠道可用的债务人有效号码或地址。",
    "Creditor's records of contact points",
)
STOPPED = Ground("contact_stopped", "Compliance stopped this contact.", "合规已紧急停止该联系。", "Emergency stop")
OUTCOME_OWED = Ground(
    "outcome_owed",
    "The outcome of the performer's last permit for this debtor is not reported.",
    "该作业主体对此债务人的上一份许可尚未回报结果。",
    "docs/algorithms/permit.md, Counting slots",
)
QUALIFICATION = Ground(
    "qualification_invalid",
    "A qualification of the performer is not valid.",
    "作业主体的资质无效。",
    "Creditor's records of qualifications",
)
COLLECTOR_QUALIFICATION = Ground(
    "collector_qualification_invalid",
    "A qualification of the person who makes the contact is not valid.",
    "实际联系人的上岗证明无效。",
    "Creditor's terms of the gate",
)
MAKER_UNSAID = Ground(
    "maker_unsaid",
    "It is not said who makes the contact.",
    "未说明由谁实际联系。",
    "Creditor's terms of the gate and emergency stops",
)
TEMPLATE_MISSING = Ground(
    "template_missing", "A message needs an approved template, and none is named.", "发送消息须使用已批准的模板，请求中未指明模板。", "Gate"
)
TEMPLATE_UNKNOWN = Ground("template_unknown", "There is no such template.", "该模板不存在。", "Creditor's templates")
TEMPLATE_UNAPPROVED = Ground(
    "template_unapproved", "No second person has approved this template.", "该模板未经复核人批准。", "Creditor's templates"
)
TEMPLATE_ENDED = Ground("template_ended", "This template is not in force on the day.", "该模板在当日不在有效期内。", "Creditor's templates")
TEMPLATE_UNFIT = Ground("template_unfit", "This template is for another channel.", "该模板适用于其他渠道。", "Creditor's templates")
TEMPLATE_INCOMPLETE = Ground(
    "template_incomplete",
    "The text of this letter lacks parts that a letter must have.",
    "该函件模板缺少催收函件的必备内容。",
    "《商业银行信用卡业务监督管理办法》第69条",
)
PAID_ALREADY = Ground(
    "paid_already",
    "The debts of this case are cured or paid since the last import.",
    "自上次数据导入以来，本案债务已恢复正常或已还款。",
    "Creditor's terms of the gate",
)
DEBIT_IN_FLIGHT = Ground("debit_in_flight", "A direct debit is on its way.", "代扣正在处理中。", "Creditor's records of direct debits")
AFTERWARDS = (
    Ground(
        "not_assigned",
        "The case is no longer assigned to whoever asked for the permit.",
        "该案件已不再分配给申请许可的催收员。",
        "Agency's assignments of cases",
    ),
    Ground(
        "preference_changed",
        "The debtor or the third party has declined this contact since the permit was given.",
        "许可发出后，债务人或第三人已拒绝该联系。",
        "Creditor's records of wishes about contact",
    ),
    Ground(
        "papers_changed",
        "A policy, contract or agreement was approved since the permit was given; ask again under it.",
        "许可发出后，有政策、合同或约定获批生效；请据此重新申请。",
        "Creditor's papers",
    ),
)
"""What ends a permit that was given, beside the grounds that would refuse it now; see `selectors.revocations`."""
_POINT_KINDS = {"call": "phone", "sms": "phone", "email": "email", "letter": "address", "visit": "address"}
_HOLDS = {
    "dispute": ("The debtor disputes the debt.", "债务人对债务提出异议。", "《商业银行信用卡业务监督管理办法》第69条"),
    "deceased": ("The debtor has died.", "债务人已身故。", "Creditor policy"),
    "bankrupt": ("The debtor is bankrupt.", "债务人已进入破产程序。", "Creditor policy"),
    "complaint": ("A complaint is open.", "投诉处理中。", "Creditor policy"),
    "plan": (
        "A personalised instalment plan is signed and kept.",
        "已签订并正常履行个性化分期协议。",
        "《商业银行信用卡业务监督管理办法》第70条",
    ),
    "stop_list": ("The debtor is on the stop list.", "债务人在停催名单中。", "Creditor policy"),
    "paid_already": ("The debtor says the debt is paid.", "债务人表示已还款。", "Creditor policy"),
}


def find(
    *,
    has_rules: bool,
    is_case_closed: bool,
    is_performer_closed: bool,
    performer_kind: str,
    is_placed_here: bool,
    is_placed_elsewhere: bool,
    holds: Sequence[Hold],
) -> list[Ground]:
    """Return every ground of authority and every hold that stops contact, in a fixed order.

    The creditor's robot may contact any case, for it acts beside the placement (reminders); its in-house team may contact a case
    that is with nobody; everybody else only cases placed with them.
    """
    found = [] if has_rules else [NO_RULES]
    if is_case_closed:
        found.append(CASE_CLOSED)
    if is_performer_closed:
        found.append(PERFORMER_CLOSED)
    if performer_kind == AgencyKind.IN_HOUSE.value and is_placed_elsewhere:
        found.append(PLACED_ELSEWHERE)
    if performer_kind not in OWN_KINDS and not is_placed_here:
        found.append(NOT_PLACED)
    kinds = sorted({hold.kind for hold in holds if hold.stops_contact})
    return found + [_held(kind, [hold.span for hold in holds if hold.kind == kind and hold.stops_contact]) for kind in kinds]


def of_point(point: Point | None, *, reachable: Sequence[Span], channel: str, on: date) -> list[Ground]:
    """Return what speaks against using a number or an address on the debtor's day, or against the channel where none is named.

    Args:
        point: what is to be used; `whose` 'self' is the debtor's own, everything else a third party's.
        reachable: spans of the debtor's own numbers or addresses that the channel can use.
        channel: of the contact.
        on: the debtor's local day.
    """
    if point is None:
        return [] if any(is_in(span, on=on) for span in reachable) else [UNREACHABLE]
    found = [POINT_UNFIT] if _POINT_KINDS[channel] != point.kind else []
    if not is_in(point.span, on=on):
        found.append(POINT_ENDED)
    return found


def _held(kind: str, spans: Sequence[Span]) -> Ground:
    """Return the ground of a kind of hold, with its last day where every hold of the kind has one."""
    ends = [until_on for _, until_on in spans if until_on is not None]
    return replace(_hold(kind), until_on=max(ends) if len(ends) == len(spans) else None)


def _hold(kind: str) -> Ground:
    texts = stop_text(kind) or (f"A hold is open: {kind}.", f"存在暂停催收事项：{kind}。")
    en, zh, source = _HOLDS.get(kind, (*texts, "Creditor policy"))
    return Ground(f"hold_{kind}", en, zh, source)


def undecided(error: DuecourseError) -> Ground:
    """Return the ground that the rules themselves could not say: they contradict each other, or have no value for the day."""
    return Ground(error.code, f"The rules cannot decide this: {error.message()}", f"规则无法判定：{error.message()}", error.read)


def ground_text(code: str) -> tuple[str, str]:
    """Return what a code of a refusal means, in English and in Chinese: a ground of the platform, a hold, or a rule of a pack."""
    if code in _TEXTS:
        return _TEXTS[code].en, _TEXTS[code].zh
    if code.startswith("hold_"):
        hold = _hold(code.removeprefix("hold_"))
        return hold.en, hold.zh
    return _rule_texts().get(code, (code, code))


_TEXTS = {value.code: value for value in (*globals().values(), *AFTERWARDS) if isinstance(value, Ground)}


@lru_cache(maxsize=1)
def _rule_texts() -> dict[str, tuple[str, str]]:
    """Return the titles of all shipped rules by their codes."""
    unknown = {"zone_unknown": ("The debtor's time zone is not known.", "无法确定债务人所在时区。")}
    return unknown | {rule.code: (rule.title.en, rule.title.zh) for pack in shipped_packs() for rule in pack.rules}
