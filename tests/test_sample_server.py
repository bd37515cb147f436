"""The sample's Hub on loopback, used by the real client."""

from __future__ import annotations

import hashlib
import json
import os
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import httpx2
import pytest
from faulty_hub import HubServer, Request, Response
from huggingface_hub import HfApi, get_session, hf_hub_url
from huggingface_hub.errors import (
    EntryNotFoundError,
    GatedRepoError,
    HfHubHTTPError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from huggingface_hub.hf_api import RepoFile, RepoFolder

from leaderboard_etl.errors import UsageError

TABLE = "datasets/acme/table/data/train.parquet"
CARD = "---\nlicense: mit\ntags: [tiny]\nlibrary_name: transformers\n---\n# A model\n"


def put(root: Path, path: str, content: bytes | str) -> bytes:
    content = content.encode() if isinstance(content, str) else content
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_bytes(content)
    return content


def git_oid(content: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "hub"
    put(root, TABLE, b"PAR1 not really PAR1")
    put(root, "models/acme/one/README.md", CARD)
    put(root, "models/acme/one/config.json", '{"model_type": "llama"}')
    put(root, "models/gpt2/README.md", "---\nlicense: mit\n---\n")
    put(root, "_api/models/acme/two.json", json.dumps({"safetensors": {"parameters": {"BF16": 7}, "total": 7}}))
    put(tmp_path, "secret.txt", "outside")
    return root


@pytest.fixture
def hub(root: Path) -> Iterator[HubServer]:
    with HubServer(root) as server:
        yield server


@pytest.fixture
def api(hub: HubServer) -> HfApi:
    return HfApi(endpoint=hub.url, token=False)


def url(hub: HubServer, repo_id: str, path: str, revision: str, repo_type: str | None = None) -> str:
    return hf_hub_url(repo_id, path, revision=revision, repo_type=repo_type, endpoint=hub.url)


def tree(api: HfApi, repo_id: str, **options: str) -> dict[str, RepoFile]:
    items = api.list_repo_tree(repo_id, recursive=True, **options)  # type: ignore[arg-type]
    return {item.path: item for item in items if isinstance(item, RepoFile)}


def test_a_card_gives_the_card_data_and_tags_of_the_api_answer(api: HfApi) -> None:
    info = api.model_info("acme/one")
    assert info.card_data is not None and info.card_data.license == "mit"
    assert info.tags == ["license:mit", "tiny"]
    assert info.library_name == "transformers"
    assert [sibling.rfilename for sibling in info.siblings or []] == ["README.md", "config.json"]


def test_fields_in_neither_card_nor_api_file_are_absent(api: HfApi) -> None:
    info = api.model_info("acme/one")
    assert (info.created_at, info.last_modified, info.downloads, info.safetensors) == (None, None, None, None)


def test_an_api_file_alone_is_a_repository_and_overrides_the_computed_answer(api: HfApi, root: Path) -> None:
    info = api.model_info("acme/two", expand=["safetensors", "sha"])
    assert info.safetensors is not None and info.safetensors.total == 7
    assert info.tags is None, "expand gives the fields asked for only"
    put(root, "_api/models/acme/one.json", '{"createdAt": "2024-01-02T03:04:05.000Z", "tags": ["other"]}')
    changed = api.model_info("acme/one")
    assert changed.tags == ["other"] and changed.created_at is not None and changed.created_at.year == 2024


def test_the_tree_gives_git_blob_ids_and_for_parquet_the_sha256(api: HfApi, root: Path) -> None:
    content = (root / TABLE).read_bytes()
    entry = tree(api, "acme/table", repo_type="dataset")["data/train.parquet"]
    sha256 = hashlib.sha256(content).hexdigest()
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{sha256}\nsize {len(content)}\n".encode()
    assert entry.lfs is not None and entry.lfs.sha256 == sha256 and entry.lfs.size == len(content)
    assert entry.blob_id == git_oid(pointer) and entry.lfs.pointer_size == len(pointer)
    card = tree(api, "acme/one")["README.md"]
    assert card.lfs is None and card.blob_id == git_oid(CARD.encode()) and card.size == len(CARD)


def test_files_metadata_gives_the_same_ids_as_the_tree(api: HfApi) -> None:
    siblings = api.dataset_info("acme/table", files_metadata=True).siblings or []
    entry = tree(api, "acme/table", repo_type="dataset")["data/train.parquet"]
    assert [(s.rfilename, s.blob_id, s.lfs) for s in siblings] == [(entry.path, entry.blob_id, entry.lfs)]


def test_a_tree_not_recursive_shows_folders_and_a_missing_folder_is_an_error(api: HfApi) -> None:
    top = list(api.list_repo_tree("acme/table", repo_type="dataset"))
    assert [(type(item), item.path) for item in top] == [(RepoFolder, "data")]
    with pytest.raises(EntryNotFoundError):
        list(api.list_repo_tree("acme/table", "nowhere", repo_type="dataset"))


def test_long_trees_and_listings_come_in_pages(api: HfApi, hub: HubServer, root: Path) -> None:
    for number in range(1001):
        put(root, f"datasets/acme/long/f{number:04}.json", "{}")
    assert len(tree(api, "acme/long", repo_type="dataset")) == 1001
    assert [request.path for request in hub.requests].count("/api/datasets/acme/long/tree/main") == 2
    assert [model.id for model in api.list_models(author="acme", limit=1)] == ["acme/one"]


def test_models_are_listed_by_author_with_the_fields_asked_for(api: HfApi) -> None:
    listed = {model.id: model for model in api.list_models(author="acme", expand=["sha"])}
    assert {name: model.sha for name, model in listed.items()} == {
        name: api.model_info(name).sha for name in ("acme/one", "acme/two")
    }
    assert [model.id for model in api.list_models()] == ["acme/one", "acme/two", "gpt2"]
    assert list(api.list_models(author="../..")) == []


def test_a_download_has_the_bytes_the_commit_and_the_etag(
    api: HfApi, hub: HubServer, root: Path, tmp_path: Path
) -> None:
    sha = api.dataset_info("acme/table").sha
    assert sha is not None
    answer = get_session().get(url(hub, "acme/table", "data/train.parquet", sha, "dataset"))
    content = (root / TABLE).read_bytes()
    etag = f'"{hashlib.sha256(content).hexdigest()}"'
    assert (answer.content, answer.headers["x-repo-commit"], answer.headers["etag"]) == (content, sha, etag)
    path = api.hf_hub_download("acme/table", "data/train.parquet", repo_type="dataset", cache_dir=tmp_path / "cache")
    assert Path(path).read_bytes() == content and sha in path
    part = get_session().get(url(hub, "acme/one", "README.md", "main"), headers={"Range": "bytes=4-10"})
    assert (part.status_code, part.text) == (206, CARD[4:11])


def test_a_name_without_an_owner_is_a_repository(api: HfApi, hub: HubServer) -> None:
    assert api.model_info("gpt2").id == "gpt2"
    assert list(tree(api, "gpt2")) == ["README.md"]
    assert get_session().get(url(hub, "gpt2", "README.md", "main")).text.startswith("---")


def test_a_changed_file_makes_a_new_commit_and_the_old_one_is_still_served(
    api: HfApi, hub: HubServer, root: Path
) -> None:
    old = api.model_info("acme/one").sha
    put(root, "models/acme/one/README.md", CARD.replace("mit", "bsd"))
    new = api.model_info("acme/one").sha
    assert old and new and old != new
    assert get_session().get(url(hub, "acme/one", "README.md", old)).text == CARD
    assert "bsd" in get_session().get(url(hub, "acme/one", "README.md", new)).text
    assert tree(api, "acme/one", revision=old)["README.md"].blob_id == git_oid(CARD.encode())
    put(root, "models/acme/one/README.md", CARD)
    assert api.model_info("acme/one").sha == old, "the same content is the same commit"


def test_a_change_of_the_same_length_within_one_tick_of_the_clock_is_seen(api: HfApi, root: Path) -> None:
    card, soon = root / "models/acme/one/README.md", time.time_ns() + 60_000_000_000
    os.utime(card, ns=(soon, soon))
    old = api.model_info("acme/one").sha
    put(root, "models/acme/one/README.md", CARD.replace("mit", "bsd"))
    os.utime(card, ns=(soon, soon))
    assert api.model_info("acme/one").sha != old


def test_the_commit_id_follows_from_name_and_content_alone(api: HfApi, root: Path) -> None:
    with HubServer(root) as again:
        assert HfApi(endpoint=again.url, token=False).model_info("acme/one").sha == api.model_info("acme/one").sha
    put(root, "models/acme/copy/README.md", CARD)
    put(root, "models/acme/copy/config.json", '{"model_type": "llama"}')
    assert api.model_info("acme/copy").sha != api.model_info("acme/one").sha


def test_what_is_missing_raises_the_clients_own_errors(api: HfApi, hub: HubServer, tmp_path: Path) -> None:
    with pytest.raises(RepositoryNotFoundError) as without_token:
        api.model_info("acme/none")
    assert without_token.value.response.status_code == 401
    with pytest.raises(RepositoryNotFoundError) as with_token:
        HfApi(endpoint=hub.url, token="hf_x").dataset_info("acme/one")
    assert with_token.value.response.status_code == 404
    with pytest.raises(RevisionNotFoundError):
        api.model_info("acme/one", revision="0" * 40)
    with pytest.raises(EntryNotFoundError):
        api.hf_hub_download("acme/one", "none.json", cache_dir=tmp_path / "cache")


def test_a_gated_repository_shows_its_info_but_no_file(api: HfApi, root: Path, tmp_path: Path) -> None:
    put(root, "_api/models/acme/one.json", '{"gated": "manual"}')
    assert api.model_info("acme/one").gated == "manual"
    with pytest.raises(GatedRepoError):
        api.hf_hub_download("acme/one", "README.md", cache_dir=tmp_path / "cache")


def test_a_renamed_repository_answers_307_and_the_client_follows(api: HfApi, hub: HubServer, root: Path) -> None:
    put(root, "_api/models/acme/old.json", '{"_moved_to": "acme/one"}')
    assert api.model_info("acme/old").id == "acme/one"
    answer = get_session().get(f"{hub.url}/api/models/acme/old?blobs=1", follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (307, "/api/models/acme/one?blobs=1")
    assert "acme/old" not in [model.id for model in api.list_models(author="acme")]


@pytest.mark.parametrize(
    "target",
    [
        "/acme/one/resolve/main/../../../../secret.txt",
        "/acme/one/resolve/main/..%2F..%2F..%2F..%2Fsecret.txt",
        "/../../resolve/main/secret.txt",
        "/%2e%2e/%2e%2e/resolve/main/secret.txt",
        "/api/models/..%2F../tree/main",
        "/_api/models/acme/two.json",
    ],
)
def test_no_address_reaches_outside_a_repository(hub: HubServer, target: str) -> None:
    host, port = hub.url.removeprefix("http://").split(":")
    assert host == "127.0.0.1"
    with socket.create_connection((host, int(port))) as connection:
        connection.sendall(f"GET {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    assert answer.split()[1] in (b"401", b"404") and b"outside" not in answer


def test_an_intercept_changes_only_what_it_chooses(root: Path) -> None:
    faults: dict[str, Callable[[Response], Response]] = {
        "status": lambda normal: Response(429, {"RateLimit": '"api";r=0;t=7'}),
        "cut": lambda normal: replace(normal, truncate_to=10),
        "reset": lambda normal: replace(normal, reset=True),
        "hang": lambda normal: replace(normal, hang_seconds=5.0),
    }

    def intercept(request: Request) -> Response | None:
        fault = faults.get(request.first("fault"))
        return fault(server.answer(request)) if fault else None

    with HubServer(root, intercept=intercept) as server:
        card = f"{server.url}/acme/one/resolve/main/README.md"
        assert get_session().get(card).text == CARD
        server.requests.clear()
        assert get_session().get(f"{card}?fault=status").headers["ratelimit"] == '"api";r=0;t=7'
        with pytest.raises(httpx2.RemoteProtocolError):
            get_session().get(f"{card}?fault=cut")
        with pytest.raises(httpx2.ReadError):
            get_session().get(f"{card}?fault=reset")
        with pytest.raises(httpx2.ReadTimeout):
            get_session().get(f"{card}?fault=hang", timeout=0.2)
        assert [request.first("fault") for request in server.requests] == ["status", "cut", "reset", "hang"]
        assert get_session().get(card).status_code == 200


def test_an_intercept_that_fails_gives_an_error_response(root: Path) -> None:
    def intercept(request: Request) -> Response | None:
        raise KeyError(request.path)

    with HubServer(root, intercept=intercept) as server, pytest.raises(HfHubHTTPError) as failed:
        HfApi(endpoint=server.url, token=False).model_info("acme/one")
    assert failed.value.response.status_code == 500


def test_after_the_block_the_server_is_gone(root: Path) -> None:
    with HubServer(root) as server:
        assert get_session().get(f"{server.url}/api/models").status_code == 200
    with pytest.raises(httpx2.TransportError):
        get_session().get(f"{server.url}/api/models")


def test_a_root_that_is_not_a_folder_is_an_error_at_once(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="not a folder"):
        HubServer(tmp_path / "none")
