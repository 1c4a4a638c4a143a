"""Sealing, key rings, blind indexes and commitments.

Propositions shown by Hypothesis:
1. What is sealed opens to the same bytes under the same key and place.
2. Any single changed bit makes it unsealable.
3. Batch forms equal the single forms.
"""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duecourse.kit import crypto
from duecourse.kit.crypto import Keyring, KeyringUnusable, Unsealable

KEY = bytes(range(32))
OTHER = bytes(range(1, 33))


def ring_text(*ids: str) -> str:
    """Return the environment text of a ring with one distinct key per id."""
    return ",".join(f"{key_id}:{base64.b64encode(bytes([ord(key_id[-1])]) * 32).decode()}" for key_id in ids)


@given(st.binary(max_size=200), st.binary(max_size=40))
def test_seal_and_unseal(plaintext: bytes, aad: bytes) -> None:
    """Proposition 1, and two seals of one value differ."""
    sealed = crypto.seal(plaintext, key=KEY, key_id="k1", aad=aad)
    assert crypto.unseal(sealed, key=KEY, key_id="k1", aad=aad) == plaintext
    assert crypto.sealed_key_id(sealed) == "k1"
    assert sealed != crypto.seal(plaintext, key=KEY, key_id="k1", aad=aad)


@given(st.data())
def test_a_changed_bit_is_noticed(draw: st.DataObject) -> None:
    """Proposition 2, the header included."""
    sealed = bytearray(crypto.seal("张三", key=KEY, key_id="k1", aad=b"person/1/name"))
    sealed[draw.draw(st.integers(0, len(sealed) - 1))] ^= 1 << draw.draw(st.integers(0, 7))
    with pytest.raises(Unsealable):
        crypto.unseal(bytes(sealed), key=KEY, key_id="k1", aad=b"person/1/name")


@given(st.binary(max_size=80))
def test_random_bytes_are_unsealable(noise: bytes) -> None:
    """Bytes that were never sealed give Unsealable and nothing else."""
    with pytest.raises(Unsealable):
        crypto.unseal(noise, key=KEY, key_id="k1", aad=b"")
    with pytest.raises(Unsealable):
        Keyring.from_text(ring_text("k1")).unwrap(noise, b"")


def test_wrong_key_place_or_length() -> None:
    """Another key, another place, a cut value: all unsealable."""
    sealed = crypto.seal(b"x", key=KEY, key_id="k1", aad=b"a")
    for attempt in (
        lambda: crypto.unseal(sealed, key=OTHER, key_id="k1", aad=b"a"),
        lambda: crypto.unseal(sealed, key=KEY, key_id="k2", aad=b"a"),
        lambda: crypto.unseal(sealed, key=KEY, key_id="k1", aad=b"b"),
        lambda: crypto.unseal(sealed[:-1], key=KEY, key_id="k1", aad=b"a"),
        lambda: crypto.unseal(b"", key=KEY, key_id="k1", aad=b"a"),
    ):
        with pytest.raises(Unsealable):
            attempt()


def test_the_sealed_form_is_pinned() -> None:
    """A value sealed by the first version opens for ever."""
    sealed = base64.b64decode("AQJrMbEUw9yXVC0u112UP6tbGbNGW2vVFsGQBLoHFKai3Gh+VEM=")
    assert crypto.unseal(sealed, key=KEY, key_id="k1", aad=b"person/1/name") == "张三".encode()


def test_a_batch_equals_one_by_one() -> None:
    """Proposition 3: nulls stay, each value opens under its own place, indexes are equal."""
    sealer = crypto.Sealer(KEY, key_id="k1")
    texts = ["a", None, "张三", b"bytes"]
    aads = [f"row/{i}".encode() for i in range(4)]
    sealed = sealer.seal_many(texts, aads=aads)
    assert sealed[1] is None
    opened = [None if s is None else sealer.unseal(s, aad=aad) for s, aad in zip(sealed, aads, strict=True)]
    assert opened == [b"a", None, "张三".encode(), b"bytes"]
    assert crypto.blind_index_many(["a", None, "张三"], key=KEY) == [
        crypto.blind_index("a", key=KEY),
        None,
        crypto.blind_index("张三", key=KEY),
    ]
    with pytest.raises(ValueError, match="argument"):
        sealer.seal_many(["a", "b"], aads=[b""])


def test_blind_index_derivation_and_commitment_are_pinned() -> None:
    """Golden vectors: an index must find what an earlier version stored."""
    index_key = Keyring.from_text(ring_text("k1")).index_key(7)
    assert crypto.derive(KEY, label=b"x").hex() == "2965d0b8feb239f8e888bae7da728027fe58afcb5c5ba7100ad0fb9dd65c39dc"
    assert crypto.blind_index("11010119900307002X", key=index_key).hex() == "f87ced3f0d440d9925d75941ff84347b"
    assert len(crypto.blind_index("x", key=index_key)) == 16
    assert crypto.commitment("张三", salt=b"s" * 16) == "11d94cae736cb2884ba01daaf6800f7c9e6447c80268c0cd0498cf554dcb7516"
    with pytest.raises(crypto.SaltTooShort):
        crypto.commitment("x", salt=b"short")


def test_rotation_of_master_keys() -> None:
    """A wrapped key opens under a ring with a new active key, is rewrapped once, and not found when the old key is gone."""
    old, both, new = (Keyring.from_text(text) for text in (ring_text("k1"), ring_text("k2", "k1"), ring_text("k2")))
    data_key = crypto.new_data_key()
    wrapped = old.wrap(data_key, b"person/1")
    assert both.unwrap(wrapped, b"person/1") == data_key
    rewrapped = both.rewrap(wrapped, b"person/1")
    assert crypto.sealed_key_id(rewrapped) == "k2"
    assert both.rewrap(rewrapped, b"person/1") == rewrapped
    assert new.unwrap(rewrapped, b"person/1") == data_key
    for attempt in (lambda: new.unwrap(wrapped, b"person/1"), lambda: old.unwrap(wrapped, b"person/2")):
        with pytest.raises(Unsealable):
            attempt()
    assert list(both.index_keys(7)) == ["k2", "k1"]
    assert both.index_key(7, "k1") == old.index_key(7)
    assert both.index_key(7) != both.index_key(8)
    assert [both.unwrap(w, b"p") for w in both.wrap_many([data_key, KEY], aads=[b"p", b"p"])] == [data_key, KEY]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "k1",
        "k1:",
        "k1:!!!!",
        "k1:c2hvcnQ=",
        ring_text("k1") + "," + ring_text("k1"),
        ":" + ring_text("k1")[3:],
        "k 1" + ring_text("k1")[2:],
        ring_text("k1") + "," + ring_text("k1").replace("k1", "k2"),
        ring_text("k1") + ",",
        "x" * 33 + ring_text("k1")[2:],
    ],
)
def test_unusable_rings_are_refused_without_showing_keys(text: str) -> None:
    """Bad lengths, bad base64, repeated ids or keys: a clear error that never repeats key material."""
    with pytest.raises(KeyringUnusable) as caught:
        Keyring.from_text(text)
    assert "MTEx" not in caught.value.message()


def test_a_ring_does_not_show_or_pickle_its_keys() -> None:
    """The printed ring has ids only."""
    ring = Keyring.from_text(ring_text("k1"))
    assert repr(ring) == "Keyring(active_id='k1', key_ids=('k1',))"
    with pytest.raises(KeyringUnusable):
        ring.index_key(1, "k9")
    with pytest.raises(KeyringUnusable):
        Keyring({"k1": KEY}, active_id="k2")


@given(st.lists(st.none() | st.text(st.characters(exclude_categories=["Cs"])), max_size=8), st.binary(min_size=1, max_size=80))
def test_many_indexes_equal_single_ones(values: list[str | None], key: bytes) -> None:
    """Proposition 3 for any texts and keys."""
    assert crypto.blind_index_many(values, key=key) == [None if value is None else crypto.blind_index(value, key=key) for value in values]
