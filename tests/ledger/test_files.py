"""Files: stored by content, sealed when personal, found damaged, destroyed; and a full disk."""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from duecourse.kit.crypto import Unsealable
from duecourse.ledger import selectors
from duecourse.ledger.errors import FileClash, FileDamaged, FileDestroyed, FileMissing, FileRefused
from duecourse.ledger.selectors.files import CHUNK_BYTES, MAGIC
from duecourse.ledger.services import StoredFileRef, file_destroy, file_put
from duecourse.ledger.services import files as files_module
from duecourse.parties.access import acting
from tests import factories, people

pytestmark = pytest.mark.django_db
SIZES = [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 3 * CHUNK_BYTES]
SECRET = "陈一 330781199003070017\n".encode()


@pytest.fixture
def works(home, bank):
    """The bank at work, with a home folder."""
    with acting(bank.mei):
        yield bank


def put(bank, content: bytes | Path = SECRET, **changes) -> StoredFileRef:
    """Store a tape, personal unless said otherwise."""
    facts = {"kind": "tape", "name": "march.csv", "media_type": "text/csv", "is_personal": True}
    return file_put(creditor_id=bank.id, content=content, **(facts | changes))


def stored(home: Path) -> list[Path]:
    """Return every file under the home's `files/`."""
    return sorted(path for path in (home / "files").rglob("*") if path.is_file())


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("is_personal", [True, False])
def test_what_is_put_is_read(works, home, tmp_path, size, is_personal):
    """Around the borders of a chunk, bytes and a path come back whole, as bytes and as a stream, under their hash."""
    content = os.urandom(size)
    path = tmp_path / "source"
    path.write_bytes(content)
    ref = put(works, path, is_personal=is_personal)
    assert ref == put(works, content, is_personal=is_personal)
    assert (ref.sha256, ref.size_bytes) == (hashlib.sha256(content).hexdigest(), size)
    assert selectors.file_read(creditor_id=works.id, file_id=ref.id) == content
    with selectors.file_open(creditor_id=works.id, file_id=ref.id) as stream:
        assert b"".join(iter(lambda: stream.read(70_001), b"")) == content
    assert [p.parent.name for p in stored(home)] == [ref.sha256[:2]]


def test_personal_bytes_do_not_stand_on_the_disk(works, home):
    """A personal file is sealed on the disk, readable by its owner only; another one is not sealed."""
    put(works)
    (path,) = stored(home)
    assert path.read_bytes().startswith(MAGIC)
    assert "陈一".encode() not in path.read_bytes()
    for place in (path, path.parent, path.parents[1]):
        assert place.stat().st_mode & 0o077 == 0
    put(works, kind="report", is_personal=False)
    assert SECRET in [p.read_bytes() for p in stored(home)]


def test_row_says_what_the_file_is(works, home):
    """Name, media type and number of rows are kept with the first put."""
    ref = put(works, row_count=1)
    row = selectors.file_ref(creditor_id=works.id, file_id=ref.id)
    assert (row.name, row.media_type, row.row_count, row.size_bytes) == ("march.csv", "text/csv", 1, len(SECRET))


def iter_stream(creditor_id: int, file_id: int) -> Iterator[bytes]:
    """Yield a file's stream in pieces of a chunk."""
    with selectors.file_open(creditor_id=creditor_id, file_id=file_id) as stream:
        while piece := stream.read(CHUNK_BYTES):
            yield piece


def damage_cut(content: bytes) -> bytes:
    """Leave the last chunk out."""
    return content[: len(MAGIC) + CHUNK_BYTES + 34]


def damage_exchange(content: bytes) -> bytes:
    """Exchange the first two chunks."""
    size, start = CHUNK_BYTES + 34, len(MAGIC)
    return content[:start] + content[start + size : start + 2 * size] + content[start : start + size] + content[start + 2 * size :]


def damage_repeat(content: bytes) -> bytes:
    """Put the last chunk of five bytes twice."""
    return content + content[-(5 + 34) :]


def damage_bit(content: bytes) -> bytes:
    """Turn one bit of the middle."""
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]


@pytest.mark.parametrize("damage", [damage_cut, damage_exchange, damage_repeat, damage_bit, lambda c: b"", lambda c: c[5:]])
@pytest.mark.parametrize("is_personal", [True, False])
def test_damaged_bytes_are_not_returned(works, home, damage, is_personal):
    """Cut, exchanged, repeated or turned bytes are found; a personal file's stream stops before the first wrong chunk."""
    content = os.urandom(2 * CHUNK_BYTES + 5)
    ref = put(works, content, is_personal=is_personal)
    (path,) = stored(home)
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(FileDamaged):
        selectors.file_read(creditor_id=works.id, file_id=ref.id)
    if is_personal:
        taken: list[bytes] = []
        with pytest.raises(FileDamaged):
            taken.extend(iter_stream(works.id, ref.id))
        assert content.startswith(b"".join(taken))


def test_missing_bytes_are_told_and_mended_by_the_same_put(works, home):
    """Bytes that vanished are reported as damage; putting the same file again writes them anew under the same key."""
    ref = put(works)
    stored(home)[0].unlink()
    with pytest.raises(FileDamaged, match="not on the disk"):
        selectors.file_read(creditor_id=works.id, file_id=ref.id)
    assert put(works) == ref
    assert selectors.file_read(creditor_id=works.id, file_id=ref.id) == SECRET


def test_bytes_moved_to_another_row_do_not_open(works, home):
    """A sealed file copied over another one of the same length does not open there."""
    first, second = put(works, b"a" * 100), put(works, b"b" * 100)
    paths = {path.name[:64]: path for path in stored(home)}
    paths[second.sha256].write_bytes(paths[first.sha256].read_bytes())
    with pytest.raises(FileDamaged):
        selectors.file_read(creditor_id=works.id, file_id=second.id)


def test_two_creditors_share_nothing(home, bank):
    """The same bytes of two creditors lie twice, under two keys; one cannot read or destroy the other's."""
    other = factories.bank(people.OTHER_BANK)
    with acting(bank.mei):
        ours = put(bank)
    with acting(other.mei):
        theirs = put(other)
        assert theirs.id != ours.id
        assert len({path.read_bytes() for path in stored(home)}) == 2
        with pytest.raises(FileMissing):
            selectors.file_read(creditor_id=other.id, file_id=ours.id)
        with pytest.raises(FileMissing):
            file_destroy(creditor_id=other.id, file_id=ours.id, reason="retention")


def test_destroyed_file_is_gone_with_its_key(home, bank, django_capture_on_commit_callbacks):
    """Destroying takes the key at once and the bytes at commit, leaves the row and an event, and may be repeated."""
    with django_capture_on_commit_callbacks(execute=True), acting(bank.mei):
        ref = put(bank)
        file_destroy(creditor_id=bank.id, file_id=ref.id, reason="retention")
        file_destroy(creditor_id=bank.id, file_id=ref.id, reason="retention")
        assert selectors.file_ref(creditor_id=bank.id, file_id=ref.id).wrapped_key is None
        with pytest.raises(FileDestroyed):
            selectors.file_open(creditor_id=bank.id, file_id=ref.id)
        assert len(stored(home)) == 1
    assert stored(home) == []
    with acting(bank.mei):
        assert put(bank).id == ref.id
        assert selectors.file_read(creditor_id=bank.id, file_id=ref.id) == SECRET


def test_rollback_keeps_the_file(home, bank, django_capture_on_commit_callbacks):
    """When the transaction of a destruction fails, key and bytes are still there."""
    with acting(bank.mei):
        ref = put(bank)

    def destroy_and_fail() -> None:
        with acting(bank.mei):
            file_destroy(creditor_id=bank.id, file_id=ref.id, reason="retention")
            raise ZeroDivisionError

    with django_capture_on_commit_callbacks(execute=True), pytest.raises(ZeroDivisionError):
        destroy_and_fail()
    with acting(bank.mei):
        assert selectors.file_read(creditor_id=bank.id, file_id=ref.id) == SECRET


def test_one_file_is_personal_or_not(works, home):
    """The same bytes of the same kind are not stored once sealed and once in the clear."""
    put(works, is_personal=False)
    with pytest.raises(FileClash):
        put(works)


@pytest.mark.parametrize("kind", ["", "Tape", "a/b", "..", "x" * 41])
def test_kind_is_a_plain_word(works, home, kind):
    """A kind that could become part of another path is refused."""
    with pytest.raises(FileRefused):
        put(works, kind=kind)


def test_full_disk_leaves_nothing_half_written(works, home, monkeypatch):
    """When the disk is full, there is no row, no file, and no remains of one."""

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(files_module.os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        put(works)
    assert stored(home) == []
    monkeypatch.undo()


def test_file_that_changes_while_it_is_read_is_refused(works, home, tmp_path, monkeypatch):
    """The second reading must give the bytes of the first one."""
    path = tmp_path / "source"
    path.write_bytes(b"before")
    measured = files_module._measured

    def measure_then_change(content):
        found = measured(content)
        path.write_bytes(b"after!")
        return found

    monkeypatch.setattr(files_module, "_measured", measure_then_change)
    with pytest.raises(FileRefused, match="changed"):
        put(works, path)
    assert stored(home) == []


def test_key_ring_without_the_key_opens_nothing(works, home, settings):
    """Without the master key a personal file stays closed."""
    from duecourse.kit.crypto import Keyring

    ref = put(works)
    settings.DUECOURSE_KEYRING = Keyring({"other": b"o" * 32}, active_id="other")
    with pytest.raises((FileDamaged, Unsealable)):
        selectors.file_read(creditor_id=works.id, file_id=ref.id)
