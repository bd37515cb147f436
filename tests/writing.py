"""A Hub on loopback that also accepts writes: `HubServer`, and the calls that publish a dataset or a static Space."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field
from pathlib import Path

from faulty_hub import HubServer, Request

from leaderboard_etl.sample.wire import Response, as_json, refusal

WRITER, READER = "hf_writer", "hf_reader"


@dataclass
class WritableHub:
    """An `intercept` of a HubServer over `root`. Only WRITER may write; READER is known as well; `tags` are stored as
    on the Hub.

    With `takes_tags` false the address of tags is unknown, as on a Hub without tags.
    """

    root: Path
    takes_tags: bool = True
    tags: dict[str, str] = field(default_factory=dict)
    commits: list[list[str]] = field(default_factory=list)
    server: HubServer | None = None

    def __call__(self, request: Request) -> Response | None:
        parts = request.parts
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        if token and token not in (WRITER, READER):
            return refusal(401, "", "Invalid username or password.")
        if parts[-1:] == ["refs"] and request.method == "GET":
            tags = [{"name": n, "ref": f"refs/tags/{n}", "targetCommit": sha} for n, sha in self.tags.items()]
            return as_json({"branches": [], "converts": [], "tags": tags})
        if request.method != "POST":
            return None
        if parts[-1] == "validate-yaml":
            return as_json({"errors": [], "warnings": []})
        if token != WRITER:
            return refusal(403, "", "Forbidden: you must have write access")
        return self._write(request, parts)

    def _write(self, request: Request, parts: list[str]) -> Response | None:
        if parts == ["api", "repos", "create"]:
            asked = json.loads(request.body)
            kind = f"{asked['type']}s"
            folder = self.root / kind / asked["organization"] / asked["name"]
            folder.mkdir(parents=True)
            (folder / ".gitattributes").write_text("*.parquet filter=lfs\n")
            if kind == "spaces":
                if asked.get("sdk") != "static":
                    return refusal(400, "", "a Space needs a known sdk")
                for name in ("README.md", "index.html", "style.css"):
                    (folder / name).write_text("the start page of a new static Space\n")
            return as_json({"url": f"{self.url}/{kind}/{asked['organization']}/{asked['name']}"})
        folder, verb = self.root.joinpath(*parts[1:4]), parts[4]
        if verb == "preupload":
            files = [
                {"path": f["path"], "uploadMode": "regular", "shouldIgnore": False}
                for f in json.loads(request.body)["files"]
            ]
            return as_json({"files": files})
        if verb == "commit":
            return self._commit(request, folder)
        if verb == "tag" and self.takes_tags:
            self.tags[json.loads(request.body)["tag"]] = parts[5]
            return as_json({})
        return refusal(404, "", "not served here")

    def _commit(self, request: Request, folder: Path) -> Response:
        lines = [json.loads(line) for line in request.body.splitlines()]
        parent = next(line["value"] for line in lines if line["key"] == "header").get("parentCommit")
        if parent != self.head(folder):
            return refusal(412, "", "A commit has happened since.")
        changes = [line for line in lines if line["key"] != "header"]
        for line in changes:
            path = folder / line["value"]["path"]
            if line["key"] == "deletedFile":
                path.unlink()
            else:
                path.parent.mkdir(exist_ok=True)
                path.write_bytes(base64.b64decode(line["value"]["content"]))
        self.commits.append(sorted(line["value"]["path"] for line in changes))
        head = self.head(folder)
        return as_json(
            {
                "commitOid": head,
                "commitUrl": f"{self.url}/{folder.relative_to(self.root).as_posix()}/commit/{head}",
                "success": True,
            }
        )

    @property
    def url(self) -> str:
        assert self.server is not None
        return self.server.url

    def head(self, folder: Path) -> str:
        """The head commit of a repository, which depends only on its files."""
        assert self.server is not None
        kind, *names = folder.relative_to(self.root).parts
        return self.server.repositories.head(kind, "/".join(names)).sha
