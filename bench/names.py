"""Precision and recall of the sizes read from names, compared with measured sizes; prints both, and the errors.

    python -m bench.names WAREHOUSE        (a folder that `leaderboard-etl run` filled)

The truth is the v2 table's own column and the headers of safetensors files. A reading is right if it is within 35
percent of the truth, or if the truth, rounded or cut to the digits of the name, is what the name states: "1B" is 1.24
billion in Llama 3.2 and 1.67 in Falcon 3. Precision is printed in three ways, because the column is sometimes wrong
(https://huggingface.co/spaces/open-llm-leaderboard/open_llm_leaderboard/discussions/1049), and so are names:

    column   every row of the column as it is published
    counted  without rows that the evidence ladder doubts: halves and doubles, packed weights, adapters, the table's own
             reading of the name; the other rows were counted
    reading  the same, but a row also counts as right if name_labels.csv, made by a person, says that the name states what
             was read: then the model does not have the size in its name, which no reader of names can know

Recall is names read / names with digits before b or m: all of them, and those that state one size (not experts, a
range, or the size of what was stacked, pruned or mixed).
"""

from __future__ import annotations

import sys
from pathlib import Path

import duckdb
import polars as pl

from leaderboard_etl.sizes.names import parse_names

LABELS = Path(__file__).with_name("name_labels.csv")
_TRUTH = """
    select source_name, max(params) / 1e9 as params_true_b, bool_or(coalesce(is_doubtful, true)) as is_doubtful
    from history.parameter_claims as c
    left join (
        select source_id, source_name, precision, method, bool_or(is_doubtful or params is null) as is_doubtful
        from core.parameter_evidence
        where kind = 'total'
        group by all
    ) as e using (source_id, source_name, precision, method)
    where c.valid_to is null and c.kind = 'total' and c.params > 0
        and (c.source_id = 'olb_v2_contents' or c.method = 'safetensors')
    group by source_name
    having max(params) <= 1.1 * min(params)
"""
# Reasons of names that state something else than one size.
_NO_SINGLE = "experts|range|several|stacked"


def main() -> None:
    database = Path(sys.argv[1]) / "leaderboard.duckdb"
    with duckdb.connect(str(database), read_only=True) as con:
        truth = con.sql(_TRUTH).pl()
    labels = pl.read_csv(LABELS).select("source_name", pl.col("verdict").alias("label"))
    read = parse_names(truth["source_name"]).with_columns((pl.col("params_total") / 1e9).alias("params_read_b"))
    rows = (
        truth.join(read, on="source_name")
        .join(labels, on="source_name", how="left")
        .with_columns(
            _is_right().alias("is_right"),
            pl.col("source_name").str.to_lowercase().str.contains(r"[0-9]\s?[bm]([^a-z]|$)").alias("is_stating"),
        )
    )
    read_rows = rows.filter(pl.col("params_read_b").is_not_null())
    counted = read_rows.filter(~pl.col("is_doubtful"))
    is_read = pl.col("is_right") | pl.col("label").is_in(["other_size", "miscounted"])
    stating = rows.filter("is_stating")
    single = stating.filter(~pl.col("reason").fill_null("").str.contains(_NO_SINGLE))
    print(f"models with a measured size    {rows.height:>6,}")
    print(f"names that were read           {read_rows.height:>6,}")
    print(f"rows of them that are doubted  {read_rows.height - counted.height:>6,}")
    print(f"precision, column              {_share(read_rows, pl.col('is_right')):>6.4f}")
    print(f"precision, counted             {_share(counted, pl.col('is_right')):>6.4f}")
    print(f"precision, reading             {_share(counted, is_read):>6.4f}")
    print(f"recall, all                    {_share(stating, pl.col('params_read_b').is_not_null()):>6.4f}")
    print(f"recall, one size               {_share(single, pl.col('params_read_b').is_not_null()):>6.4f}")
    reasons = rows.filter(pl.col("params_read_b").is_null()).group_by("reason").len().sort("len", descending=True)
    for reason, count in reasons.iter_rows():
        print(f"  unread: {reason:<75} {count:>6,}")
    for row in counted.filter(~pl.col("is_right")).sort("source_name").iter_rows(named=True):
        print(
            f"  off: {row['source_name']:<60} read {row['params_read_b']:>5.3g}, counted {row['params_true_b']:>6.3f}"
            f"  {row['label'] or 'not labelled'}"
        )


def _is_right() -> pl.Expr:
    read, true = pl.col("params_read_b"), pl.col("params_true_b")
    unit = pl.when(read == read.floor()).then(1.0).otherwise(0.1)
    is_cut = (true / unit + 1e-9).floor() == (read / unit).round()
    is_rounded = (true / unit).round() == (read / unit).round()
    return (read / true).is_between(1 / 1.35, 1.35) | ((read >= unit) & (is_cut | is_rounded))


def _share(rows: pl.DataFrame, is_right: pl.Expr) -> float:
    return float(rows.select(is_right.fill_null(False).mean()).item())


if __name__ == "__main__":
    main()
