"""Reports at the end of a run: to a webhook, a command, a monitor."""

from __future__ import annotations

import json
import os
import shlex
import socket
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import Faults
from faulty_hub import Response
from prometheus_client.openmetrics.parser import text_string_to_metric_families
from worlds import World

from leaderboard_etl import report
from leaderboard_etl.cli import main
from leaderboard_etl.errors import UsageError, WarehouseError
from leaderboard_etl.orchestration import final_state
from leaderboard_etl.raw.ledger import Ledger
from leaderboard_etl.settings import PACKAGE, Warehouse, resource
from leaderboard_etl.watching.metrics import expect_metrics_file, metrics_text, write_metrics
from leaderboard_etl.watching.notify import expect_notifiable, notify
from leaderboard_etl.watching.watched import watched

NOWHERE = Warehouse(Path("there is no such folder"))
DEGRADED = {"status": "degraded", "message": "a source failed \u202e"}


@dataclass
class Webhook:
    """The requests posted to a server on loopback, which answers `status`; null: it answers only after the test."""

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


STATUS = "leaderboard_etl_run_status"


def samples(text: str) -> dict[tuple[str, ...], float]:
    """Values by name and sorted labels, from a strict parser of the format."""
    families = text_string_to_metric_families(text)  # type: ignore[no-untyped-call]
    return {
        (s.name, *(s.labels[label] for label in sorted(s.labels))): s.value
        for family in families
        for s in family.samples
    }


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
def test_an_address_that_refuses_is_one_line_without_its_secrets(
    webhook: Webhook, status: int | None, told: str
) -> None:
    webhook.status = status
    said = notify(webhook.url, DEGRADED, limit_seconds=0.2 if status is None else 10)
    assert said is not None and told in said and "127.0.0.1" in said
    assert "secret" not in said and "hidden" not in said and "\n" not in said
    assert len(webhook.bodies) == 1


def test_an_address_without_a_server_is_one_line() -> None:
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
        # It leaves a child that keeps all files open, and reads nothing.
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
        expect_notifiable(target)


@pytest.mark.parametrize("status", ["published", "no_news"])
def test_a_good_run_is_not_reported(webhook: Webhook, status: str) -> None:
    with watched(NOWHERE, webhook.url, None) as tell:
        tell({"status": status})
    assert webhook.bodies == []


def test_an_error_before_the_outcome_is_reported_once_and_raised(webhook: Webhook) -> None:
    with pytest.raises(WarehouseError), watched(NOWHERE, webhook.url, None):
        raise WarehouseError("another run\nhas the lock")
    with pytest.raises(WarehouseError), watched(NOWHERE, webhook.url, None) as tell:
        tell(DEGRADED)
        raise WarehouseError("later")
    assert [body["message"] for body in webhook.bodies] == ["another run has the lock", DEGRADED["message"]]
    assert webhook.bodies[0]["status"] == "failed"


def test_a_failed_run_is_reported_and_a_failed_report_changes_neither_outcome_nor_exit_code(
    published: World, webhook: Webhook, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (published.warehouse.raw / "blobs.sqlite").unlink()
    given = ["run", "--offline", "--json", "-w", str(published.warehouse.root)]
    assert main([*given, "--notify", command(SAVE, tmp_path / "told")]) == 1
    first = capsys.readouterr()
    told = json.loads((tmp_path / "told").read_bytes())
    assert (told["status"], told["exit_code"]) == ("failed", 1)
    # On stderr the suggested command names this warehouse.
    assert told["message"].partition(";")[0] in first.err
    webhook.status = 500
    assert main([*given, "--notify", webhook.url]) == 1
    second = capsys.readouterr()
    assert second.out == first.out
    assert second.err.splitlines() == [
        "leaderboard-etl: the notice of this run did not reach 127.0.0.1: it answered 500",
        *first.err.splitlines(),
    ]
    assert len(webhook.bodies) == 1


def test_a_run_with_wrong_usage_is_reported_as_well(webhook: Webhook, tmp_path: Path) -> None:
    assert main(["run", "--hub", "ftp://x", "-w", str(tmp_path), "--notify", webhook.url]) == 2
    assert [body["exit_code"] for body in webhook.bodies] == [2]


@pytest.mark.marts(False)
def test_the_flow_reports_a_degraded_night_and_one_that_could_not_begin(
    world: World, webhook: Webhook, faults: Faults
) -> None:
    from prefect.flows import load_flow_from_entrypoint

    flow: Any = load_flow_from_entrypoint(f"{resource('flows') / 'nightly.py'}:nightly")
    night = flow.fn
    faults.answers["open-llm-leaderboard/contents"] = Response(status=404)
    metrics = world.warehouse.root / "night.prom"
    given = {"warehouse": str(world.warehouse.root), "card_budget": 0, "notify": webhook.url, "metrics": str(metrics)}
    assert night(hub=world.hub, **given).name == "Degraded"
    assert [body["status"] for body in webhook.bodies] == ["degraded"]
    assert any(row["state"] == "failed" for row in webhook.bodies[0]["rows"])
    assert samples(metrics.read_text())[STATUS, "degraded"] == 1
    with pytest.raises(UsageError):
        night(hub="http://127.0.0.1:9", **given)
    assert "belongs to the Hub" in webhook.bodies[1]["message"] and len(webhook.bodies) == 2
    assert samples(metrics.read_text())[STATUS, "failed"] == 1


def test_the_metrics_show_what_the_run_did_and_what_the_warehouse_holds(published: World) -> None:
    outcome = published.night(2, full=True)
    now = datetime(2025, 1, 2, 4, tzinfo=UTC)
    text = metrics_text(report.as_json(outcome), published.warehouse, now).decode()
    assert text.endswith("# EOF\n")
    found = samples(text)
    name = "leaderboard_etl"
    assert [status for what, status, *_ in (k for k in found if k[0] == STATUS) if found[what, status]] == ["no_news"]
    assert found[(f"{name}_last_success_age_seconds",)] == 3600
    assert found[(f"{name}_last_success_timestamp_seconds",)] == now.timestamp() - 3600
    assert found[(f"{name}_run_duration_seconds",)] == pytest.approx(outcome.seconds, abs=0.001)
    calls = [load.source("olb_v2_contents") for load in Ledger(published.warehouse.raw).loads]
    assert found[f"{name}_api_calls_total", "olb_v2_contents"] == sum(call.api_calls for call in calls if call) > 1
    assert found[f"{name}_file_calls_total", "olb_v2_contents"] == 1
    [[n_records]] = published.query("select count(*) from ops.quarantine where valid_to is null")
    assert found[(f"{name}_quarantined_records",)] == n_records
    database = published.warehouse.database
    assert found[f"{name}_file_size_bytes", database.name] == database.stat().st_size
    assert found[f"{name}_file_size_bytes", "ledger.jsonl"] == Ledger(published.warehouse.raw).path.stat().st_size


@pytest.mark.marts(False)
def test_the_metrics_of_a_night_that_published_count_rows_by_source(world: World) -> None:
    world.options = {"only": ("olb_v1_contents", "olb_v2_contents")}
    found = samples(metrics_text(report.as_json(world.night(1)), world.warehouse, datetime.now(UTC)).decode())
    [books] = world.query(
        "select rows_in, rows_stored, rows_quarantined, rows_added from ops.load_sources where source_id = 'olb_v2_contents'"
    )
    kinds = ("in", "stored", "quarantined", "new")
    assert tuple(found["leaderboard_etl_run_rows", kind, "olb_v2_contents"] for kind in kinds) == books
    assert books[0] > 0


def test_the_metrics_of_a_run_without_a_ledger_that_can_be_read_are_valid(tmp_path: Path) -> None:
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw/ledger.jsonl").write_bytes(b"not a line\n{}\n")
    refused = report.refusal(WarehouseError("damaged"))
    found = samples(metrics_text(refused, Warehouse(tmp_path), datetime.now(UTC)).decode())
    assert found[STATUS, "failed"] == 1 and found["leaderboard_etl_file_size_bytes", "ledger.jsonl"] == 14
    assert ("leaderboard_etl_last_success_timestamp_seconds",) not in found


def test_the_metrics_are_never_written_over_the_warehouse(tmp_path: Path) -> None:
    warehouse = Warehouse(tmp_path / "w")
    warehouse.raw.mkdir(parents=True)
    for name in ("leaderboard.duckdb", "raw/ledger.jsonl", "raw/blobs.sqlite"):
        (warehouse.root / name).touch()
    os.link(warehouse.raw / "blobs.sqlite", tmp_path / "other.prom")
    (tmp_path / "link.prom").symlink_to(warehouse.database)
    (tmp_path / "pipe").symlink_to(os.devnull)
    names = [
        "w",
        "w/leaderboard.duckdb",
        "w/leaderboard.duckdb.wal",
        "w/leaderboard.staging.duckdb",
        "w/run.lock",
        "pipe",
    ]
    for name in [*names, "w/raw/ledger.jsonl", "w/raw/x", "w/prefect/x", "other.prom", "link.prom", "w/../w/run.lock"]:
        with pytest.raises(UsageError, match="--metrics"):
            expect_metrics_file(tmp_path / name, warehouse)
    for name in ("w/metrics.prom", "metrics.prom"):
        expect_metrics_file(tmp_path / name, warehouse)


def test_metrics_are_replaced_completely_or_kept_with_a_message(tmp_path: Path) -> None:
    (tmp_path / "m.prom").write_text("old")
    assert write_metrics(tmp_path / "m.prom", DEGRADED, NOWHERE) is None
    assert samples((tmp_path / "m.prom").read_text())[STATUS, "degraded"] == 1
    said = write_metrics(tmp_path / "no/m.prom", DEGRADED, NOWHERE)
    assert said is not None and said.endswith("No such file or directory")
    assert [path.name for path in tmp_path.iterdir()] == ["m.prom"]


def test_prefect_accepts_the_documented_automations() -> None:
    from prefect.events.schemas.automations import AutomationCore

    page = (PACKAGE.parents[1] / "docs/operations.md").read_text()
    [shown] = [block for block in page.split("```yaml\n") if block.startswith("automations:")]
    found = [AutomationCore.model_validate(each) for each in yaml.safe_load(shown.split("```")[0])["automations"]]
    assert [sorted(automation.trigger.expect) for automation in found] == [  # type: ignore[union-attr]
        ["prefect.flow-run.Crashed", "prefect.flow-run.Degraded", "prefect.flow-run.Failed"],
        ["prefect.flow-run.Degraded", "prefect.flow-run.No news", "prefect.flow-run.Published"],
    ]
    names = {final_state(status, "", None).name for status in report.EXIT_CODES}
    assert names <= {state.removeprefix("prefect.flow-run.") for each in found for state in each.trigger.expect}  # type: ignore[union-attr]


def test_what_a_hanging_command_started_ends_with_it() -> None:
    code = (
        "import os, signal, socket, sys; open_end = socket.create_connection(('127.0.0.1', int(sys.argv[1])));"
        " os.fork(); signal.pause()"
    )
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(30)
        said = notify(command(code, str(server.getsockname()[1])), DEGRADED, limit_seconds=2)
        assert said is not None and "did not end" in said
        connection, _ = server.accept()
        with connection:
            connection.settimeout(10)
            assert connection.recv(1) == b""  # no process has the other end open
