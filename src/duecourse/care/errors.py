"""What can go wrong with what borrowers tell us."""

from __future__ import annotations

from duecourse.kit.errors import Conflict


class ReferenceReused(Conflict):
    """A reference was used for two different matters."""

    what = "The reference {external_ref} was used for another matter."
    why = "The same reference must always mean the same complaint or dispute."
    todo = "Give each matter a reference of its own."
