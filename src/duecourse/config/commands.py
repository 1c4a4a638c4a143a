"""`duecourse db`: the database's own commands. They stand here, above the doors, because they need the launcher and the owner's login."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path
from typing import Annotated

import typer

from duecourse.config import backup as backups
from duecourse.config import binaries, boot
from duecourse.config.environment import current
from duecourse.config.roles import open_connection
from duecourse.doors.commands import terminal

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="The database: start, stop, look inside, back up, restore.")
_t = terminal.translated


@app.command()
def start() -> None:
    """Start the embedded server, create what is missing, and bring the schema up to date. Safe to repeat."""
    boot.ready()
    status()


@app.command()
def stop() -> None:
    """Stop the embedded server; its records stay."""
    environment = current()
    was_running = environment.uses_embedded_database and boot.cluster(environment).stop()
    text = _t("The embedded database has stopped.") if was_running else _t("The embedded database was not running.")
    terminal.answer({"was_running": was_running}, text=text)


@app.command()
def status() -> None:
    """Tell where the database is and whether it answers."""
    environment = current()
    if environment.uses_embedded_database:
        found = boot.cluster(environment).status()
        facts = {"kind": "embedded", "is_running": found.is_running, "port": found.port, "pid": found.pid, "folder": str(found.folder)}
        facts |= {"socket_folder": str(found.socket_folder), "major": found.major}
        template = "The embedded database is running on 127.0.0.1:{port}." if found.is_running else "The embedded database is not running."
        text = _t(template).format(port=found.port) + "\n" + _t("Files: {folder}").format(folder=found.folder)
    else:
        login = boot.app_login(environment)
        open_connection(login).close()
        facts = {"kind": "external", "is_running": True, "host": login.host, "port": login.port, "database": login.database}
        text = _t("The database {database} on {host}:{port} answers.").format(**facts)
    terminal.answer(facts, text=text)


@app.command()
def migrate() -> None:
    """Bring the schema up to date as the owner."""
    boot.ready(is_migrated=False)
    boot.migrate(verbosity=0 if terminal.is_json else 1)
    terminal.answer({"is_behind": boot.is_behind()}, text=_t("The schema is up to date."))


@app.command()
def shell(*, is_owner: Annotated[bool, typer.Option("--owner", help="Log in as the owner instead of the application.")] = False) -> None:
    """Open psql on the database."""
    environment = current()
    boot.ensure_server(environment)
    login = boot.owner_login(environment) if is_owner else boot.app_login(environment)
    if login is None:
        login = boot.administrator_login(environment)
    program = binaries.client("psql", environment.pg_bin)
    os.execve(program, [program], backups.client_environment(login))  # noqa: S606 - psql takes this process's place


@app.command()
def backup(file: Annotated[Path, typer.Argument(help="The file to write; its checksum is written beside it.")]) -> None:
    """Write the whole database to a file, in the custom format of pg_dump."""
    environment = current()
    boot.ensure_server(environment)
    done = backups.write(boot.administrator_login(environment), file, chosen=environment.pg_bin)
    facts = {"file": str(done.path), "size_bytes": done.size_bytes, "sha256": done.sha256}
    terminal.answer(facts, text=_t("{file}: {size_bytes} bytes, sha256 {sha256}").format(**facts))


@app.command()
def restore(
    file: Annotated[Path, typer.Argument(help="A file that `duecourse db backup` wrote, with its checksum beside it.")],
    *,
    is_overwriting: Annotated[bool, typer.Option("--yes", help="The database may hold rows; it is kept under another name.")] = False,
) -> None:
    """Load a backup beside the database and exchange the two when it is whole; then replay the erasure list."""
    environment = current()
    boot.ensure_server(environment)
    kept = backups.restore(boot.administrator_login(environment), file, is_overwriting=is_overwriting, chosen=environment.pg_bin)
    replayed_count = _replay_erasures()
    text = _t("Restored from {file}.").format(file=file)
    if kept:
        text += " " + _t("The database that was there is kept as {kept}.").format(kept=kept)
    if replayed_count is None:
        text += "\n" + _t("Erasures made after the backup are not replayed: repeat them by hand.")
    terminal.answer({"file": str(file), "kept": kept, "erasures_replayed_count": replayed_count}, text=text)


@app.command()
def remove(*, is_sure: Annotated[bool, typer.Option("--yes", help="All records go.")] = False) -> None:
    """Stop the embedded server and remove its files, wherever they are."""
    environment = current()
    if not is_sure:
        raise typer.BadParameter(_t("This removes all records. Repeat with --yes."))
    folder = boot.cluster(environment).remove()
    terminal.answer({"removed": str(folder)}, text=_t("Removed {folder}.").format(folder=folder))


def _replay_erasures() -> int | None:
    """Call portfolio's replay of the erasure list, or return None while that room does not offer it."""
    boot.ready()
    room = "duecourse.portfolio.services"
    replay = getattr(importlib.import_module(room), "erasures_replay", None) if importlib.util.find_spec(room) else None
    return int(replay()) if replay else None
