"""Made-up people: names, identity numbers and telephone numbers that look right and belong to nobody.

Identity numbers have the form and check digit of GB 11643, but their first six digits are a bare province code (for example 310000).
Identity cards carry the six-digit code of a county or district, so no card was ever issued under such a number. Telephone numbers
begin with 154, a prefix that no operator holds in libphonenumber's metadata: eleven digits, possible, not valid. E-mail addresses are
under `example.invalid`, which RFC 2606 keeps from ever existing. Addresses are on Example Road (示范路).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from duecourse.engine.simulate.schemas import Bools, Ints

PHONE_PREFIX = "154"
EMAIL_DOMAIN = "example.invalid"
PROVINCES: dict[str, tuple[str, float]] = {
    "110000": ("北京市", 0.06),
    "310000": ("上海市", 0.10),
    "320000": ("江苏省", 0.11),
    "330000": ("浙江省", 0.10),
    "350000": ("福建省", 0.06),
    "370000": ("山东省", 0.10),
    "410000": ("河南省", 0.10),
    "420000": ("湖北省", 0.08),
    "440000": ("广东省", 0.17),
    "510000": ("四川省", 0.12),
}

_SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘蒋蔡余"
_GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉兰红建文辉力波宁慧鑫宇浩凯晨雪琳佳欣怡子涵梓轩诗婷"
_WEIGHTS: Ints = np.array([7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2], dtype=np.int64)
_CHECK = "10X98765432"
_PHONE_SPAN = 10**8
_PHONE_STRIDE = 61_803_397


def person_names(rng: np.random.Generator, *, count: int) -> list[str]:
    """Return names of two or three characters; different people may share one, as they do in life."""
    surname = rng.integers(len(_SURNAMES), size=count)
    given = rng.integers(len(_GIVEN), size=(count, 2))
    is_long = rng.random(count) < 0.7
    return [
        _SURNAMES[s] + _GIVEN[first] + (_GIVEN[second] if long else "")
        for s, (first, second), long in zip(surname.tolist(), given.tolist(), is_long.tolist(), strict=True)
    ]


def identity_numbers(rng: np.random.Generator, *, regions: Sequence[str], births: Ints) -> list[str]:
    """Return one 18-character number per person, no two alike.

    Args:
        rng: source of the three-digit sequence numbers.
        regions: six-digit province codes.
        births: birthdays as days since 1970-01-01, int64.

    Source: GB 11643, modulus 11 check digit of ISO 7064.
    """
    written = np.datetime_as_string(births.astype("datetime64[D]"))
    stems = np.array([region + day.replace("-", "") for region, day in zip(regions, written.tolist(), strict=True)])
    sequence = rng.integers(1, 1000, size=len(stems))
    while (again := _repeated(np.char.add(stems, np.char.zfill(sequence.astype("U3"), 3)))).any():
        sequence[again] = rng.integers(1, 1000, size=int(again.sum()))
    bodies = np.char.add(stems, np.char.zfill(sequence.astype("U3"), 3))
    digits = bodies.astype("U17").view("U1").reshape(len(bodies), 17).astype(np.int64)
    check = digits @ _WEIGHTS % 11
    return [body + _CHECK[c] for body, c in zip(bodies.tolist(), check.tolist(), strict=True)]


def phone_numbers(rng: np.random.Generator, *, count: int) -> list[str]:
    """Return `count` different eleven-digit numbers under `PHONE_PREFIX`, for up to 100 million people."""
    start = int(rng.integers(_PHONE_SPAN))
    return [f"{PHONE_PREFIX}{(start + i * _PHONE_STRIDE) % _PHONE_SPAN:08d}" for i in range(count)]


def street_addresses(rng: np.random.Generator, *, regions: Sequence[str]) -> list[str]:
    """Return an address on Example Road in each person's province."""
    house = rng.integers(1, 2000, size=len(regions)).tolist()
    room = rng.integers(101, 2905, size=len(regions)).tolist()
    return [f"{PROVINCES[region][0]}示范路{h}号{r}室" for region, h, r in zip(regions, house, room, strict=True)]


def _repeated(values: np.ndarray[tuple[int, ...], np.dtype[np.str_]]) -> Bools:
    repeated = np.ones(len(values), dtype=np.bool_)
    repeated[np.unique(values, return_index=True)[1]] = False
    return repeated
