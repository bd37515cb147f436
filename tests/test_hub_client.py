"""The Hub client asks once per file, verifies every body by its hash, waits when told to, and reports what failed."""

from __future__ import annotations

import gzip
import json
import re
import socket
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import replace
from pathlib import Path

import httpx2
import pytest
from faulty_hub import HubServer, Request, Response
from huggingface_hub import set_async_client_factory
from huggingface_hub.utils._http import default_async_client_factory

from leaderboard_etl.errors import HubError
from leaderboard_etl.hub import loop
from leaderboard_etl.hub.answers import (
    DeadlineError,
    GatedRepoError,
    HubLimitedError,
    HubUnreachableError,
    NoHubError,
    RepoFile,
    RepoUnavailableError,
    StatusError,
    TokenRefusedError,
    UnusableSettingsError,
)
from leaderboard_etl.hub.client import Hub
from leaderboard_etl.hub.sessions import Sessions
from leaderboard_etl.raw.blob_ids import git_blob_id, sha256_id

REPO = ("dataset", "org/data")
Answer = Callable[[Request], Response | None]


class Script:
    """Answers that replace the Hub's, in order; null: the usual answer."""

    server: HubServer

    def __init__(self) -> None:
        self.answers: list[Response | None] = []
        self.only = "/"
        self.other: Answer = lambda request: None

    def __call__(self, request: Request) -> Response | None:
        if self.answers and self.only in request.path:
            return self.answers.pop(0)
        return self.other(request)


@pytest.fixture
def script() -> Script:
    return Script()


@pytest.fixture
def server(tmp_path: Path, script: Script) -> HubServer:  # type: ignore[misc]
    for number in range(40):
        file = tmp_path / "datasets/org/data" / f"f{number}.json"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f'{{"n": {number}}}')
    (tmp_path / "datasets/org/data/big.parquet").write_bytes(b"PAR1" * 100)
    with HubServer(tmp_path, intercept=script) as server:
        script.server = server
        yield server


@pytest.fixture
def hub(server: HubServer) -> Hub:
    return Hub(server.url, first_wait_s=0.01, timeout_s=5, window_margin_s=0.0)


def fetch(hub: Hub, files: list[RepoFile] | None = None) -> tuple[dict[str, bytes], list[tuple[RepoFile, str]]]:
    revision = hub.head(*REPO)
    landed: dict[str, bytes] = {}
    wanted = hub.tree(*REPO, revision) if files is None else files
    refused = hub.fetch(*REPO, revision, wanted, lambda file, content: landed.update({file.path: content}))
    return landed, refused


def test_a_whole_repository_takes_a_head_a_tree_and_one_get_per_file(hub: Hub, server: HubServer) -> None:
    landed, refused = fetch(hub)
    assert len(landed) == 41 and refused == []
    assert (hub.api_calls, hub.file_calls) == (2, 41)
    assert {request.method for request in server.requests} == {"GET"}
    assert all("/resolve/main/" not in request.path for request in server.requests)


def test_ids_of_the_tree_are_those_of_the_bytes(hub: Hub) -> None:
    tree = {file.path: file.blob_id for file in hub.tree(*REPO, hub.head(*REPO))}
    assert tree["f7.json"] == git_blob_id(b'{"n": 7}')
    assert tree["big.parquet"] == sha256_id(b"PAR1" * 100)


def test_a_list_that_names_ever_another_page_is_refused(
    hub: Hub, server: HubServer, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("leaderboard_etl.hub.client._MOST_PAGES", 20)

    def another(request: Request) -> Response | None:
        link = f'<{server.url}{request.path}?cursor={len(server.requests)}>; rel="next"'
        return Response(200, {"Link": link}, b"[]") if "/tree/" in request.path or "/commits/" in request.path else None

    script.other = another
    revision = hub.head(*REPO)
    with pytest.raises(HubError, match="more than 20 pages"):
        hub.tree(*REPO, revision)
    with pytest.raises(HubError, match="more than 20 pages"):
        hub.commits(*REPO)
    assert len(server.requests) == 1 + 20 + 20


@pytest.mark.parametrize(
    "fault",
    [
        Response(200, {}, b'{"n": 8}'),
        Response(200, {}, b'{"n": 7}', truncate_to=3),
        Response(200, {}, b"", reset=True),
        Response(503, {}, b""),
    ],
    ids=["wrong bytes", "short", "reset", "503"],
)
def test_a_bad_body_is_asked_for_again(hub: Hub, script: Script, fault: Response) -> None:
    file = RepoFile("f7.json", git_blob_id(b'{"n": 7}'), 8)
    hub.head(*REPO)
    script.only, script.answers = "/f7.json", [fault, fault]
    landed, refused = fetch(hub, [file])
    assert landed == {"f7.json": b'{"n": 7}'} and refused == []
    assert hub.file_calls == 3


def test_a_body_that_stays_wrong_is_refused_and_never_landed(hub: Hub, script: Script) -> None:
    script.other = lambda request: Response(200, {}, b'{"n": 8}') if request.path.endswith("f7.json") else None
    landed, refused = fetch(hub)
    assert "f7.json" not in landed and len(landed) == 40
    assert [(file.path, "not the one that the tree names" in why) for file, why in refused] == [("f7.json", True)]


def test_a_file_over_the_limit_is_refused_before_it_is_asked_for(hub: Hub) -> None:
    hub.most_file_bytes = 100
    _, refused = fetch(hub)
    assert [file.path for file, _ in refused] == ["big.parquet"]
    assert hub.file_calls == 40


def test_waiting_for_a_closed_window_does_not_count_as_a_try(hub: Hub, server: HubServer, script: Script) -> None:
    hub.tries = 1
    script.answers = [Response(429, {"RateLimit": '"api";r=0;t=0.2'}), Response(429, {"Retry-After": "0"})]
    begun = time.monotonic()
    assert len(hub.head(*REPO)) == 40
    assert len(server.requests) == 3 and time.monotonic() - begun >= 0.2


def test_a_whole_window_of_five_minutes_is_within_our_patience(hub: Hub, script: Script) -> None:
    script.answers = [Response(429, {"RateLimit": '"api";r=0;t=300'})]
    asked = loop.start(hub.ask(f"{hub.endpoint}/api/datasets/org/data", {}, "org/data"))
    with pytest.raises(TimeoutError):
        asked.result(0.5)
    asked.cancel()


def test_after_a_passing_error_the_rate_limits_window_is_not_waited_for(hub: Hub, script: Script) -> None:
    script.answers = [Response(503, {"RateLimit": '"api";r=499;t=296'}, b"")]
    begun = time.monotonic()
    hub.head(*REPO)
    assert time.monotonic() - begun < 200


@pytest.mark.parametrize(("patience_s", "left_s"), [(0.5, None), (3600.0, 3.0)], ids=["patience", "deadline"])
def test_a_limit_beyond_our_patience_or_the_deadline_ends_the_pass(
    hub: Hub, script: Script, patience_s: float, left_s: float | None
) -> None:
    hub.most_wait_s, hub.deadline = patience_s, None if left_s is None else time.monotonic() + left_s
    script.answers = [Response(429, {"Retry-After": "7"}, b"")]
    with pytest.raises(HubLimitedError, match="HF_TOKEN"):
        hub.head(*REPO)


def test_nothing_is_sent_into_a_closed_window(tmp_path: Path, server: HubServer) -> None:
    with HubServer(tmp_path, limits={"api": (9, 60), "resolvers": (25, 1.5)}, has_resolve_cache=False) as limited:
        hub = Hub(limited.url, workers=16, window_margin_s=0.05)
        hub._has_resolve_cache = False
        landed, refused = fetch(hub)
        assert len(landed) == 41 and refused == []
        assert len([request for request in limited.requests if "/resolve/" in request.path]) == 41


def test_a_window_that_is_closed_for_one_worker_is_closed_for_all(hub: Hub, script: Script) -> None:
    arrived: list[float] = []
    hub.head(*REPO)

    def limit(request: Request) -> Response | None:
        if "/f" not in request.path:
            return None
        arrived.append(time.monotonic())
        return Response(429, {"RateLimit": '"resolve-cache";r=0;t=0.4'}) if len(arrived) == 1 else None

    script.other, hub.workers = limit, 1
    _, refused = fetch(hub)
    assert refused == [] and arrived[1] - arrived[0] >= 0.4


def test_a_kind_of_address_that_the_hub_counts_with_another_waits_with_it(hub: Hub, script: Script) -> None:
    script.other = lambda request: (
        replace(script.server.answer(request), headers={"RateLimit": '"api";r=0;t=0.4'})
        if "resolve-cache" in request.path
        else None
    )
    revision = hub.head(*REPO)
    file = RepoFile("f7.json", git_blob_id(b'{"n": 7}'), 8)
    hub.fetch(*REPO, revision, [file], lambda file, content: None)
    begun = time.monotonic()
    hub.head(*REPO)
    assert time.monotonic() - begun >= 0.3


def test_without_any_answer_the_error_names_the_address_and_the_sample() -> None:
    with pytest.raises(HubUnreachableError, match=r"http://127\.0\.0\.1:9 .*--hub sample"):
        Hub("http://127.0.0.1:9", first_wait_s=0.01).head(*REPO)


def test_a_hang_is_a_failure_after_the_timeout(hub: Hub, script: Script) -> None:
    hub.timeout_s = 0.2
    script.other = lambda request: Response(200, {}, b"", hang_seconds=3)
    with pytest.raises(HubUnreachableError, match=r"no answer within 0\.2 s"):
        hub.head(*REPO)


def test_the_head_of_an_answer_is_bounded_in_time_too() -> None:
    listener = socket.create_server(("127.0.0.1", 0))

    def trickle() -> None:
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                connection.sendall(b"HTTP/1.1 200 OK\r\nX-Slow: ")
                with suppress(OSError):
                    while True:
                        connection.sendall(b"x")
                        time.sleep(0.02)

    threading.Thread(target=trickle, daemon=True).start()
    hub = Hub(f"http://127.0.0.1:{listener.getsockname()[1]}", timeout_s=0.2, tries=1)
    with pytest.raises(HubUnreachableError, match="no answer within"):
        hub.head(*REPO)
    listener.close()


BOMB = gzip.compress(b"0" * (2 << 20))


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (Response(200, {}, b"{}" * 99, trickle_seconds=0.05), "bytes/s"),
        (Response(200, {}, b"0" * 1000, endless=True), "more than"),
        (Response(200, {"Content-Encoding": "gzip"}, BOMB), "more than"),
        (Response(200, {"Content-Encoding": "gzip"}, BOMB[:-2000]), "cut|more than"),
        (Response(200, {"Content-Encoding": "gzip"}, b"no gzip"), "unpacked"),
        (Response(200, {"Content-Encoding": "zstd"}, b"zstd"), "not asked for"),
        (Response(200, {}, b"0" * 2_000_000), "over the limit"),
        (Response(307, {"Location": "/org/data/f7.json"}), "redirects more than"),
        (Response(307, {"Location": "http://[bad"}), "f7.json"),
    ],
    ids=["trickle", "endless", "bomb", "cut bomb", "no gzip", "zstd", "large", "circle", "no address"],
)
def test_a_body_is_bounded_in_size_and_time_as_it_arrives(hub: Hub, script: Script, fault: Response, said: str) -> None:
    hub.timeout_s, hub.least_bytes_per_s, hub.workers, hub.tries = 1.0, 1000, 4, 1
    script.other = lambda request: fault if request.path.endswith("f7.json") else None
    landed, refused = fetch(hub)
    assert len(landed) == 40 and [file.path for file, _ in refused] == ["f7.json"]
    assert re.search(said, refused[0][1])


def test_a_packed_body_is_unpacked(hub: Hub, script: Script) -> None:
    packed = Response(200, {"Content-Encoding": "gzip"}, gzip.compress(b'{"n": 7}'))
    script.other = lambda request: packed if request.path.endswith("f7.json") else None
    landed, refused = fetch(hub)
    assert landed["f7.json"] == b'{"n": 7}' and refused == []


def test_the_deadline_drops_what_is_in_flight(hub: Hub, script: Script, server: HubServer) -> None:
    revision = hub.head(*REPO)
    files = hub.tree(*REPO, revision)
    server.requests.clear()
    script.other = lambda request: Response(200, {}, b"", hang_seconds=4)
    hub.deadline, hub.workers = time.monotonic() + 1, 4
    begun = time.monotonic()
    with pytest.raises(DeadlineError, match="time is up"):
        hub.fetch(*REPO, revision, files, lambda file, content: None)
    assert time.monotonic() - begun < 3 and len(server.requests) == 4
    with pytest.raises(DeadlineError):
        hub.head(*REPO)


@pytest.mark.parametrize(
    "fault",
    [Response(reset=True), Response(200, {}, b"{}", hang_seconds=3), Response(200, {}, b"{}" * 9, truncate_to=3)],
    ids=["reset", "hang", "cut"],
)
def test_an_address_that_fails_below_http_affects_no_other_once_the_hub_has_answered(
    hub: Hub, script: Script, fault: Response
) -> None:
    hub.head(*REPO)
    hub.timeout_s, hub.workers, hub.tries = 1.0, 4, 2
    script.other = lambda request: fault if request.path.endswith("f7.json") or "org/ill" in request.path else None
    landed, refused = fetch(hub)
    assert len(landed) == 40 and [file.path for file, _ in refused] == ["f7.json"]
    with pytest.raises(HubError, match="org/ill") as caught:
        hub.head("dataset", "org/ill")
    assert not isinstance(caught.value, NoHubError)


def test_a_refused_token_is_named_and_not_sent_again(server: HubServer) -> None:
    server.refused_tokens.add("hf_expired")
    hub = Hub(server.url, token="hf_expired", first_wait_s=0.01)
    for _ in range(2):
        with pytest.raises(TokenRefusedError, match="HF_TOKEN"):
            hub.head(*REPO)
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("HTTP_PROXY", "what://proxy", "HTTPS_PROXY"),
        ("HTTP_PROXY", "http://[::1", "HTTPS_PROXY"),
        ("SSL_CERT_FILE", "/nowhere/ca.pem", "SSL_CERT_FILE"),
        ("HF_TOKEN", "hf_schlüssel", "HF_TOKEN"),
        ("HF_TOKEN", "hf_\x01secret", "HF_TOKEN"),
    ],
)
def test_unusable_settings_are_named_in_one_line_without_secrets(
    server: HubServer, monkeypatch: pytest.MonkeyPatch, name: str, value: str, said: str
) -> None:
    monkeypatch.setenv(name, value)
    hub = Hub(server.url, token=value if name == "HF_TOKEN" else None)
    with pytest.raises(UnusableSettingsError, match=said) as caught:
        hub.head(*REPO)
    assert "secret" not in str(caught.value) and "\n" not in str(caught.value)
    assert server.requests == []


def test_every_session_is_like_the_one_that_the_hubs_client_makes() -> None:
    sessions = Sessions()
    with ExitStack() as stack:
        clients = {id(client): client for client in (stack.enter_context(sessions.one()) for _ in range(20))}
    kinds = {
        (client.follow_redirects, client.timeout.read, client.trust_env, *map(tuple, client.event_hooks.values()))
        for client in clients.values()
    }
    assert len(clients) == 3 and len(kinds) == 1


def test_every_session_of_a_program_that_sets_how_they_are_made_is_made_so() -> None:
    made: list[httpx2.AsyncClient] = []

    def make() -> httpx2.AsyncClient:
        made.append(default_async_client_factory())
        return made[-1]

    set_async_client_factory(make)
    try:
        sessions = Sessions()
        with ExitStack() as stack:
            clients = {id(client) for client in (stack.enter_context(sessions.one()) for _ in range(20))}
    finally:
        set_async_client_factory(default_async_client_factory)
    assert clients == set(map(id, made)) and len(made) == 3


def test_a_401_without_a_reason_means_the_token_only_if_the_hub_does_not_know_it(
    hub: Hub, server: HubServer, script: Script
) -> None:
    hub.token = "hf_good"
    script.other = lambda request: Response(401) if request.path.endswith("/org/odd/revision/main") else None
    with pytest.raises(RepoUnavailableError):
        hub.head("dataset", "org/odd")
    hub.head(*REPO)
    script.other = lambda request: Response(401)
    with pytest.raises(TokenRefusedError):
        hub.head(*REPO)


def test_a_gated_repository_is_distinguished_from_one_that_is_gone(tmp_path: Path, hub: Hub) -> None:
    revision = hub.head(*REPO)
    (tmp_path / "_api/datasets/org").mkdir(parents=True)
    (tmp_path / "_api/datasets/org/data.json").write_text('{"gated": "auto"}')
    with pytest.raises(GatedRepoError):
        loop.run(hub.fetch_named(*REPO, revision, "f1.json", 100))


@pytest.mark.parametrize(
    "entry",
    [
        {"type": "file"},
        {"type": "file", "path": "a.json", "oid": "a" * 40},
        {"type": "file", "path": "a.json", "oid": "a" * 40, "size": None},
        {"type": "file", "path": "a.json", "oid": "a" * 40, "size": 1, "lfs": {}, "id": {}},
        {"type": "file", "path": None, "oid": "a" * 40, "size": 1},
        {"type": "directory", "path": 7},
        {"id": "c" * 40, "date": 1e999},
        {"id": "c" * 40, "date": "9999-12-31T23:59:59-24:00"},
    ],
)
def test_an_entry_of_a_list_without_what_it_must_state_is_refused_in_one_line(
    hub: Hub, script: Script, entry: dict[str, object]
) -> None:
    revision = hub.head(*REPO)
    script.other = lambda request: Response(200, {}, json.dumps([entry]).encode())
    if entry.get("type") == "file":
        with pytest.raises(HubError, match="without path, hash or size"):
            hub.tree(*REPO, revision)
    if entry.get("type") == "directory":
        with pytest.raises(HubError, match="a folder of org/data without path"):
            hub.folders(*REPO, revision)
    else:
        assert hub.folders(*REPO, revision) == []
    if "date" in entry:
        with pytest.raises(HubError, match="without id or date"):
            hub.commits(*REPO)


@pytest.mark.parametrize(
    ("status", "headers", "kind"),
    [
        (403, {}, StatusError),
        (404, {"X-Error-Code": "RevisionNotFound"}, StatusError),
        (403, {"X-Error-Message": "Access to this resource is disabled."}, RepoUnavailableError),
        (404, {"X-Error-Code": "RepoNotFound"}, RepoUnavailableError),
        (403, {"X-Error-Code": "GatedRepo"}, GatedRepoError),
    ],
)
def test_a_refusal_makes_a_repository_unavailable_only_by_the_hubs_own_word(
    hub: Hub, script: Script, status: int, headers: dict[str, str], kind: type[StatusError]
) -> None:
    script.answers = [Response(status, headers)]
    with pytest.raises(StatusError) as caught:
        hub.head(*REPO)
    assert type(caught.value) is kind and caught.value.status == status


@pytest.mark.parametrize("status", [425, 500, 507, 520, 530, 599])
def test_any_error_of_a_server_or_of_the_network_before_it_is_passing(hub: Hub, script: Script, status: int) -> None:
    script.answers = [Response(status)]
    assert len(hub.head(*REPO)) == 40


_LONG = "9" * 5000


@pytest.mark.parametrize("status", [200, 429, 503])
@pytest.mark.parametrize(
    "headers",
    [
        {"Retry-After": "\N{SUPERSCRIPT TWO}"},
        {"Retry-After": _LONG},
        {"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"},
        {"RateLimit": f'"api";r={_LONG};t=1'},
        {"RateLimit": f'"api";r=0;t={_LONG}'},
        {"RateLimit": '"api";r=0;t=0', "RateLimit-Policy": '"fixed window";"api";q=0;w=0'},
        {"RateLimit-Policy": f'"fixed window";"api";q={_LONG};w={_LONG}'},
        {"Date": "Mon, 32 Jan 99999 99:99:99 +9999"},
        {"Link": "<http://[::1>; rel"},
    ],
)
def test_an_odd_header_ends_no_question(hub: Hub, script: Script, headers: dict[str, str], status: int) -> None:
    def with_headers(request: Request) -> Response:
        good = script.server.answer(request)
        return replace(good, status=status, headers={**good.headers, **headers})

    first = iter([with_headers])
    script.other = lambda request: next(first, script.server.answer)(request)
    for _ in range(3):
        assert len(hub.head(*REPO)) == 40


def test_a_repository_that_is_gone_says_so_at_once(hub: Hub) -> None:
    with pytest.raises(RepoUnavailableError) as caught:
        hub.head("dataset", "org/none")
    assert caught.value.status == 401 and hub.api_calls == 1


@pytest.mark.parametrize("body", [b"<html>", b"[]", b'{"sha": "short"}', b"[" * 100_000])
def test_an_answer_that_is_not_from_a_hub_is_one_clear_line(hub: Hub, script: Script, body: bytes) -> None:
    script.answers = [Response(200, {}, body)]
    with pytest.raises(HubError, match=r"Hub|JSON"):
        hub.head(*REPO)


def test_a_file_without_a_tree_is_verified_by_its_etag(hub: Hub, script: Script) -> None:
    revision = hub.head(*REPO)
    assert loop.run(hub.fetch_named(*REPO, revision, "f1.json", 100)) == (git_blob_id(b'{"n": 1}'), b'{"n": 1}')
    assert loop.run(hub.fetch_named(*REPO, revision, "none.json", 100)) is None
    script.only, script.answers = "/resolve/", [Response(200, {"ETag": f'"{"a" * 40}"'}, b"forged")]
    with pytest.raises(HubError, match="hash"):
        loop.run(hub.fetch_named(*REPO, revision, "f1.json", 100))


def test_a_renamed_model_answers_under_its_new_name(tmp_path: Path, hub: Hub) -> None:
    (tmp_path / "models/org/new").mkdir(parents=True)
    (tmp_path / "models/org/new/README.md").write_text("---\nlicense: mit\n---\n")
    (tmp_path / "_api/models/org").mkdir(parents=True)
    (tmp_path / "_api/models/org/old.json").write_text('{"_moved_to": "org/new"}')
    assert loop.run(hub.model_info("org/old")).repo_id == "org/new"
    assert [answer.repo_id for answer in loop.run(hub.models_page("org")).answers] == ["org/new"]


def test_a_token_goes_to_its_hub_and_to_no_other_host(tmp_path: Path, server: HubServer, script: Script) -> None:
    with HubServer(tmp_path) as elsewhere:
        target = elsewhere.url.replace("127.0.0.1", "localhost") + "/api/datasets/org/data/revision/main"
        script.answers = [Response(302, {"Location": target}, b"")]
        Hub(server.url, token="hf_secret", first_wait_s=0.01, tries=1).head(*REPO)
        assert server.requests[0].headers["authorization"] == "Bearer hf_secret"
        assert elsewhere.requests and all("authorization" not in request.headers for request in elsewhere.requests)


def test_sixteen_files_are_asked_for_at_once(hub: Hub, script: Script) -> None:
    gathered = threading.Barrier(16, timeout=5)

    def wait(request: Request) -> None:
        if "resolve-cache" in request.path:
            gathered.wait()

    script.other = wait
    hub.head(*REPO)
    files = [RepoFile(f"f{n}.json", git_blob_id(f'{{"n": {n}}}'.encode()), len(f'{{"n": {n}}}')) for n in range(16)]
    landed, refused = fetch(hub, files)
    assert len(landed) == 16 and refused == []
