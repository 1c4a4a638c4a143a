"""The `duecourse` command as a person meets it: a real process in a folder of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from duecourse.config.postgres import Cluster


@pytest.fixture
def run(open_folder):
    """Runs the command in a folder of its own, whose server ends with the test."""

    def command(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        return subprocess.run(
            [sys.executable, "-m", "duecourse", *arguments],
            cwd=open_folder,
            env=kept | variables,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )

    yield command
    Cluster(open_folder / ".duecourse").remove()


def test_life_of_a_database(run, open_folder):
    """Start, look, back up, restore, stop, remove: each says what it did, for people and for programs."""
    assert "not running" in run("db", "status").stdout
    started = run("db", "start", "--json")
    assert started.returncode == 0, started.stderr
    assert json.loads(started.stdout)["is_running"]
    assert "running on 127.0.0.1" in run("db", "status").stdout
    assert json.loads(run("--json", "db", "migrate").stdout) == {"is_behind": False}
    done = json.loads(run("db", "backup", "all.dump", "--json").stdout)
    assert (open_folder / "all.dump").stat().st_size == done["size_bytes"]
    restored = run("db", "restore", "all.dump", "--yes", "--json")
    assert restored.returncode == 0, restored.stderr
    assert json.loads(restored.stdout)["kept"].startswith("duecourse_before_")
    assert json.loads(run("db", "stop", "--json").stdout) == {"was_running": True}
    assert json.loads(run("db", "stop", "--json").stdout) == {"was_running": False}
    assert run("db", "remove").returncode == 2
    assert run("db", "remove", "--yes").returncode == 0
    assert not (open_folder / ".duecourse" / "pg").exists()


def test_refusals_speak(run, open_folder):
    """A refused start says what, why and what to do on standard error, ends with 2, and is JSON for programs."""
    refused = run("db", "status", DUECOURSE_MOED="test")
    assert refused.returncode == 2
    assert refused.stdout == ""
    assert "DUECOURSE_MOED is not a setting. Did you mean DUECOURSE_MODE?" in refused.stderr
    document = json.loads(run("db", "status", "--json", DUECOURSE_MODE="production").stderr)
    assert document["error"]["code"] == "EnvironmentRefused"
    assert document["error"]["parameters"]["count"] == 4
    assert not (open_folder / ".duecourse").exists()


def test_help_loads_no_command():
    """Help is quick because it loads neither Django nor the database's driver."""
    program = "import sys; sys.argv = ['duecourse', '--help']\nfrom duecourse.__main__ import main\n"
    program += "try: main()\nexcept SystemExit: print(sorted({'django', 'psycopg', 'duecourse.config'} & set(sys.modules)))"
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert "db  " in told
    assert told.endswith("[]\n")


@pytest.mark.parametrize(
    ("power", "told"),
    [("superuser", "is a superuser"), ("app", "")],
)
def test_serving_in_production(committed_db, tmp_path, power, told):
    """What the web server loads refuses a superuser's login in production, and takes the application's."""
    with committed_db.connect(power) as connection:
        info = connection.info
        url = f"postgresql://{info.user}:{info.password}@{info.host}:{info.port}/{info.dbname}"
    variables = {"DUECOURSE_MODE": "production", "DUECOURSE_SECRET_KEY": "q7" * 30, "DATABASE_URL": url, "DUECOURSE_HOME": str(tmp_path)}
    variables |= {"DUECOURSE_KEYS": "k1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=", "DUECOURSE_ALLOWED_HOSTS": "collect.example"}
    loaded = subprocess.run(
        [sys.executable, "-c", "import duecourse.config.wsgi"], env=variables, cwd=Path("/"), capture_output=True, text=True, check=False
    )
    assert (loaded.returncode == 0) == (not told), loaded.stderr
    assert told in loaded.stderr
