"""`raw pack`: writes the landed files as packs, which another warehouse can read before it asks the Hub."""

from __future__ import annotations

from pathlib import Path

from leaderboard_etl.commands.display import print_json
from leaderboard_etl.commands.hints import pasteable
from leaderboard_etl.commands.parsing import Commands, add_command, add_json
from leaderboard_etl.printable import how_many
from leaderboard_etl.settings import Warehouse


def register(commands: Commands) -> None:
    """Registers `raw`."""
    command = add_command(
        commands,
        "raw",
        lambda options, warehouse: pack(warehouse, options.out, as_json=options.json),
        "the landed files: pack them for others",
    )
    command.add_argument("action", choices=("pack",), help="pack: write them, well compressed, into a folder")
    command.add_argument("--out", type=Path, required=True, metavar="DIR", help="the folder to write")
    add_json(command)


def pack(warehouse: Warehouse, folder: Path, *, as_json: bool) -> int:
    """Writes the packs and prints how to use them."""
    from leaderboard_etl.raw.ledger import Ledger
    from leaderboard_etl.raw.pack import write_packs
    from leaderboard_etl.raw.store import BlobStore

    with BlobStore(warehouse.raw, read_only=True) as store:
        paths = write_packs(store, Ledger(warehouse.raw).loads, folder)
        store_bytes = store.path.stat().st_size
    n_bytes = sum(path.stat().st_size for path in paths)
    if as_json:
        print_json({"packs": [str(path) for path in paths], "bytes": n_bytes, "store_bytes": store_bytes})
        return 0
    print(
        f"packed {store.path} ({store_bytes / 1e6:,.1f} MB) into {how_many(len(paths), 'file')} in {folder}"
        f" ({n_bytes / 1e6:,.1f} MB)"
    )
    print(f"a head start for another warehouse: {pasteable('run', '--raw-from', folder)}")
    return 0
