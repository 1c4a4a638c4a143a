"""The made-up people are well formed and belong to nobody."""

from __future__ import annotations

import numpy as np
import phonenumbers
import pytest
from stdnum.iso7064 import mod_11_2

from duecourse.engine.simulate import identity


@pytest.fixture
def numbers():
    """Draw five thousand people who are all born within two days, so that sequence numbers must collide and be drawn again."""
    rng = np.random.default_rng(1)
    regions = [list(identity.PROVINCES)[k] for k in rng.integers(10, size=5000)]
    return regions, identity.identity_numbers(rng, regions=regions, births=rng.integers(7000, 7002, size=5000))


def test_identity_numbers_carry_a_valid_check_digit(numbers):
    """Each number passes the ISO 7064 modulus 11 check of GB 11643, computed by another library."""
    assert all(mod_11_2.is_valid(number) and len(number) == 18 for number in numbers[1])


def test_identity_numbers_are_never_shared(numbers):
    """No two people have one number, however crowded their birthdays are."""
    assert len(set(numbers[1])) == 5000


def test_identity_numbers_stand_under_a_bare_province_code(numbers):
    """The first six digits name a province and no county, and no card is issued under such a code."""
    for region, number in zip(*numbers, strict=True):
        assert number[:6] == region
        assert region.endswith("0000")


def test_a_known_identity_number_is_reproduced():
    """Birthday 1990-03-07 in Shanghai gives 31000019900307 and the check digit of its sequence number."""
    (number,) = identity.identity_numbers(np.random.default_rng(3), regions=["310000"], births=np.array([7370]))
    assert number.startswith("31000019900307")
    assert mod_11_2.calc_check_digit(number[:17]) == number[17]


def test_phone_numbers_are_possible_distinct_and_nobodys():
    """The numbers have the length of mobile numbers, and libphonenumber knows no operator that holds their prefix."""
    phones = identity.phone_numbers(np.random.default_rng(2), count=3000)
    assert len(set(phones)) == 3000
    for phone in phones[:200]:
        parsed = phonenumbers.parse(phone, "CN")
        assert len(phone) == 11
        assert phonenumbers.is_possible_number(parsed)
        assert not phonenumbers.is_valid_number(parsed)


def test_names_have_two_or_three_characters():
    """Names are Chinese, two or three characters long, and many are different."""
    names = identity.person_names(np.random.default_rng(4), count=2000)
    assert {len(name) for name in names} == {2, 3}
    assert all("\u4e00" <= character <= "\u9fff" for name in names for character in name)
    assert len(set(names)) > 1000
