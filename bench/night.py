"""How long nights take, as ratios within one run: `python -m bench.night [--hub URL]` (default: the bundled sample).

Prefect and the start of Python are not measured, only the pipeline itself.
"""

from __future__ import annotations

import argparse
import importlib.util
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from leaderboard_etl import pipeline
from leaderboard_etl.options import Options, options_for
from leaderboard_etl.settings import resource as folder


def main() -> None:
    """Prints a table of steps: seconds, and the ratio to the first night."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hub", default="sample", help="a Hub's address (default: sample)")
    parser.add_argument("--card-budget", type=int, default=2000, help="API calls for model cards a night")
    arguments = parser.parse_args()
    story = read_story()
    with (
        tempfile.TemporaryDirectory() as scratch,
        options_for(Path(scratch) / "warehouse", arguments.hub, card_budget=arguments.card_budget) as options,
    ):

        def night() -> pipeline.Outcome:
            return pipeline.run_night(options, story)

        rows = []
        outcome, first_s = _timed(night)
        rows.append((f"first night ({outcome.status})", first_s))
        outcome, quiet_s = _timed(night)
        rows.append((f"second night ({outcome.status})", quiet_s))
        tables = Options(options.warehouse, options.hub, options.endpoint, only=("olb_v1_contents", "olb_v2_contents"))
        _, tables_s = _timed(lambda: pipeline.run_night(tables, story))
        rows.append(("the same, tables only", tables_s))
        _, offline_s = _timed(lambda: pipeline.rebuild(options.warehouse))
        rows.append(("rebuilt from raw (--offline)", offline_s))
        for name, seconds in rows:
            print(f"{name:32} {seconds:8.2f} s   {seconds / first_s:6.3f} of the first night")
        print(f"published file {options.warehouse.database.stat().st_size / 1e6:.1f} MB")
    # ru_maxrss is in kilobytes on Linux.
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


def _timed(run: Callable[[], Any]) -> tuple[Any, float]:
    begun = time.perf_counter()
    result = run()
    return result, time.perf_counter() - begun


def read_story() -> Callable[[pipeline.Night], pipeline.Ending]:
    """The steps of flows/nightly.py."""
    spec = importlib.util.spec_from_file_location("nightly", folder("flows") / "nightly.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    story: Callable[[pipeline.Night], pipeline.Ending] = module.story
    return story


if __name__ == "__main__":
    main()
