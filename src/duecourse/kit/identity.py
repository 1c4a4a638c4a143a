"""Normal forms of identity numbers, telephone numbers and e-mail addresses: one person, one text, one blind index."""

from __future__ import annotations

import re
import unicodedata
from datetime import date
from functools import lru_cache

import phonenumbers

from duecourse.kit.errors import InvalidInput

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK = "10X98765432"
_CN_MOBILE = re.compile(r"(?:\+86|0086)?(1[3-9][0-9]{9})")
_CN_18 = re.compile(r"[0-9]{17}[0-9X]")
_TEXT_MAX = 254


class IdentityUnreadable(InvalidInput):
    """A text is not an identity number, telephone number or address. The text is not repeated."""

    what = "The {kind} cannot be read."
    todo = "Check the column, or leave it empty."


def normalise_id_number(text: str) -> str:
    """Return the identity number in its normal form.

    Full-width to half-width, blanks and hyphens out, letters upper. A Chinese number of 15 digits with a real birth date becomes the
    one of 18 digits (GB 11643-1999: the century 19 and a check character). Anything else (a passport, a company code) stays.

    Raises:
        IdentityUnreadable: nothing is left, or it is longer than 254 characters.
    """
    plain = re.sub(r"[\s\-\u2010-\u2015]", "", unicodedata.normalize("NFKC", text)).upper()
    if not 1 <= len(plain) <= _TEXT_MAX:
        raise IdentityUnreadable(kind="identity number")
    if len(plain) == 15 and plain.isascii() and plain.isdigit() and _is_date("19" + plain[6:12]):
        first = plain[:6] + "19" + plain[6:]
        return first + check_character(first)
    return plain


def check_character(first_17: str) -> str:
    """Return the eighteenth character of a Chinese identity number.

    Source: GB 11643-1999, ISO 7064 MOD 11-2.
    """
    return _CHECK[sum(int(digit) * weight for digit, weight in zip(first_17, _WEIGHTS, strict=True)) % 11]


def is_id_number(number: str) -> bool:
    """Say whether a normalised text is a Chinese identity number of 18 with a real birth date and a right check character."""
    return bool(_CN_18.fullmatch(number)) and _is_date(number[6:14]) and check_character(number[:17]) == number[17]


def normalise_phone(text: str, *, region: str = "CN") -> str:
    """Return the number in E.164 form, +8613812345678.

    Chinese mobile numbers take a short way that gives the same as the library; others are parsed with `region` as the default.

    Raises:
        IdentityUnreadable: it is not a possible number.
    """
    plain = unicodedata.normalize("NFKC", text)
    bare = re.sub(r"[\s\-()]", "", plain)
    if region == "CN" and (found := _CN_MOBILE.fullmatch(bare)):
        return "+86" + found[1]
    return _parsed_phone(plain, region)


@lru_cache(maxsize=4096)
def _parsed_phone(text: str, region: str) -> str:
    if len(text) > _TEXT_MAX:
        raise IdentityUnreadable(kind="telephone number")
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException as error:
        raise IdentityUnreadable(kind="telephone number") from error
    if not phonenumbers.is_possible_number(number):
        raise IdentityUnreadable(kind="telephone number")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def normalise_email(text: str) -> str:
    """Return the address in lower case, half-width, without blanks around.

    Raises:
        IdentityUnreadable: there is not exactly one @ with something on both sides and a dot in the domain.
    """
    plain = unicodedata.normalize("NFKC", text).strip().lower()
    local, _, domain = plain.partition("@")
    if not local or "@" in domain or "." not in domain.strip(".") or re.search(r"\s", plain) or len(plain) > _TEXT_MAX:
        raise IdentityUnreadable(kind="e-mail address")
    return plain


def _is_date(digits: str) -> bool:
    try:
        date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return False
    return True
