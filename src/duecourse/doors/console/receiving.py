"""Files that people send: to the disk in pieces, never into memory, and refused in plain words when they are too large."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files.uploadhandler import FileUploadHandler, StopUpload, TemporaryFileUploadHandler
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt, csrf_protect

from duecourse.doors.console.shell import View
from duecourse.kit.errors import InvalidInput


class UploadTooLarge(InvalidInput):
    """What was sent is larger than a browser may send here."""

    what = "The file is larger than {limit} MB, which is what a browser may send here."
    why = "Nothing of it was kept."
    todo = "Put it into the drop folder, send it through the API, or split it."
    http_status = 413


class UploadAbsent(InvalidInput):
    """No file was chosen."""

    what = "No file was chosen."
    todo = "Choose a file: CSV, XLSX or Parquet."


class _Counted(FileUploadHandler):
    """Counts what comes and stops writing when it is too much; the rest is read and thrown away, so that the browser gets an answer."""

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        """Begin to count a file."""
        super().new_file(*args, **kwargs)
        self.byte_count = 0

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:  # house: allow vague-name because Django calls it
        """Count a piece and hand it on.

        Raises:
            StopUpload: it is too much.
        """
        self.byte_count += len(raw_data)
        if self.byte_count > settings.DUECOURSE_UPLOAD_BYTES_MAX:
            self.request.upload_is_too_large = True
            raise StopUpload(connection_reset=False)
        return raw_data

    def file_complete(self, file_size: int) -> None:
        """Leave the file to the next handler."""


def size_limits() -> dict[str, int]:
    """Return how large a file may be that a browser sends, as the field of a form shows it."""
    return {"megabytes_max": settings.DUECOURSE_UPLOAD_BYTES_MAX >> 20, "bytes_max": settings.DUECOURSE_UPLOAD_BYTES_MAX}


def receives_files(view: View) -> View:
    """Let a view receive files: every one goes to the disk at once, whatever its size, and not beyond the limit."""

    @csrf_protect
    def checked(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        return view(request, *args, **kwargs)

    @wraps(view)
    def received(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        request.upload_handlers = [_Counted(request), TemporaryFileUploadHandler(request)]
        return checked(request, *args, **kwargs)

    exempt: Callable[[View], View] = csrf_exempt
    return exempt(received)


def received_file(request: HttpRequest, name: str = "file") -> tuple[Path, str]:
    """Return where a file that was sent lies, and what its sender calls it.

    Raises:
        UploadTooLarge: it was larger than allowed, and nothing of it is left.
        UploadAbsent: there is none.
    """
    sent = request.FILES.get(name)
    if getattr(request, "upload_is_too_large", False):
        raise UploadTooLarge(limit=f"{settings.DUECOURSE_UPLOAD_BYTES_MAX >> 20:,}")
    if sent is None:
        raise UploadAbsent
    return Path(sent.temporary_file_path()), sent.name or "file"
