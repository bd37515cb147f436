"""Model repositories: the Hub's API answers about them, their cards, configs and weight indexes.

Read here: licence, base models, dates, sizes (safetensors headers, geometry, weight index, the card's words), architecture, and
scores of `model-index` and of tables in the card's text. Left out on purpose: languages, likes, downloads, training data
lists, scores of benchmarks that policy/card_metrics.csv and policy/card_table_rows.csv do not list, figures of other models in
a card's tables (see tables.py), and results of leaderboard v2 in cards (normalised values, which the v2 table has with their
raw ones).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from leaderboard_etl.policy import Policy
from leaderboard_etl.sizes.architecture import config_parameters
from leaderboard_etl.sizes.names import safetensors_total
from leaderboard_etl.sources.base import Parsed, SourceFile
from leaderboard_etl.sources.description import Source, Trust, Work
from leaderboard_etl.sources.model_cards.bases import MOST_BASES, Base, bases_of_answer, bases_of_card, bases_of_recipe
from leaderboard_etl.sources.model_cards.cells import TableRules
from leaderboard_etl.sources.model_cards.model_index import MetricRules, read_model_index
from leaderboard_etl.sources.model_cards.scores import read_scores
from leaderboard_etl.sources.model_cards.sizes import stated_sizes
from leaderboard_etl.sources.model_cards.weights_index import INDEX_PATHS, index_parameters
from leaderboard_etl.sources.records import Records
from leaderboard_etl.sources.shared.front_matter import (
    FrontMatterError,
    contradictions,
    front_block,
    read_front_matter,
    strings,
)
from leaderboard_etl.sources.shared.markdown_tables import CardTable, TooManyTablesError, read_tables
from leaderboard_etl.sources.shared.values import is_lfs_pointer, json_value, mapping, moment, text

SOURCE_ID = "model_cards"
INFO_PATH = "@api/model_info.json"
ABSENT_PATH = "@api/absent.json"
CARD_PATH, CONFIG_PATH, ADAPTER_PATH = "README.md", "config.json", "adapter_config.json"
# Every step over a card is linear and its tables are bounded, so this limit bounds the processor time: the worst text found
# takes just over a second. Cards that people wrote are less than a third of the limit.
MOST_TEXT = 1 << 20
# Repositories older than the Hub's records have this creation date.
_FLOOR = datetime(2022, 3, 3)
_HEADERS = "safetensors.parameters"
_VOCABULARY_MODULES = ("embed_tokens", "lm_head", "wte")
_WEIGHTS = (".safetensors", ".bin", ".gguf", ".pt", ".pth")


@dataclass(frozen=True)
class _Rules:
    """The policy on benchmarks in cards, prepared for thousands of cards."""

    metrics: MetricRules
    table_rows: TableRules
    baselines: dict[str, float | None]

    @classmethod
    def of(cls, policy: Policy) -> _Rules:
        return cls(
            MetricRules(policy.frame("card_metrics").to_dicts()),
            TableRules(policy.frame("card_table_rows").to_dicts()),
            dict(policy.benchmarks.select("variant_id", "random_baseline").iter_rows()),
        )


def parse(files: Sequence[SourceFile], policy: Policy) -> Parsed:
    """Every file alone, except that the config.json of a repository explains the bytes of its weight index (the caller always
    passes both); an unreadable file is one quarantined record."""
    records, rules = Records(SOURCE_ID, by_repository=True), _Rules.of(policy)
    configs: dict[str, dict[str, Any]] = {}
    for file in sorted(files, key=lambda file: file.version.path != CONFIG_PATH):
        path = file.version.path
        if is_lfs_pointer(file.content):
            pointer = "a git-LFS pointer instead of the file"
            records.refuse(file, "file|lfs_pointer", pointer, file.content[:300], "file")
        elif path == ABSENT_PATH:
            records.model(file, "unavailable", is_available=False)
        elif path == CARD_PATH:
            _read_card(file, rules, records)
        elif (loaded := _json_object(file, records)) is None:
            continue
        elif path == INFO_PATH:
            _read_info(file, loaded, records)
        elif path == CONFIG_PATH:
            configs[file.version.repo_id] = loaded
            _read_config(file, loaded, records)
        elif path == ADAPTER_PATH:
            base = text(loaded.get("base_model_name_or_path"))
            records.model(file, "base_model_name_or_path", weight_type="Adapter", base_model_text=base)
            _add_bases(file, [Base(base, "adapter", "base_model_name_or_path")] if base else [], records)
            if saved := _saved_modules(loaded):
                why = f"saves {', '.join(saved)[:200]} whole, which replace those of its base model"
                records.size(file, "modules_to_save", method="config", params=None, reason=why, kind="adapter")
        else:
            params, reason = index_parameters(loaded, configs.get(file.version.repo_id))
            records.size(file, "metadata", method="index", params=params, reason=reason)
    return records.parsed(len(files))


def _read_info(file: SourceFile, info: Mapping[str, Any], records: Records) -> None:
    card = mapping(info.get("cardData"))
    tags = strings(info.get("tags"))
    tagged = _listed(tag.removeprefix("license:") for tag in tags if tag.startswith("license:"))
    is_adapter = _is_adapter(info)
    bases = bases_of_answer(info)
    is_merge = "merge" in (tag.lower() for tag in tags) or any(base.relation == "merge" for base in bases)
    records.model(
        file,
        "id",
        hub_id=text(info.get("id")),
        model_sha=text(info.get("sha")),
        license_text=_license(card) or tagged,
        base_model_text=bases[0].name if bases else None,
        weight_type="Adapter" if is_adapter else None,
        is_merge=True if is_merge else None,
        is_available=not info.get("disabled"),
        created_at=_created(info.get("createdAt")),
    )
    _add_bases(file, bases, records)
    weights = mapping(info.get("safetensors"))
    if not isinstance(weights.get("parameters"), dict):
        return
    total = weights.get("total")
    params, reason = safetensors_total(weights["parameters"], total if isinstance(total, int) else None)
    if is_adapter:
        records.size(file, _HEADERS, method="safetensors", params=params, reason=reason, kind="adapter")
        params, reason = None, "the weights are an adapter's, to be added to those of its base model"
    records.size(file, _HEADERS, method="safetensors", params=params, reason=reason)


def _is_adapter(info: Mapping[str, Any]) -> bool:
    """Whether a repository holds an adapter and not a model: by its files or, if they are not listed, by its library. Trainers
    push the base's config.json beside an adapter: if all the weights are the adapter's, it is still an adapter."""
    siblings = info.get("siblings")
    listed = [mapping(entry).get("rfilename") for entry in siblings] if isinstance(siblings, list) else []
    files = {name for name in listed if isinstance(name, str)}
    if not files:
        return info.get("library_name") == "peft"
    weights = [name for name in files if name.endswith(_WEIGHTS)]
    holds_adapter_alone = bool(weights) and all(name.startswith("adapter_") for name in weights)
    return ADAPTER_PATH in files and (CONFIG_PATH not in files or holds_adapter_alone)


def _saved_modules(adapter: Mapping[str, Any]) -> list[str]:
    """The modules of its base that an adapter's file holds whole: those that it trains so, and embedding and head if it adapts
    them (https://huggingface.co/docs/peft/developer_guides/lora)."""
    adapted = [name for name in strings(adapter.get("target_modules")) if name in _VOCABULARY_MODULES]
    return sorted({*strings(adapter.get("modules_to_save")), *adapted})


def _add_bases(file: SourceFile, bases: Sequence[Base], records: Records, stated_in: str = "metadata") -> None:
    if len(bases) > MOST_BASES:
        reason = f"{len(bases):,} base models, over the limit of {MOST_BASES}: none of them is believed"
        records.refuse(file, "card|bases", reason, ", ".join(base.name for base in bases), stated_in, "model_bases")
        return
    for place, base in enumerate(bases):
        said = {"base_model_text": base.name, "relation": base.relation, "stated_in": stated_in, "place": place}
        records.base(file, base.locator, **said)


def _read_card(file: SourceFile, rules: _Rules, records: Records) -> None:
    try:
        card = read_front_matter(file.content)
    except FrontMatterError as error:
        reason = f"the front matter cannot be read: {error}"
        records.refuse(file, "card|yaml", reason, file.content[:300], "front matter")
        card = {}
    for where, contradiction in contradictions(card):
        reason = f"the key {where} occurs more than once with different values: none of them is believed"
        records.refuse(file, "card|repeated_key", reason, contradiction, where)
    bases = bases_of_card(card)
    if card:
        is_merge = True if any(base.relation == "merge" for base in bases) else None
        first = bases[0].name if bases else None
        records.model(file, "front matter", license_text=_license(card), base_model_text=first, is_merge=is_merge)
        _add_bases(file, bases, records)
        read_model_index(card.get("model-index"), file, rules.metrics, rules.baselines, records)
    _, body = front_block(file.content.decode("utf-8", "replace"))
    if len(body) > MOST_TEXT:
        reason = f"{len(body):,} characters of text, over the limit of {MOST_TEXT:,}: its tables and sizes are not read"
        records.refuse(file, "card|size", reason, body[:300], "text")
        return
    listed = {base.name.lower() for base in bases}
    further = [base for base in bases_of_recipe(body) if base.name.lower() not in listed]
    _add_bases(file, further, records, "recipe")
    _read_tables(file, body, rules, records)
    total, active, line = stated_sizes(body)
    for kind, params in (("total", total), ("active", active)):
        if params is not None:
            records.size(file, f"line {line!r}", method="card_text", params=params, kind=kind)


def _read_tables(file: SourceFile, body: str, rules: _Rules, records: Records) -> None:
    tables: list[CardTable] = []
    try:
        tables.extend(read_tables(body))
    except TooManyTablesError as error:
        records.refuse(file, "card|tables", f"not read to its end: {error}", error, "text", "scores")
    n_scores: Counter[str] = Counter()
    for score in read_scores(tables, file.version.repo_id, rules.table_rows, rules.baselines):
        if score.rule is not None:
            records.refuse(file, score.rule, score.reason or "", score.cell_text, score.locator, "scores")
            continue
        n_scores[score.variant_id] += 1
        nth = n_scores[score.variant_id]
        records.score(
            file,
            score.locator,
            variant_id=score.variant_id,
            run_id="card table" if nth == 1 else f"card table#{nth}",
            score_raw=score.score_raw,
            score_unit=score.score_unit,
            stderr_raw=score.stderr_raw,
            n_shot=score.n_shot,
            reported_by="vendor_card_table",
            is_verified=False,
            protocol=score.protocol,
        )


def _read_config(file: SourceFile, config: Mapping[str, Any], records: Records) -> None:
    architecture = next(iter(strings(config.get("architectures"))), None)
    size = config_parameters(config)
    records.model(file, "architectures", architecture=architecture, is_moe=size.is_moe)
    for kind, params, reason in (("total", size.total, size.reason), ("active", size.active, size.active_reason)):
        records.size(file, "geometry", method="config", params=params, reason=reason, kind=kind)
    for kind, params in (("embedding", size.embedding), ("prediction", size.prediction)):
        if params:
            records.size(file, "geometry", method="config", params=params, kind=kind)


def _json_object(file: SourceFile, records: Records) -> dict[str, Any] | None:
    try:
        loaded = json_value(file.content)
    except ValueError as error:
        records.refuse(file, "file|json", f"not JSON: {error}", file.content[:300], "file")
        return None
    if isinstance(loaded, dict):
        return loaded
    records.refuse(file, "file|json", "JSON, but not an object", file.content[:300], "file")
    return None


def _license(card: Mapping[str, Any]) -> str | None:
    """The licences in a card's metadata; for one that is only 'other' the name that the card gives it."""
    name = next(iter(strings(card.get("license_name"))), None)
    licenses = strings(card.get("license")) or ["other"] * bool(name)
    return _listed(name if name and license_ == "other" else license_ for license_ in licenses)


def _listed(licenses: Iterable[str]) -> str | None:
    """Several licences as one text; null for none."""
    return "; ".join(dict.fromkeys(licenses)) or None


def _created(value: object) -> datetime | None:
    created_at = moment(value)
    return created_at if created_at is not None and created_at >= _FLOOR else None


SOURCE = Source(
    source_id=SOURCE_ID,
    title="Model repositories that the tables name: API answer, card, config, weight index",
    repo_type="model",
    wants=lambda path: path in (INFO_PATH, ABSENT_PATH, CARD_PATH, CONFIG_PATH, ADAPTER_PATH, *INDEX_PATHS),
    parse=parse,
    reported_by=("vendor_model_index", "vendor_card_table"),
    is_braked=False,
    trust=Trust(spelling=20, repository=10, release=20, experts=20),
    left_out="what only the prose says (training tokens, release dates, scores in sentences); languages, likes, downloads, lists"
    " of training data; scores of benchmarks that `policy/card_metrics.csv` and `policy/card_table_rows.csv` do not list, and of"
    " parts of one (a subject, a language); figures of other models in a card's tables; results of leaderboard v2 in cards",
    left_out_because="prose is not read for figures, except sizes, because it also describes other models; the tables have no"
    " columns for the others; results of v2 in cards are normalised values, which the v2 table has with their raw ones",
    works=(
        Work(
            "Model cards and metadata of the repositories on the Hugging Face Hub",
            "each repository's own",
            "https://huggingface.co/models",
        ),
    ),
)
