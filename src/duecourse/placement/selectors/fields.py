"""The fields a handover may hold: what an agency can be given of a case at all.

A contract names some of them; nothing else leaves the house. What stands here as `surplus` is known and never handed over.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Final

from duecourse.kit.records import Field, RecordSpec

_personal = partial(Field, privacy="personal")
_amount = partial(Field, type="amount")
_date = partial(Field, type="date")
_count = partial(Field, type="integer")

OF_PERSON: Final = (
    _personal(name="name", length_max=200, en="Name", zh="姓名"),
    _personal(name="person_name", length_max=200, en="Name", zh="姓名"),
    Field(name="id_number", length_max=64, privacy="sensitive", en="Identity number", zh="证件号码"),
    _personal(name="phone", length_max=32, en="Telephone", zh="手机号"),
    _personal(name="email", length_max=254, en="E-mail", zh="电子邮箱"),
    _personal(name="address", en="Address", zh="地址"),
)
"""Sealed in the portfolio; revealed once for a handover, with one audit event."""

OF_PLACEMENT: Final = (
    _count(name="case_id", en="Case", zh="案件号"),
    Field(name="account_number", length_max=64, en="Account number", zh="账户编号"),
    Field(name="product_class", en="Product class", zh="产品类别"),
    Field(name="region", en="Region", zh="地区"),
    _date(name="opened_on", en="Opened", zh="开户日"),
    Field(name="currency", length_max=3, en="Currency", zh="币种"),
    _amount(name="principal_minor", en="Principal", zh="本金"),
    _amount(name="interest_minor", en="Interest", zh="利息"),
    _amount(name="fee_minor", en="Fees", zh="费用"),
    _amount(name="penalty_minor", en="Penalty interest", zh="罚息"),
    _amount(name="balance_minor", en="Balance", zh="欠款总额"),
    _count(name="days_past_due", unit="days", en="Days past due", zh="逾期天数"),
    _count(name="hand", en="Hand", zh="手别"),
    _date(name="placed_on", en="Placed on", zh="委案日"),
    _date(name="term_until_on", en="Last day of the term", zh="委案到期日"),
)
"""Frozen with the placement, or plain facts of the account."""

SURPLUS: Final = (
    Field(name="birth_on", type="date", privacy="surplus", en="Date of birth", zh="出生日期"),
    Field(name="third_party", privacy="surplus", en="Contact persons", zh="联系人"),
)

HANDOVER: Final = RecordSpec("handover", (*OF_PLACEMENT, *OF_PERSON, *SURPLUS))


def refused_fields(contracted: Iterable[str]) -> list[str]:
    """Return those of the contracted fields that no handover may hold, unknown or surplus, in their order."""
    return [name for name in contracted if name not in HANDOVER.names]


def handover_spec(contracted: Iterable[str]) -> RecordSpec:
    """Return the record of a handover: the contracted fields in the contract's order, each once."""
    return RecordSpec("handover", tuple(HANDOVER.field(name) for name in dict.fromkeys(contracted)))
