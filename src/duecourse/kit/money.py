"""Money: integers of the currency's minor unit, and the only place where they meet texts, rates and fractions.

An amount is stored, sent and computed as an integer of minor units (fen, cents) beside an ISO 4217 code. `Decimal` and division
exist in this file alone; every function that rounds names its rounding and rounds once.

Roundings: `half_even` (banker's), `half_up` (a half goes away from zero), `down` (towards zero), `exact` (refuses to round).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Context, Decimal
from typing import Literal

from duecourse.kit.errors import InvalidInput

Rounding = Literal["half_even", "half_up", "down", "exact"]

INT64_MAX = 2**63 - 1
AMOUNT_TEXT_MAX = 64
BASIS_POINTS = 10_000

_TWO = (
    "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY COP CRC CUP CVE CZK "
    "DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK "
    "LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON "
    "RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VED VES WST "
    "XCD YER ZAR ZMW ZWG"
)
_ZERO = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF"
_THREE = "BHD IQD JOD KWD LYD OMR TND"
_EXPONENTS = {code: digits for digits, codes in ((2, _TWO), (0, _ZERO), (3, _THREE)) for code in codes.split()}

_DOLLARS = frozenset(
    [
        "AUD",
        "BBD",
        "BMD",
        "BND",
        "BSD",
        "BZD",
        "CAD",
        "FJD",
        "GYD",
        "HKD",
        "JMD",
        "KYD",
        "LRD",
        "NAD",
        "NZD",
        "SBD",
        "SGD",
        "SRD",
        "TTD",
        "TWD",
        "USD",
        "XCD",
    ]
)
_SYMBOLS = {"¥": frozenset({"CNY", "JPY"}), "$": _DOLLARS, "元": frozenset({"CNY"}), "円": frozenset({"JPY"})}
_HALF_WIDTH = str.maketrans("０１２３４５６７８９．，－＋−￥＄　\u00a0", "0123456789.,-+-¥$  ")
_CONTEXT = Context(prec=34)


class UnknownCurrency(InvalidInput):
    """The three letters are not an ISO 4217 code that has minor units."""

    what = "The currency {currency} is not known."
    why = "Amounts are kept in minor units, so the number of decimals of the currency must be known."
    todo = "Use the ISO 4217 code, for example CNY or USD."


class CurrencyMismatch(InvalidInput):
    """Two amounts of different currencies met in one operation."""

    what = "An amount in {left} cannot be combined or compared with one in {right}."
    why = "There is no exchange rate here, and a sum over currencies means nothing."
    todo = "Work per currency."


class AmountUnreadable(InvalidInput):
    """A text is not an amount. The text itself is not repeated: a shifted column may hold personal data."""

    what = "The amount cannot be read: {reason}."
    todo = "Write it as {example}."


class SplitImpossible(InvalidInput):
    """There is nothing to divide by."""

    what = "An amount cannot be divided by these weights: {reason}."
    todo = "Give at least one weight above zero and none below zero."


@dataclass(frozen=True, order=False, slots=True)
class Money:
    """An amount of one currency.

    Attributes:
        amount_minor: signed integer of the currency's minor unit.
        currency: ISO 4217 code.
    """

    amount_minor: int
    currency: str

    def __post_init__(self) -> None:
        exponent(self.currency)

    def __add__(self, other: Money) -> Money:
        return Money(self.amount_minor + self._same(other), self.currency)

    def __sub__(self, other: Money) -> Money:
        return Money(self.amount_minor - self._same(other), self.currency)

    def __neg__(self) -> Money:
        return Money(-self.amount_minor, self.currency)

    def __lt__(self, other: Money) -> bool:
        return self.amount_minor < self._same(other)

    def __le__(self, other: Money) -> bool:
        return self.amount_minor <= self._same(other)

    def __gt__(self, other: Money) -> bool:
        return self.amount_minor > self._same(other)

    def __ge__(self, other: Money) -> bool:
        return self.amount_minor >= self._same(other)

    def __str__(self) -> str:
        return format_amount(self.amount_minor, self.currency)

    def _same(self, other: Money) -> int:
        if self.currency != other.currency:
            raise CurrencyMismatch(left=self.currency, right=other.currency)
        return other.amount_minor


def exponent(currency: str) -> int:
    """Return how many decimals the currency has.

    Source: ISO 4217, list one: CNY 2, USD 2, JPY 0, KWD 3.

    Raises:
        UnknownCurrency: the code is not in the list.
    """
    try:
        return _EXPONENTS[currency]
    except KeyError:
        raise UnknownCurrency(currency=repr(currency)[:16]) from None


def parse_amount(text: str, *, currency: str, rounding: Rounding = "half_even", thousands: str = ",", decimal: str = ".") -> int:
    """Return the minor units that a human's or a file's text stands for.

    Understood: blanks around, one sign, full-width digits, a symbol (¥ ￥ $ 元) or the ISO code before or after the number, thousands
    in groups of three. Not understood: parentheses for negatives, exponents, groups of other sizes (1,50 may be a decimal comma).

    Args:
        text: at most 64 characters.
        currency: ISO 4217 code; a symbol of another currency is refused.
        rounding: what happens to decimals beyond the currency's; `exact` refuses them unless they are zeros.
        thousands: separator of thousands, or '' for none.
        decimal: the decimal sign.

    Raises:
        AmountUnreadable: with `reason` and an `example`.
        UnknownCurrency: the code is not known.
    """
    digits = exponent(currency)
    if len(text) > AMOUNT_TEXT_MAX:
        raise _unreadable("the text is too long", digits)
    negative, number = _number(text, currency, digits)
    whole, _, fraction = number.partition(decimal)
    if thousands and thousands in whole:
        groups = whole.split(thousands)
        if not 1 <= len(groups[0]) <= 3 or any(len(group) != 3 for group in groups[1:]):
            raise _unreadable("the thousands are not in groups of three", digits)
        whole = "".join(groups)
    if not (whole + fraction).isascii() or not (whole + fraction).isdigit():
        raise _unreadable("it is not a number" if text.strip() else "it is empty", digits)
    scaled = int((whole or "0") + fraction)
    amount_minor = scaled * 10 ** (digits - len(fraction)) if len(fraction) <= digits else None
    if amount_minor is None:
        amount_minor = _divided(scaled, 10 ** (len(fraction) - digits), rounding)
    if amount_minor is None:
        raise _unreadable("it has more decimals than the currency", digits)
    if amount_minor > INT64_MAX:
        raise _unreadable("it is too large", digits)
    return -amount_minor if negative else amount_minor


def format_amount(amount_minor: int, currency: str, *, lang: str = "en") -> str:
    """Return the amount for people: `CNY 1,234.50` in English, `1,234.50 元` in Chinese (other currencies keep their code).

    Guarantees: `parse_amount` reads it back to the same integer.
    """
    digits = exponent(currency)
    whole, fraction = divmod(abs(amount_minor), 10**digits)
    number = f"{'-' if amount_minor < 0 else ''}{whole:,}" + (f".{fraction:0{digits}d}" if digits else "")
    return f"{number} 元" if lang.startswith("zh") and currency == "CNY" else f"{currency} {number}"


def plain_amount(amount_minor: int, currency: str) -> str:
    """Return the amount for files: digits and a decimal point, no separators, no symbol."""
    digits = exponent(currency)
    whole, fraction = divmod(abs(amount_minor), 10**digits)
    return f"{'-' if amount_minor < 0 else ''}{whole}" + (f".{fraction:0{digits}d}" if digits else "")


def apply_rate_bp(amount_minor: int, rate_bp: int, *, rounding: Rounding = "half_up") -> int:
    """Return `amount_minor` × `rate_bp` / 10,000 in minor units, rounded once.

    Guarantees: the sign of the result follows the signs of the arguments and never their rounding: f(−a) = −f(a).

    Raises:
        AmountUnreadable: `rounding` is `exact` and the product is not a whole number of minor units.
    """
    product = amount_minor * rate_bp
    magnitude = _divided(abs(product), BASIS_POINTS, rounding)
    if magnitude is None:
        raise _unreadable("the rate does not give a whole number of minor units", 2)
    return -magnitude if product < 0 else magnitude


def share(numerator: int, denominator: int) -> Decimal:
    """Return the proportion as a `Decimal` of 34 significant digits, half-even.

    Raises:
        SplitImpossible: the denominator is zero.
    """
    if denominator == 0:
        raise SplitImpossible(reason="the denominator is zero")
    return _CONTEXT.divide(Decimal(numerator), Decimal(denominator))


def split(amount_minor: int, weights: Sequence[int]) -> list[int]:
    """Return the parts of an amount in proportion to `weights`, by largest remainder; earlier weights win ties.

    Guarantees: the parts sum to `amount_minor`; each differs from its exact proportion by less than one minor unit; a weight of
    zero gets nothing; split(−a) = −split(a).

    Raises:
        SplitImpossible: no weights, a weight below zero, or all weights zero.
    """
    total = sum(weights)
    if any(weight < 0 for weight in weights):
        raise SplitImpossible(reason="a weight is below zero")
    if total == 0:
        raise SplitImpossible(reason="the weights sum to zero")
    magnitude = abs(amount_minor)
    parts = [magnitude * weight // total for weight in weights]
    by_remainder = sorted(range(len(weights)), key=lambda i: (-(magnitude * weights[i] % total), i))
    for i in by_remainder[: magnitude - sum(parts)]:
        parts[i] += 1
    return [-part for part in parts] if amount_minor < 0 else parts


def _number(text: str, currency: str, digits: int) -> tuple[bool, str]:
    """Take the sign, the symbol and the code off the text; return (negative, the rest)."""
    rest = text.translate(_HALF_WIDTH).strip()
    negative = signed = False
    marked = False
    while rest:
        if rest[0] in "+-" and not signed:
            negative, signed, rest = rest[0] == "-", True, rest[1:].lstrip()
            continue
        bare = _unmarked(rest, currency)
        if bare is None or marked:
            break
        marked, rest = True, bare
    if any(symbol in rest for symbol in _SYMBOLS) or re.search(r"[A-Za-z]", rest):
        raise _unreadable(f"it carries a sign that does not belong to {currency}", digits)
    return negative, rest


def _unmarked(rest: str, currency: str) -> str | None:
    """Return the text without the currency's own symbol or code at one of its ends, or None when there is none."""
    marks = [currency, *(symbol for symbol, currencies in _SYMBOLS.items() if currency in currencies)]
    for mark in marks:
        if rest.startswith(mark) and mark != "元":
            return rest[len(mark) :].lstrip()
        if rest.endswith(mark) and mark not in "¥$":
            return rest[: -len(mark)].rstrip()
    return None


def _divided(magnitude: int, divisor: int, rounding: Rounding) -> int | None:
    """Divide a non-negative integer with the named rounding; None when `exact` would have to round."""
    quotient, remainder = divmod(magnitude, divisor)
    if remainder == 0 or rounding == "down":
        return quotient
    if rounding == "exact":
        return None
    twice = 2 * remainder
    return quotient + (twice > divisor or (twice == divisor and (rounding == "half_up" or quotient % 2 == 1)))


def _unreadable(reason: str, digits: int) -> AmountUnreadable:
    return AmountUnreadable(reason=reason, example="1234" + ("." + "5".ljust(digits, "0") if digits else ""))
