"""`doctor`: shows what is wrong with a warehouse, what is lost, what can be recovered, and what was repaired."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING

from leaderboard_etl.commands.display import print_json, print_table
from leaderboard_etl.commands.hints import of_warehouse
from leaderboard_etl.commands.parsing import Commands, add_command, add_json
from leaderboard_etl.errors import UsageError
from leaderboard_etl.printable import how_many
from leaderboard_etl.settings import Warehouse

if TYPE_CHECKING:
    from leaderboard_etl.doctor import Examination
    from leaderboard_etl.hub.client import Hub


def register(commands: Commands) -> None:
    """Registers `doctor`."""
    command = add_command(
        commands, "doctor", _doctor, "what is wrong with the warehouse's files, and what can be repaired"
    )
    command.add_argument("--repair", action="store_true", help="repair what can be repaired safely; nothing is deleted")
    command.add_argument(
        "--fetch-from", metavar="URL", help="with --repair: where lost files are fetched again (default: its own Hub)"
    )
    command.add_argument(
        "--hub",
        nargs="?",
        const="",
        metavar="URL|sample",
        help="examine the Hub instead: each kind of question once, about forty requests (default: HF_ENDPOINT, else the"
        " public Hub)",
    )
    add_json(command)


def _doctor(options: argparse.Namespace, warehouse: Warehouse) -> int:
    if options.hub is None:
        return doctor(warehouse, with_repair=options.repair, fetch_from=options.fetch_from, as_json=options.json)
    if options.repair or options.fetch_from:
        raise UsageError(
            "doctor examines the warehouse or, with --hub, the Hub: only a warehouse can be repaired (--repair)"
        )
    return doctor_hub(options.hub or None, as_json=options.json)


def doctor(warehouse: Warehouse, *, with_repair: bool, fetch_from: str | None, as_json: bool) -> int:
    """Examines the warehouse; with `with_repair`, repairs what is safe to repair and examines it again.

    Exit code 0: sound; 3: only something to tidy up; 1: something is lost or a run would refuse to start.
    """
    from leaderboard_etl.doctor import examine, repair

    examination = examine(warehouse)
    repairs: list[str] = []
    if with_repair and examination.faults:
        before = examination

        def say(line: str) -> None:
            repairs.append(line)
            if not as_json:
                print(line)

        if not as_json:
            _print(before)
        repair(warehouse, before, say, hub=lambda endpoint: _client(fetch_from or endpoint))
        examination = examine(warehouse)
    if as_json:
        print_json(
            {
                "warehouse": str(warehouse.root),
                "exit_code": examination.exit_code,
                "repaired": repairs,
                "findings": [{"is_harm": fault.is_harm, **asdict(fault)} for fault in examination.faults],
            }
        )
    else:
        _print(examination)
        print(_verdict(warehouse, examination, with_repair))
    return examination.exit_code


def doctor_hub(address: str | None, *, as_json: bool) -> int:
    """Asks a Hub each kind of question once. Exit code 0: all as expected; 3: something is different; 1: no usable
    connection."""
    from leaderboard_etl.doctor.hub_examination import examine_hub
    from leaderboard_etl.options import hub_address
    from leaderboard_etl.policy import read_policy
    from leaderboard_etl.sources.registry import SOURCES

    with _client(address or hub_address(None)) as hub:
        examination = examine_hub(hub, SOURCES, read_policy(), is_sample=address == "sample")
    if as_json:
        print_json(
            {
                "endpoint": examination.endpoint,
                "exit_code": examination.exit_code,
                "api_calls": examination.api_calls,
                "file_calls": examination.file_calls,
                "lines": [asdict(line) for line in examination.lines],
            }
        )
    else:
        print_table(
            [
                {
                    "part": line.part,
                    "as expected": "absent" if line.is_absent else "yes" if line.is_expected else "NO",
                    "found": line.found,
                }
                for line in examination.lines
            ]
        )
        n_other = sum(not line.is_expected for line in examination.lines)
        n_absent = sum(line.is_absent for line in examination.lines)
        absent = f" of this Hub, which lacks {n_absent} parts that it need not have" if n_absent else ""
        verdict = (
            f"all is as expected{absent}"
            if not n_other
            else f"not as expected: {n_other} of {len(examination.lines)} parts"
        )
        print(
            f"{examination.endpoint}: {verdict}; {examination.api_calls} API calls, {examination.file_calls} file requests"
        )
    return examination.exit_code


def _print(examination: Examination) -> None:
    print_table(
        [
            {
                "part": fault.part,
                "what": fault.what,
                "lost": fault.lost or "nothing",
                "can be recovered from": fault.again or "",
                "--repair": fault.repair or ("cannot repair it" if fault.is_harm else "leaves it"),
            }
            for fault in examination.faults
        ]
    )


def _verdict(warehouse: Warehouse, examination: Examination, was_repaired: bool) -> str:
    n_harms = sum(fault.is_harm for fault in examination.faults)
    if not examination.faults:
        return (
            f"{warehouse.root} is sound: {how_many(len(examination.ledger.sound), 'load')},"
            f" {how_many(examination.blobs.n_named, 'blob')} with their hashes,"
            f" {how_many(len(examination.published.loads), 'load')} in the published file"
        )
    if not n_harms:
        rest = "" if was_repaired else f"; {of_warehouse(warehouse, 'doctor', '--repair')} tidies"
        return f"{warehouse.root}: nothing is lost{rest}"
    rest = (
        "what is left needs a copy or a person"
        if was_repaired
        else f"{of_warehouse(warehouse, 'doctor', '--repair')} repairs what is safe to repair"
    )
    return f"{warehouse.root}: {n_harms} faults; {rest}"


@contextmanager
def _client(endpoint: str) -> Iterator[Hub]:
    """A client of the Hub at an address, or of the bundled Hub."""
    from leaderboard_etl.hub.client import Hub
    from leaderboard_etl.hub.transport import prepare_environment
    from leaderboard_etl.options import SAMPLE, hub_address

    if endpoint == SAMPLE:
        from leaderboard_etl.sample.bundled import bundled_hub

        with bundled_hub() as server:
            prepare_environment(server.url)
            yield Hub(server.url)
    else:
        address = hub_address(endpoint)
        prepare_environment(address)
        yield Hub(address)
