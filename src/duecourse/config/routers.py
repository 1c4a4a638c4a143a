"""Which login does what: the owner migrates, the application does everything else."""

from __future__ import annotations

from typing import Any


class OwnerMigrates:
    """Sends reads and writes to `default` and lets only `owner` change the schema; both are logins to one database."""

    def db_for_read(self, model: type, **hints: Any) -> str:
        """Return `default`."""
        return "default"

    def db_for_write(self, model: type, **hints: Any) -> str:
        """Return `default`."""
        return "default"

    def allow_relation(self, first: object, second: object, **hints: Any) -> bool:
        """Allow every relation: there is one database behind both names."""
        return True

    def allow_migrate(self, database: str, app_label: str, **hints: Any) -> bool:
        """Allow migrations through `owner` only."""
        return database == "owner"
