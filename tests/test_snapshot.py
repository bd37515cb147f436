"""A snapshot has the same bytes for the same state, on another day, on another machine and from raw only; and it can be
verified."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest
from faulty_hub import HubServer
from worlds import World, copied, files_in, v1_row, v2_row, without_marts

from leaderboard_etl import apart, pipeline
from leaderboard_etl.cli import main
from leaderboard_etl.code_version import code_version
from leaderboard_etl.contracts.schema import views
from leaderboard_etl.errors import UsageError, WarehouseError
from leaderboard_etl.export import recomputed
from leaderboard_etl.export.card import dataset_card
from leaderboard_etl.export.folder import read_manifest, write_snapshot
from leaderboard_etl.export.recomputed import recomputed_snapshot
from leaderboard_etl.export.snapshot import PICTURES, make_snapshot, snapshot_files
from leaderboard_etl.export.verify import verify_snapshot
from leaderboard_etl.raw.ledger import Ledger
from leaderboard_etl.settings import PACKAGE, Warehouse

FIRST = date(2025, 1, 1)


def rescore(world: World) -> None:
    world.put_v2(*[v2_row(f"org/model-{n}b", 0.9) for n in range(1, 31)])
    world.put_v1(*[v1_row(f"org/model-{n}b", 80.0) for n in range(1, 31)], v1_row("org/new-9b", 91.0))


def problems(folder: Path, warehouse: Warehouse) -> set[str]:
    """The files that verify reports, with their problems."""
    findings, _ = verify_snapshot(warehouse, folder)
    return {finding.name for finding in findings if finding.problem}


@dataclass(frozen=True)
class Days:
    """A warehouse after five days: one without news, one on which a source also fails, one without a night, and one with other
    scores while the source still fails. The snapshots are those of the published state as it was on that day."""

    world: World
    snapshots: dict[int, dict[str, bytes]]


@pytest.fixture(scope="module")
def days(first_night: Path, tmp_path_factory: pytest.TempPathFactory) -> Days:
    root = tmp_path_factory.mktemp("days")
    (root / "hub").mkdir()
    with HubServer(root / "hub") as server, pytest.MonkeyPatch.context() as patched:
        patched.setattr("leaderboard_etl.export.snapshot.can_draw", lambda: False)
        world = copied(first_night, root, server.url)
        snapshots = {1: make_snapshot(world.warehouse, None)}
        assert world.night(2).status == "no_news"
        snapshots[2] = make_snapshot(world.warehouse, None)
        shutil.rmtree(world.root / "spaces" / "bigcode")
        assert world.night(3).status == "degraded"
        snapshots[3] = make_snapshot(world.warehouse, date(2025, 1, 3))
        rescore(world)
        assert world.night(5).status == "degraded"
        snapshots[5] = make_snapshot(world.warehouse, None)
    return Days(world, snapshots)


def test_the_same_day_gives_the_same_bytes_before_and_after_further_nights(days: Days) -> None:
    assert days.snapshots[2] == days.snapshots[1]
    for day in (1, 3, 5):
        assert make_snapshot(days.world.warehouse, date(2025, 1, day)) == days.snapshots[day], day
    manifests = [json.loads(days.snapshots[day]["manifest.json"]) for day in (1, 5)]
    assert [manifest["load_ids"] for manifest in manifests] == [[1], [1, 4]]
    revisions = [manifest["sources"]["olb_v2_contents"] for manifest in manifests]
    assert revisions[0]["revision"] != revisions[1]["revision"]
    assert [revision["load_id"] for revision in revisions] == [1, 4]


def test_a_day_between_two_nights_has_the_state_of_the_first_under_its_own_date(days: Days) -> None:
    first = json.loads(days.snapshots[1]["manifest.json"])
    between = json.loads(make_snapshot(days.world.warehouse, date(2025, 1, 4))["manifest.json"])
    assert between["as_of"] == "2025-01-04"
    assert between["load_ids"] == first["load_ids"]
    assert {n: f["sha256"] for n, f in between["files"].items() if n.startswith("model_scaling")} == {
        n: f["sha256"] for n, f in first["files"].items() if n.startswith("model_scaling")
    }


def test_the_manifest_and_the_card_say_which_source_failed_and_why(days: Days) -> None:
    manifest = json.loads(days.snapshots[5]["manifest.json"])
    failed = manifest["sources"]["bigcode"]
    assert failed["state"] == "failed" and failed["load_id"] == 1 and "bigcode" in failed["message"]
    assert manifest["sources"]["olb_v2_contents"].items() >= {"state": "loaded", "load_id": 4}.items()
    card = dataset_card(manifest, "org/name", "https://example.org").decode()
    assert f"| bigcode | {failed['revision']}; failed: {failed['message']} | 1 |" in card


def test_rebuilt_from_raw_elsewhere_under_another_clock_locale_and_hash_seed_it_is_the_same(
    days: Days, drawn: Path, tmp_path: Path
) -> None:
    # Pictures are drawn of one state: each is made from the tables beside it. The standing world is as this one was then.
    here = {"2025-01-05": days.snapshots[5], "2025-01-01": files_in(drawn, without=("build.json", "README.md"))}
    other = Warehouse(tmp_path / "another machine's folder")
    shutil.copytree(days.world.warehouse.raw, other.raw)
    code = (
        "import sys; from datetime import date; from pathlib import Path; from leaderboard_etl import pipeline;"
        "from leaderboard_etl.settings import Warehouse; from leaderboard_etl.export.folder import write_snapshot;"
        "w = Warehouse(Path(sys.argv[1])); pipeline.rebuild(w);"
        "write_snapshot(w, None, None, with_pictures=False); write_snapshot(w, None, date(2025, 1, 1))"
    )
    environment = {
        "PYTHONHASHSEED": "7",
        "TZ": "Pacific/Kiritimati",
        "LC_ALL": "tr_TR.UTF-8",
        "POLARS_MAX_THREADS": "3",
    }
    path = os.pathsep.join([str(PACKAGE.parent), *sys.path])
    subprocess.run(
        [sys.executable, "-c", code, str(other.root)],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": path, **environment},
        cwd=tmp_path,
        check=True,
    )
    for day, files in here.items():
        there = files_in(other.exports / day)
        assert there.keys() == {*files, "build.json", "README.md"}
        assert {name: there[name] for name in files} == files
    assert {f"figures/model_scaling.{kind}" for kind in ("svg", "png", "pdf")} < here["2025-01-01"].keys()


def test_a_day_before_the_first_load_is_an_error_in_one_line(
    standing: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = str(standing.warehouse.root)
    assert main(["export", "-w", root, "--out", str(tmp_path / "out"), "--as-of", "2024-12-31"]) == 2
    shown = capsys.readouterr().err
    assert "before the first load of this warehouse (2025-01-01 UTC)" in shown and shown.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_a_future_day_is_refused_because_it_could_not_be_reproduced(standing: World) -> None:
    with pytest.raises(UsageError, match="still to come"):
        make_snapshot(standing.warehouse, datetime.now(UTC).date() + timedelta(days=1))


def test_a_file_that_other_code_made_is_an_error_that_says_what_to_do(published: World) -> None:
    published.warehouse.database.chmod(0o644)
    with duckdb.connect(str(published.warehouse.database)) as con:
        con.execute("drop view mart.community_velocity")
    with pytest.raises(WarehouseError, match="`leaderboard-etl run --offline` makes it again"):
        make_snapshot(published.warehouse, None)


def test_a_file_of_other_code_is_not_exported_under_the_name_of_this_code(published: World) -> None:
    published.warehouse.database.chmod(0o644)
    with duckdb.connect(str(published.warehouse.database)) as con:
        con.execute("update ops.build set code_version = '0.0.9+abc'")
    for day in (None, date(2025, 1, 2)):
        with pytest.raises(
            WarehouseError, match=r"by 0\.0\.9\+abc, this is .* `leaderboard-etl run --offline` makes it again"
        ):
            make_snapshot(published.warehouse, day)


def test_the_manifest_of_a_sample_warehouse_names_the_sample(plain: Path) -> None:
    assert read_manifest(plain)["hub"] == "sample"


def edit(name: str, change: Callable[[dict[str, Any]], object]) -> Callable[[Path], None]:
    """Changes one JSON file of a folder."""

    def apply(folder: Path) -> None:
        content = json.loads((folder / name).read_text())
        change(content)
        (folder / name).write_text(json.dumps(content))

    return apply


@pytest.fixture(scope="module")
def plain(standing: World, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A snapshot of the standing world without pictures, which tests only read."""
    folder = tmp_path_factory.mktemp("plain") / "out"
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("leaderboard_etl.export.snapshot.can_draw", lambda: False)
        write_snapshot(standing.warehouse, folder, None)
    return folder


def test_verify_finds_every_kind_of_damage(standing: World, plain: Path, tmp_path: Path) -> None:
    good, nowhere = plain, Warehouse(tmp_path / "none")
    findings, word = verify_snapshot(standing.warehouse, good)
    assert word == "recomputed from the warehouse" and {f.name for f in findings if f.problem} == set()
    csv = "model_scaling.csv"
    content = (good / csv).read_bytes()

    def damaged(*damages: Callable[[Path], object], warehouse: Warehouse = nowhere) -> set[str]:
        folder = tmp_path / "damaged"
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(good, folder)
        for damage in damages:
            damage(folder)
        return problems(folder, warehouse)

    def remove(folder: Path) -> None:
        (folder / csv).unlink()

    assert damaged(lambda f: (f / csv).write_bytes(content.replace(b"Open", b"open", 1))) == {csv}
    assert damaged(lambda f: (f / csv).write_bytes(content + b"\n")) == {csv}
    assert damaged(remove) == {csv}
    assert damaged(remove, lambda f: (f / csv).symlink_to(good / csv)) == {csv}
    assert damaged(lambda f: (f / "link.csv").symlink_to(good / csv)) == {"link.csv"}
    assert damaged(lambda f: (f / "parquet" / "extra.parquet").touch()) == {"parquet/extra.parquet"}
    assert damaged(edit("manifest.json", lambda m: m.update(excluded={}))) == {"manifest.json"}
    # build.json says when and where, and so may differ.
    assert damaged(edit("build.json", lambda b: b.update(exported_at="2030-01-01"))) == set()
    # If the manifest was adapted to changed files and build.json lacks its hash, only the warehouse shows the change.
    forget = edit("manifest.json", lambda m: m["files"].pop(csv))
    unsay = edit("build.json", lambda b: b.update(manifest=None, database={}))
    assert damaged(remove, forget, unsay) == set()
    assert damaged(remove, forget, unsay, warehouse=standing.warehouse) == {csv, "manifest.json"}


@pytest.mark.pictures
def test_verify_reports_one_problem_per_file(standing: World, drawn: Path, tmp_path: Path) -> None:
    out, csv = shutil.copytree(drawn, tmp_path / "out"), "model_scaling.csv"
    manifest = read_manifest(out)
    (out / csv).write_bytes((out / csv).read_bytes().replace(b"Open", b"open", 1))
    (out / "claims.json").unlink()
    (out / "claims.json").symlink_to(tmp_path)
    findings, word = verify_snapshot(standing.warehouse, out)
    assert word == "recomputed from the warehouse"
    assert sorted(finding.name for finding in findings) == sorted([*manifest["files"], "manifest.json", "README.md"])
    assert {finding.name: finding.problem for finding in findings if finding.problem} == {
        csv: "changed: its sha256 is not the one that the manifest says",
        "claims.json": "a link to elsewhere: the file itself is missing",
    }


def test_a_copy_from_the_hub_can_be_verified_like_the_folder(standing: World, plain: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(plain, tmp_path / "downloaded")
    for name in (".gitattributes", ".cache/huggingface/download/README.md.metadata"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    (folder / "parquet" / "README.md").touch()
    (folder / "README.md").write_text("by hand")
    assert problems(folder, standing.warehouse) == {"parquet/README.md", "README.md"}


def test_what_may_be_passed_on_has_no_score_without_a_licence_and_can_be_verified(
    standing: World, plain: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole, out = plain, tmp_path / "out"
    arguments = ["export", "-w", str(standing.warehouse.root), "--out", str(out), "--redistributable"]
    assert main(arguments) == 0
    assert "absent, because they show what may not be passed on: figures/, report.html" in capsys.readouterr().out
    manifest = read_manifest(out)
    for name in ("model_scaling", "model_scaling_unsized", "moe_efficiency", "frontier_gap", "llm_benchmarks"):
        every, kept = (pl.read_parquet(folder / "parquet" / f"{name}.parquet") for folder in (whole, out))
        for column in ("lo_pct", "hi_pct"):
            of_several = (
                kept.filter(pl.col("n_values") > 1) if {column, "n_values"} <= set(kept.columns) else kept.clear()
            )
            assert of_several.is_empty() or of_several[column].null_count() == of_several.height, name
        every, kept = (frame.drop("lo_pct", "median_pct", "hi_pct", strict=False) for frame in (every, kept))
        assert kept["license_id"].null_count() == 0, name
        [file] = [file for file in manifest["files"] if file in (f"{name}.csv", f"{name}.json")]
        gone = sum(row["n"] for row in manifest["excluded"].get(file, []) if "no licence" in row["reason"])
        assert gone == every.height - kept.height, name
        if name == "llm_benchmarks":
            sound = every.filter(pl.col("license_id").is_not_null().all().over("model"))
            assert kept.equals(sound) and kept.height < every.height
        else:
            assert kept.equals(every.filter(pl.col("license_id").is_not_null()))
    assert (out / "open_closed_lags.csv").read_bytes() == (whole / "open_closed_lags.csv").read_bytes()
    findings, word = verify_snapshot(standing.warehouse, out)
    assert word == "recomputed from the warehouse" and {f.name for f in findings if f.problem} == set()
    assert main([*arguments, "--with-database"]) == 2
    assert "choose one" in capsys.readouterr().err


def test_verify_says_why_it_could_not_recompute(published: World, plain: Path, tmp_path: Path) -> None:
    out = shutil.copytree(plain, tmp_path / "out")

    def word(warehouse: Warehouse = published.warehouse) -> str:
        findings, word = verify_snapshot(warehouse, out)
        assert {finding.name for finding in findings if finding.problem} <= {"manifest.json"}
        return word

    assert word(Warehouse(tmp_path / "none")).startswith("not recomputed: there is no warehouse at")
    manifest = (out / "manifest.json").read_text()
    edit("manifest.json", lambda m: m.update(code_version="0.0.1+0"))(out)
    assert "made by code 0.0.1+0" in word()
    edit("manifest.json", lambda m: m.update(code_version=code_version(), export_version="0.0.1+1"))(out)
    assert "made by another version of the exports, 0.0.1+1" in word()
    (out / "manifest.json").write_text(manifest)
    edit("manifest.json", lambda m: m.update(hub="https://huggingface.co"))(out)
    assert "of the Hub 'https://huggingface.co', this warehouse of another" in word()
    (out / "manifest.json").write_text(manifest)
    rescore(published)
    with without_marts():
        published.night(1, started_at=datetime(2025, 1, 1, 22))
    assert "it is made from the loads [1], by now that day has [1, 2]" in word()


def test_verify_finds_what_was_changed_in_the_published_file_before_the_export(
    published: World, plain: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recomputed, "LEAST_SCORES", 0)
    out, database = tmp_path / "out", published.warehouse.database
    database.chmod(0o644)
    query = views()["mart.license_classes"].query
    sound = database.read_bytes()
    with duckdb.connect(str(database)) as con:
        con.execute("update mart.paper_claims set sentence = 'forged'")
        con.execute(
            f"create or replace view mart.license_classes as select * replace (n_models + 1 as n_models) from ({query})"
        )
    write_snapshot(published.warehouse, out, None)
    table, view = (
        {f"{name}.{kind}", f"parquet/{name}.parquet"} for name, kind in (("claims", "json"), ("license_classes", "csv"))
    )
    assert table | view <= problems(out, published.warehouse)
    database.write_bytes(sound)
    assert problems(plain, published.warehouse) == set()


def test_the_files_of_a_second_process_are_taken_where_the_stored_state_is_the_computed_one(
    days: Days, monkeypatch: pytest.MonkeyPatch
) -> None:
    def made_here(*arguments: object) -> dict[str, bytes]:
        made.append(arguments[1])
        return snapshot_files(*arguments)  # type: ignore[arg-type]

    def again() -> dict[str, bytes]:
        return recomputed_snapshot(days.world.warehouse, FIRST, with_pictures=False, is_redistributable=False)

    made: list[object] = []
    monkeypatch.setattr(recomputed, "snapshot_files", made_here)
    monkeypatch.setattr(apart, "n_processors", lambda: 2)
    monkeypatch.setattr(recomputed, "LEAST_SCORES", 0)
    first = days.snapshots[1]
    assert again() == first and made == []  # what came later changes nothing
    monkeypatch.setattr(apart, "n_processors", lambda: 1)
    assert again() == first and made == [FIRST]


def test_verify_with_other_packages_compares_only_the_text_files(standing: World, plain: Path, tmp_path: Path) -> None:
    out = shutil.copytree(plain, tmp_path / "out")
    edit("build.json", lambda b: b["packages"].update(pyarrow="1.0"))(out)
    parquet = out / "parquet" / "claims.parquet"
    parquet.write_bytes(parquet.read_bytes()[:-1] + b"x")
    findings, word = verify_snapshot(standing.warehouse, out)
    assert "except Parquet and pictures" in word
    assert {f.name: f.problem for f in findings if f.problem} == {
        "parquet/claims.parquet": "changed: its sha256 is not the one that the manifest says"
    }


def undrawn(*commands: list[str]) -> subprocess.CompletedProcess[str]:
    """Commands where the packages for pictures are not installed; verify begins no second process."""
    code = (
        "import json, sys; sys.modules.update(altair=None, vl_convert=None)\n"
        "from leaderboard_etl.export import recomputed; recomputed.LEAST_SCORES = sys.maxsize\n"
        "from leaderboard_etl.cli import main; sys.exit(max(main(given) for given in json.loads(sys.argv[1])))"
    )
    path = {"PYTHONPATH": os.pathsep.join([str(PACKAGE.parent), *sys.path])}
    command = [sys.executable, "-c", code, json.dumps(commands)]
    return subprocess.run(command, env={**os.environ, **path}, capture_output=True, text=True, check=False)


@pytest.mark.pictures
def test_without_the_packages_for_pictures_an_export_names_what_is_absent_and_keeps_the_bytes_of_the_rest(
    standing: World, drawn: Path, tmp_path: Path
) -> None:
    warehouse, without, whole = standing.warehouse, tmp_path / "without", drawn
    root = str(warehouse.root)
    done = undrawn(["export", "-w", root, "--out", str(without)], ["verify", "-w", root, str(whole)])
    assert (done.returncode, done.stderr) == (0, "")
    assert "every file is as the manifest says" in done.stdout
    assert "absent, because nothing here can draw: figures/, report.html; pip install" in done.stdout
    assert json.loads((without / "manifest.json").read_bytes())["absent"] == [*PICTURES]

    assert json.loads((whole / "manifest.json").read_bytes())["absent"] == []
    names = {path.relative_to(whole).as_posix() for path in whole.rglob("*") if path.is_file()}
    missing = {name for name in names if not (without / name).exists()}
    assert missing == {name for name in names if name.startswith(PICTURES)} and len(missing) > 5
    others = names - missing - {"manifest.json", "datapackage.json", "build.json"}
    assert {name for name in others if (whole / name).read_bytes() != (without / name).read_bytes()} == set()

    edit("build.json", lambda b: b["packages"].update({"altair": None, "vl-convert-python": None}))(without)
    findings, word = verify_snapshot(warehouse, without)
    assert word == "recomputed from the warehouse"
    assert {
        finding.name for finding in findings if finding.problem
    } == set()  # what it lacks is none where it can be drawn


@pytest.mark.parametrize("name", ["../outside.csv", "/etc/hostname"])
def test_a_manifest_that_names_files_elsewhere_is_refused(tmp_path: Path, name: str) -> None:
    manifest = {
        "tool": "leaderboard-etl",
        "as_of": "2025-01-01",
        "files": {name: {"sha256": "0" * 64, "bytes": 1}},
    }
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(UsageError, match="outside the folder"):
        read_manifest(tmp_path)


@pytest.mark.parametrize(
    ("manifest", "why"),
    [
        ("", "it does not read as JSON with a day"),
        ("[" * 100_000, "it does not read as JSON with a day"),
        ("[]", "its parts are of other types"),
        ("{}", "it has no 'tool'"),
        ('{"tool": "other"}', "its tool is 'other'"),
        ('{"tool": "leaderboard-etl", "as_of": "soon"}', "it does not read as JSON with a day"),
        ('{"tool": "leaderboard-etl", "as_of": 3}', "its parts are of other types"),
        ('{"tool": "leaderboard-etl", "as_of": "2025-01-01", "files": {"a.csv": 3}}', "its parts are of other types"),
        ('{"tool": "leaderboard-etl", "as_of": "2025-01-01", "files": {"a.csv": {"bytes": 1}}}', "it has no 'sha256'"),
    ],
)
def test_a_broken_manifest_is_an_error_that_says_what_is_wrong(tmp_path: Path, manifest: str, why: str) -> None:
    (tmp_path / "manifest.json").write_text(manifest)
    with pytest.raises(UsageError, match=re.escape(f"wrote ({why}")):
        read_manifest(tmp_path)


def test_a_folder_with_other_content_is_not_overwritten(standing: World, tmp_path: Path) -> None:
    (tmp_path / "thesis.doc").write_text("years of work")
    with pytest.raises(UsageError, match="not a snapshot of ours"):
        write_snapshot(standing.warehouse, tmp_path, None)
    with pytest.raises(UsageError, match="is a file"):
        write_snapshot(standing.warehouse, tmp_path / "thesis.doc", None)
    assert (tmp_path / "thesis.doc").read_text() == "years of work"


def test_an_earlier_snapshot_is_replaced_whole(standing: World, tmp_path: Path) -> None:
    out = tmp_path / "out"
    write_snapshot(standing.warehouse, out, None, with_database=True)
    (out / "stale.csv").write_text("x\n")
    manifest = write_snapshot(standing.warehouse, out, None)
    names = {path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()}
    assert names == {*manifest["files"], "manifest.json", "build.json", "README.md"}
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_the_database_of_a_snapshot_is_the_whole_state_of_its_day(standing: World, days: Days, tmp_path: Path) -> None:
    out = tmp_path / "out"
    manifest = write_snapshot(standing.warehouse, out, None, with_database=True)
    assert problems(out, Warehouse(tmp_path)) == set()
    later = write_snapshot(days.world.warehouse, tmp_path / "later", FIRST, with_database=True)
    assert later == manifest
    builds = [json.loads((folder / "build.json").read_text())["database"] for folder in (out, tmp_path / "later")]
    assert builds[0]["tables"] == builds[1]["tables"]
    assert builds[0]["storage_version"].startswith("v1.5.0")
    with duckdb.connect(str(out / "warehouse.duckdb"), read_only=True) as con:
        points = con.execute(
            "select count(*) from mart.model_scaling where population = 'official' and params_b > 0"
        ).fetchall()
        assert points == [(manifest["files"]["model_scaling.csv"]["rows"],)]
        bare = con.execute("select count(*) from duckdb_columns() where not internal and comment is null").fetchall()
        assert bare == [(0,)]
        assert con.execute("select load_id from ops.build").fetchall() == [(1,)]
        assert con.execute("select count(*) > 0 from ops.check_results").fetchall() == [(True,)]
    (out / "warehouse.duckdb").write_bytes(b"x")
    assert problems(out, Warehouse(tmp_path)) == {"warehouse.duckdb"}


def test_a_night_without_news_does_not_change_the_day_of_a_rebuilt_state(published: World) -> None:
    published.night(9)
    assert len(Ledger(published.warehouse.raw).loads) == 2
    pipeline.rebuild(published.warehouse)
    assert published.query("select distinct as_of_on from mart.paper_claims") == [(FIRST,)]
