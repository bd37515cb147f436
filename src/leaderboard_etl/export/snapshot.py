"""A snapshot: the article's files, tables as Parquet, pictures, the explorer, a descriptor and a manifest, all from one state."""

from __future__ import annotations

from contextlib import closing
from datetime import date
from importlib.util import find_spec
from pathlib import Path

import duckdb

from leaderboard_etl import engine
from leaderboard_etl.code_version import code_version
from leaderboard_etl.errors import WarehouseError, first_line
from leaderboard_etl.export.article_file import ARTICLE, article_json
from leaderboard_etl.export.article_tables import article_tables
from leaderboard_etl.export.citing import CITATION, LICENSES, citation_file, licenses_page
from leaderboard_etl.export.croissant import CROISSANT, croissant
from leaderboard_etl.export.database import complete_database
from leaderboard_etl.export.datapackage import DESCRIPTOR, datapackage
from leaderboard_etl.export.embeds import embeds
from leaderboard_etl.export.explorer import explorer
from leaderboard_etl.export.feed import FEED, changes_feed
from leaderboard_etl.export.manifest import MANIFEST, citations, dumped, manifest, state_day
from leaderboard_etl.export.tables import EXPORTS, frontiers, parquet, passed_on, query
from leaderboard_etl.settings import Warehouse
from leaderboard_etl.target.opening import open_published

# What an export lacks where the packages of the extra are not installed. The report page shows two of the charts.
PICTURES = ("figures/", "report.html")


def can_draw() -> bool:
    """Whether the packages for pictures are installed: leaderboard-etl[pictures]."""
    return all(find_spec(name) is not None for name in ("altair", "vl_convert"))


def make_snapshot(
    warehouse: Warehouse,
    as_of: date | None,
    *,
    database: Path | None = None,
    with_pictures: bool | None = None,
    is_redistributable: bool = False,
) -> dict[str, bytes]:
    """The deterministic files of a snapshot by name: the same state gives the same bytes.

    Without PICTURES the manifest and the descriptor say so, and the other files are the same; null: with them if they can
    be drawn.

    Without `as_of` it is the published state; the manifest names its day, and asking for that day gives the same bytes.
    With `is_redistributable` tables and explorer have no score whose source states no licence to pass it on, and there are no
    pictures, which show all of them.
    With `database` the whole state is also written into a new DuckDB file there.
    Raises UsageError for a day that is still to come or lies before the first load, WarehouseError if there is no published
    file or other code made it.
    """
    try:
        draws = not is_redistributable and (can_draw() if with_pictures is None else with_pictures)
        with closing(open_published(warehouse)) as con:
            expect_our_code(con, warehouse.database)
            day = state_day(con) if as_of is None else as_of
            if as_of is None and database is None:
                return snapshot_files(con, day, draws, is_redistributable)
        with closing(open_published(warehouse, as_of=day, into=database)) as con:
            if database is not None:
                complete_database(con)
            files = snapshot_files(con, day, draws, is_redistributable)
            if database is not None:
                engine.finish(con)
            return files
    except (duckdb.CatalogException, duckdb.BinderException) as error:
        raise _other_code(warehouse.database, first_line(error)) from error


def pictures(con: duckdb.DuckDBPyConnection) -> dict[str, bytes]:
    """Figures for print and the report page, by name."""
    from leaderboard_etl.export.figures import figures
    from leaderboard_etl.export.report_page import report_page

    drawn = figures(con)
    return {**{f"figures/{name}": content for name, content in drawn.items()}, "report.html": report_page(con, drawn)}


def snapshot_files(
    con: duckdb.DuckDBPyConnection, day: date, with_pictures: bool, is_redistributable: bool
) -> dict[str, bytes]:
    """The files of a snapshot made from an open state, which is that of the end of `day`."""
    answers = {export: query(con, export) for export in (*EXPORTS, *frontiers(con))}
    if is_redistributable:
        answers = {export: passed_on(export, answer) for export, answer in answers.items()}
    files = {export.name: answer.file for export, answer in answers.items()}
    files |= {export.parquet_name: parquet(answer.shown) for export, answer in answers.items()}
    files[ARTICLE] = article_json(con, day)
    files |= article_tables(con, citations(con))
    files |= {f"embeds/{name}": content for name, content in embeds().items()}
    files |= explorer(con, day, is_redistributable=is_redistributable)
    files |= pictures(con) if with_pictures else {}
    files[FEED] = changes_feed(con, day, is_redistributable)
    works = citations(con)
    files[LICENSES] = licenses_page(works, f"These are the sources of the state as of {day}.").encode("utf-8")
    files[CITATION] = citation_file(works, day)
    files[CROISSANT] = croissant(answers, files, day, works)
    files[DESCRIPTOR] = datapackage(answers, files, day, works)
    files[MANIFEST] = dumped(manifest(con, answers, files, day, () if with_pictures else PICTURES, is_redistributable))
    return files


def expect_our_code(con: duckdb.DuckDBPyConnection, database: Path) -> None:
    """Raises WarehouseError if other code made the published file: the manifest would name the wrong code."""
    made_by = con.execute("select code_version from ops.build").fetchall()
    if made_by != [(code_version(),)]:
        raise _other_code(database, f"by {', '.join(str(code) for (code,) in made_by)}, this is {code_version()}")


def _other_code(database: Path, sign: str) -> WarehouseError:
    return WarehouseError(
        f"{database} was made by other code than this ({sign}): `leaderboard-etl run --offline` makes it again, then export"
    )
