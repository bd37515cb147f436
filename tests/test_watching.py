"""Who is told of a run when it ends: a webhook, a command."""

from __future__ import annotations

import json
import shlex
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from conftest import Faults
from worlds import World, nightly

from leaderboard_etl.cli import main
from leaderboard_etl.errors import UsageError, WarehouseError
from leaderboard_etl.sample.server import Response
from leaderboard_etl.watching.notify import check_target, notify
from leaderboard_etl.watching.watched import watched

DEGRADED = {"status": "degraded", "message": "a source failed \u202e"}


@dataclass
class Webhook:
    """What was posted to a server on loopback, which answers `status`; null: it answers when the test is over."""

    url: str = ""
    status: int | None = 204
    bodies: list[Any] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    is_over: threading.Event = field(default_factory=threading.Event)


@pytest.fixture
def webhook() -> Iterator[Webhook]:
    hook = Webhook()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            hook.headers.append({name.lower(): value for name, value in self.headers.items()})
            hook.bodies.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
            if hook.status is None:
                hook.is_over.wait(60)
                return
            self.send_response(hook.status)
            self.send_header("location", f"{hook.url}again")
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        hook.url = f"http://127.0.0.1:{server.server_port}/secret?key=hidden"
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield hook
        hook.is_over.set()
        server.shutdown()


def command(code: str, *arguments: str | Path) -> str:
    return shlex.join([sys.executable, "-c", code, *map(str, arguments)])


SAVE = "import sys; open(sys.argv[1], 'ab').write(sys.stdin.buffer.read())"


def test_an_address_is_posted_the_outcome_as_json_and_no_credentials(
    webhook: Webhook, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login me password hidden\n")
    (tmp_path / "netrc").chmod(0o600)
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    monkeypatch.setenv("HF_TOKEN", "hf_hidden")
    assert notify(webhook.url, DEGRADED) is None
    assert webhook.bodies == [DEGRADED]
    (headers,) = webhook.headers
    assert headers["content-type"] == "application/json"
    assert "authorization" not in headers and "hidden" not in str(headers)


@pytest.mark.parametrize(
    ("status", "told"), [(500, "it answered 500"), (307, "it answered 307"), (None, "within 0.2 s")]
)
def test_an_address_that_does_not_take_it_is_one_line_without_its_secrets(
    webhook: Webhook, status: int | None, told: str
) -> None:
    webhook.status = status
    said = notify(webhook.url, DEGRADED, limit_seconds=0.2 if status is None else 10)
    assert said is not None and told in said and "127.0.0.1" in said
    assert "secret" not in said and "hidden" not in said and "\n" not in said
    assert len(webhook.bodies) == 1


def test_nobody_at_the_address_is_one_line() -> None:
    said = notify("http://127.0.0.1:9/", DEGRADED)
    assert said == "the notice of this run did not reach 127.0.0.1: ConnectError"


def test_a_command_reads_the_outcome_and_no_shell_reads_its_arguments(tmp_path: Path) -> None:
    file = tmp_path / "$(echo told); x"
    assert notify(command(SAVE, file), DEGRADED) is None
    assert json.loads(file.read_bytes()) == DEGRADED


def test_a_command_is_given_no_token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_hidden")
    monkeypatch.setenv("PREFECT_API_KEY", "hidden")
    code = "import os, sys; open(sys.argv[1], 'w').write(str(dict(os.environ)))"
    assert notify(command(code, tmp_path / "seen"), DEGRADED) is None
    seen = (tmp_path / "seen").read_text()
    assert "PATH" in seen and "hidden" not in seen


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("import sys; sys.exit('two\\nlines \\x1b[31m')", r"exit code 1 (lines \x1b[31m)"),
        # It leaves a child that holds everything open, and reads nothing.
        ("import os, signal; os.fork(); signal.pause()", "did not end within 0.5 s"),
    ],
)
def test_a_command_that_fails_or_hangs_is_one_line(code: str, told: str) -> None:
    said = notify(command(code), {**DEGRADED, "rows": ["x" * 1000] * 1000}, limit_seconds=10 if "exit" in told else 0.5)
    assert said is not None and told in said and "\n" not in said


def test_a_command_that_is_not_there_is_one_line() -> None:
    assert notify("no-such-command x", DEGRADED) == (
        "the notice of this run did not reach no-such-command: No such file or directory"
    )


@pytest.mark.parametrize("target", ["", "  ", "http://", "https:///x", "http://[x", "ftp://host/x", "say 'x"])
def test_what_is_neither_an_address_nor_a_command_is_refused(target: str) -> None:
    with pytest.raises(UsageError, match="--notify"):
        check_target(target)


@pytest.mark.parametrize("status", ["published", "no_news"])
def test_a_good_run_is_told_to_nobody(webhook: Webhook, status: str) -> None:
    with watched(webhook.url) as tell:
        tell({"status": status})
    assert webhook.bodies == []


def test_an_error_before_the_outcome_is_told_once_and_passed_on(webhook: Webhook) -> None:
    with pytest.raises(WarehouseError), watched(webhook.url):
        raise WarehouseError("another run\nhas the lock")
    with pytest.raises(WarehouseError), watched(webhook.url) as tell:
        tell(DEGRADED)
        raise WarehouseError("later")
    assert [body["message"] for body in webhook.bodies] == ["another run has the lock", DEGRADED["message"]]
    assert webhook.bodies[0]["status"] == "failed"


def test_a_failed_run_is_told_and_a_notice_that_fails_changes_neither_outcome_nor_exit_code(
    world: World, webhook: Webhook, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    world.night(1)
    (world.warehouse.raw / "blobs.sqlite").unlink()
    given = ["run", "--offline", "--json", "-w", str(world.warehouse.root)]
    assert main([*given, "--notify", command(SAVE, tmp_path / "told")]) == 1
    first = capsys.readouterr()
    told = json.loads((tmp_path / "told").read_bytes())
    assert (told["status"], told["exit_code"]) == ("failed", 1) and told["message"] in first.err
    webhook.status = 500
    assert main([*given, "--notify", webhook.url]) == 1
    second = capsys.readouterr()
    assert second.out == first.out
    assert second.err.splitlines() == [
        "leaderboard-etl: the notice of this run did not reach 127.0.0.1: it answered 500",
        *first.err.splitlines(),
    ]
    assert len(webhook.bodies) == 1


def test_a_run_that_is_used_wrongly_is_told_as_well(webhook: Webhook, tmp_path: Path) -> None:
    assert main(["run", "--hub", "ftp://x", "-w", str(tmp_path), "--notify", webhook.url]) == 2
    assert [body["exit_code"] for body in webhook.bodies] == [2]


def test_the_flow_tells_of_a_degraded_night_and_of_one_that_could_not_begin(
    world: World, webhook: Webhook, faults: Faults
) -> None:
    night = nightly().nightly.fn
    faults.answers["open-llm-leaderboard/contents"] = Response(status=404)
    given = {"warehouse": str(world.warehouse.root), "card_budget": 0, "notify": webhook.url}
    assert night(hub=world.hub, **given).name == "Degraded"
    assert [body["status"] for body in webhook.bodies] == ["degraded"]
    assert any(row["state"] == "failed" for row in webhook.bodies[0]["rows"])
    with pytest.raises(UsageError):
        night(hub="http://127.0.0.1:9", **given)
    assert "belongs to the Hub" in webhook.bodies[1]["message"] and len(webhook.bodies) == 2
