"""`article check`: what the warehouse says of the numbers and sentences of an article."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from leaderboard_etl.commands.display import plain, print_json, records
from leaderboard_etl.commands.parsing import Commands, add_as_of, add_command, add_json
from leaderboard_etl.errors import UsageError
from leaderboard_etl.settings import Warehouse

if TYPE_CHECKING:
    from leaderboard_etl.article.checking import Checked, Printed
    from leaderboard_etl.article.text import Article

_DISAGREES = 3


def register(commands: Commands) -> None:
    """Registers `article check`."""
    group = commands.add_parser("article", help="compare an article with the warehouse")
    actions = group.add_subparsers(required=True, metavar="ACTION")
    command = add_command(actions, "check", _check, "what the warehouse says of each number and sentence of an article")
    command.add_argument("file", type=Path, metavar="FILE.mdx", help="the article's source, MDX or Markdown")
    command.add_argument(
        "--write",
        action="store_true",
        help="put our numbers in place of those that disagree, and proposals behind sentences that the data do not bear",
    )
    add_as_of(command)
    add_json(command)


def _check(options: argparse.Namespace, warehouse: Warehouse) -> int:
    """Prints what was found; exit code 3 if a printed number disagrees with the warehouse."""
    from leaderboard_etl.article.checking import check_article
    from leaderboard_etl.article.published import judged, published_scores
    from leaderboard_etl.article.scores import names_to_ask, stated_scores
    from leaderboard_etl.article.text import read_article
    from leaderboard_etl.article.writing import rewritten
    from leaderboard_etl.policy import read_policy
    from leaderboard_etl.target.opening import made_by_this_code
    from leaderboard_etl.target.past import open_state
    from leaderboard_etl.warehouse.called import models_meant

    article = read_article(_source(options.file))
    policy = read_policy()
    patterns = list(policy.frame("article_numbers").iter_rows(named=True))
    names = list(policy.frame("article_names").iter_rows(named=True))
    benchmarks = [row for row in names if row["kind"] == "benchmark"]
    with closing(open_state(warehouse, options.as_of, "mart")) as con, made_by_this_code(warehouse.database):
        ours = {row["number_id"]: row for row in records(con.sql("from mart.article_numbers"))}
        claims = records(con.sql("from mart.paper_claims order by article_order"))
        meant = models_meant(con, names_to_ask(article, benchmarks))
        stated = stated_scores(article, benchmarks, lambda name: meant.get(name, ()))
        published = published_scores(con, stated)
    rewrites = {row["claim_id"]: row["rewrite"] for row in policy.frame("claims").iter_rows(named=True)}
    scores = [judged(score, published) for score in stated]
    checked = check_article(article, patterns, names, ours, claims, rewrites, scores)
    if options.json:
        print_json(as_json(options.file, article, checked))
    else:
        print_findings(options.file, article, checked, str(claims[0]["as_of_on"]) if claims else "")
    if options.write:
        options.file.write_text(rewritten(article, checked), encoding="utf-8")
    return _DISAGREES if checked.wrong else 0


def as_json(file: Path, article: Article, checked: Checked) -> dict[str, Any]:
    """What was found, as one object for programs."""
    return {
        "file": str(file),
        "numbers": [
            {
                "line": article.line(number.start),
                "number": number.printed_id,
                "printed": number.text,
                "sentence": number.sentence,
                "verdict": number.verdict,
                "proposal": number.proposal,
                "reason": number.reason,
                **{name: number.ours[name] if number.ours else None for name in _TOLD},
                "others": [{name: row[name] for name in _TOLD} for row in number.others],
            }
            for number in checked.numbers
        ],
        "sentences": [
            {
                "line": article.line(quote.start),
                **{name: quote.claim[name] for name in ("claim_id", "sentence", "paraphrase", "verdict", "evidence")},
                "proposal": quote.proposal,
            }
            for quote in checked.quotes
        ],
        "unknown": [
            {"line": article.line(number.start), "printed": number.text, "sentence": number.sentence}
            for number in checked.unknown
        ],
    }


_TOLD = ("number_id", "value", "lo", "hi", "unit", "on_date", "about", "source_url", "claim_id")


def print_findings(file: Path, article: Article, checked: Checked, day: str) -> None:
    """What was found, one line for each number and sentence, what disagrees first."""
    n_wrong = len(checked.wrong)
    print(f"{file}: {len(checked.numbers)} numbers, {n_wrong} disagree with the warehouse as of {day}")
    for number in sorted(checked.numbers, key=lambda number: (number.verdict != "disagrees", number.start)):
        print(f"  line {article.line(number.start)}: {plain(_in_words(number))}")
    print(f"{len(checked.quotes)} claims are sentences of this text")
    for quote in checked.quotes:
        claim = quote.claim
        said = claim["paraphrase"] or claim["sentence"]
        print(f"  line {article.line(quote.start)}: {claim['verdict']}: {plain(said)} [{claim['claim_id']}]")
        if claim["verdict"] != "holds" and claim["evidence"]:
            print(f"    {plain(claim['evidence'])}")
        if quote.proposal is not None:
            print(f"    the data bear: {plain(quote.proposal)}")
    if checked.unknown:
        print(f"{len(checked.unknown)} other numbers, which are not looked for")
        for other in checked.unknown:
            print(f"  line {article.line(other.start)}: {plain(other.text)} in {plain(other.sentence[:90])!r}")


def _in_words(number: Printed) -> str:
    text = f"{number.verdict}: {number.text!r} ({number.printed_id})"
    if number.ours is None:
        return f"{text}: {number.reason or 'the warehouse has no such number'}"
    if number.reason is not None:
        text += f": {number.reason}"
    # That a score agrees says little without whose it is.
    has_about = number.verdict != "agrees" or number.ours["number_id"].startswith("score.")
    told = "; or ".join(_told(row, has_about=has_about) for row in (number.ours, *number.others))
    text += f"; the warehouse: {told}"
    return text if number.proposal is None else f"{text}; the data bear: {number.proposal}"


def _told(row: Mapping[str, Any], *, has_about: bool) -> str:
    value, lo, hi = (row[name] for name in ("value", "lo", "hi"))
    text = _shown(value)
    if lo is not None and hi is not None and lo != hi:
        text += f" ({_shown(lo)} to {_shown(hi)})"
    if not has_about:
        return text
    return f"{text}, {row['about']}" + (f" ({row['source_url']})" if row["number_id"].startswith("score.") else "")


def _shown(value: float) -> str:
    return f"{value:,.6g}" if abs(value) >= 10_000 else f"{value:.6g}"


def _source(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text in UTF-8"
        raise UsageError(f"{file} cannot be read ({reason}): give the path of the article's source") from error
