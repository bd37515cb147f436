"""`policy`: shows what each policy table decides and where a correction goes, and checks that the CSV files fit their
schema."""

from __future__ import annotations

from leaderboard_etl.commands.display import print_json, print_table
from leaderboard_etl.commands.parsing import Commands, add_command, add_json
from leaderboard_etl.errors import UsageError
from leaderboard_etl.printable import how_many


def register(commands: Commands) -> None:
    """Registers `policy`."""
    command = add_command(
        commands,
        "policy",
        lambda options, _: _ACTIONS[options.action](options.json),
        "the tables of judgement: where a correction goes, and whether they fit",
    )
    command.add_argument(
        "action",
        choices=tuple(_ACTIONS),
        help="check: compare the CSV files with sql/policy; tasks: where a wrong date, size or name is corrected; index:"
        " the page docs/policy.md; sources: the page docs/sources.md; licenses: the page LICENSE-DATA.md",
    )
    add_json(command)


def check(as_json: bool) -> int:
    """Prints every fault of the policy CSVs; returns 1 if there is one."""
    from leaderboard_etl.policy import read_policy
    from leaderboard_etl.policy.checking import faults

    policy = read_policy()
    all_faults = faults(policy)
    if as_json:
        print_json(
            [{"csv": fault.csv, "line": fault.line, "column": fault.column, "what": fault.what} for fault in all_faults]
        )
    elif all_faults:
        print(*all_faults, sep="\n")
    else:
        n_rows = sum(policy.text_frame(name).height for name in policy.texts)
        print(f"{how_many(len(policy.texts), 'policy table')} with {how_many(n_rows, 'row')} fit sql/policy")
    return 1 if all_faults else 0


def tasks(as_json: bool) -> int:
    """Prints which table each kind of correction goes to."""
    from leaderboard_etl.policy.schema import tasks as every_task

    rows = [{"task": job, "table": table.csv, "how": how} for job, table, how in every_task()]
    if as_json:
        print_json(rows)
    else:
        print_table(rows)
    return 0


def index(as_json: bool) -> int:
    """Prints docs/policy.md."""
    return _print_page(index_page(), as_json)


def sources(as_json: bool) -> int:
    """Prints docs/sources.md."""
    from leaderboard_etl.commands.sources_page import sources_page

    return _print_page(sources_page(), as_json)


def data_licenses(as_json: bool) -> int:
    """Prints LICENSE-DATA.md."""
    return _print_page(data_licenses_page(), as_json)


def data_licenses_page() -> str:
    """The text of LICENSE-DATA.md: the licence and the citation of each source's data."""
    from leaderboard_etl.export.citing import licenses_page
    from leaderboard_etl.sources.as_tables import described

    rows = described()["core.citations"].iter_rows(named=True)
    made = "This page is generated from the sources' descriptions in `src/leaderboard_etl/sources/` (`make docs`)."
    return licenses_page(rows, made)


def index_page() -> str:
    """The text of docs/policy.md: where each correction goes, and what each table decides."""
    from leaderboard_etl.policy.schema import policy_tables
    from leaderboard_etl.policy.schema import tasks as every_task

    lines = [
        "# Policy",
        "",
        "Judgement is data: rows of the CSV files in `src/leaderboard_etl/policy/`, each with the link that supports it.",
        "The files of `sql/policy/` describe them: types, required cells, allowed values, keys. `leaderboard-etl policy check`",
        "checks the CSV files against them, as every run does first; `leaderboard-etl tables policy.families` shows the",
        "columns of one.",
        "This page is generated (`make docs`).",
        "",
        "## Where a correction goes",
        "",
        "| to correct or add | table | how |",
        "| --- | --- | --- |",
        *(f"| {job} | `{table.name}.csv` | {how} |" for job, table, how in every_task()),
        "",
        "## What each table decides",
        "",
        "| table | rows | columns |",
        "| --- | --- | --- |",
    ]
    for table in policy_tables().values():
        columns = ", ".join(f"`{column.name}`" for column in table.columns)
        lines.append(f"| `{table.name}.csv` | {table.comment} | {columns} |")
    return "\n".join(lines) + "\n"


def _print_page(page: str, as_json: bool) -> int:
    if as_json:
        raise UsageError("a page is Markdown: use --json with check or tasks")
    print(page, end="")
    return 0


_ACTIONS = {"check": check, "tasks": tasks, "index": index, "sources": sources, "licenses": data_licenses}
