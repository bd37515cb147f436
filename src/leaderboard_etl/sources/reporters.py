"""Who reports a score: the values of `reported_by`, what each means, and which value comes first."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Reporter:
    """One value of `reported_by`. The least rank comes first: `chart_rank` decides which of a model's charted values counts in
    charts, `agreement_rank` which value others are compared with. `is_after_release`: it scores released models only."""

    reported_by: str
    meaning: str
    chart_rank: int
    agreement_rank: int
    is_charted: bool = True
    is_vendor: bool = False
    is_after_release: bool = False


REPORTERS = (
    Reporter("leaderboard", "a leaderboard, of its own runs", 0, 1, is_after_release=True),
    Reporter("arena", "the Arena's tables, which quote others", 1, 3, is_after_release=True),
    Reporter("reference", "a curated row with its link", 2, 2),
    # What others measured speaks before the vendor's word.
    Reporter("third_party", "an evaluator that is neither the vendor nor one of these", 3, 4),
    Reporter("vendor_eval_results", "the model's repository, in .eval_results, of its own", 4, 4, is_vendor=True),
    Reporter("vendor_model_index", "the model's card, in model-index", 5, 4, is_vendor=True),
    Reporter("vendor", "the model's vendor, as another source repeats it", 5, 4, is_vendor=True),
    Reporter("community", "somebody who handed in a run or a result", 6, 4),
    # A table in a card's text may be about another protocol than its label says.
    Reporter("vendor_card_table", "the model's card, in a table of its text", 6, 5, is_charted=False, is_vendor=True),
)
