"""Settings from the environment: what is refused, how it is told, and what development makes by itself."""

from __future__ import annotations

import base64
import stat

import pytest

from duecourse.config import keyfile
from duecourse.config.environment import TEST_MASTER_KEYS, VARIABLES, DatabaseLogin, load
from duecourse.config.errors import EnvironmentRefused

KEY = base64.b64encode(bytes(range(32))).decode()
SAFE = {
    "DUECOURSE_MODE": "production",
    "DUECOURSE_SECRET_KEY": "q7" * 30,
    "DUECOURSE_KEYS": f"k2026:{KEY}",
    "DUECOURSE_ALLOWED_HOSTS": "collect.bank.example",
    "DATABASE_URL": "postgresql://duecourse_app:a@db.bank.example/duecourse?sslmode=verify-full",
}


def refusal(variables: dict[str, str]) -> list[str]:
    """Return the lines of the refusal."""
    with pytest.raises(EnvironmentRefused) as caught:
        load(variables)
    return [problem.message() for problem in caught.value.problems]


def test_a_safe_production_starts(tmp_path):
    """With everything in place production starts, and nothing is written."""
    environment = load(SAFE | {"DUECOURSE_HOME": str(tmp_path / "home")})
    assert environment.is_production
    assert not environment.uses_embedded_database
    assert environment.keyring().active_id == "k2026"
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"DUECOURSE_DEBUG": "1"}, "DUECOURSE_DEBUG is on in production"),
        ({"DUECOURSE_ALLOWED_HOSTS": "*"}, "DUECOURSE_ALLOWED_HOSTS admits every host"),
        ({"DUECOURSE_ALLOWED_HOSTS": ""}, "DUECOURSE_ALLOWED_HOSTS is missing"),
        ({"DUECOURSE_SECRET_KEY": ""}, "DUECOURSE_SECRET_KEY is missing"),
        ({"DUECOURSE_SECRET_KEY": "short"}, "DUECOURSE_SECRET_KEY is shorter than 50 characters"),
        ({"DUECOURSE_SECRET_KEY": keyfile.random_secret_key()}, "DUECOURSE_SECRET_KEY is a generated, default or test key"),
        ({"DUECOURSE_KEYS": ""}, "DUECOURSE_KEYS is missing"),
        ({"DUECOURSE_KEYS": keyfile.random_master_keys()}, "DUECOURSE_KEYS is a generated, default or test key"),
        ({"DUECOURSE_KEYS": f"k2:{KEY}, {TEST_MASTER_KEYS}"}, "DUECOURSE_KEYS is a generated, default or test key"),
        ({"DUECOURSE_KEYS": TEST_MASTER_KEYS.replace("test-1", "k1")}, "DUECOURSE_KEYS is a generated, default or test key"),
        ({"DUECOURSE_KEYS": "k1:AAAA"}, "DUECOURSE_KEYS cannot be read"),
        ({"DATABASE_URL": ""}, "DATABASE_URL is missing"),
        ({"DATABASE_URL": "postgresql://duecourse_owner:a@db/duecourse"}, "DATABASE_URL logs in as the owner"),
        ({"DATABASE_OWNER_URL": SAFE["DATABASE_URL"]}, "DATABASE_URL logs in as the owner"),
        ({"DATABASE_URL": "mysql://a@b/c"}, "DATABASE_URL cannot be read: it does not begin with postgresql://"),
    ],
)
def test_production_refuses(change, told):
    """Each unsafe setting is refused by its own line, and by no other."""
    lines = refusal(SAFE | change)
    assert len(lines) == 1
    assert lines[0].startswith(told)


def test_all_problems_at_once():
    """A production start with nothing set lists everything that is missing."""
    lines = refusal({"DUECOURSE_MODE": "production"})
    assert {line.split()[0] for line in lines} == {"DUECOURSE_SECRET_KEY", "DUECOURSE_KEYS", "DUECOURSE_ALLOWED_HOSTS", "DATABASE_URL"}


@pytest.mark.parametrize(
    ("written", "meant"), [("DUECOURSE_ALOWED_HOST", "DUECOURSE_ALLOWED_HOSTS"), ("DUECOURSE_DEBUGGING", "DUECOURSE_DEBUG")]
)
def test_unknown_variable_names_the_nearest(written, meant):
    """A mistyped setting stops the start and the nearest one is named."""
    assert refusal(SAFE | {written: "x"}) == [f"{written} is not a setting. Did you mean {meant}?"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DUECOURSE_MODE", "prod"),
        ("DUECOURSE_DEBUG", "maybe"),
        ("DUECOURSE_PORT", "80 80"),
        ("DUECOURSE_PORT", "70000"),
        ("DUECOURSE_LANG", "fr"),
    ],
)
def test_wrong_forms_are_refused(name, value):
    """A value of another form is refused with the value shown."""
    assert refusal(SAFE | {name: value})[0].startswith(f"{name} is {value!r}")


def test_development_generates_once(tmp_path):
    """Development makes its keys once, in a file only its owner may read, and finds them again."""
    home = tmp_path / "home"
    first, second = (load({"DUECOURSE_HOME": str(home)}) for _ in range(2))
    assert (first.secret_key, first.master_keys) == (second.secret_key, second.master_keys)
    assert stat.S_IMODE((home / "secrets.env").stat().st_mode) == 0o600
    assert first.keyring().active_id.startswith("generated-")
    assert sorted(path.name for path in home.iterdir()) == ["secrets.env", "secrets.lock"]


def test_refused_development_writes_nothing(tmp_path):
    """A refused start leaves no home behind."""
    refusal({"DUECOURSE_HOME": str(tmp_path / "home"), "DUECOURSE_HOEM": "x"})
    assert not (tmp_path / "home").exists()


def test_secrets_do_not_show():
    """Neither keys nor passwords stand in the environment's repr."""
    shown = repr(load(SAFE))
    assert KEY not in shown
    assert "q7q7" not in shown
    assert "duecourse_app:" not in shown


def test_every_variable_is_explained():
    """Each setting has a line that says what it is."""
    assert all(len(text) > 10 for text in VARIABLES.values())


def test_url_is_read_with_its_escapes():
    """User and password may hold escaped characters; the port is 5432 unless named; TLS wishes are kept."""
    login = DatabaseLogin.from_url("postgresql://duecourse_app:p%40ss%2F@db.example/due?sslmode=require")
    assert login == DatabaseLogin(host="db.example", port=5432, database="due", user="duecourse_app", password="p@ss/", sslmode="require")
    assert "p@ss" not in repr(login)


@pytest.mark.parametrize("url", ["postgresql://db/due", "postgresql://u@db", "http://u@db/due", "postgresql://u@db/due?options=x"])
def test_broken_url_is_refused(url):
    """An address without user, host or database, or with other wishes, is refused."""
    with pytest.raises(ValueError, match=r"it |only "):
        DatabaseLogin.from_url(url)
