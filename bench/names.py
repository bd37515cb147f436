"""Precision and recall of the sizes read from names, against sizes that were measured: prints both, and the worst errors.

    python -m bench.names WAREHOUSE        (a folder that `leaderboard-etl run` filled)

Truth is the v2 table's own column and the headers of safetensors files. Names round ("1B" is 1.24 billion in Llama 3.2), so a
reading is right within 35 percent. The column itself is at times half or double of the model that the name and its family
state (https://huggingface.co/spaces/open-llm-leaderboard/open_llm_leaderboard/discussions/1049): precision is printed with and
without those rows. Recall = read / names that show digits before b or m.
"""

from __future__ import annotations

import sys
from pathlib import Path

import duckdb
import polars as pl

from leaderboard_etl.normalize.parameters import parse_names

_TRUTH = """
    select source_name, max(params) / 1e9 as params_true_b, any_value(source_id) as source_id
    from history.parameter_claims
    where valid_to is null and kind = 'total' and params > 0
        and (source_id = 'olb_v2_contents' or method = 'safetensors')
    group by source_name
    having max(params) <= 1.1 * min(params)
"""


def main() -> None:
    database = Path(sys.argv[1]) / "leaderboard.duckdb"
    with duckdb.connect(str(database), read_only=True) as con:
        truth = con.sql(_TRUTH).pl()
    read = parse_names(truth["source_name"]).with_columns((pl.col("params_total") / 1e9).alias("params_read_b"))
    rows = truth.join(read, on="source_name").with_columns(
        pl.col("source_name").str.to_lowercase().str.contains(r"[0-9]\s?[bm]([^a-z]|$)").alias("is_stating")
    )
    said = rows.filter(pl.col("params_read_b").is_not_null())
    ratio = pl.col("params_read_b") / pl.col("params_true_b")
    right = ratio.is_between(1 / 1.35, 1.35)
    is_halved = ratio.is_between(1.9, 2.1) | ratio.is_between(1 / 2.1, 1 / 1.9)
    wrong = said.filter(~right & ~is_halved).sort("source_name")
    n_right, n_halved = said.filter(right).height, said.filter(is_halved).height
    stating = rows.filter(pl.col("is_stating"))
    print(f"models with a measured size    {rows.height:>6,}")
    print(f"names that were read           {said.height:>6,}")
    print(f"within 35 %                    {n_right:>6,}")
    print(f"half or double of the column   {n_halved:>6,}")
    print(f"precision                      {n_right / said.height:>6.4f}")
    print(f"precision without these rows   {n_right / (said.height - n_halved):>6.4f}")
    print(f"recall                         {stating['params_read_b'].count() / stating.height:>6.4f}")
    reasons = rows.filter(pl.col("params_read_b").is_null()).group_by("reason").len().sort("len", descending=True)
    for reason, count in reasons.iter_rows():
        print(f"  unread: {reason:<50} {count:>6,}")
    for row in wrong.head(10).iter_rows(named=True):
        print(f"  wrong:  {row['source_name']:<70} read {row['params_read_b']:.3g}, is {row['params_true_b']:.3g}")


if __name__ == "__main__":
    main()
