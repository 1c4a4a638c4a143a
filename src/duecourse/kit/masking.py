"""Personal data that does not show itself.

A `Masked` value prints `***` wherever it is printed. The value comes out in one way only: `expose` with a `Reveal`, which the audited
service issues after it has written who looks, at what and why. A display that keeps a few characters (`138****5678`) needs no token.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Generic, NoReturn, Self, TypeVar

from duecourse.kit.errors import Forbidden

T = TypeVar("T")
U = TypeVar("U")

STARS = "***"


class RevealRefused(Forbidden):
    """Somebody tried to see personal data, or to make the token for it, outside the audited service."""

    what = "Personal data stays masked: {reason}."
    why = "Each look at personal data is written down first."
    todo = "Ask the audited service for a reveal with a purpose."


class Reveal:
    """A token that lets the holder see personal data.

    Attributes:
        purpose: why, as recorded.
        actor_id: who looks.
        event_id: the audit event that records the look.
    """

    __slots__ = ("actor_id", "event_id", "purpose")

    purpose: str
    actor_id: int | str
    event_id: int | str

    def __new__(cls, *args: object, **kwargs: object) -> Self:  # noqa: ARG004  (any call is refused)
        """Refuse: only `issue_reveal` makes a token."""
        raise RevealRefused(reason="a reveal is issued, not constructed")

    def __init_subclass__(cls) -> None:
        raise RevealRefused(reason="a reveal has no other kinds")

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise RevealRefused(reason="a reveal does not change")

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise RevealRefused(reason="a reveal is not copied or stored")

    def __repr__(self) -> str:
        return f"Reveal(purpose={self.purpose!r}, actor_id={self.actor_id!r}, event_id={self.event_id!r})"


def issue_reveal(*, purpose: str, actor_id: int | str, event_id: int | str) -> Reveal:
    """Return a token for one recorded look.

    Only the audited service calls this, after it has appended the audit event `event_id`; a house test lists the callers.

    Raises:
        RevealRefused: the purpose is empty.
    """
    if not purpose.strip():
        raise RevealRefused(reason="a reveal needs a purpose")
    token = object.__new__(Reveal)
    for name, value in (("purpose", purpose), ("actor_id", actor_id), ("event_id", event_id)):
        object.__setattr__(token, name, value)
    return token


class Masked(Generic[T]):
    """A value that never shows itself in texts, logs, JSON or pickles.

    Two masked values are equal only when they are the same object: to compare content, compare blind indexes.
    """

    __slots__ = ("__value",)

    def __init__(self, value: T) -> None:
        self.__value = value

    def expose(self, reveal: Reveal) -> T:
        """Return the value to the holder of a token.

        Raises:
            RevealRefused: what was handed in is not a token.
        """
        if type(reveal) is not Reveal:
            raise RevealRefused(reason="that is not a reveal")
        return self.__value

    def map(self, change: Callable[[T], U]) -> Masked[U]:
        """Return the changed value, still masked: normalise, seal or index without seeing."""
        return Masked(change(self.__value))

    def partial(self, mask: Callable[[str], str]) -> str:
        """Return the display that one of this module's `mask_…` functions leaves of the value.

        Raises:
            RevealRefused: `mask` is not one of them.
        """
        if mask not in PARTIAL_DISPLAYS:
            raise RevealRefused(reason="only the declared displays may look")
        return mask(str(self.__value))

    def __repr__(self) -> str:
        return STARS

    def __str__(self) -> str:
        return STARS

    def __format__(self, spec: str) -> str:
        return STARS

    def __copy__(self) -> Masked[T]:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Masked[T]:
        return self

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise RevealRefused(reason="a masked value is not pickled")

    def __getstate__(self) -> NoReturn:
        raise RevealRefused(reason="a masked value is not pickled")


def mask_name(name: str) -> str:
    """Return the name with its first character (the family name) and stars: 张三 → 张*, Anna Berg → A********."""
    return name[:1] + "*" * (len(name) - 1) if len(name) > 1 else "*" * len(name)


def mask_phone(phone: str) -> str:
    """Return the number with four digits in the middle hidden: 13812345678 → 138****5678, +8613812345678 → +86138****5678.

    Numbers shorter than eight characters are hidden but for the last two.
    """
    if len(phone) < 8:
        return "*" * max(len(phone) - 2, 0) + phone[-2:] if len(phone) > 3 else "*" * len(phone)
    return phone[:-8] + "****" + phone[-4:]


def mask_id_number(number: str) -> str:
    """Return the number with all but the first and the last hidden: 11010119900307002X → 1****************X."""
    return number[0] + "*" * (len(number) - 2) + number[-1] if len(number) > 4 else "*" * len(number)


def mask_email(address: str) -> str:
    """Return the address with the first letter and the domain: mei@bank.example → m***@bank.example."""
    local, at, domain = address.rpartition("@")
    return f"{local[:1]}{STARS}@{domain}" if at and local else STARS


def mask_address(address: str) -> str:
    """Return the province and city of a Chinese address, else nothing but stars: 浙江省杭州市西湖区… → 浙江省杭州市***."""
    found = re.match(r"(?:[^省市区县\d]{2,8}?(?:省|自治区))?[^省市区县\d]{2,8}?(?:市|自治州|地区|盟)", address)
    return (found[0] if found else "") + STARS


PARTIAL_DISPLAYS: frozenset[Callable[[str], str]] = frozenset({mask_name, mask_phone, mask_id_number, mask_email, mask_address})
