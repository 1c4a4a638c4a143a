"""The settings of an installation, read from the environment in this one place.

Every variable begins with `DUECOURSE_`, except `DATABASE_URL` and `DATABASE_OWNER_URL`. An unknown one is refused, for a mistyped
safety setting must not pass in silence; all problems are listed at once.
"""

from __future__ import annotations

import difflib
import functools
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast
from urllib.parse import unquote, urlsplit

from duecourse.config import keyfile
from duecourse.config.errors import EnvironmentRefused
from duecourse.kit.errors import ConfigurationError, Problem

if TYPE_CHECKING:
    from duecourse.kit.crypto import Keyring

Mode = Literal["development", "test", "production"]

VARIABLES: dict[str, str] = {
    "DUECOURSE_MODE": "development (default), test or production",
    "DUECOURSE_SECRET_KEY": "signing key of sessions and links, 50 characters or more",
    "DUECOURSE_KEYS": "master keys, newest first, as id:base64 of 32 bytes, separated by commas",
    "DUECOURSE_ALLOWED_HOSTS": "host names the web server answers to, separated by commas",
    "DUECOURSE_DEBUG": "1 shows technical pages; development only",
    "DUECOURSE_LANG": "en (default) or zh-hans",
    "DUECOURSE_HOME": "folder of keys, embedded database and files; .duecourse by default",
    "DUECOURSE_BIND": "address the web server listens on; 127.0.0.1 by default",
    "DUECOURSE_PORT": "port the web server listens on; 8000 by default",
    "DUECOURSE_POOL": "database connections each web process keeps; 0 (default) means none",
    "DUECOURSE_UPLOAD_MIB": "the largest file a browser may send, in MiB; 512 by default",
    "DUECOURSE_PROXY": "1 when a trusted proxy sets X-Forwarded-Proto",
    "DUECOURSE_LOOPBACK_WEBHOOKS": "1 lets webhooks go to this machine, also without TLS; never in production",
    "DUECOURSE_EMAIL_URL": "smtp://user:password@host:587 (STARTTLS) or smtps://…:465; empty writes mail to the log",
    "DUECOURSE_EMAIL_FROM": "sender of mail",
    "DUECOURSE_PG_BIN": "bin folder of the PostgreSQL to embed",
    "DATABASE_URL": "postgresql://duecourse_app:…@host/database; empty uses the embedded server",
    "DATABASE_OWNER_URL": "postgresql://duecourse_owner:…@host/database; for migrations, backup and restore only",
}
TEST_VARIABLES = ("DUECOURSE_REQUIRE_BROWSER",)
TEST_SECRET_KEY = "test-" + "only" * 16
TEST_MASTER_KEYS = "test-1:" + "dGVzdGtleXRlc3RrZXl0ZXN0a2V5dGVzdGtleTEyMzQ="
_TEST_KEY = TEST_MASTER_KEYS.partition(":")[2]
UNSAFE_PREFIXES = (keyfile.GENERATED_PREFIX, "test-", "django-insecure", "changeme", "dev")
SECRET_KEY_LENGTH_MIN = 50


@dataclass(frozen=True, slots=True)
class Environment:
    """What an installation is told from outside.

    Attributes:
        mode: development generates its keys; test has fixed ones; production takes none of these.
        home: absolute folder of keys, embedded database and files.
        secret_key: signs sessions and links.
        master_keys: text of the keyring, `id:base64,…`, newest first.
        allowed_hosts: host names the web server answers to.
        is_debug: technical error pages; never in production.
        lang: language when nobody chose one, `en` or `zh-hans`.
        bind: address the web server listens on.
        port: port the web server listens on.
        pool_count: database connections each web process keeps, 0 for none.
        upload_mib: the largest file a browser may send, in MiB.
        is_behind_proxy: X-Forwarded-Proto may be believed.
        allows_loopback_webhooks: webhooks may go to this machine, also without TLS; never in production.
        email_url: mail server, or '' for the log.
        email_from: sender of mail.
        pg_bin: folder of PostgreSQL programs, or None to look for them.
        database_url: login of the application, or '' for the embedded server.
        database_owner_url: login of the owner, or ''.
    """

    mode: Mode
    home: Path
    secret_key: str = field(repr=False)
    master_keys: str = field(repr=False)
    allowed_hosts: tuple[str, ...]
    is_debug: bool
    lang: str
    bind: str
    port: int
    pool_count: int
    upload_mib: int
    is_behind_proxy: bool
    allows_loopback_webhooks: bool
    email_url: str = field(repr=False)
    email_from: str
    pg_bin: Path | None
    database_url: str = field(repr=False)
    database_owner_url: str = field(repr=False)

    @property
    def is_production(self) -> bool:
        """True when real people's records are at stake."""
        return self.mode == "production"

    @property
    def uses_embedded_database(self) -> bool:
        """True when no server was named."""
        return not self.database_url

    def keyring(self) -> Keyring:
        """Return the master keys as the kit's keyring."""
        from duecourse.kit.crypto import Keyring

        return Keyring.from_text(self.master_keys)


@dataclass(frozen=True, slots=True)
class DatabaseLogin:
    """One login to one database.

    Attributes:
        host: host name or address.
        port: TCP port.
        database: name of the database.
        user: role that logs in.
        password: its password, or ''.
        sslmode: as libpq understands it, or ''.
    """

    host: str
    port: int
    database: str
    user: str
    password: str = field(repr=False)
    sslmode: str = ""

    @classmethod
    def from_url(cls, url: str) -> DatabaseLogin:
        """Read `postgresql://user:password@host:port/database?sslmode=require`.

        Raises:
            ValueError: the address is not of that form.
        """
        parts = urlsplit(url)
        if parts.scheme not in ("postgres", "postgresql"):
            raise ValueError("it does not begin with postgresql://")
        if not parts.hostname or not parts.username or not parts.path.strip("/"):
            raise ValueError("it lacks user, host or database")
        query = dict(pair.split("=", 1) for pair in parts.query.split("&") if "=" in pair)
        if set(query) - {"sslmode"}:
            raise ValueError("only sslmode may stand after the question mark")
        return cls(
            host=unquote(parts.hostname),
            port=parts.port or 5432,
            database=unquote(parts.path.strip("/")),
            user=unquote(parts.username),
            password=unquote(parts.password or ""),
            sslmode=query.get("sslmode", ""),
        )

    def keywords(self) -> dict[str, Any]:
        """Return the keywords psycopg.connect takes."""
        named: dict[str, Any] = {
            "host": self.host,
            "port": self.port,
            "dbname": self.database,
            "user": self.user,
            "password": self.password,
        }
        return named | ({"sslmode": self.sslmode} if self.sslmode else {})


@functools.cache
def current() -> Environment:
    """Return the environment of this process, read once."""
    return load(os.environ)


def load(variables: Mapping[str, str]) -> Environment:
    """Read and check the settings.

    In development the keys that are missing are generated once into `secrets.env` of the home folder.

    Raises:
        EnvironmentRefused: with every problem found.
    """
    problems = _unknown(variables)
    mode = variables.get("DUECOURSE_MODE", "development")
    if mode not in ("development", "test", "production"):
        problems.append(_problem("DUECOURSE_MODE", "is {value!r}", "Write development, test or production.", value=mode))
    environment = _read(variables, cast("Mode", mode), problems)
    problems += _wrong_urls(environment) + _wrong_keys(environment)
    if mode == "production":
        problems += _unsafe(environment)
    if problems:
        raise EnvironmentRefused(problems=problems)
    return environment


def _read(variables: Mapping[str, str], mode: Mode, problems: list[Problem]) -> Environment:
    home = Path(variables.get("DUECOURSE_HOME") or ".duecourse").expanduser().absolute()
    secret_key, master_keys = _keys(variables, mode, home, refused=bool(problems))
    hosts = tuple(host.strip() for host in variables.get("DUECOURSE_ALLOWED_HOSTS", "").split(",") if host.strip())
    lang = variables.get("DUECOURSE_LANG") or "en"
    if lang not in ("en", "zh-hans"):
        problems.append(_problem("DUECOURSE_LANG", "is {value!r}", "Write en or zh-hans.", value=lang))
    pg_bin = variables.get("DUECOURSE_PG_BIN")
    return Environment(
        mode=mode,
        home=home,
        secret_key=secret_key,
        master_keys=master_keys,
        allowed_hosts=hosts or (() if mode == "production" else ("localhost", "127.0.0.1", "[::1]", "testserver")),
        is_debug=_flag(variables, "DUECOURSE_DEBUG", problems),
        lang=lang,
        bind=variables.get("DUECOURSE_BIND") or "127.0.0.1",
        port=_number(variables, "DUECOURSE_PORT", 8000, problems),
        pool_count=_number(variables, "DUECOURSE_POOL", 0, problems),
        upload_mib=_number(variables, "DUECOURSE_UPLOAD_MIB", 512, problems),
        is_behind_proxy=_flag(variables, "DUECOURSE_PROXY", problems),
        allows_loopback_webhooks=_flag(variables, "DUECOURSE_LOOPBACK_WEBHOOKS", problems),
        email_url=variables.get("DUECOURSE_EMAIL_URL", ""),
        email_from=variables.get("DUECOURSE_EMAIL_FROM") or "duecourse@localhost",
        pg_bin=Path(pg_bin).expanduser() if pg_bin else None,
        database_url=variables.get("DATABASE_URL", ""),
        database_owner_url=variables.get("DATABASE_OWNER_URL", ""),
    )


def _keys(variables: Mapping[str, str], mode: Mode, home: Path, *, refused: bool) -> tuple[str, str]:
    secret_key, master_keys = variables.get("DUECOURSE_SECRET_KEY", ""), variables.get("DUECOURSE_KEYS", "")
    if mode == "test":
        return secret_key or TEST_SECRET_KEY, master_keys or TEST_MASTER_KEYS
    if mode == "development" and not refused and not (secret_key and master_keys):
        makers = {"DUECOURSE_SECRET_KEY": keyfile.random_secret_key, "DUECOURSE_KEYS": keyfile.random_master_keys}
        kept = keyfile.ensure(home, makers)
        return secret_key or kept["DUECOURSE_SECRET_KEY"], master_keys or kept["DUECOURSE_KEYS"]
    return secret_key, master_keys


def _unknown(variables: Mapping[str, str]) -> list[Problem]:
    problems = []
    known = (*VARIABLES, *(TEST_VARIABLES if variables.get("DUECOURSE_MODE") == "test" else ()))
    for name in sorted(variables):
        if name.startswith("DUECOURSE_") and name not in known:
            nearest = difflib.get_close_matches(name, VARIABLES, n=1, cutoff=0.0)[0]
            problems.append(_problem(name, "is not a setting", "Did you mean {nearest}?", nearest=nearest))
    return problems


def _wrong_urls(environment: Environment) -> list[Problem]:
    problems = []
    for name, url in (("DATABASE_URL", environment.database_url), ("DATABASE_OWNER_URL", environment.database_owner_url)):
        try:
            if url:
                DatabaseLogin.from_url(url)
        except ValueError as error:
            problems.append(_problem(name, "cannot be read: {reason}", "Form: " + VARIABLES[name], reason=str(error)))
    if environment.database_owner_url and not environment.database_url:
        problems.append(_problem("DATABASE_URL", "is missing, though DATABASE_OWNER_URL is set", "Set both, or neither."))
    return problems


def _wrong_keys(environment: Environment) -> list[Problem]:
    try:
        if environment.master_keys:
            environment.keyring()
    except ConfigurationError as error:
        return [
            _problem(
                "DUECOURSE_KEYS",
                "cannot be read: {reason}",
                "Form: " + VARIABLES["DUECOURSE_KEYS"],
                reason=error.parameters.get("reason", ""),
            )
        ]
    return []


def _unsafe(environment: Environment) -> list[Problem]:
    problems = _unsafe_keys(environment)
    if environment.is_debug:
        problems.append(_problem("DUECOURSE_DEBUG", "is on in production", "Remove it."))
    if environment.allows_loopback_webhooks:
        problems.append(_problem("DUECOURSE_LOOPBACK_WEBHOOKS", "is on in production", "Remove it."))
    if not environment.allowed_hosts:
        problems.append(_problem("DUECOURSE_ALLOWED_HOSTS", "is missing", "Name the hosts the web server answers to."))
    if any(host.startswith("*") for host in environment.allowed_hosts):
        problems.append(_problem("DUECOURSE_ALLOWED_HOSTS", "admits every host", "Name the hosts one by one."))
    if not environment.database_url:
        problems.append(_problem("DATABASE_URL", "is missing", "The embedded database is for development; name a server."))
    elif _same_login(environment):
        problems.append(_problem("DATABASE_URL", "logs in as the owner", "The application needs a login of its own, duecourse_app."))
    return problems


def _unsafe_keys(environment: Environment) -> list[Problem]:
    problems = []
    for name, value in (("DUECOURSE_SECRET_KEY", environment.secret_key), ("DUECOURSE_KEYS", environment.master_keys)):
        if not value:
            problems.append(_problem(name, "is missing", "Make one: " + VARIABLES[name]))
        elif any(part.strip().startswith(UNSAFE_PREFIXES) or part.endswith(_TEST_KEY) for part in value.split(",")):
            problems.append(_problem(name, "is a generated, default or test key", "Make a new one and keep it in your vault."))
        elif name == "DUECOURSE_SECRET_KEY" and len(value) < SECRET_KEY_LENGTH_MIN:
            problems.append(_problem(name, "is shorter than {least} characters", "Make a longer one.", least=SECRET_KEY_LENGTH_MIN))
    return problems


def _same_login(environment: Environment) -> bool:
    try:
        app = DatabaseLogin.from_url(environment.database_url)
        if app.user == "duecourse_owner":
            return True
        return bool(environment.database_owner_url) and app.user == DatabaseLogin.from_url(environment.database_owner_url).user
    except ValueError:
        return False


def _flag(variables: Mapping[str, str], name: str, problems: list[Problem]) -> bool:
    text = variables.get(name, "").strip().lower()
    if text not in ("", "0", "1", "true", "false", "yes", "no", "on", "off"):
        problems.append(_problem(name, "is {value!r}", "Write 1 or 0.", value=text))
    return text in ("1", "true", "yes", "on")


def _number(variables: Mapping[str, str], name: str, default: int, problems: list[Problem]) -> int:
    text = variables.get(name, "").strip()
    if text and not (text.isascii() and text.isdigit() and int(text) <= 65535):
        problems.append(_problem(name, "is {value!r}", "Write a whole number from 0 to 65535.", value=text))
        return default
    return int(text or default)


def _problem(name: str, what: str, todo: str, **parameters: object) -> Problem:
    return Problem(0, "", "Setting", "{name} " + what + ".", todo, {"name": name, **parameters})
