"""Which model a person means by a name: one of core.models, by its own names and by those that sources use."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from leaderboard_etl.hyphens import plain_hyphens

if TYPE_CHECKING:
    import duckdb


def models_called(con: duckdb.DuckDBPyConnection, names: Iterable[str]) -> dict[str, list[str]]:
    """The ids of the models that have each of the names, whatever its letter case, by the first of these rules that has any: an
    id; a display name or name of a source; an official model's id without the organization; what is spelled like one of these
    names of an official model, blanks, hyphens and the like aside; and the last two of any model. A name of no model is left out.

    Of an official model's own name on the Hub another's display name does not deprive it: what people call an Instruct model, and
    its base's repository is called, means both. A name may have other hyphens than plain ones.
    """
    plain = {name: plain_hyphens(name) for name in names}
    called = _called(con, list(dict.fromkeys((*plain, *plain.values()))))
    found = {name: called.get(name) or called.get(plain[name]) for name in plain}
    return {name: ids for name, ids in found.items() if ids}


def _called(con: duckdb.DuckDBPyConnection, names: list[str]) -> dict[str, list[str]]:
    """The same of names as they are spelled."""
    # Most ask by id, and no other rule has a say then: the other names of all models are not read.
    of_ids = con.execute("select model_id from core.models where list_contains($names, model_id)", {"names": names})
    found = {model_id: [model_id] for (model_id,) in of_ids.fetchall()}
    others = [name for name in names if name not in found]
    if not others:
        return found
    rows = con.execute(
        f"""
        with asked as (

            select unnest($names) as name, {folded("name")} as folded_name

        ),

        models as materialized (

            select
                model_id, display_name, population,
                {folded("model_id")} as folded_id,
                {folded("display_name")} as folded_display_name,
                {_OWN_NAME} as own_name,
                split_part(model_id, '/', -1) as repo_name
            from core.models
            where regexp_matches(model_id, $spelled) or regexp_matches(display_name, $spelled)

        ),

        other_names as materialized ({_OTHER_NAMES}),

        named as (

            select a.name, m.model_id, 0 as rank
            from asked as a
            join models as m on lower(m.model_id) = lower(a.name)
            union
            select a.name, m.model_id, 1
            from asked as a
            join other_names as m on lower(m.source_name) = lower(a.name)
            union
            select a.name, m.model_id, 1
            from asked as a
            join models as m on lower(m.display_name) = lower(a.name)
            union
            select a.name, m.model_id, 1
            from asked as a
            join models as other on lower(other.display_name) = lower(a.name) and other.own_name <> a.folded_name
            join models as m on m.own_name = a.folded_name and m.population = 'official'
            union
            select a.name, m.model_id, case m.population when 'official' then 2 else 4 end
            from asked as a
            join models as m on lower(m.repo_name) = lower(a.name)
            union
            select a.name, m.model_id, 3
            from asked as a
            join models as m on m.own_name = a.folded_name and m.population = 'official'
            union
            select a.name, m.model_id, case m.population when 'official' then 3 else 5 end
            from asked as a
            join (
                select model_id, population, unnest([folded_id, folded_display_name, {folded("repo_name")}]) as folded
                from models
            ) as m on m.folded = a.folded_name

        )

        select distinct name, model_id from named qualify rank = min(rank) over (partition by name) order by all
        """,
        {"names": others, "spelled": _spelled_like(others) if len(others) <= _MOST_NAMES else ""},
    ).fetchall()
    for name, model_id in rows:
        found.setdefault(name, []).append(model_id)
    return found


def folded(name: str) -> str:
    """A name, as SQL of one, in small letters and without what people write in the place of a blank."""
    # A pattern takes three times as long, and explain folds three names of every model.
    return f"replace(replace(replace(replace(lower({name}), ' ', ''), '_', ''), '/', ''), '-', '')"


def _spelled_like(names: Iterable[str]) -> str:
    """A pattern of what ends like one of some names, blanks, hyphens and the like aside: of all models few names are folded then.
    Of a long name the end is enough."""
    ends = {re.sub("[ _/-]", "", name)[-12:] for name in names}
    # The Turkish capital i is small in DuckDB alone, and signs mean something in a pattern: there may be any letter.
    plain = (re.sub("[^a-hj-zA-HJ-Z0-9]", ".", end) for end in sorted(ends))
    return f"(?is)(?:{'|'.join('[ _/-]*'.join(end) for end in plain)})[ _/-]*$"


# A pattern of 300 names is still fast, one of 1,000 takes seconds.
_MOST_NAMES = 100
# Names that are not the model's id itself: of 342,000 names 20,000.
_OTHER_NAMES = "select model_id, source_name from core.model_aliases where method <> 'hub_id'"
# What a repository is called, without its owner and a vendor's name that people leave out.
_OWN_NAME = "regexp_replace(" + folded("split_part(model_id, '/', -1)") + ", '^meta', '')"


def models_meant(con: duckdb.DuckDBPyConnection, names: Iterable[str]) -> dict[str, list[str]]:
    """The ids of the models that each of the names may mean in a sentence: by models_called, then official releases that it may
    be short for. A name of none is left out."""
    asked = sorted(set(names))
    called, releases = models_called(con, asked), releases_called(con, asked)
    return {
        name: list(dict.fromkeys((*called.get(name, ()), *releases.get(name, ()))))
        for name in asked
        if name in called or name in releases
    }


# Words behind a name that tell a tuning or a day of one release from another, and no other model.
_OF_A_RELEASE = re.compile(r"instruct|chat|it|base|hf|original|latest|preview|exp|experimental|\d+k|v?\d+(?:\.\d+)?")
# A remark in parentheses, and a vendor's name that its models are called with and without.
_REMARK = re.compile(r"\([^()]*\)|^meta(?=[ _-])")


def releases_called(con: duckdb.DuckDBPyConnection, names: Iterable[str]) -> dict[str, list[str]]:
    """The ids of all official models that each of the names may be short for: their names say besides only a tuning, a version,
    a length of context or a day, as gpt-4-0613 does of GPT-4. A name of no such model is left out."""
    words_of = {name: _words(plain_hyphens(name)) for name in names}
    of_first: dict[str, list[tuple[str, list[str]]]] = {}
    for model_id, words in _official_names(con, words_of.values()):
        of_first.setdefault(words[0], []).append((model_id, words))
    found: dict[str, list[str]] = {}
    for name, asked in words_of.items():
        for model_id, words in of_first.get(asked[0], ()):
            rest = words[len(asked) :]
            if words[: len(asked)] == asked and all(map(_OF_A_RELEASE.fullmatch, rest)):
                found.setdefault(name, []).append(model_id)
    return {name: sorted(set(ids)) for name, ids in found.items()}


def called_alike(con: duckdb.DuckDBPyConnection, name: str, model_id: str) -> list[str]:
    """At most five official models that a person may have meant as well, because their names begin with the same words; none
    where the name is a whole id, with its owner: a base's own name without it is what people call the tuned release as well."""
    name = plain_hyphens(name)
    if "/" in name and name.lower() == model_id.lower():
        return []
    asked = _words(name)
    alike = {
        other for other, words in _official_names(con, [asked]) if words[: len(asked)] == asked and other != model_id
    }
    return sorted(alike, key=lambda other: (len(other), other))[:5]


def _official_names(con: duckdb.DuckDBPyConnection, asked: Iterable[list[str]]) -> list[tuple[str, list[str]]]:
    """The ids of official models with the words of each of their names that begins with the first word of one of `asked`. DuckDB
    leaves out most names without the words that all of these begin with, which takes a third of the time that taking 36,000 of
    them apart takes."""
    of_asked = list(asked)
    first_words = {words[0] for words in of_asked}
    shared = of_asked[0] if len(of_asked) == 1 else first_words if len(first_words) == 1 else ()
    rows = con.execute(
        f"""
        with official as (

            select model_id, display_name from core.models where population = 'official'

        ),

        other_names as materialized ({_OTHER_NAMES}),

        names as (

            select model_id, unnest([split_part(model_id, '/', -1), display_name]) as name from official
            union all
            select model_id, source_name from other_names semi join official using (model_id)

        )

        select distinct model_id, name
        from names
        -- A word may stand on both sides of a remark in parentheses.
        where lower(name) like $words or contains(name, '(')
        """,
        {"words": f"%{'%'.join(shared)}%"},
    ).fetchall()
    words_of = ((model_id, _words(name)) for model_id, name in rows)
    return [(model_id, words) for model_id, words in words_of if words[0] in first_words]


def _words(name: str) -> list[str]:
    return re.split(r"[ _-]+", _REMARK.sub("", name.lower().split("/")[-1]).strip(" _-"))
