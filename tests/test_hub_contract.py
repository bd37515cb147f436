"""Every question to the Hub is the one that the installed huggingface_hub would send: same address, same parameters.

A new version of the client, or an error of ours, fails here and not on a night. Each method that sends is listed below.
"""

from __future__ import annotations

import ast
import inspect
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from faulty_hub import HubServer, Request, Response
from huggingface_hub import HfApi, get_session, hf_hub_url
from huggingface_hub.errors import HfHubHTTPError

from leaderboard_etl import hub as hub_package
from leaderboard_etl.hub import loop
from leaderboard_etl.hub.answers import TokenRefusedError
from leaderboard_etl.hub.client import LISTED_FIELDS, Hub
from leaderboard_etl.hub.transport import Transport
from leaderboard_etl.raw.blob_ids import git_blob_id
from leaderboard_etl.sample import questions

DATA, MODEL = "org/data", "org/model"
NAME = "a folder/naïve & más.json"
FIELDS: Any = [*LISTED_FIELDS]
SHA: Any = ["sha"]
# Methods that send any given question.
CARRIERS = {"request", "ask", "close", "stated_limits"}


class Call(NamedTuple):
    """One question, asked by us and by the client; `ours_alone` are parameters that only limit the size of the
    answer."""

    ours: Callable[[Hub, str], object]
    theirs: Callable[[HfApi, str], object]
    ours_alone: frozenset[str] = frozenset()


def get_file(api: HfApi, revision: str) -> object:
    """Requests what the client's downloads request, and follows redirects."""
    return get_session().get(hf_hub_url(DATA, NAME, repo_type="dataset", revision=revision, endpoint=api.endpoint))


def fetch(hub: Hub, revision: str) -> object:
    [file] = [file for file in hub.tree("dataset", DATA, revision) if file.path == NAME]
    return hub.fetch("dataset", DATA, revision, [file], lambda file, content: None)


def refused(hub: Hub, revision: str) -> object:
    """Answers 401 without a reason, after which we ask whose token it is."""
    with pytest.raises(TokenRefusedError):
        Hub(hub.endpoint, token="hf_unexplained").head("dataset", DATA)
    return None


CALLS: dict[str, Call] = {
    "head": Call(
        lambda hub, revision: hub.head("dataset", DATA),
        lambda api, revision: api.repo_info(DATA, repo_type="dataset", revision="main", expand=SHA),
    ),
    "commits": Call(
        lambda hub, revision: hub.commits("dataset", DATA),
        lambda api, revision: api.list_repo_commits(DATA, repo_type="dataset"),
    ),
    "tree": Call(
        lambda hub, revision: hub.tree("dataset", DATA, revision),
        lambda api, revision: list(api.list_repo_tree(DATA, repo_type="dataset", revision=revision, recursive=True)),
    ),
    "folders": Call(
        lambda hub, revision: hub.folders("dataset", DATA, revision, "a folder/below"),
        lambda api, revision: list(
            api.list_repo_tree(DATA, "a folder/below", repo_type="dataset", revision=revision, recursive=False)
        ),
    ),
    "fetch": Call(fetch, get_file),
    "fetch_named": Call(
        lambda hub, revision: loop.run(hub.fetch_named("dataset", DATA, revision, NAME, 1000)),
        get_file,
    ),
    "model_info": Call(
        lambda hub, revision: loop.run(hub.model_info(MODEL)),
        lambda api, revision: api.model_info(MODEL, expand=FIELDS),
    ),
    "models_page": Call(
        lambda hub, revision: loop.run(hub.models_page("org")),
        lambda api, revision: list(api.list_models(author="org", sort="last_modified", limit=1000, expand=FIELDS)),
    ),
    "official_benchmarks": Call(
        lambda hub, revision: hub.official_benchmarks(),
        lambda api, revision: list(api.list_datasets(benchmark="official", limit=1000, expand=["gated"])),
    ),
    "hear_time": Call(lambda hub, revision: hub.hear_time(), lambda api, revision: list(api.list_models(limit=1))),
    "dataset_leaderboard": Call(
        lambda hub, revision: hub.dataset_leaderboard(DATA),
        lambda api, revision: api.get_dataset_leaderboard(DATA, base_model_only=False),
    ),
}


@pytest.fixture
def server(tmp_path: Path) -> Iterator[HubServer]:
    for path, content in {
        f"datasets/{DATA}/{NAME}": "{}",
        f"datasets/{DATA}/a folder/below/it/b.json": "[]",
        f"models/{MODEL}/README.md": "---\nlicense: mit\n---\n",
        f"_api/datasets/{DATA}.json": json.dumps({"leaderboard": []}),
    }.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(content)

    def intercept(request: Request) -> Response | None:
        return Response(401) if "hf_unexplained" in request.headers.get("authorization", "") else None

    with HubServer(tmp_path, intercept=intercept) as server:
        yield server


def seen(requests: list[Request], without: frozenset[str] = frozenset()) -> list[tuple[str, str, list[Any]]]:
    """Requests as method, address and parameters, independent of their order and encoding."""
    return [
        (
            request.method,
            request.path,
            sorted(
                (name, sorted(v.lower() for v in values))
                for name, values in request.query.items()
                if name not in without
            ),
        )
        for request in requests
    ]


def asked(server: HubServer, ask: Callable[[], object]) -> list[Request]:
    server.requests.clear()
    ask()
    return list(server.requests)


@pytest.mark.parametrize("name", CALLS)
def test_a_question_is_the_one_that_the_client_would_send(server: HubServer, name: str) -> None:
    api, call = HfApi(endpoint=server.url, token=False), CALLS[name]
    revision = api.dataset_info(DATA).sha or ""
    theirs = seen(asked(server, lambda: call.theirs(api, revision)))
    ours = seen(asked(server, lambda: call.ours(Hub(server.url), revision)), call.ours_alone)
    if name == "fetch":
        # The tree, and then directly the address to which the client is redirected.
        assert ours[1:] == theirs[1:] and "resolve-cache" in ours[1][1]
    else:
        assert ours == theirs


def test_the_files_of_one_folder_are_asked_for_as_the_client_asks(server: HubServer) -> None:
    api, hub, folder = HfApi(endpoint=server.url, token=False), Hub(server.url), "a folder/below"
    revision = api.dataset_info(DATA).sha or ""
    theirs = seen(
        asked(
            server,
            lambda: list(api.list_repo_tree(DATA, folder, repo_type="dataset", revision=revision, recursive=True)),
        )
    )
    assert seen(asked(server, lambda: hub.tree("dataset", DATA, revision, folder=folder))) == theirs
    assert [file.path for file in hub.tree("dataset", DATA, revision, folder=folder)] == [f"{folder}/it/b.json"]
    assert hub.folders("dataset", DATA, revision, "a folder") == ["below"]
    assert hub.folders("dataset", DATA, revision) == ["a folder"]


def test_the_list_of_what_changed_is_the_one_that_the_client_would_send(server: HubServer) -> None:
    fields: Any = ["sha", "lastModified"]
    api = HfApi(endpoint=server.url, token=False)
    theirs = asked(server, lambda: list(api.list_models(sort="last_modified", limit=1000, expand=fields)))
    assert seen(asked(server, lambda: loop.run(Hub(server.url).models_page(fields=fields)))) == seen(theirs)


def test_the_tokens_owner_is_asked_for_as_the_client_asks(server: HubServer) -> None:
    with pytest.raises(HfHubHTTPError):
        asked(server, lambda: HfApi(endpoint=server.url, token="hf_unexplained").whoami())
    theirs = seen(server.requests)
    ours = seen(asked(server, lambda: refused(Hub(server.url), "")))
    assert ours[1:] == theirs


def test_every_method_that_sends_is_listed() -> None:
    public = {
        name
        for kind in (Hub, Transport)
        for name, member in vars(kind).items()
        if inspect.isfunction(member) and not name.startswith("_")
    }
    assert public - CARRIERS == set(CALLS)


def test_only_the_transport_and_the_upload_send_by_themselves() -> None:
    senders = {"get_session", "get_async_session", "HfApi", "hf_hub_download", "snapshot_download", "httpx2", "urllib"}
    found = Counter[str]()
    for file in Path(hub_package.__path__[0]).glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.ImportFrom | ast.Import):
                names = {alias.name.split(".")[0] for alias in node.names}
                module = (getattr(node, "module", None) or "").split(".")[0]
                if senders & names or (module in senders and module != "urllib"):
                    found[file.name] += 1
    assert set(found) <= {"transport.py", "sessions.py", "upload.py", "bodies.py"}, (
        "bodies.py names the type of an answer only"
    )


def documented(function: object) -> set[str]:
    """The `expand` values that the client's documentation of a call allows."""
    [listed] = re.findall(r"Possible values are (`\".+?)\.\n", inspect.getdoc(function) or "", re.DOTALL)
    return set(re.findall(r'"([\w-]+)"', listed))


def test_we_ask_for_documented_fields_only() -> None:
    assert set(FIELDS) <= documented(HfApi.list_models) and set(FIELDS) <= documented(HfApi.model_info)


@pytest.mark.parametrize("kind", ["models", "datasets", "spaces"])
def test_the_samples_hub_allows_what_the_client_documents_and_no_more(kind: str) -> None:
    lists = {"models": HfApi.list_models, "datasets": HfApi.list_datasets, "spaces": HfApi.list_spaces}
    infos = {"models": HfApi.model_info, "datasets": HfApi.dataset_info, "spaces": HfApi.space_info}
    assert documented(lists[kind]) == questions.LISTING_FIELDS[kind]
    assert documented(infos[kind]) == questions.INFO_FIELDS[kind]


@pytest.mark.parametrize(
    "question",
    [
        "/api/models?expand=baseModels",
        "/api/models?author=org&basemodel=x",
        f"/api/models/{MODEL}?expand=baseModel",
        f"/api/datasets/{DATA}/leaderboard?base_model_only=false",
        f"/api/datasets/{DATA}/tree/main?recursively=true",
        f"/api/datasets/{DATA}/commits/main?since=2024",
    ],
)
def test_the_samples_hub_refuses_what_the_hub_does_not_know(server: HubServer, question: str) -> None:
    assert get_session().get(f"{server.url}{question}").status_code == 400


def test_a_leaderboard_hides_models_with_a_base_unless_they_are_asked_for(server: HubServer, tmp_path: Path) -> None:
    (tmp_path / "models/org/tuned").mkdir()
    (tmp_path / "models/org/tuned/README.md").write_text(f"---\nbase_model: {MODEL}\n---\n")
    board = [{"modelId": MODEL}, {"modelId": "org/tuned"}]
    (tmp_path / f"_api/datasets/{DATA}.json").write_text(json.dumps({"leaderboard": board}))
    shown = get_session().get(f"{server.url}/api/datasets/{DATA}/leaderboard").json()
    assert shown == [{"modelId": MODEL}]
    assert Hub(server.url).dataset_leaderboard(DATA) == board


def test_a_small_file_takes_two_requests_and_the_first_answer_has_its_hash(server: HubServer) -> None:
    hub = Hub(server.url)
    revision = hub.head("dataset", DATA)
    assert loop.run(hub.fetch_named("dataset", DATA, revision, NAME, 1000)) == (git_blob_id(b"{}"), b"{}")
    assert hub.file_calls == 2
    server.has_resolve_cache = False
    hub = Hub(server.url)
    [file] = [file for file in hub.tree("dataset", DATA, revision) if file.path == NAME]
    landed: list[bytes] = []
    for _ in range(2):
        assert hub.fetch("dataset", DATA, revision, [file], lambda file, content: landed.append(content)) == []
    assert landed == [b"{}", b"{}"] and hub.file_calls == 3, "asked for in vain once, not again"
