"""SIGTERM ends a run as Ctrl-C does: on record, with a word and exit code 143, and with nothing left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest
from conftest import Faults
from worlds import World

import leaderboard_etl
from leaderboard_etl.raw.ledger import Ledger
from leaderboard_etl.sample.server import HubServer, Response


def start(code: str, *arguments: str) -> subprocess.Popen[str]:
    """A Python process with our packages and tests on its path."""
    paths = [str(Path(leaderboard_etl.__file__).parents[1]), str(Path(__file__).parent)]
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code), *arguments],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def servers_of(home: Path) -> list[str]:
    """Processes whose environment says that they keep Prefect's state in `home`."""
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


def test_a_run_that_waits_for_the_hub_is_on_record_and_its_prefect_server_gone(
    world: World, faults: Faults, server: HubServer
) -> None:
    faults.answers["api/"] = Response(hang_seconds=60)
    command = ["run", "--hub", world.hub, "-w", str(world.warehouse.root)]
    process = start("import sys; from leaderboard_etl.cli import main; sys.exit(main(sys.argv[1:]))", *command)
    wait_until(lambda: server.requests)
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 143, err
    assert err.count("terminated; the published warehouse is untouched") == 1 and "Traceback" not in err
    (load,) = Ledger(world.warehouse.raw).loads
    assert (load.status, load.message) == ("failed", "terminated by SIGTERM")
    assert servers_of(world.warehouse.prefect.resolve()) == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_prefect_server_that_is_still_starting_does_not_outlive_its_run(tmp_path: Path, number: int) -> None:
    command = ["run", "--hub", "http://127.0.0.1:9", "-w", str(tmp_path)]
    process = start("import sys; from leaderboard_etl.cli import main; sys.exit(main(sys.argv[1:]))", *command)
    home = (tmp_path / "prefect").resolve()
    wait_until(lambda: any("prefect_server" in command for command in servers_of(home)))
    process.send_signal(number)
    process.communicate(timeout=30)
    assert process.returncode == (143 if number == signal.SIGTERM else -signal.SIGKILL)
    wait_until(lambda: servers_of(home) == [], seconds=3)


def test_work_that_hears_no_signal_is_ended_all_the_same_after_its_last_words() -> None:
    process = start(
        """
        import hashlib, os, signal, threading
        from leaderboard_etl.termination import at_the_end, terminable
        with terminable(), at_the_end(lambda: print("last words", flush=True)):
            threading.Timer(1, lambda: os.kill(os.getpid(), signal.SIGTERM)).start()
            hashlib.pbkdf2_hmac("sha256", b"", b"", 2**31 - 1)  # hears nothing; a query of DuckDB hears it now and then
        """
    )
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out) == (143, "last words\n")
    assert err.count("\n") == 1 and "terminated" in err


def test_a_signal_in_the_midst_of_a_durable_step_is_heard_when_it_is_over() -> None:
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
