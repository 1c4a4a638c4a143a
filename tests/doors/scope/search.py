"""Who gets what from the search."""

from tests.doors.scope import CREDITOR_ONLY

ROWS = {"search": ("/search/?q=0", CREDITOR_ONLY)}
