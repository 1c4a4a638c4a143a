"""Money.

Propositions shown by Hypothesis:
1. A split sums to the amount, each part is within one minor unit of its proportion, and signs mirror.
2. What `format_amount` writes, `parse_amount` reads back.
3. Rounding is symmetric about zero and never off by a whole unit.
"""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duecourse.kit import money
from duecourse.kit.money import AmountUnreadable, CurrencyMismatch, Money, SplitImpossible, UnknownCurrency

AMOUNTS = st.integers(-(2**62), 2**62)
CURRENCIES = st.sampled_from(["CNY", "USD", "JPY", "KWD"])


@given(AMOUNTS, st.lists(st.integers(0, 10**9), min_size=1, max_size=40).filter(any))
def test_split_sums_exactly(amount: int, weights: list[int]) -> None:
    """Proposition 1."""
    parts = money.split(amount, weights)
    assert sum(parts) == amount
    total = sum(weights)
    assert all(abs(Fraction(part) - Fraction(amount * weight, total)) < 1 for part, weight in zip(parts, weights, strict=True))
    assert money.split(-amount, weights) == [-part for part in parts]


def test_split_gives_the_odd_fen_to_the_largest_remainder() -> None:
    """10.00 in three: the first gets the fen; 1 fen by 1:2 goes to the second."""
    assert money.split(1000, [1, 1, 1]) == [334, 333, 333]
    assert money.split(1, [1, 2]) == [0, 1]
    assert money.split(-1000, [1, 1, 1]) == [-334, -333, -333]


@pytest.mark.parametrize("weights", [[], [0, 0], [1, -1], [2, -1]])
def test_split_refuses_weights_that_divide_nothing(weights: list[int]) -> None:
    """Empty, all-zero and negative weights are refused."""
    with pytest.raises(SplitImpossible):
        money.split(100, weights)


@given(AMOUNTS, CURRENCIES, st.sampled_from(["en", "zh-hans"]))
def test_format_and_parse_round_trip(amount: int, currency: str, lang: str) -> None:
    """Proposition 2, for people's texts and for files' texts."""
    assert money.parse_amount(money.format_amount(amount, currency, lang=lang), currency=currency, rounding="exact") == amount
    assert money.parse_amount(money.plain_amount(amount, currency), currency=currency, rounding="exact") == amount


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1,234.50", 123450),
        ("１，２３４．５０", 123450),
        ("¥12", 1200),
        ("￥ 12.3", 1230),
        ("-¥12.00", -1200),
        ("¥-12.00", -1200),
        ("12.00元", 1200),
        ("CNY 7", 700),
        ("7 CNY", 700),
        (".5", 50),
        ("5.", 500),
        ("+3", 300),
        ("　8 ", 800),
        ("1.005", 100),
        ("1.015", 102),
        ("0.0050001", 1),
        ("000001", 100),
    ],
)
def test_amounts_that_are_read(text: str, expected: int) -> None:
    """The forms that bank files and people use."""
    assert money.parse_amount(text, currency="CNY") == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "-",
        ".",
        "1,50",
        "1,2345",
        "12,34,567",
        ",123",
        "(5)",
        "1e5",
        "1.2.3",
        "--1",
        "$5",
        "USD 5",
        "5 元 元",
        "¥¥5",
        "NaN",
        "²",
        "١٢",
        "9" * 30,
        "1" * 65,
        "张三",
        "1 2",
        "\x00",
    ],
)
def test_amounts_that_are_refused_without_repeating_them(text: str) -> None:
    """Anything else is refused, and the message does not carry the text."""
    with pytest.raises(AmountUnreadable) as caught:
        money.parse_amount(text, currency="CNY")
    assert len(text) < 3 or text not in caught.value.message()


def test_roundings_differ_only_beyond_the_last_decimal() -> None:
    """2.345 and 2.355 under each rounding; `exact` accepts zeros and refuses the rest."""
    read = {
        r: [money.parse_amount(t, currency="USD", rounding=r) for t in ("2.345", "2.355", "-2.345")]
        for r in ("half_even", "half_up", "down")
    }
    assert read == {"half_even": [234, 236, -234], "half_up": [235, 236, -235], "down": [234, 235, -234]}
    assert money.parse_amount("2.3400", currency="USD", rounding="exact") == 234
    with pytest.raises(AmountUnreadable, match="more decimals"):
        money.parse_amount("2.345", currency="USD", rounding="exact")


def test_separators_can_be_named() -> None:
    """A German file: 1.234,50."""
    assert money.parse_amount("1.234,50", currency="EUR", thousands=".", decimal=",") == 123450


def test_the_yen_has_no_decimals() -> None:
    """Exponents differ by currency, and three letters alone do not make one."""
    assert [money.exponent(c) for c in ("CNY", "JPY", "KWD")] == [2, 0, 3]
    assert money.parse_amount("¥1,000", currency="JPY") == 1000
    assert money.format_amount(-1000, "JPY") == "JPY -1,000"
    with pytest.raises(UnknownCurrency):
        money.exponent("XXX")


@given(AMOUNTS, st.integers(-20_000, 20_000))
def test_a_rate_rounds_once_and_symmetrically(amount: int, rate_bp: int) -> None:
    """Proposition 3."""
    fee = money.apply_rate_bp(amount, rate_bp)
    assert abs(Fraction(fee) - Fraction(amount * rate_bp, 10_000)) <= Fraction(1, 2)
    assert money.apply_rate_bp(-amount, rate_bp) == -fee


def test_half_a_fen_goes_up_or_to_even() -> None:
    """50 minor units at 1 % is exactly half: half_up gives 1, half_even and down give 0, exact refuses."""
    assert [money.apply_rate_bp(50, 100, rounding=r) for r in ("half_up", "half_even", "down")] == [1, 0, 0]
    with pytest.raises(AmountUnreadable):
        money.apply_rate_bp(50, 100, rounding="exact")


def test_share_is_a_decimal_and_refuses_zero() -> None:
    """A third has 34 digits; nothing over nothing is refused."""
    assert str(money.share(1, 3)) == "0." + "3" * 34
    with pytest.raises(SplitImpossible):
        money.share(1, 0)


def test_money_of_two_currencies_does_not_mix() -> None:
    """Sum, difference and every comparison refuse another currency; equality is just false."""
    yuan, dollar = Money(100, "CNY"), Money(100, "USD")
    for act in (
        lambda: yuan + dollar,
        lambda: yuan - dollar,
        lambda: yuan < dollar,
        lambda: yuan <= dollar,
        lambda: yuan > dollar,
        lambda: yuan >= dollar,
    ):
        with pytest.raises(CurrencyMismatch):
            act()
    assert yuan != dollar
    assert yuan + Money(5, "CNY") == Money(105, "CNY")
    assert -yuan < yuan - Money(1, "CNY") < yuan <= Money(100, "CNY")
    assert str(yuan) == "CNY 1.00"
    assert len({yuan, Money(100, "CNY")}) == 1
