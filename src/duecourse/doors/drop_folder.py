"""A drop folder: what the core leaves there, or a performer its call records, is taken in once, and moved to `done/` or `rejects/`.

A file's name says its kind and the core's time: `update_20260905T060000.csv`, `paid_20260905T061500Z_branch-7.xlsx`. A file is complete when
`<name>.ok` or `<name>.done` lies beside it, or when neither its size nor its time has changed for some seconds; the core may as well write
under another name and rename. Nothing is followed out of the folder: links are left alone, and a file is read from a private copy.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

from duecourse.contact.services import CallRecordsResult, call_records_load
from duecourse.cycle.services.feeds import FeedResult, feed_receive
from duecourse.kit.calendar import local_day, zone
from duecourse.kit.clock import now
from duecourse.kit.errors import DuecourseError, InvalidInput
from duecourse.kit.records import Limits, TooLarge, WriteFailed
from duecourse.parties.access import Actor, acting, creditor_of
from duecourse.portfolio.errors import IntakeBusy, StorageFull
from duecourse.portfolio.services.specs import FEED_KINDS
from duecourse.portfolio.services.totals import SIDECAR_SUFFIX

NAME = re.compile(
    rf"(?P<kind>{'|'.join(FEED_KINDS)})(_(?P<day>\d{{8}})T(?P<time>\d{{6}})(?P<utc>Z?))?(_[A-Za-z0-9-]{{1,40}})?\.(csv|xlsx|parquet)"
)
CALLS_NAME = re.compile(r"(?P<kind>calls)(_(?P<day>\d{8})(T(?P<time>\d{6})(?P<utc>Z?))?)?(_[A-Za-z0-9-]{1,40})?\.(csv|xlsx|parquet)")
"""A performer's call records: `calls_20260901.csv`, the day of the calls in the creditor's zone; without one the rows tell."""
MANIFESTS = (".ok", ".done")
DONE, REJECTS, LOCK = "done", "rejects", ".duecourse.lock"
SETTLE_SECONDS = 10
_BLOCK_BYTES = 1 << 20
_TRANSIENT = (IntakeBusy, StorageFull, WriteFailed)


class FolderUnusable(InvalidInput):
    """The drop folder is not a folder one can work in."""

    what = "The folder {folder} cannot be used: {reason}."
    todo = "Name a folder of your own that this program may write to."
    read = "docs/feeds.md"


class FolderBusy(InvalidInput):
    """Another process looks through the folder."""

    what = "Another process is looking through the folder {folder}."
    todo = "Wait until it is done; two would only be in each other's way."


class NameUnknown(InvalidInput):
    """A file's name does not say what it holds."""

    what = "The name {file} does not say which feed it is."
    todo = "Call it like update_20260905T060000.csv: the kind ({known}), then the core's time."
    read = "docs/feeds.md"


class LinkRefused(InvalidInput):
    """The entry is a link or no ordinary file."""

    what = "{file} is a link or no ordinary file, so it was not opened."
    why = "What it points to may not be the core's to send."
    todo = "Put the file itself there."


@dataclass(frozen=True, slots=True, kw_only=True)
class Swept:
    """What became of one entry of the folder.

    Attributes:
        name: the entry's name, in a form that can be printed.
        outcome: taken, repeated, refused, later (not complete yet, or another time), or left (not ours, left where it is).
        result: of a feed that was taken.
        error: why it was not.
    """

    name: str
    outcome: str
    result: FeedResult | CallRecordsResult | None = None
    error: DuecourseError | None = None


@dataclass(slots=True)
class _Entry:
    name: str
    path: Path
    found: os.stat_result
    kind: str = ""
    feed_at: datetime | None = None
    manifests: list[Path] = field(default_factory=list)


_Take = Callable[[_Entry, Path, Path], FeedResult | CallRecordsResult]


def calls_sweep(*, actor: Actor, folder: Path, performer_id: int, mapping: str, settle_seconds: int = SETTLE_SECONDS) -> list[Swept]:
    """Load every complete file of a performer's call records in its folder, the oldest day first, and return what became of each entry.

    Args:
        actor: who may load this performer's calls.
        folder: the performer's own; whatever lies in it is taken for this performer's.
        performer_id: whose.
        mapping: how the files are read.
        settle_seconds: as for `folder_sweep`.

    Raises:
        FolderUnusable, FolderBusy: as `folder_sweep`.

    Guarantees: as `folder_sweep`.
    """
    with acting(actor):
        zone_name = creditor_of(actor).zone

    def take(entry: _Entry, copy: Path, rejects: Path) -> CallRecordsResult:
        on = local_day(entry.feed_at, zone_name) if entry.feed_at else None
        return call_records_load(actor=actor, path=copy, performer_id=performer_id, on=on, mapping=mapping, rejects_path=rejects)

    return _folder_swept(folder, pattern=CALLS_NAME, known=("calls",), zone_name=zone_name, settle_seconds=settle_seconds, take=take)


def folder_sweep(*, actor: Actor, folder: Path, mapping: str = "", settle_seconds: int = SETTLE_SECONDS) -> list[Swept]:
    """Take in every complete feed of a folder, in the order of the core's times, and return what became of each entry.

    Args:
        actor: a manager of the creditor, or the system.
        folder: where the core leaves its files.
        mapping: for files of every kind that has one of this name; '' for the kinds' own forms.
        settle_seconds: for how long a file without a manifest has not changed, to count as complete.

    Raises:
        FolderUnusable: it is no folder, or `done` or `rejects` in it is a link.
        FolderBusy: another process is at it.

    Guarantees: a file is moved after it was taken in, and taken in once, so a kill at any moment leaves it to the next sweep; one bad file
        does not keep the others waiting; nothing outside the folder is read or written.
    """
    with acting(actor):
        zone_name = creditor_of(actor).zone

    def take(entry: _Entry, copy: Path, rejects: Path) -> FeedResult:
        return feed_receive(actor=actor, kind=entry.kind, path=copy, feed_at=entry.feed_at, mapping=mapping, rejects_path=rejects)

    return _folder_swept(folder, pattern=NAME, known=FEED_KINDS, zone_name=zone_name, settle_seconds=settle_seconds, take=take)


def _folder_swept(
    folder: Path, *, pattern: re.Pattern[str], known: tuple[str, ...], zone_name: str, settle_seconds: int, take: _Take
) -> list[Swept]:
    _places(folder)
    with _alone(folder):
        entries, others = _listed(folder, pattern=pattern, known=known, zone_name=zone_name)
        swept = others
        for entry in sorted(entries, key=lambda entry: (entry.feed_at or datetime.max.replace(tzinfo=UTC), entry.name)):
            if not entry.manifests and abs(now().timestamp() - entry.found.st_mtime) < settle_seconds:
                swept.append(Swept(name=entry.name, outcome="later"))
            else:
                swept.append(_swept(folder, entry, take=take))
        return swept


def _swept(folder: Path, entry: _Entry, *, take: _Take) -> Swept:
    try:
        with _private_copy(entry) as copy:
            rejects = copy.with_name(f"{entry.name}.rejects.csv")
            result = take(entry, copy, rejects)
            if result.rejects_path is not None:
                _put(folder, rejects)
    except _TRANSIENT as error:
        return Swept(name=entry.name, outcome="later", error=error)
    except DuecourseError as error:
        _put_text(folder, f"{entry.name}.why.txt", error.message())
        _moved(entry, folder / REJECTS)
        return Swept(name=entry.name, outcome="refused", error=error)
    _moved(entry, folder / DONE)
    return Swept(name=entry.name, outcome="taken" if result.is_new else "repeated", result=result)


def _listed(folder: Path, *, pattern: re.Pattern[str], known: tuple[str, ...], zone_name: str) -> tuple[list[_Entry], list[Swept]]:
    """Return the files of the folder that are to be taken, and what is to be said of other entries."""
    entries, others = [], []
    names = {item.name: item for item in os.scandir(folder)}
    for name, item in sorted(names.items()):
        if name.startswith(".") or name in (DONE, REJECTS) or name.endswith((*MANIFESTS, SIDECAR_SUFFIX, ".part", ".tmp")):
            continue
        shown = name if name.isprintable() else ascii(name)
        found = item.stat(follow_symlinks=False)
        if not stat.S_ISREG(found.st_mode) or found.st_nlink > 1:
            others.append(Swept(name=shown, outcome="left", error=LinkRefused(file=shown[:80])))
            continue
        match = pattern.fullmatch(name)
        if match is None:
            others.append(Swept(name=shown, outcome="left", error=NameUnknown(file=shown[:80], known=", ".join(known))))
            continue
        manifests = [folder / f"{name}{suffix}" for suffix in MANIFESTS if f"{name}{suffix}" in names]
        try:
            feed_at = _time(match, zone_name=zone_name)
        except ValueError:
            others.append(Swept(name=shown, outcome="left", error=NameUnknown(file=shown[:80], known=", ".join(known))))
            continue
        entries.append(_Entry(name, folder / name, found, match["kind"], feed_at, manifests))
    return entries, others


def _time(match: re.Match[str], *, zone_name: str) -> datetime | None:
    if match["day"] is None:
        return None
    naive = datetime.strptime(match["day"] + (match["time"] or "000000"), "%Y%m%d%H%M%S")  # noqa: DTZ007 - the zone follows
    return naive.replace(tzinfo=UTC if match["utc"] else zone(zone_name))


@contextmanager
def _private_copy(entry: _Entry) -> Iterator[Path]:
    """Yield a copy of the file, and of its control totals, in a folder of our own; what is copied is the file that was looked at."""
    maximum = Limits().file_bytes_max
    if entry.found.st_size > maximum:
        raise TooLarge(file=entry.name, quantity="its size in bytes", actual=f"{entry.found.st_size:,}", limit=f"{maximum:,}")
    with tempfile.TemporaryDirectory(prefix="duecourse-drop-") as private:
        copy = Path(private) / entry.name
        with _opened(entry.path, like=entry.found) as source, copy.open("wb") as sink:
            shutil.copyfileobj(source, sink, _BLOCK_BYTES)
        sidecar = entry.path.with_name(entry.name + SIDECAR_SUFFIX)
        with suppress(FileNotFoundError), _opened(sidecar) as source:
            copy.with_name(sidecar.name).write_bytes(source.read(_BLOCK_BYTES))
        yield copy


@contextmanager
def _opened(path: Path, *, like: os.stat_result | None = None) -> Iterator[BinaryIO]:
    """Open a file without following a link; with `like`, only if it is that one.

    Raises:
        LinkRefused: it is another file by now, a link, or no ordinary file.
    """
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise LinkRefused(file=path.name) from error
    with os.fdopen(handle, "rb") as source:
        found = os.fstat(handle)
        is_other = like is not None and (found.st_dev, found.st_ino) != (like.st_dev, like.st_ino)
        if is_other or not stat.S_ISREG(found.st_mode):
            raise LinkRefused(file=path.name)
        yield source


def _places(folder: Path) -> None:
    if not folder.is_dir():
        raise FolderUnusable(folder=str(folder), reason="it is no folder")
    for name in (DONE, REJECTS):
        place = folder / name
        try:
            place.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise FolderUnusable(folder=str(folder), reason=(error.strerror or "the system refused").lower()) from error
        if place.is_symlink():
            raise FolderUnusable(folder=str(folder), reason=f"{name} in it is a link")


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    try:
        handle = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise FolderUnusable(folder=str(folder), reason=(error.strerror or "the system refused").lower()) from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(handle)
        raise FolderBusy(folder=str(folder)) from error
    try:
        yield
    finally:
        os.close(handle)


def _moved(entry: _Entry, place: Path) -> None:
    """Move a file with what belongs to it; a name that is taken there gets a number."""
    for path in (*entry.manifests, entry.path.with_name(entry.name + SIDECAR_SUFFIX), entry.path):
        with suppress(FileNotFoundError):
            path.rename(_free(place / path.name))


def _free(path: Path) -> Path:
    number, free = 1, path
    while os.path.lexists(free):
        number += 1
        free = path.with_name(f"{path.name}.{number}")
    return free


def _put(folder: Path, path: Path) -> None:
    shutil.copyfile(path, _free(folder / REJECTS / path.name))


def _put_text(folder: Path, name: str, text: str) -> None:
    _free(folder / REJECTS / name).write_text(text + "\n", encoding="utf-8")


def facts_of(swept: Swept) -> dict[str, Any]:
    """Return what became of an entry, as JSON gives it."""
    error = None if swept.error is None else {"code": swept.error.code, "what": swept.error.message()}
    return {"name": swept.name, "outcome": swept.outcome, "counts": swept.result.counts if swept.result else {}, "error": error}
