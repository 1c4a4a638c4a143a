"""Sealing, look-up and commitment of personal data.

A master key of 32 bytes has an id. From it, by HKDF-SHA256 with different labels, come a key that wraps data keys and, per creditor,
a key for blind indexes; the master itself encrypts nothing. Each person has a data key of their own, stored wrapped: destroying it
makes everything sealed with it unreadable.

Sealed form 1: one byte 0x01, one byte length of the key id, the key id in ASCII, a nonce of 12 bytes, AES-256-GCM ciphertext and tag.
The bytes before the nonce are authenticated together with the caller's `aad`, which should name the place (table, column, row) so
that a sealed value cannot be moved. Nonces are random: one key may seal 2^32 values (NIST SP 800-38D, 8.3).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
from collections.abc import Iterable, Mapping, Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from duecourse.kit.errors import ConfigurationError, DuecourseError, InvalidInput
from duecourse.kit.identity import IdentityUnreadable, is_id_number, normalise_email, normalise_id_number, normalise_phone

__all__ = [
    "IdentityUnreadable",
    "Keyring",
    "KeyringUnusable",
    "SaltTooShort",
    "Sealer",
    "Unsealable",
    "blind_index",
    "blind_index_many",
    "commitment",
    "derive",
    "is_id_number",
    "new_data_key",
    "normalise_email",
    "normalise_id_number",
    "normalise_phone",
    "seal",
    "sealed_key_id",
    "unseal",
]

KEY_BYTES = 32
INDEX_BYTES = 16
SALT_BYTES_MIN = 16
_VERSION = 1
_NONCE_BYTES = 12
_TAG_BYTES = 16
_KEY_ID_MAX = 32
_HMAC_BLOCK_BYTES = 64


class KeyringUnusable(ConfigurationError):
    """The text or mapping of keys is not a key ring."""

    what = "The keys cannot be used: {reason}."
    why = "Personal data is sealed with them; a wrong key would make it unreadable."
    todo = "Write id:base64 of 32 random bytes, several separated by commas, the active one first."


class Unsealable(DuecourseError):
    """The bytes cannot be opened: wrong key, wrong place or tampering; which of them cannot be known."""

    what = "A sealed value cannot be opened: {reason}."
    why = "The key or the place is another one, or the bytes were changed."
    todo = "Check that the key ring holds the key the value was sealed with."
    http_status = 500


class SaltTooShort(InvalidInput):
    """A commitment with a short salt can be guessed."""

    what = "The salt has {length} bytes."
    why = "Telephone numbers and identity numbers are few enough to try them all."
    todo = "Use at least 16 random bytes."


class Sealer:
    """Seals and opens values under one key, without a construction per value: what batches use."""

    __slots__ = ("_aead", "_header", "key_id")

    def __init__(self, key: bytes, *, key_id: str) -> None:
        """Prepare the key.

        Raises:
            KeyringUnusable: the key has not 32 bytes, or the id is not 1 to 32 printable ASCII characters without blank, colon, comma.
        """
        _check_key(key_id, key)
        self.key_id = key_id
        self._header = bytes((_VERSION, len(key_id))) + key_id.encode()
        self._aead = AESGCM(key)

    def seal(self, plaintext: bytes | str, *, aad: bytes) -> bytes:
        """Return the sealed form of one value."""
        nonce = os.urandom(_NONCE_BYTES)
        body = plaintext.encode() if isinstance(plaintext, str) else plaintext
        return self._header + nonce + self._aead.encrypt(nonce, body, self._header + aad)

    def seal_many(self, plaintexts: Sequence[bytes | str | None], *, aads: Iterable[bytes]) -> list[bytes | None]:
        """Return the sealed forms of many values, None for None; `aads` gives one per value."""
        nonces, header, encrypt = os.urandom(_NONCE_BYTES * len(plaintexts)), self._header, self._aead.encrypt
        sealed: list[bytes | None] = []
        for i, (plaintext, aad) in enumerate(zip(plaintexts, aads, strict=True)):
            if plaintext is None:
                sealed.append(None)
                continue
            nonce = nonces[i * _NONCE_BYTES : (i + 1) * _NONCE_BYTES]
            body = plaintext.encode() if isinstance(plaintext, str) else plaintext
            sealed.append(header + nonce + encrypt(nonce, body, header + aad))
        return sealed

    def unseal(self, sealed: bytes, *, aad: bytes) -> bytes:
        """Return the value.

        Raises:
            Unsealable: other key, other place, or changed bytes.
        """
        start = len(self._header)
        if sealed[:start] != self._header:
            raise Unsealable(reason="it was sealed under another key id or form")
        if len(sealed) < start + _NONCE_BYTES + _TAG_BYTES:
            raise Unsealable(reason="it is too short")
        nonce = sealed[start : start + _NONCE_BYTES]
        try:
            return self._aead.decrypt(nonce, sealed[start + _NONCE_BYTES :], self._header + aad)
        except InvalidTag as error:
            raise Unsealable(reason="it does not authenticate") from error


def seal(plaintext: bytes | str, *, key: bytes, key_id: str, aad: bytes) -> bytes:
    """Return the sealed form of one value (a text is sealed as UTF-8).

    Raises:
        KeyringUnusable: the key or the id has a wrong length.
    """
    return Sealer(key, key_id=key_id).seal(plaintext, aad=aad)


def unseal(sealed: bytes, *, key: bytes, key_id: str, aad: bytes) -> bytes:
    """Return the value that `seal` hid.

    Raises:
        Unsealable: other key, other place, or changed bytes.
    """
    return Sealer(key, key_id=key_id).unseal(sealed, aad=aad)


def sealed_key_id(sealed: bytes) -> str:
    """Return the id of the key a value was sealed with.

    Raises:
        Unsealable: the bytes are not of the sealed form.
    """
    if len(sealed) < 2 or sealed[0] != _VERSION or len(sealed) < 2 + sealed[1]:
        raise Unsealable(reason="it has not the sealed form")
    try:
        return sealed[2 : 2 + sealed[1]].decode("ascii")
    except UnicodeDecodeError as error:
        raise Unsealable(reason="it has not the sealed form") from error


def new_data_key() -> bytes:
    """Return 32 random bytes: a person's data key."""
    return os.urandom(KEY_BYTES)


def derive(master: bytes, *, label: bytes) -> bytes:
    """Return the 32-byte key for the purpose that `label` names.

    Source: RFC 5869, HKDF-SHA256 without salt.
    """
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=label).derive(master)


class Keyring:
    """Master keys by id, one of them active.

    Attributes:
        active_id: the key that wraps from now on.
        key_ids: all ids, the active one first.
    """

    def __init__(self, keys: Mapping[str, bytes], *, active_id: str) -> None:
        """Take keys of 32 bytes by id.

        Raises:
            KeyringUnusable: no keys, a wrong length, a bad id, two ids with one key, or an unknown active id.
        """
        if active_id not in keys:
            raise KeyringUnusable(reason=f"the active key {active_id!r} is not among them")
        for key_id, key in keys.items():
            _check_key(key_id, key)
        if len(set(keys.values())) != len(keys):
            raise KeyringUnusable(reason="two ids have the same key")
        self.active_id = active_id
        self.key_ids = (active_id, *(key_id for key_id in keys if key_id != active_id))
        self._masters = dict(keys)
        self._wrappers = {i: Sealer(derive(key, label=b"duecourse/wrap/1"), key_id=i) for i, key in keys.items()}
        self._index_keys: dict[tuple[str, str], bytes] = {}

    @classmethod
    def from_text(cls, text: str) -> Keyring:
        """Read `k1:base64,k2:base64`; the first key is the active one.

        Raises:
            KeyringUnusable: the text has another form; the message never repeats key material.
        """
        keys: dict[str, bytes] = {}
        for number, part in enumerate(text.split(","), start=1):
            key_id, colon, encoded = part.strip().partition(":")
            if not colon:
                raise KeyringUnusable(reason=f"entry {number} has no colon")
            if key_id in keys:
                raise KeyringUnusable(reason=f"entry {number} repeats an id")
            try:
                keys[key_id] = base64.b64decode(encoded, validate=True)
            except (binascii.Error, ValueError):
                raise KeyringUnusable(reason=f"entry {number} is not base64") from None
        return cls(keys, active_id=next(iter(keys)))

    def wrap(self, data_key: bytes, aad: bytes) -> bytes:
        """Return the data key sealed under the active key."""
        return self._wrappers[self.active_id].seal(data_key, aad=aad)

    def wrap_many(self, data_keys: Sequence[bytes], *, aads: Iterable[bytes]) -> list[bytes]:
        """Return many data keys sealed under the active key."""
        return [wrapped for wrapped in self._wrappers[self.active_id].seal_many(data_keys, aads=aads) if wrapped is not None]

    def unwrap(self, wrapped: bytes, aad: bytes) -> bytes:
        """Return the data key.

        Raises:
            Unsealable: the ring lacks the key, or the bytes or the place changed.
        """
        wrapper = self._wrappers.get(sealed_key_id(wrapped))
        if wrapper is None:
            raise Unsealable(reason="the ring lacks its key")
        return wrapper.unseal(wrapped, aad=aad)

    def rewrap(self, wrapped: bytes, aad: bytes) -> bytes:
        """Return the same data key under the active key; unchanged bytes when it already is.

        Raises:
            Unsealable: as `unwrap`.
        """
        data_key = self.unwrap(wrapped, aad)
        return wrapped if sealed_key_id(wrapped) == self.active_id else self.wrap(data_key, aad)

    def index_key(self, creditor_id: int | str, key_id: str | None = None) -> bytes:
        """Return the creditor's blind-index key under a master, by default the active one.

        Raises:
            KeyringUnusable: the ring has no such key.
        """
        chosen = key_id or self.active_id
        if chosen not in self._masters:
            raise KeyringUnusable(reason=f"there is no key {chosen!r}")
        place = (chosen, str(creditor_id))
        if place not in self._index_keys:
            self._index_keys[place] = derive(self._masters[chosen], label=f"duecourse/index/1/{creditor_id}".encode())
        return self._index_keys[place]

    def index_keys(self, creditor_id: int | str) -> dict[str, bytes]:
        """Return the creditor's blind-index keys by key id, the active one first: look up under all of them during rotation."""
        return {key_id: self.index_key(creditor_id, key_id) for key_id in self.key_ids}

    def __repr__(self) -> str:
        return f"Keyring(active_id={self.active_id!r}, key_ids={self.key_ids!r})"

    def __reduce_ex__(self, protocol: object) -> str | tuple[object, ...]:
        raise TypeError("A key ring is not pickled.")


def blind_index(value: str, *, key: bytes) -> bytes:
    """Return 16 bytes by which a normalised value can be found but not read: HMAC-SHA256, the first half.

    Sixteen bytes keep the index half as large; among 10^9 values the chance of any collision is about 10^-21.
    """
    return hmac.digest(key, value.encode(), "sha256")[:INDEX_BYTES]


def blind_index_many(values: Iterable[str | None], *, key: bytes) -> list[bytes | None]:
    """Return the blind index of each value, None for None; equal to `blind_index` one by one, at twice the speed.

    The two padded key blocks of HMAC (RFC 2104) are hashed once and copied for each value.
    """
    short = key if len(key) <= _HMAC_BLOCK_BYTES else hashlib.sha256(key).digest()
    block = short.ljust(_HMAC_BLOCK_BYTES, b"\0")
    inner, outer = (hashlib.sha256(bytes(byte ^ pad for byte in block)) for pad in (0x36, 0x5C))
    found: list[bytes | None] = []
    for value in values:
        if value is None:
            found.append(None)
            continue
        first, second = inner.copy(), outer.copy()
        first.update(value.encode())
        second.update(first.digest())
        found.append(second.digest()[:INDEX_BYTES])
    return found


def commitment(value: str, *, salt: bytes) -> str:
    """Return a hexadecimal commitment to a value: HMAC-SHA256 under a secret salt; destroying the salt makes it meaningless.

    Raises:
        SaltTooShort: the salt has fewer than 16 bytes.
    """
    if len(salt) < SALT_BYTES_MIN:
        raise SaltTooShort(length=len(salt))
    return hmac.new(salt, value.encode(), hashlib.sha256).hexdigest()


def _check_key(key_id: str, key: bytes) -> None:
    if not 1 <= len(key_id) <= _KEY_ID_MAX or not key_id.isascii() or not key_id.isprintable() or set(key_id) & set(" :,"):
        raise KeyringUnusable(reason="an id must be 1 to 32 ASCII characters without blank, colon or comma")
    if len(key) != KEY_BYTES:
        raise KeyringUnusable(reason=f"key {key_id!r} has {len(key)} bytes and needs {KEY_BYTES}")
