"""SIGTERM ends a run like Ctrl-C: recorded, with one line and exit code 143, and with nothing left behind."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from typing import Any

import duckdb
import pytest
from conftest import Faults
from faulty_hub import HubServer, Response
from worlds import World

import leaderboard_etl
from leaderboard_etl import pipeline
from leaderboard_etl.errors import EngineError, one_line_errors
from leaderboard_etl.export import folder
from leaderboard_etl.export.manifest import TOOL
from leaderboard_etl.options import Options
from leaderboard_etl.raw.ledger import Ledger
from leaderboard_etl.settings import Warehouse
from leaderboard_etl.termination import Terminated

MANIFEST_BYTES = json.dumps({"tool": TOOL, "as_of": "2025-01-01", "files": {}}).encode()
MAIN = "import sys; from leaderboard_etl.cli import console; sys.exit(console())"


def start(code: str, *arguments: str) -> subprocess.Popen[str]:
    """Starts a Python process with our packages and the tests on its path."""
    paths = [str(Path(leaderboard_etl.__file__).parents[1]), str(Path(__file__).parent)]
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code), *arguments],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def servers_of(home: Path) -> list[str]:
    """The processes whose environment says that they keep Prefect's state in `home`."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if f"PREFECT_HOME={home}".encode() in (process / "environ").read_bytes():
                found.append((process / "cmdline").read_bytes().replace(b"\0", b" ").decode())
        except OSError:
            continue
    return found


def wait_until(holds: object, seconds: float = 240) -> None:
    deadline = time.monotonic() + seconds
    while not holds():  # type: ignore[operator]
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_run_that_waits_for_the_hub_is_recorded_and_its_prefect_server_stops(
    world: World, faults: Faults, server: HubServer, tmp_path: Path, prefect_home: Path
) -> None:
    shutil.copytree(prefect_home, world.warehouse.prefect)
    faults.answers["api/"] = Response(hang_seconds=60)
    told, metrics = tmp_path / "told", tmp_path / "run.prom"
    notify = shlex.join([sys.executable, "-c", "import sys; open(sys.argv[1], 'w').write(sys.stdin.read())", str(told)])
    watching = ["--notify", notify, "--metrics", str(metrics)]
    process = start(MAIN, "run", "--hub", world.hub, "-w", str(world.warehouse.root), *watching)
    wait_until(lambda: server.requests)
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 143, err
    assert err.count("terminated; the published warehouse is untouched") == 1 and "Traceback" not in err
    (load,) = Ledger(world.warehouse.raw).loads
    assert (load.status, load.message) == ("failed", "terminated by SIGTERM")
    assert servers_of(world.warehouse.prefect.resolve()) == []
    assert json.loads(told.read_text())["message"] == "terminated by SIGTERM"
    assert 'leaderboard_etl_run_status{status="failed"} 1' in metrics.read_text()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_run_that_is_building_ends_with_one_line_and_no_complaint_of_an_engine(
    world: World, number: signal.Signals, prefect_home: Path
) -> None:
    shutil.copytree(prefect_home, world.warehouse.prefect)
    # One source is enough to build; all of them are asked for hundreds of models first.
    only = ("--only", "olb_v2_contents")
    process = start(MAIN, "run", "--hub", world.hub, "-w", str(world.warehouse.root), *only)
    wait_until(world.warehouse.staging.exists)
    process.send_signal(number)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 128 + number
    assert err.count("\n") == 1 and "the published warehouse is untouched" in err
    assert not world.warehouse.staging.exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_pass_over_the_models_that_waits_for_a_closed_window_ends_at_once(
    world: World, faults: Faults, server: HubServer, number: signal.Signals, prefect_home: Path
) -> None:
    shutil.copytree(prefect_home, world.warehouse.prefect)
    closed = {"RateLimit": '"api";r=0;t=3000', "RateLimit-Policy": '"fixed window";"api";q=500;w=3000'}
    faults.answers["api/models"] = Response(429, closed)
    process = start(MAIN, "run", "--hub", world.hub, "-w", str(world.warehouse.root))
    wait_until(lambda: any("api/models" in request.path for request in server.requests))
    process.send_signal(number)
    _, err = process.communicate(timeout=30)  # the window is closed for far longer
    assert process.returncode == 128 + number, err
    assert "Traceback" not in err
    assert Ledger(world.warehouse.raw).loads[-1].status == "failed"


@pytest.mark.parametrize(
    ("error", "raised"),
    [
        (duckdb.InterruptException("Query interrupted"), KeyboardInterrupt),
        (RuntimeError("Query interrupted"), KeyboardInterrupt),
        (RuntimeError("a fault of the code"), RuntimeError),
    ],
)
def test_a_signal_that_an_engine_reports_as_its_own_error_ends_a_night_as_that_signal(
    world: World, error: Exception, raised: type[BaseException]
) -> None:
    def steps(night: pipeline.Night) -> pipeline.Ending:
        raise error

    with pytest.raises(raised):
        pipeline.run_night(Options(world.warehouse, world.hub, world.endpoint), steps)
    assert Ledger(world.warehouse.raw).loads[-1].message == (
        "KeyboardInterrupt" if raised is KeyboardInterrupt else str(error)
    )


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_prefect_server_that_is_still_starting_does_not_outlive_its_run(tmp_path: Path, number: int) -> None:
    command = ["run", "--hub", "http://127.0.0.1:9", "-w", str(tmp_path)]
    process = start(MAIN, *command)
    home = (tmp_path / "prefect").resolve()
    wait_until(lambda: any("prefect_server" in command for command in servers_of(home)))
    process.send_signal(number)
    process.communicate(timeout=30)
    assert process.returncode == (143 if number == signal.SIGTERM else -signal.SIGKILL)
    wait_until(lambda: servers_of(home) == [], seconds=3)


def test_a_query_ends_with_one_line_and_leaves_no_file(tmp_path: Path) -> None:
    (tmp_path / "w").mkdir()
    with duckdb.connect(str(tmp_path / "w/leaderboard.duckdb")) as con:
        con.execute("create schema ops; create table ops.build as select 1 as schema_version, 'x' as code_version")
    out, query = tmp_path / "out", tmp_path / "query"
    out.mkdir()
    os.mkfifo(query)
    process = start(MAIN, "sql", "-w", str(tmp_path / "w"), "-o", str(out / "rows.csv"), "-f", str(query))
    query.write_text("select a.range from range(1_000_000) as a, range(1_000_000) as b")  # until it is read
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=30)
    assert (process.returncode, err) == (143, "leaderboard-etl: terminated\n")
    assert list(out.iterdir()) == []


def test_an_interrupted_snapshot_leaves_the_old_one_and_no_other_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    contents = iter([b"old", b"new"])

    def make(*_: Any, **__: Any) -> dict[str, bytes]:
        return {"manifest.json": MANIFEST_BYTES, "a.csv": next(contents)}

    def interrupted() -> None:
        raise Terminated

    out = tmp_path / "export"
    monkeypatch.setattr(folder, "make_snapshot", make)
    monkeypatch.setattr(folder, "folder_readme", lambda _: b"")
    folder.write_snapshot(Warehouse(tmp_path / "none"), out, None)
    monkeypatch.setattr(folder, "undisturbed", interrupted)
    with pytest.raises(Terminated):
        folder.write_snapshot(Warehouse(tmp_path / "none"), out, None)
    assert [path.name for path in tmp_path.iterdir()] == ["export"] and (out / "a.csv").read_bytes() == b"old"


class Interrupted:
    """A table whose rows an engine reads, and during which Ctrl-C is pressed."""

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        raise KeyboardInterrupt


def test_a_signal_wrapped_in_an_engines_error_is_still_the_signal() -> None:
    rows = Interrupted()
    with duckdb.connect() as con, pytest.raises(KeyboardInterrupt), one_line_errors():
        con.register("rows", rows)
        con.execute("from rows")


def test_an_error_text_that_names_the_signal_is_not_a_signal() -> None:
    with duckdb.connect() as con, pytest.raises(EngineError), one_line_errors():
        con.execute("select KeyboardInterrupt")


def test_a_temporary_folder_is_removed_when_its_process_is_terminated(tmp_path: Path) -> None:
    process = start(
        """
        import ctypes, os, signal, sys, threading
        from pathlib import Path
        from leaderboard_etl.termination import scratch_folder, terminable
        with terminable(), scratch_folder(Path(sys.argv[1])) as folder:
            print((folder / "file").write_bytes(b"x"), flush=True)
            threading.Timer(0.1, lambda: os.kill(os.getpid(), signal.SIGTERM)).start()
            signal.alarm(60)
            wait, mutex = ctypes.CDLL(None).pthread_mutex_lock, ctypes.create_string_buffer(64)
            wait(mutex), wait(mutex)
        """,
        str(tmp_path),
    )
    assert process.communicate(timeout=30) == ("1\n", "leaderboard-etl: terminated\n")
    assert list(tmp_path.iterdir()) == []


def test_work_that_ignores_signals_is_ended_after_its_last_output() -> None:
    process = start(
        """
        import ctypes, os, signal, threading
        from leaderboard_etl.termination import at_the_end, terminable
        with terminable(), at_the_end(lambda: print("last words", flush=True)):
            threading.Timer(1, lambda: os.kill(os.getpid(), signal.SIGTERM)).start()
            signal.alarm(60)  # where nothing else ends it
            # A lock of C hears nothing, and waiting for it takes no processor; a query of DuckDB hears a signal now and then.
            wait, mutex = ctypes.CDLL(None).pthread_mutex_lock, ctypes.create_string_buffer(64)
            wait(mutex), wait(mutex)
        """
    )
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out) == (143, "last words\n")
    assert err.count("\n") == 1 and "terminated" in err


def test_a_signal_during_a_durable_step_takes_effect_after_it() -> None:
    process = start(
        """
        import signal, sys
        from leaderboard_etl.durable import durable
        from leaderboard_etl.termination import Terminated, terminable
        try:
            with terminable():
                with durable("ledger line"):
                    signal.raise_signal(signal.SIGTERM)
                    print("to the end", flush=True)
                print("not reached")
        except Terminated:
            sys.exit(5)
        """
    )
    out, _ = process.communicate(timeout=30)
    assert (process.returncode, out) == (5, "to the end\n")
