"""Masked values and reveals."""

import copy
import json
import logging
import pickle

import pytest

from duecourse.kit import masking
from duecourse.kit.masking import Masked, Reveal, RevealRefused

NAME = "张三丰"


def test_a_masked_value_never_prints_itself(caplog: pytest.LogCaptureFixture) -> None:
    """repr, str, format, containers, logs and JSON with a default all show stars."""
    masked = Masked(NAME)
    with caplog.at_level(logging.INFO):
        logging.getLogger("test").info("%s %r", masked, masked)
    shown = [repr(masked), str(masked), f"{masked}", f"{masked:>20}", repr([masked]), json.dumps({"n": masked}, default=str), caplog.text]
    assert not any(NAME in text for text in shown)
    assert all("***" in text for text in shown)


def test_a_masked_value_cannot_be_serialised() -> None:
    """JSON without a default and pickles of every protocol refuse; a copy is the same object."""
    masked = Masked(NAME)
    with pytest.raises(TypeError):
        json.dumps(masked)
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        with pytest.raises(RevealRefused):
            pickle.dumps(masked, protocol)
    assert copy.deepcopy([masked])[0] is masked
    assert copy.copy(masked) is masked


def test_equality_is_identity() -> None:
    """Two masked values of the same content are not equal: content is compared by blind index."""
    one, other = Masked(NAME), Masked(NAME)
    assert one == one  # noqa: PLR0124
    assert one != other
    assert one != NAME


def test_exposing_takes_an_issued_reveal() -> None:
    """A token from the issuing function opens; anything else, also a look-alike, is refused."""
    reveal = masking.issue_reveal(purpose="dispute 7", actor_id=3, event_id=99)
    assert Masked(NAME).expose(reveal) == NAME
    assert (reveal.purpose, reveal.actor_id, reveal.event_id) == ("dispute 7", 3, 99)
    for forged in (None, "token", object()):
        with pytest.raises(RevealRefused):
            Masked(NAME).expose(forged)  # type: ignore[arg-type]


def test_a_reveal_cannot_be_made_changed_or_kept() -> None:
    """Construction, subclassing, change, pickling and an empty purpose are refused."""
    with pytest.raises(RevealRefused):
        Reveal(purpose="x", actor_id=1, event_id=1)
    with pytest.raises(RevealRefused):
        type("Forged", (Reveal,), {})
    reveal = masking.issue_reveal(purpose="x", actor_id=1, event_id=1)
    with pytest.raises(RevealRefused):
        reveal.purpose = "y"
    with pytest.raises(RevealRefused):
        pickle.dumps(reveal)
    with pytest.raises(RevealRefused):
        masking.issue_reveal(purpose=" ", actor_id=1, event_id=1)


def test_mapping_stays_masked_and_partial_displays_are_declared() -> None:
    """`map` gives a masked result; `partial` accepts the module's displays and no other function."""
    masked = Masked(" 13812345678 ").map(str.strip)
    assert str(masked) == "***"
    assert masked.partial(masking.mask_phone) == "138****5678"
    with pytest.raises(RevealRefused):
        masked.partial(str.upper)


@pytest.mark.parametrize(
    ("mask", "value", "shown"),
    [
        (masking.mask_name, "张三", "张*"),
        (masking.mask_name, "欧阳娜娜", "欧***"),
        (masking.mask_name, "王", "*"),
        (masking.mask_name, "", ""),
        (masking.mask_phone, "13812345678", "138****5678"),
        (masking.mask_phone, "+8613812345678", "+86138****5678"),
        (masking.mask_phone, "1234567", "*****67"),
        (masking.mask_phone, "110", "***"),
        (masking.mask_id_number, "11010119900307002X", "1****************X"),
        (masking.mask_id_number, "1234", "****"),
        (masking.mask_email, "mei@bank.example", "m***@bank.example"),
        (masking.mask_email, "not an address", "***"),
        (masking.mask_email, "@bank.example", "***"),
        (masking.mask_address, "浙江省杭州市西湖区文三路1号", "浙江省杭州市***"),
        (masking.mask_address, "北京市朝阳区建国路1号", "北京市***"),
        (masking.mask_address, "1 High Street", "***"),
    ],
)
def test_partial_displays(mask: object, value: str, shown: str) -> None:
    """What each display leaves, short values included."""
    assert mask(value) == shown  # type: ignore[operator]
