"""How a person's data is sealed, found and opened: the places that authenticate it, its normal forms, its indexes."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from django.conf import settings

from duecourse.kit.crypto import Keyring, Sealer, blind_index, normalise_email, normalise_id_number, normalise_phone
from duecourse.kit.identity import IdentityUnreadable

PERSON_KEY_ID = "person"
SALT_BYTES = 16
CONTACT_KINDS = ("phone", "email", "address")


def keyring() -> Keyring:
    """Return the installation's master keys."""
    ring: Keyring = settings.DUECOURSE_KEYRING
    return ring


def key_place(creditor_id: int, *, person_id: int) -> bytes:
    """Return what authenticates the place of a person's wrapped key."""
    return f"portfolio_personsecret|{creditor_id}|{person_id}|key".encode()


def value_place(creditor_id: int, *, person_id: int, field: str) -> bytes:
    """Return what authenticates the place of a person's sealed value: `name`, `identity`, or the kind of a contact point."""
    return f"portfolio_person|{creditor_id}|{person_id}|{field}".encode()


def sealer_of(creditor_id: int, *, person_id: int, wrapped_key: bytes) -> Sealer:
    """Return the sealer of a person's own key.

    Raises:
        Unsealable: the key ring lacks the master key, or the bytes were moved or changed.
    """
    data_key = keyring().unwrap(bytes(wrapped_key), key_place(creditor_id, person_id=person_id))
    return Sealer(data_key, key_id=PERSON_KEY_ID)


def identity_text(number: str, *, kind: str = "resident_id") -> str:
    """Return the text by which a person is recognised.

    Resident identity numbers and company codes stand for themselves; numbers of other papers are told apart by their kind, for a passport
    and a travel permit may share one.

    Raises:
        IdentityUnreadable: nothing is left of the number.
    """
    plain = normalise_id_number(number)
    return plain if kind in ("resident_id", "company_code", "") else f"{kind}:{plain}"


def identity_indexes(creditor_id: int, *, numbers: Iterable[str], kind: str = "resident_id") -> dict[bytes, str]:
    """Return blind index → number, under every active key of the creditor; numbers that cannot be read are left out."""
    found: dict[bytes, str] = {}
    keys = keyring().index_keys(creditor_id).values()
    for number in numbers:
        try:
            text = identity_text(number, kind=kind)
        except IdentityUnreadable:
            continue
        found |= {blind_index(text, key=key): number for key in keys}
    return found


def contact_text(kind: str, /, value: str, *, region: str = "CN") -> str:
    """Return the normal form of a contact point's value; `region` is where telephone numbers without a country code belong.

    Raises:
        IdentityUnreadable: it is no telephone number or e-mail address.
    """
    if kind == "phone":
        return normalise_phone(value, region=region)
    if kind == "email":
        return normalise_email(value)
    return re.sub(r"\s+", " ", unicodedata.normalize("NFKC", value)).strip()
