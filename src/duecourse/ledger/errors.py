"""What can go wrong with books, files and the trail."""

from __future__ import annotations

from duecourse.kit.errors import Absent, BrokenPromise, Conflict, DuecourseError, InvalidInput


class PostingsRefused(InvalidInput):
    """An entry cannot be booked as it was handed in."""

    what = "The entry {kind} of {source_kind} {source_id} cannot be booked: {reasons}."
    why = "Every entry moves money from one book to another, so its postings sum to zero in each currency."
    todo = "Correct the postings; nothing was booked."


class EntryConflict(Conflict):
    """The same cause is booked already, with another content."""

    what = "The entry {kind} of {source_kind} {source_id} is booked already, and differently."
    why = "One cause is booked once; a repeat must be the same to the minor unit."
    todo = "Reverse entry {entry_id} if it is wrong, and book the correction under its own cause."


class EntryReversed(Conflict):
    """An entry is reversed once."""

    what = "Entry {entry_id} is reversed already, by entry {reversal_id}."
    todo = "Look at that entry; what it took back can be booked anew under its own cause."


class FileRefused(InvalidInput):
    """A file cannot be stored as it was handed in."""

    what = "The file cannot be stored: {reason}."
    todo = "Correct it and store it again."


class FileClash(Conflict):
    """The same bytes are stored already, with another claim about personal data."""

    what = "File {file_id} holds the same bytes and says otherwise whether they are personal."
    why = "What is personal is sealed, and one copy in the clear would undo it."
    todo = "Destroy the copy in the clear, then store the file as personal."


class FileDestroyed(DuecourseError):
    """The bytes and their key were destroyed; the row stays to say so."""

    what = "File {file_id} was destroyed on {destroyed_on}."
    why = "Its retention ended, or a person's records in it were erased."
    http_status = 410


class FileDamaged(BrokenPromise):
    """The stored bytes are not those that were put."""

    what = "File {file_id} is damaged: {reason}."
    why = "Its bytes do not have the hash they were stored under."
    todo = "Restore the home folder from a backup and compare."


class FileMissing(Absent):
    """There is no such file for this creditor."""


class DetailsRefused(InvalidInput):
    """The details of an audit event cannot be kept."""

    what = "The details of the audit event {action} cannot be kept: {reason}."
    why = "The trail is hashed over exact bytes and holds ids, counts and commitments only."
    todo = "Hand in whole numbers, texts, dates, lists and mappings."


class IdempotencyClash(Conflict):
    """One key came with two bodies."""

    what = "The key {key} was used before for another request."
    why = "A repeated request must be the same request."
    todo = "Use a new key for a new request."
