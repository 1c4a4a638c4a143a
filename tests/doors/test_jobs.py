"""Work behind the page: asked for in a transaction, done once by one worker, taken up again when its worker is killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time

import pytest
from django.db import connection, transaction
from django.utils import translation

from duecourse.doors import jobs
from duecourse.kit.errors import Absent, Forbidden
from duecourse.kit.ids import NotCanonical
from duecourse.parties.access import acting
from duecourse.parties.services import membership_end
from tests import database, factories, people
from tests.doors import made_up_jobs

WORKER = """
    import sys
    from tests import database
    database.use_test_environment()
    from duecourse.config import boot
    boot.set_up_django()
    database.point_at(sys.argv[1])
    from duecourse.doors import jobs
    jobs.JOB_MODULES = ("tests.doors.made_up_jobs",)
    from duecourse.doors.commands.worker import run_worker
    print("ready", flush=True)
    run_worker(concurrency=int(sys.argv[2]))
"""


@pytest.fixture(autouse=True)
def _in_english():
    """Read in English, whatever a page has left active."""
    with translation.override("en"):
        yield


@pytest.fixture
def bank(db):
    """A bank in a transaction that is rolled back."""
    return factories.bank()


@pytest.fixture
def workers(committed_db):
    """Return a function that starts a worker as a process of its own; those that are left are killed."""
    started = []

    def start(concurrency: int = 1) -> subprocess.Popen:
        line = [sys.executable, "-c", textwrap.dedent(WORKER), committed_db.name, str(concurrency)]
        process = subprocess.Popen(line, cwd=database.ROOT, stdout=subprocess.PIPE, text=True)
        started.append(process)
        assert process.stdout.readline() == "ready\n"
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()
        process.stdout.close()


def asked(actor, kind, **parameters):
    """Ask for work and return its number."""
    assert kind in made_up_jobs.KINDS
    return jobs.job_start(actor=actor, kind=kind, parameters=parameters)


def wait_for(actor, job_id, condition, *, seconds=30):
    """Return the job as soon as it meets the condition."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = jobs.job_of(actor=actor, job_id=job_id)
        if condition(found):
            return found
        time.sleep(0.05)
    raise AssertionError(f"in {seconds} s the job came no further than {found}")


def marks(bank):
    """Return how many marks stand in the trail."""
    with acting(bank.system), connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM ledger_auditevent WHERE action = 'test_marked'")
        return cursor.fetchone()[0]


def test_job_is_queued_then_done(bank):
    """A job waits until a worker does it, and then holds what came of it."""
    job_id = asked(bank.mei, "test_count", steps=3, url="/months/")
    assert jobs.job_of(actor=bank.mei, job_id=job_id).state == "queued"
    assert jobs.run_pending() == 1
    found = jobs.job_of(actor=bank.mei, job_id=job_id)
    assert (found.state, found.done_count, found.total_count, found.url) == ("done", 3, 3, "/months/")
    assert (found.title, found.result["counts"], found.is_ended) == ("Counting", {"row_count": 3}, True)
    assert jobs.run_pending() == 0


@pytest.mark.parametrize("url", ["//elsewhere.example/", "https://elsewhere.example/", "/\\elsewhere.example", "javascript:alert(1)"])
def test_result_leads_nowhere_else(bank, url):
    """An address on another host is none."""
    job_id = asked(bank.mei, "test_count", steps=1, url=url)
    jobs.run_pending()
    assert jobs.job_of(actor=bank.mei, job_id=job_id).url == ""


def test_asking_for_work_belongs_to_the_transaction(bank):
    """What was asked for in a transaction that is taken back never begins."""
    with transaction.atomic():
        asked(bank.mei, "test_mark", number=1)
        transaction.set_rollback(True)
    assert jobs.run_pending() == 0
    assert jobs.jobs_of(actor=bank.mei) == []


def test_unknown_work_and_odd_parameters_are_refused(bank):
    """A kind nobody registered and a parameter without exact bytes are mistakes of the caller's."""
    with pytest.raises(jobs.JobUnknown):
        jobs.job_start(actor=bank.mei, kind="nothing_such", parameters={})
    with pytest.raises(NotCanonical):
        jobs.job_start(actor=bank.mei, kind="test_count", parameters={"steps": 0.5})


def test_refusal_says_what_why_and_todo_in_the_readers_language(bank):
    """A house error is kept by its templates and told in the language of who reads."""
    job_id = asked(bank.mei, "test_refuse", number=7)
    jobs.run_pending()
    found = jobs.job_of(actor=bank.mei, job_id=job_id)
    assert found.state == "failed"
    assert found.error == {"what": "The house 7 is on fire.", "why": "Somebody smoked.", "todo": "Call the fire brigade."}
    broken_id = asked(bank.mei, "test_break")
    jobs.run_pending()
    with translation.override("zh-hans"):
        assert jobs.job_of(actor=bank.mei, job_id=broken_id).error["what"] == "因系统故障，该任务已中止。"


def test_fault_shows_no_traceback(bank, caplog):
    """A fault of ours is logged with its traceback and told without it."""
    job_id = asked(bank.mei, "test_break")
    jobs.run_pending()
    told = str(jobs.job_of(actor=bank.mei, job_id=job_id).error)
    assert "fault of ours" in told
    assert str(job_id) in told
    assert "secret" not in told
    assert "the secret reason" in caplog.text


def test_job_is_seen_by_who_asked_and_by_mei(bank):
    """Others of the house, the other side and another bank find nothing; an agency's people see their own."""
    other = factories.bank(people.OTHER_BANK)
    of_fan, of_ann, of_bo = (asked(actor, "test_count", steps=1) for actor in (bank.fan, bank.ann, bank.bo))
    for job_id, seen_by in ((of_fan, {"fan", "mei", "lin"}), (of_ann, {"ann"}), (of_bo, {"bo"})):
        for name in ("mei", "lin", "qiu", "fan", "ann", "bo"):
            if name in seen_by:
                assert jobs.job_of(actor=getattr(bank, name), job_id=job_id).id == job_id
            else:
                with pytest.raises(Absent):
                    jobs.job_of(actor=getattr(bank, name), job_id=job_id)
        with pytest.raises(Absent):
            jobs.job_of(actor=other.mei, job_id=job_id)
        with pytest.raises(Absent):
            jobs.job_again(actor=other.mei, job_id=job_id)
    assert [found.id for found in jobs.jobs_of(actor=bank.ann)] == [of_ann]


def test_roles_are_those_of_the_day_it_is_done(bank):
    """Work is done with the roles its asker has now; whose membership ended meanwhile gets nothing done."""
    from duecourse.parties.models import Membership

    first = asked(bank.fan, "test_mark", number=1)
    jobs.run_pending()
    assert jobs.job_of(actor=bank.fan, job_id=first).result == {"roles": ["accountant"]}
    second = asked(bank.fan, "test_mark", number=2)
    with acting(bank.mei):
        membership = Membership.objects.get(creditor_id=bank.id, user_id=bank.fan.user_id)
    membership_end(actor=bank.mei, membership_id=membership.pk, until_on=people.FIRST_DAY)
    jobs.run_pending()
    assert jobs.job_of(actor=bank.fan, job_id=second).state == "failed"
    assert marks(bank) == 1


@pytest.mark.parametrize("name", ["intake", "snapshot", "score", "hand_over", "contact", "close"])
def test_a_months_steps_ask_for_the_role_again(bank, name):
    """Fan may ask for old work anew, but what only a manager may run is refused in the worker too."""
    parameters = {"month": "2026-09", "steps": ["settle", name], "is_early": True}
    job_id = jobs.job_start(actor=bank.fan, kind="month_steps", parameters=parameters)
    jobs.run_pending()
    assert jobs.job_of(actor=bank.fan, job_id=job_id).state == "failed"
    with pytest.raises(Forbidden):
        jobs.job_kind("month_steps").function(actor=bank.fan, parameters=parameters, progress=lambda _done, _total: None)


def test_page_polls_leads_on_and_offers_to_try_again(house, logged_in):
    """The page asks again while the job waits, htmx is led to the outcome, and a failed one can be begun anew by a press."""
    mei = logged_in(people.MEI.email)
    job_id = asked(house.bank.mei, "test_count", steps=2, url="/jobs/")
    assert 'hx-trigger="every 1s"' in mei.get(f"/jobs/{job_id}/").content.decode()
    jobs.run_pending()
    polled = mei.get(f"/jobs/{job_id}/", headers={"HX-Request": "true"})
    assert polled["HX-Redirect"] == "/jobs/"
    assert mei.get(f"/jobs/{job_id}/").status_code == 302
    assert "hx-trigger" not in mei.get(f"/jobs/{job_id}/?stay=1").content.decode()
    failed_id = asked(house.bank.mei, "test_refuse", number=8)
    jobs.run_pending()
    page = mei.get(f"/jobs/{failed_id}/", headers={"Accept-Language": "en"}).content.decode()
    assert "The house 8 is on fire." in page
    assert "Traceback" not in page
    again = mei.post(f"/jobs/{failed_id}/again/")
    assert again.status_code == 302
    assert again["Location"] != f"/jobs/{failed_id}/"
    assert logged_in(people.FAN.email).post(f"/jobs/{failed_id}/again/").status_code == 404
    listed = mei.get("/jobs/").content.decode()
    assert f"/jobs/{failed_id}/" in listed


def test_progress_is_seen_while_the_transaction_is_open(committed_db, workers):
    """Half of the work shows although nothing of it is committed."""
    bank = factories.bank()
    workers()
    job_id = asked(bank.mei, "test_mark", number=1, pause_ms=1500)
    found = wait_for(bank.mei, job_id, lambda found: found.done_count == 1)
    assert (found.state, found.total_count, marks(bank)) == ("running", 2, 0)
    assert wait_for(bank.mei, job_id, lambda found: found.is_ended).state == "done"
    assert marks(bank) == 1


def test_killed_workers_job_is_taken_up_again(committed_db, workers):
    """A worker killed in the middle leaves nothing half done; the next one does the whole job, once, within seconds."""
    bank = factories.bank()
    first = workers()
    job_id = asked(bank.mei, "test_mark", number=1, pause_ms=2000)
    wait_for(bank.mei, job_id, lambda found: found.done_count == 1)
    os.kill(first.pid, signal.SIGKILL)
    first.wait()
    workers()
    assert wait_for(bank.mei, job_id, lambda found: found.is_ended).state == "done"
    assert marks(bank) == 1
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM procrastinate_jobs")
        assert cursor.fetchone() == (0,)


def test_job_that_kills_its_worker_is_given_up(committed_db, workers, monkeypatch):
    """After five lost processes the job says so instead of killing the sixth."""
    bank = factories.bank()
    job_id = asked(bank.mei, "test_die")
    for _ in range(jobs.ATTEMPTS_MAX):
        workers().wait(timeout=30)
        jobs.take_up()
    workers()
    found = wait_for(bank.mei, job_id, lambda found: found.is_ended)
    assert found.state == "failed"
    assert "5 times" in found.error["what"]


def test_workers_share_the_jobs(committed_db, workers):
    """Two workers with two threads each do forty jobs, and each job is done once."""
    bank = factories.bank()
    numbers = [asked(bank.mei, "test_mark", number=number) for number in range(40)]
    workers(2), workers(2)
    for job_id in numbers:
        assert wait_for(bank.mei, job_id, lambda found: found.is_ended).state == "done"
    assert marks(bank) == 40


def test_one_job_is_not_done_twice_at_once(committed_db):
    """Of four who begin the same job at the same moment, one does it."""
    bank = factories.bank()
    job_id = asked(bank.mei, "test_mark", number=1, pause_ms=300)
    done = committed_db.parallel(lambda _: jobs.perform(creditor_id=bank.id, job_id=job_id), count=4)
    assert sorted(done) == [False, False, False, True]
    assert marks(bank) == 1


def test_running_job_is_not_taken_up(committed_db):
    """What a living worker does is left to it, however long it takes."""
    bank = factories.bank()
    job_id = asked(bank.mei, "test_mark", number=1, pause_ms=1500)

    def act(number):
        if number == 0:
            return jobs.run_pending()
        time.sleep(0.7)
        return jobs.take_up()

    assert committed_db.parallel(act, count=2) == [1, 0]
    assert jobs.job_of(actor=bank.mei, job_id=job_id).state == "done"


def test_worker_finds_every_kind_by_itself():
    """In a process that has shown no page, all modules of jobs can be imported, and the kinds they register are there."""
    told = """
        from tests import database
        database.use_test_environment()
        from duecourse.config import boot
        boot.set_up_django()
        from duecourse.doors import jobs
        jobs.kinds_load()
        assert jobs._kinds or not jobs.JOB_MODULES
    """
    ended = subprocess.run([sys.executable, "-c", textwrap.dedent(told)], cwd=database.ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr


def test_a_worker_knows_every_kind_without_any_page():
    """The modules of the jobs load in a fresh process that serves no page, and so has no addresses yet."""
    script = (
        "from tests import database; database.use_test_environment()\n"
        "from duecourse.config import boot; boot.set_up_django()\n"
        "from importlib import import_module; from duecourse.doors import jobs\n"
        "[import_module(name) for name in jobs.JOB_MODULES]; print(sorted(jobs._kinds))"
    )
    found = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stderr
    assert "month_steps" in found.stdout
