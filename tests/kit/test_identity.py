"""Normal forms of identity numbers, telephone numbers and e-mail addresses."""

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from duecourse.kit import identity
from duecourse.kit.identity import IdentityUnreadable


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("11010119900307002x", "11010119900307002X"),
        (" 110101 19900307 002X ", "11010119900307002X"),
        ("１１０１０１１９９００３０７００２Ｘ", "11010119900307002X"),
        ("130503670401001", "130503196704010016"),
        ("130503671301001", "130503671301001"),
        ("E1234-5678", "E12345678"),
    ],
)
def test_identity_numbers(text: str, normal: str) -> None:
    """Width, blanks and case are evened out; 15 digits become 18 only with a real birth date (example of GB 11643-1999)."""
    assert identity.normalise_id_number(text) == normal
    assert identity.normalise_id_number(normal) == normal


def test_check_characters() -> None:
    """A right number passes; a changed digit, an impossible birth date and 17 digits do not."""
    assert identity.is_id_number("11010519491231002X")
    assert not identity.is_id_number("110105194912310021")
    assert not identity.is_id_number("11010519491331002X")
    assert not identity.is_id_number("1101051949123100")


@given(st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True), st.sampled_from(["", "+86", "0086", "+86 "]))
def test_the_short_way_for_chinese_mobiles_equals_the_library(digits: str, prefix: str) -> None:
    """A property over all mobile numbers: the regular expression gives what phonenumbers gives."""
    parsed = phonenumbers.parse(prefix + digits, "CN")
    expected = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
    assert identity.normalise_phone(prefix + digits) == expected == "+86" + digits


def test_other_numbers_and_regions() -> None:
    """Full-width digits, land lines and a default region."""
    assert identity.normalise_phone("１３８-１２３４-５６７８") == "+8613812345678"
    assert identity.normalise_phone("010-62345678") == "+861062345678"
    assert identity.normalise_phone("(212) 555-0100", region="US") == "+12125550100"


@pytest.mark.parametrize("text", ["", "abc", "12", "1" * 300, "+999123456789"])
def test_unreadable_numbers(text: str) -> None:
    """What is not a possible number is refused, and not repeated."""
    with pytest.raises(IdentityUnreadable):
        identity.normalise_phone(text)


def test_mail_addresses() -> None:
    """Case and width are evened out; half an address is refused."""
    assert identity.normalise_email(" Mei@Bank.EXAMPLE ") == "mei@bank.example"
    for text in ("", "mei", "mei@", "@bank.example", "a@b@c.d", "a b@c.d", "a@b", "a@."):
        with pytest.raises(IdentityUnreadable):
            identity.normalise_email(text)
    with pytest.raises(IdentityUnreadable):
        identity.normalise_id_number(" - ")
