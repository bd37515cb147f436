"""Runs Prefect in separate processes, because it reads its settings at import and its remains show only after the
process ends."""

from __future__ import annotations

import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest

import leaderboard_etl

TOY = """
import os, time
from prefect import flow
from prefect.cache_policies import NO_CACHE
from leaderboard_etl import orchestration

def step(number): print("step", number, flush=True)

@flow(name="toy", log_prints=False)
def toy(steps: int = 1, status: str = "published", bug: bool = False, seconds: float = 0, trouble: str = ""):
    for number in range(steps):
        if number == 1:
            exec(trouble, globals())
        orchestration.run_step(step, number, name="step", cache_policy=NO_CACHE)
    orchestration.table_artifact("load", [{"rows": steps}])
    orchestration.markdown_artifact("report", "# a report")
    print(os.environ.get("PREFECT_API_URL"), flush=True)
    time.sleep(seconds)
    if bug:
        raise ValueError("a bug in the flow")
    return orchestration.final_state(status, "a headline", {"status": status})
"""
# Finds something in one of three steps, or fails in one at the first try.
QUIET = """
import sys
from leaderboard_etl import orchestration

tries = []

def look(number, fails):
    tries.append(number)
    if number == fails and tries.count(number) == 1:
        raise OSError("not now")
    return number

@orchestration.flow("quiet")
def quiet(finds: int = -1, fails: int = -1, acts: bool = False):
    look_at = lambda number: orchestration.run_step(
        look, number, fails, name=f"look {number}", is_quiet=lambda found: found != finds
    )
    found = [look_at(number) for number in range(3)]
    if acts:
        orchestration.run_step(print, "acts", name="act")
    orchestration.markdown_artifact("report", "# a report")
    return orchestration.final_state("no_news", "a headline", [found, len(tries), "prefect" in sys.modules])
"""
DRIVER = """
import sys
from pathlib import Path
from leaderboard_etl import orchestration

TOY = Path(__file__).with_name("toy.py")

def run(home, **parameters):
    return orchestration.run_flow(TOY, "toy", Path(home), parameters)

def run_quietly(home, **parameters):
    quiet = TOY.with_name("quiet.py")
    return orchestration.run_flow(quiet, "quiet", Path(home), parameters, may_stay_quiet=True)

if __name__ == "__main__":
    exec(sys.argv[1])
"""


@dataclass
class Place:
    """A folder with the test flow, and a home folder of the user that nobody may write to."""

    root: Path

    @property
    def home(self) -> Path:
        return self.root / "warehouse" / "prefect"

    def start(self, code: str, **variables: str) -> subprocess.Popen[str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
        environment = {
            **kept,
            "HOME": str(self.root / "user"),
            "PYTHONPATH": os.pathsep.join([str(Path(leaderboard_etl.__file__).parents[1]), kept.get("PYTHONPATH", "")]),
            **variables,
        }
        command = [sys.executable, str(self.root / "driver.py"), code]
        return subprocess.Popen(
            command, cwd=self.root, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )

    def finish(self, process: subprocess.Popen[str]) -> tuple[int, str, str]:
        out, err = process.communicate(timeout=120)
        return process.returncode, out, err

    def do(self, code: str, **variables: str) -> tuple[int, str, str]:
        return self.finish(self.start(code, **variables))

    def ask(self, query: str) -> list[tuple[object, ...]]:
        connection = sqlite3.connect(self.home / "prefect.db")
        try:
            return connection.execute(query).fetchall()
        finally:
            connection.close()

    def flow_runs(self) -> list[tuple[object, ...]]:
        return self.ask("select state_type, state_name from flow_run where state_type <> 'SCHEDULED' order by created")


def make_place(root: Path) -> Place:
    (root / "user").mkdir()
    (root / "toy.py").write_text(TOY)
    (root / "quiet.py").write_text(QUIET)
    (root / "driver.py").write_text(DRIVER)
    return Place(root)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    return make_place(tmp_path_factory.mktemp("place"))


@pytest.fixture(scope="module")
def first_run(place: Place) -> tuple[int, str, str]:
    """The first run with a new home; it has enough tasks that storing them lags behind."""
    return place.do("print(run('warehouse/prefect', steps=60))")


def answers(url: str) -> bool:
    address = urlsplit(url)
    try:
        socket.create_connection((address.hostname or "", address.port or 0), timeout=1).close()
    except OSError:
        return False
    return True


def is_gone(url: str, seconds: float = 10) -> bool:
    deadline = time.monotonic() + seconds
    while answers(url):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


def said(out: str) -> list[str]:
    """What a run printed besides its steps: the API's address, and the value."""
    return [line for line in out.splitlines() if not line.startswith("step ")]


def first_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return next(line.strip() for line in process.stdout if not line.startswith("step "))


def server_of(process: subprocess.Popen[str]) -> int:
    """The process id of a run's server, as soon as it exists."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        for pid in children.read_text().split():
            if b"prefect_server" in Path(f"/proc/{pid}/cmdline").read_bytes():
                return int(pid)
        time.sleep(0.05)
    raise AssertionError("no server was started")


def test_a_run_returns_the_flows_value_and_prints_nothing_else(first_run: tuple[int, str, str]) -> None:
    code, out, err = first_run
    assert (code, said(out)[1:], err) == (0, ["{'status': 'published'}"], "")


def test_every_task_run_and_artifact_of_a_short_run_is_recorded(place: Place, first_run: tuple[int, str, str]) -> None:
    assert place.flow_runs()[0] == ("COMPLETED", "Published")
    assert place.ask("select distinct state_name from task_run") == [("Completed",)]
    assert place.ask("select count(*) from task_run")[0] == (60,)
    assert sorted(place.ask("select key from artifact where key is not null"))[:2] == [("load",), ("report",)]


def test_prefect_writes_under_its_home_only(place: Place, first_run: tuple[int, str, str]) -> None:
    assert list((place.root / "user").iterdir()) == []
    assert (place.home / "prefect.db").is_file()
    assert {entry.name for entry in place.root.iterdir()} <= {
        "user",
        "toy.py",
        "quiet.py",
        "driver.py",
        "warehouse",
        "__pycache__",
    }


def test_the_server_is_gone_after_a_run(place: Place, first_run: tuple[int, str, str]) -> None:
    assert not answers(said(first_run[1])[0])
    assert list((place.home / "live").iterdir()) == []


def test_a_step_keeps_nothing_after_its_end_a_failed_state_keeps_its_value_and_a_bug_is_raised(
    place: Place, first_run: tuple[int, str, str]
) -> None:
    trouble = (
        "import gc, weakref\nclass Thing: pass\nthing = Thing()\nseen = weakref.ref(thing)\n"
        "orchestration.run_step(lambda given: given, thing, name='thing', cache_policy=NO_CACHE)\n"
        "del thing\ngc.collect()\nprint('held' if seen() else 'let go')"
    )
    # On one server, because the start of another takes longer than a run.
    code, out, err = place.do(
        "from leaderboard_etl.prefect_api import prefect_api\n"
        "with prefect_api(Path('warehouse/prefect')):\n"
        f"    run('warehouse/prefect', steps=2, trouble={trouble!r})\n"
        "    print(run('warehouse/prefect', status='failed'))\n"
        "    try: run('warehouse/prefect', status='no_news', bug=True)\n"
        "    except ValueError as error: print('raised:', error)"
    )
    assert (code, said(out)[0], err) == (0, "let go", "")
    assert "{'status': 'failed'}" in out
    assert "raised: a bug in the flow" in out
    assert place.flow_runs()[-2:] == [("FAILED", "Failed"), ("FAILED", "Failed")]


def test_a_killed_run_stops_its_server_and_is_marked_crashed_by_the_next_of_two_runs(
    place: Place, first_run: tuple[int, str, str]
) -> None:
    killed = place.start("run('warehouse/prefect', seconds=100)")
    url = first_line(killed)
    assert answers(url)
    killed.kill()
    place.finish(killed)
    assert is_gone(url)
    assert place.flow_runs()[-1] == ("RUNNING", "Running")
    both = [place.start("print(run('warehouse/prefect', status='degraded'))") for _ in range(2)]
    for process in both:
        code, out, err = place.finish(process)
        assert (code, said(out)[1:], err) == (0, ["{'status': 'degraded'}"], "")
    assert place.flow_runs()[-3:] == [("CRASHED", "Crashed"), ("COMPLETED", "Degraded"), ("COMPLETED", "Degraded")]


def test_prefect_api_url_is_used_for_every_run_and_a_terminated_run_is_crashed(
    place: Place, first_run: tuple[int, str, str]
) -> None:
    other = place.start("run('warehouse/prefect', seconds=100)")
    url = first_line(other)
    code, out, err = place.do(
        "print(run('elsewhere/prefect', steps=3)); print(run_quietly('elsewhere/prefect'))", PREFECT_API_URL=url
    )
    assert (code, said(out), err) == (0, [url, "{'status': 'published'}", "[[0, 1, 2], 3, True]"], "")
    assert answers(url)
    assert not (place.root / "elsewhere" / "prefect" / "prefect.db").exists()
    other.send_signal(signal.SIGTERM)
    code, _, err = place.finish(other)
    assert (code, err) == (-signal.SIGTERM, "")
    assert is_gone(url)
    assert place.ask("select count(*) from task_run where name like 'look%'") == [(3,)]
    assert place.flow_runs()[-3:] == [("CRASHED", "Crashed"), ("COMPLETED", "Published"), ("COMPLETED", "No news")]


def test_a_run_that_finds_nothing_starts_no_prefect(tmp_path: Path) -> None:
    place = make_place(tmp_path)
    code, out, err = place.do("print(run_quietly('warehouse/prefect'))")
    assert (code, out, err) == (0, "[[0, 1, 2], 3, False]\n", "")
    assert not place.home.exists() and list((place.root / "user").iterdir()) == []


FINDS = {
    "finds=1": ("[[0, 1, 2], 3, True]", ["look 2"]),  # what had found it ran before Prefect did
    "fails=1": ("[[0, 1, 2], 4, True]", ["look 1", "look 2"]),
    "acts=True": ("acts\n[[0, 1, 2], 3, True]", ["act"]),
}


def test_prefect_records_a_run_from_the_step_on_that_finds_something_or_fails_or_acts(
    place: Place, first_run: tuple[int, str, str]
) -> None:
    before = len(place.flow_runs())
    # In one process, each run with a server of its own.
    code, out, err = place.do("\n".join(f"print(run_quietly('warehouse/prefect', {how}))" for how in FINDS))
    assert (code, out, err) == (0, "".join(f"{told}\n" for told, _ in FINDS.values()), "")
    assert place.flow_runs()[before:] == [("COMPLETED", "No news")] * len(FINDS)
    runs = place.ask("select id from flow_run where state_name = 'No news' order by created")[-len(FINDS) :]
    for (run,), (_, tasks) in zip(runs, FINDS.values(), strict=True):
        recorded = place.ask(f"select name from task_run where flow_run_id = '{run}' order by start_time")
        assert [str(name).rpartition("-")[0] for (name,) in recorded] == tasks


def test_if_prefect_cannot_start_at_the_news_the_run_goes_on_without_it(tmp_path: Path) -> None:
    place = make_place(tmp_path)
    place.home.parent.mkdir()
    place.home.touch()
    code, out, err = place.do("print(run_quietly('warehouse/prefect', finds=0, acts=True))")
    assert code == 0, err
    assert out.splitlines()[0] == "acts" and "[[0, 1, 2], 3," in out
    assert err.count("\n") == 1 and "Prefect failed" in err


def test_an_api_that_does_not_answer_is_one_clear_error(tmp_path: Path) -> None:
    place = make_place(tmp_path)
    code, _, err = place.do("run('warehouse/prefect')", PREFECT_API_URL="http://127.0.0.1:9/api")
    assert code == 1
    assert "Error: the Prefect API at http://127.0.0.1:9/api does not answer" in err.splitlines()[-1]


def test_an_invalid_cron_is_a_usage_error_before_anything_starts(tmp_path: Path) -> None:
    place = make_place(tmp_path)
    code, _, err = place.do("orchestration.serve(TOY, 'toy', Path('p'), {}, cron='61 * * * *')")
    assert code == 1
    assert "UsageError: '61 * * * *' is not a cron expression" in err.splitlines()[-1]
    assert not (tmp_path / "p" / "server.log").exists()


def test_artifacts_outside_a_flow_do_nothing_and_import_nothing(tmp_path: Path) -> None:
    place = make_place(tmp_path)
    code, out, err = place.do(
        "orchestration.table_artifact('load', [{'rows': 1}])\n"
        "orchestration.markdown_artifact('report', 'text')\n"
        "print('prefect' in sys.modules)"
    )
    assert (code, out, err) == (0, "False\n", "")


# In the flow's own process, not the server's.
SERVER = (
    "import gc, signal, subprocess; server = next(o for o in gc.get_objects() if isinstance(o, subprocess.Popen)); "
)
TROUBLES = {
    "a locked database": "import sqlite3; db = sqlite3.connect(os.environ['PREFECT_HOME'] + '/prefect.db', isolation_level=None,"
    " timeout=30); db.execute('begin exclusive')",
    "a killed server": SERVER + "server.kill(); server.wait()",
    "a server that hangs": SERVER + "server.send_signal(signal.SIGSTOP)",
}


@pytest.mark.parametrize("trouble", TROUBLES)
def test_if_the_api_fails_during_a_run_one_line_is_printed_and_no_step_runs_twice(
    trouble: str, place: Place, first_run: tuple[int, str, str]
) -> None:
    code, out, err = place.do(
        f"print(run('warehouse/prefect', steps=3, trouble={TROUBLES[trouble]!r}))",
        PREFECT_CLIENT_MAX_RETRIES="0",
        PREFECT_API_REQUEST_TIMEOUT="5",
    )
    assert code == 0, err
    url = said(out)[0]
    assert (code, out) == (0, f"step 0\nstep 1\nstep 2\n{url}\n{{'status': 'published'}}\n")
    assert err.count("\n") == 1 and err.startswith("leaderboard-etl: Prefect failed")
    assert is_gone(url)


@pytest.mark.parametrize("trouble", ["a home that cannot be made", "a database that is none"])
def test_if_no_server_starts_the_flow_runs_once_without_prefect(trouble: str, tmp_path: Path) -> None:
    place = make_place(tmp_path)
    place.home.parent.mkdir()
    if trouble == "a home that cannot be made":
        place.home.touch()
    else:
        place.home.mkdir()
        (place.home / "prefect.db").write_bytes(b"not a database" * 1000)
    code, out, err = place.do("print(run('warehouse/prefect', steps=3, status='failed'))")
    assert (code, out) == (0, "step 0\nstep 1\nstep 2\nNone\n{'status': 'failed'}\n")
    assert err.count("\n") == 1 and "Prefect failed" in err and str(place.home) in err


def test_an_interrupted_run_ends_at_once_and_its_server_with_it(place: Place, first_run: tuple[int, str, str]) -> None:
    ending = "import signal; signal.signal(signal.SIGTERM, lambda *_: sys.exit(143)); "
    process = place.start(ending + "run('warehouse/prefect', seconds=100)")
    first_line(process)
    server = server_of(process)
    process.send_signal(signal.SIGTERM)
    code, _, err = place.finish(process)
    assert (code, err) == (143, "")
    assert not Path(f"/proc/{server}").exists()


@pytest.mark.slow
def test_a_served_flow_fires_by_its_cron_and_stops_when_told(place: Place, first_run: tuple[int, str, str]) -> None:
    before = len(place.flow_runs())
    # A sixth field holds seconds; with five a test would wait for a minute.
    served = place.start(
        "orchestration.serve(TOY, 'toy', Path('warehouse/prefect'), {'status': 'degraded'}, cron='* * * * * */30')"
    )
    url = first_line(served)
    try:
        deadline = time.monotonic() + 10
        while place.flow_runs()[before:][:1] != [("COMPLETED", "Degraded")]:
            assert time.monotonic() < deadline
            time.sleep(0.5)
    finally:
        served.send_signal(signal.SIGTERM)
        code, _, err = place.finish(served)
    assert code == 0
    assert "Traceback" not in err
    assert "Finished in state Degraded" in err
    assert is_gone(url)
