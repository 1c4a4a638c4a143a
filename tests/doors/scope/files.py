"""Who gets what from files, mappings, stops and classes."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.doors.scope import CREDITOR_ONLY, CREDITOR_POST

MANAGERS = CREDITOR_ONLY | {"compliance": 404, "accountant": 404}


def _tape(house: Any) -> int:
    from duecourse.portfolio import services
    from tests.portfolio.tapes import row, text_of

    with TemporaryDirectory() as folder:
        path = Path(folder) / "tape.csv"
        path.write_text(text_of([row("A-1"), row("A-2", principal="much")]), encoding="utf-8")
        return services.tape_intake(actor=house.bank.mei, path=path, mapping="native", as_of=date(2026, 9, 1)).tape_id


def _upload(house: Any) -> int:
    from duecourse.portfolio import services
    from tests.portfolio.tapes import row, text_of

    with TemporaryDirectory() as folder:
        path = Path(folder) / "tape.csv"
        path.write_text(text_of([row("A-1")]), encoding="utf-8")
        return services.upload_put(actor=house.bank.mei, path=path, name="tape.csv")


def _stop_list(house: Any) -> int:
    from duecourse.portfolio import services

    with TemporaryDirectory() as folder:
        path = Path(folder) / "stop.csv"
        path.write_text("account_number,reason\nZ-9,stop_list\n", encoding="utf-8")
        return services.stops_load(actor=house.bank.qiu, path=path, as_of=date(2026, 9, 1)).stop_list_id


ROWS = {
    "feeds": ("/feeds/", CREDITOR_ONLY),
    "feed": (lambda house: f"/feeds/{_tape(house)}/", CREDITOR_ONLY),
    "feed-upload": ("/feeds/upload/", CREDITOR_ONLY),
    "feed-rejects": (lambda house: f"/feeds/{_tape(house)}/rejects/", CREDITOR_POST),
    "feed-file": (lambda house: f"/feeds/{_tape(house)}/file/", CREDITOR_POST),
    "mappings": ("/mappings/", CREDITOR_ONLY),
    "mapping": ("/mappings/weian/", CREDITOR_ONLY),
    "mapping-new": ("/mappings/new/", CREDITOR_ONLY),
    "mapping-draft": (lambda house: f"/mappings/new/{_upload(house)}/", MANAGERS),
    "mapping-check": (lambda house: f"/mappings/new/{_upload(house)}/check/", CREDITOR_POST),
    "mapping-save": (lambda house: f"/mappings/new/{_upload(house)}/save/", CREDITOR_POST),
    "holds": ("/holds/?state=in_force", CREDITOR_ONLY),
    "stop-lists": ("/holds/lists/", CREDITOR_ONLY),
    "stop-list": (lambda house: f"/holds/lists/{_stop_list(house)}/", CREDITOR_ONLY),
    "stop-list-load": ("/holds/lists/load/", CREDITOR_ONLY),
    "left-out": ("/holds/left-out/", CREDITOR_ONLY),
    "classification": ("/classification/", CREDITOR_ONLY),
}
