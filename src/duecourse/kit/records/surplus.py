"""Personal columns that nobody asked for: how they are recognised by name, and why they are not read.

Source: Personal Information Protection Law (PIPL), article 6: the smallest scope that serves the purpose; articles 28 and 29 for what is
sensitive. That a column is over-collected is our reading of these articles, so a mapping may ask for such a column by its full name.
"""

from __future__ import annotations

from collections.abc import Iterable

from duecourse.kit.records.names import is_like

PATTERNS: dict[str, tuple[str, ...]] = {
    "BystanderColumn": (
        "*联系人*", "*联络人*", "*亲属*", "*家属*", "*家庭成员*", "*配偶*", "*父*", "*母*", "*子女*", "*同事*", "*朋友*", "*通讯录*", "*emergency*",
        "*relative*", "*spouse*", "*parent*", "*colleague*", "*friend*", "*contact_person*", "*contacts*", "*address_book*",
    ),
    "EmployerColumn": ("*单位电话*", "*公司电话*", "*employer_phone*"),
    "AccountOfOthersColumn": ("*微信*", "*qq*", "*微博*", "*抖音*", "*支付宝*", "*wechat*", "*weixin*", "*社保*", "*公积金*", "*social_security*"),
    "SensitiveColumn": (
        "*民族*", "*宗教*", "*照片*", "*人脸*", "*指纹*", "*定位*", "*婚姻*", "*religion*", "*ethnic*", "*photo*", "*biometric*", "*marital*",
    ),
}  # fmt: skip
"""Reason → name patterns; every mapping has them."""

KINDS: dict[str, tuple[str, str]] = {
    "BystanderColumn": ("It tells of people who owe nothing: relatives, contacts, colleagues.", ""),
    "EmployerColumn": ("It tells where the debtor works, which collecting a debt does not need.", ""),
    "AccountOfOthersColumn": ("It holds an account or number from another part of life: chat, payment app, social security.", ""),
    "SensitiveColumn": ("It is sensitive and not needed: belief, origin, body, family, whereabouts.", ""),
    "NamedSurplus": ("The mapping names it among personal columns that are not needed.", ""),
    "PersonalLookingColumn": ("Nobody asked for it, and its values look personal.", ""),
}
"""Reason → English sentence, which is also the key of its translation."""


def surplus_code(column: str, *, named: Iterable[str] = ()) -> str | None:
    """Return why a column is quarantined, as a key of `KINDS`, or None when its name gives no reason.

    Args:
        column: the column's name.
        named: patterns of the mapping's own.
    """
    for code, patterns in PATTERNS.items():
        if is_like(column, patterns):
            return code
    return "NamedSurplus" if is_like(column, named) else None
