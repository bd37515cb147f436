"""Who reports a score: the values of `reported_by`, what each means, and whose value goes first."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Reporter:
    """One value of `reported_by`. Least ranks go first: `chart_rank` decides which of a model's values speaks for it, null
    where none of them may; `agreement_rank` which value others are compared with."""

    reported_by: str
    meaning: str
    chart_rank: int | None
    agreement_rank: int
    is_vendor: bool = False


REPORTERS = (
    Reporter("leaderboard", "a leaderboard's own runs", 0, 1),
    Reporter("arena", "the Arena's tables, which quote others", 1, 3),
    Reporter("reference", "a figure recorded elsewhere, with its link", 2, 2),
    Reporter("vendor_eval_results", "the model's repository, in .eval_results", 3, 4, is_vendor=True),
    Reporter("vendor_model_index", "the model's card, in model-index", 4, 4, is_vendor=True),
    Reporter("community", "runs or results that somebody else handed in", 5, 4),
    Reporter("third_party", "an evaluator that is neither the vendor nor a leaderboard of this list", 5, 4),
    Reporter("vendor_card_table", "the model's card, in a table of its text alone", None, 5, is_vendor=True),
)
