"""Making an installation ready: the server, its roles and database, Django, the schema."""

from __future__ import annotations

import os
from pathlib import Path

from duecourse.config import keyfile
from duecourse.config.environment import DatabaseLogin, Environment, current
from duecourse.config.errors import OwnerUrlMissing, RolesMissing
from duecourse.config.postgres import Cluster
from duecourse.config.roles import (
    APP,
    OWNER,
    administrator_sql,
    check_external,
    check_serving,
    ensure_database,
    ensure_roles,
    grant,
    open_connection,
)

DATABASE = "duecourse"
PASSWORDS = {OWNER: "PG_OWNER_PASSWORD", APP: "PG_APP_PASSWORD"}
CATALOGUE_TABLES = ("django_migrations", "django_content_type")


def cluster(environment: Environment) -> Cluster:
    """Return the embedded cluster of this installation, started or not."""
    return Cluster(environment.home, chosen=environment.pg_bin)


def app_login(environment: Environment) -> DatabaseLogin:
    """Return the application's login; the embedded server's port is 0 until it was started once."""
    if environment.database_url:
        return DatabaseLogin.from_url(environment.database_url)
    return _embedded_login(environment, APP)


def owner_login(environment: Environment) -> DatabaseLogin | None:
    """Return the owner's login, or None when this process was not given it."""
    if environment.database_owner_url:
        return DatabaseLogin.from_url(environment.database_owner_url)
    return None if environment.database_url else _embedded_login(environment, OWNER)


def administrator_login(environment: Environment) -> DatabaseLogin:
    """Return the login for backup and restore: the embedded superuser, or DATABASE_OWNER_URL.

    Raises:
        OwnerUrlMissing: a server was named, but no owner.
    """
    if environment.uses_embedded_database:
        return cluster(environment).login(database=DATABASE)
    login = owner_login(environment)
    if login is None:
        raise OwnerUrlMissing
    return login


def ensure_server(environment: Environment) -> None:
    """Make the server run and hold roles and database; check a server of the user's own.

    Raises:
        ConfigurationError: see `Cluster.ensure` and `roles.check_external`.
    """
    if environment.uses_embedded_database:
        embedded = cluster(environment)
        embedded.ensure()
        with keyfile.locked(environment.home / "roles.lock"):
            prepare_embedded(embedded, database=DATABASE)
        return
    owner = owner_login(environment)
    if owner is not None:
        if owner.user != OWNER:
            raise RolesMissing(missing=f"{OWNER} as the login of DATABASE_OWNER_URL", sql=administrator_sql(owner.database))
        check_external(app_login(environment), owner)


def prepare_embedded(embedded: Cluster, *, database: str) -> None:
    """Create roles, database and grants on the embedded server where they are missing."""
    names = keyfile.ensure(embedded.home, dict.fromkeys(PASSWORDS.values(), keyfile.random_password))
    with embedded.connect() as connection:
        present = connection.execute("SELECT count(*) FROM pg_database WHERE datname = %s", [database]).fetchone()
        if present == (1,):
            return
        ensure_roles(connection, passwords={role: names[name] for role, name in PASSWORDS.items()})
        ensure_database(connection, database)
    with embedded.connect(database=database) as connection:
        grant(connection)


def ready(*, is_migrated: bool = True) -> None:
    """Make this process able to use models: server, Django and, for the embedded server, the newest schema.

    A server of the user's own is never migrated unasked.
    """
    environment = current()
    ensure_server(environment)
    set_up_django()
    if is_migrated and environment.uses_embedded_database and is_behind():
        migrate()


def set_up_django() -> None:
    """Load settings and rooms; needs no database."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "duecourse.config.settings")
    import django
    from django.apps import apps

    if not apps.ready:
        django.setup()


def is_behind() -> bool:
    """Return True when migrations wait to be applied."""
    from django.db import connections
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connections["owner"])
    return bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))


def migrate(*, verbosity: int = 0) -> None:
    """Bring the schema up to date as the owner; the application may read the list of migrations, not write it.

    Raises:
        OwnerUrlMissing: the owner's login is not known to this process.
    """
    from django.core.management import call_command
    from django.db import connections

    if "owner" not in connections:
        raise OwnerUrlMissing
    call_command("migrate", database="owner", verbosity=verbosity, interactive=False)
    with connections["owner"].cursor() as cursor:
        for table in CATALOGUE_TABLES:
            cursor.execute(f"REVOKE INSERT, UPDATE, DELETE ON {table} FROM {APP}")
    connections["owner"].close()


def check_before_serving() -> None:
    """Refuse to serve in production with a login that row-level security does not bind.

    Raises:
        UnsafeLogin, PostgresTooOld, DatabaseUnreachable: with what was found.
    """
    environment = current()
    if environment.is_production:
        with open_connection(app_login(environment)) as connection:
            check_serving(connection)


def project_locale() -> Path:
    """Return the folder of the translations."""
    return Path(__file__).parents[1] / "locale"


def _embedded_login(environment: Environment, role: str) -> DatabaseLogin:
    embedded = cluster(environment)
    password = keyfile.read(environment.home).get(PASSWORDS[role], "")
    return DatabaseLogin(host="127.0.0.1", port=embedded.status().port, database=DATABASE, user=role, password=password)
