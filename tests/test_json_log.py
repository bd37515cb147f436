"""Standard error as JSON lines, whichever part of the program writes there."""

from __future__ import annotations

import io
import json
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from worlds import World

from leaderboard_etl.cli import main
from leaderboard_etl.commands import progress
from leaderboard_etl.commands.json_log import JsonLines, json_log, say


def lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_each_line_is_an_object_and_parts_from_two_threads_never_mix() -> None:
    out = io.StringIO()
    stream = JsonLines(out)
    stream.write("from ")
    other = threading.Thread(target=stream.write, args=("other\n\n",))
    other.start()
    other.join()
    stream.write('here \x1b[31m "x"\nand the rest')
    stream.end()
    assert [line["message"] for line in lines(out.getvalue())] == ["other", 'from here \x1b[31m "x"', "and the rest"]
    assert "\x1b" not in out.getvalue() and all(line["at"].endswith("+00:00") for line in lines(out.getvalue()))


def test_events_are_written_only_to_a_json_log(capsys: pytest.CaptureFixture[str]) -> None:
    say("note", message="unheard")
    before = sys.stderr
    with json_log():
        say("note", message="heard")
        assert progress.progress() is progress.events
    assert sys.stderr is before
    [line] = lines(capsys.readouterr().err)
    assert (line["event"], line["message"]) == ("note", "heard")


def test_progress_is_an_event_with_numbers(capsys: pytest.CaptureFixture[str]) -> None:
    told = threading.Event()

    def waits_s() -> float:
        told.set()
        return 7.0

    with json_log(), progress.events("olb_v1_results", waits_s, every_s=0.01) as count:
        count(2, 40)
        assert told.wait(30)
    line = lines(capsys.readouterr().err)[0]
    assert [line[name] for name in ("event", "source", "done", "total", "waits_s")] == [
        *("progress", "olb_v1_results", 2, 40, 7.0)
    ]
    assert line["left_s"] > 0


def test_a_run_and_a_command_that_fails_write_nothing_but_json_lines(
    published: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    root = str(published.warehouse.root)
    assert main(["run", "--offline", "--log-format", "json", "-w", root]) == 0
    [line] = lines(capsys.readouterr().err)
    assert (line["event"], line["status"], line["exit_code"]) == ("outcome", "published", 0) and line["seconds"] > 0
    assert main(["run", "--hub", "ftp://x", "--log-format", "json", "-w", root]) == 2
    [line] = lines(capsys.readouterr().err)
    assert line["event"] == "message" and "ftp://x" in line["message"]
