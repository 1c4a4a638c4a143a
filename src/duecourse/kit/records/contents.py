"""What the values of a column look like: identity numbers by their check character, telephones, cards, names, addresses, money, days."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from duecourse.kit.errors import DuecourseError
from duecourse.kit.identity import is_id_number, normalise_email, normalise_id_number
from duecourse.kit.masking import STARS, Masked, mask_address, mask_email, mask_id_number, mask_name, mask_phone
from duecourse.kit.money import exponent
from duecourse.kit.records.dates import read_dates

DATE_FORMS = (
    "YYYY-MM-DD", "YYYY/M/D", "YYYY年M月D日", "YYYYMMDD", "YYYY.M.D", "YYYY-M-D", "YYYY-MM-DD 00:00:00", "YYYY/M/D 0:00", "YYYY/M/D 0:00:00",
    "D-Mon-YYYY", "D-Mon-YY", "Mon-YYYY", "YY-Mon", "Mon-YY", "YYYY-MM", "YYYY年M月",
)  # fmt: skip
"""Date forms that are tried, in this order; `excel`, D/M/YYYY and M/D/YYYY need evidence of their own."""

_PHONE = re.compile(r"(?:\+?86|0086)?1[3-9][0-9]{9}")
_LANDLINE = re.compile(r"0[1-9][0-9]{1,2}-[2-9][0-9]{6,7}(?:-[0-9]{1,6})?")
_CARD = re.compile(r"[3-6][0-9]{14,18}")
_HAN_NAME = re.compile(r"[\u4e00-\u9fff]{2,4}|[\u4e00-\u9fff]{1,8}·[\u4e00-\u9fff]{1,8}")
_PLACE = re.compile(r"[省市区县镇乡村路街巷号室弄]")
_SERIAL = re.compile(r"[2-7][0-9]{4}(?:\.0+)?")
_SLASHED = re.compile(r"([0-9]{1,2})/([0-9]{1,2})/[0-9]{4}")
_PLAIN = re.compile(
    r"[-+]?[¥￥$]?[0-9]{1,3}(?:,?[0-9]{3}){0,3}(?:\.[0-9]{1,6})?%?|[0-9]{4}[-/.年][0-9]{1,2}(?:[-/.月][0-9]{1,2}日?)?|[A-Z]{3}"
)
_LONG_DIGITS = re.compile(r"[0-9]{7}")
_SURNAMES = frozenset(
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许邓冯韩曹曾彭萧肖蔡潘田董袁于余叶蒋杜苏魏程吕丁沈任姚卢傅钟姜崔谭廖范汪陆金石戴贾韦夏邱方侯邹熊孟秦白江阎薛尹段雷"
    "黎史龙陶贺顾毛郝龚邵万钱严赖覃洪武莫孔汤向常温康施文牛樊葛邢安齐易乔伍庞颜倪庄聂章鲁岳翟殷詹申欧耿关兰焦俞左柳甘祝包宁尚符舒阮柯纪梅童凌毕单季裴霍涂成苗谷曲盛冉骆蓝路游辛靳管柴蒙鲍华喻祁"
)


def _is_identity(text: str) -> bool:
    try:
        return is_id_number(normalise_id_number(text))
    except DuecourseError:
        return False


def _is_email(text: str) -> bool:
    try:
        return bool(normalise_email(text))
    except DuecourseError:
        return False


def _is_currency(text: str) -> bool:
    try:
        exponent(text)
    except DuecourseError:
        return False
    return True


def _is_phone(text: str) -> bool:
    bare = re.sub(r"[\s()]", "", text)
    return bool(_PHONE.fullmatch(bare.replace("-", "")) or _LANDLINE.fullmatch(bare))


def _is_card(text: str) -> bool:
    digits = re.sub(r"[\s-]", "", text)
    if not _CARD.fullmatch(digits):
        return False
    doubled = [int(d) * (1 + place % 2) for place, d in enumerate(reversed(digits))]
    return sum(d - 9 if d > 9 else d for d in doubled) % 10 == 0


DETECTORS: dict[str, Callable[[str], bool]] = {
    "id_number": _is_identity,
    "phone": _is_phone,
    "email": _is_email,
    "card": _is_card,
    "address": lambda text: len(text) >= 6 and len(_PLACE.findall(text)) >= 2,
    "name": lambda text: bool(_HAN_NAME.fullmatch(text)) and text[0] in _SURNAMES,
    "currency": _is_currency,
}
"""Kind → whether a half-width text is of it. A check character makes identity numbers and cards nearly certain; a name is a guess."""
HIDDEN = "hidden"
PERSONAL_KINDS = ("id_number", "phone", "email", "card", "address", "name")
_MASKS: dict[str, Callable[[str], str]] = {
    "id_number": mask_id_number,
    "card": mask_id_number,
    "phone": mask_phone,
    "email": mask_email,
    "address": mask_address,
    "name": mask_name,
}


def counts_of(texts: Sequence[str]) -> dict[str, int]:
    """Return for each kind how many of the texts are of it; names count only where most of them differ."""
    plain = [unicodedata.normalize("NFKC", text).strip() for text in texts]
    counts = {kind: sum(map(is_kind, plain)) for kind, is_kind in DETECTORS.items()}
    if 2 * len(set(plain)) < len(plain):
        counts["name"] = 0
    return counts


def personal_kind(counts: dict[str, int], *, count: int) -> str | None:
    """Return the personal kind that at least half of the values are of, the most frequent first, or None."""
    best = max(PERSONAL_KINDS, key=lambda kind: counts[kind])
    return best if counts[best] and 2 * counts[best] >= count else None


def date_forms(texts: Sequence[str]) -> tuple[str, ...]:
    """Return the date forms worth trying on the texts; where day and month cannot be told apart, neither order is among them."""
    plain = [unicodedata.normalize("NFKC", text).strip() for text in texts]
    forms = [*DATE_FORMS]
    if any(_SERIAL.fullmatch(text) for text in plain):
        forms.append("excel")
    parts = [(int(found[1]), int(found[2])) for text in plain if (found := _SLASHED.fullmatch(text))]
    if any(first > 12 for first, _ in parts) and all(second <= 12 for _, second in parts):
        forms.append("D/M/YYYY")
    elif any(second > 12 for _, second in parts) and all(first <= 12 for first, _ in parts):
        forms.append("M/D/YYYY")
    return tuple(forms)


def is_order_unclear(texts: Sequence[str]) -> bool:
    """Say whether the texts are dates like 3/4/2026 of which nothing tells day and month apart."""
    parts = [found for text in texts if (found := _SLASHED.fullmatch(unicodedata.normalize("NFKC", text).strip()))]
    return bool(parts) and all(int(found[1]) <= 12 and int(found[2]) <= 12 for found in parts)


def display(text: Masked[str], *, kind: str | None, is_open: bool) -> str:
    """Return what may be shown of a sample.

    Args:
        text: the cell.
        kind: what the column's values are, a key of `DETECTORS`, `HIDDEN`, or None.
        is_open: the column is read into a field that is not personal, so that short words may be seen; numbers and days always may.
    """
    if kind == HIDDEN:
        return STARS
    mask = _MASKS.get(kind or "")
    if mask is not None:
        return text.partial(mask)
    return _opened(text, is_open=is_open)


def _opened(text: Masked[str], *, is_open: bool) -> str:
    shown = [STARS]

    def look(value: str) -> str:
        plain = unicodedata.normalize("NFKC", value).strip()
        if _PLAIN.fullmatch(plain) and not (_is_phone(plain) or _is_identity(plain)):
            shown[0] = plain
        elif _LONG_DIGITS.search(plain):
            shown[0] = mask_id_number(plain[:40])
        elif is_open:
            shown[0] = plain[:24]
        return value

    text.map(look)
    return shown[0]


def forms_that_read(texts: Sequence[str], forms: Sequence[str]) -> set[str]:
    """Return the forms that at least one of the texts is first read by."""
    left, found = pa.array(texts, pa.string()), set()
    for form in forms:
        values, _, _ = read_dates(left, forms=(form,), year_pivot=69)
        if pc.any(pc.is_valid(values)).as_py():
            found.add(form)
            left = left.filter(pc.is_null(values))
    return found
