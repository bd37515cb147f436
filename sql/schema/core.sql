-- The current state after judgement: one model id across sources, one unit, one normalisation. Each run brings it up to date with history, or makes it anew (as a query as of a date does).

-- Sources, as their folders describe them. One row per source; statements of policy itself have source_id 'policy' and no row here.
create table core.sources (
    source_id varchar not null,         -- Source: the name of its folder
    title varchar not null,             -- What the source is, for people
    repo_type varchar not null check (repo_type in ('dataset', 'space', 'model', 'project')), -- Where its files are: in a dataset or a space of the Hub, in the models' own repositories (model), or in this project
    repo_id varchar,                    -- Repository of its files; null: the models' own, or this project
    link_pattern varchar,               -- Address of a file, with the placeholders {repo_id}, {revision} and {path}; null: files of this project have none
    names varchar not null check (names in ('hub', 'own', 'model_id', 'coined')), -- What its names are: repositories of the Hub (hub), names that only this source uses (own), ours (model_id), or names that look like a repository's and need not be one (coined)
    leaderboard varchar check (leaderboard in ('olb_v1', 'olb_v2')), -- Leaderboard that it belongs to (olb_v1, olb_v2); null: it is not one of several sources of a leaderboard
    submissions varchar check (submissions in ('table_row', 'request')), -- What each of its records is in core.submissions: a row of the leaderboard's table or a request for an evaluation; null: not a submission
    score_step_pct double,              -- Step to which it rounds its scores, percent; null: not rounded
    spelling_rank integer,              -- Rank among those that spell a repository's name, least first; null: last
    repository_rank integer,            -- Rank among those that state architecture, licence, base model and availability, least first; null: last
    release_rank integer,               -- Rank among those that state display name, organization, family, openness, tuning and training tokens, least first; null: last
    experts_rank integer,               -- Rank among those that state whether a model is a mixture of experts, least first; null: not believed
    has_repeated_sizes boolean not null, -- Whether its sizes only repeat those of another source, so that they do not contradict any
    has_editions boolean not null,      -- Whether its files are dated editions, of which only the newest counts
    has_dated_past boolean not null,    -- Whether its repository's past commits can be landed as states of their days
    is_braked boolean not null,         -- Whether a sudden loss or jump of its scores holds it at its last good state
    left_out varchar not null,          -- What is deliberately not loaded from its files
    left_out_because varchar not null   -- Why that is not loaded
);

-- Parts of a source that has several evaluators, each with a protocol of its own. One row per source and part.
create table core.collections (
    source_id varchar not null,         -- = core.sources
    collection_id varchar not null,     -- = core.citations
    title varchar not null,             -- What the part is, for people
    repeats_source_id varchar,          -- Source whose measurements it repeats, as a second record of them; null: it repeats none
    rounded_to_pct double not null      -- Step to which it rounds what it repeats, points; 0: as published
);

-- Works to cite for the data of a source. One row per source, collection and work.
create table core.citations (
    source_id varchar not null,         -- = core.sources
    collection_id varchar,              -- Part of the source that the work is about; null: the source as a whole
    citation varchar not null,          -- Authors, title, year, place
    license varchar not null,           -- Licence of the data, in words if it is not a known licence
    license_id varchar,                 -- SPDX id of the licence under which anyone may pass the data on; null: none such is stated
    source_url varchar not null         -- Link to the work
);

-- Who reports scores, and which value comes first. One row per value of reported_by.
create table core.reporters (
    reported_by varchar not null,       -- = history.scores
    meaning varchar not null,           -- Who that is
    chart_rank integer not null,        -- Rank of its values when mart.model_scaling chooses the score of a model, least first
    agreement_rank integer not null,    -- Rank of its values when mart.source_agreement chooses the value that others are compared with, least first
    is_charted boolean not null,        -- Whether its values may represent a model in a chart
    is_vendor boolean not null,         -- Whether it is the model's vendor
    is_after_release boolean not null   -- Whether it scores released models only, so that no release is later than its first score
);

-- Numbers that the rules of the marts use, from policy. One row per rule.
create table core.rules (
    rule varchar not null,              -- Name of the number
    value double not null,              -- The number
    unit varchar not null check (unit in ('share', 'count', 'days', 'points')), -- Its unit: share, count, days or points
    reason varchar not null             -- Why it is this number
);

-- Settings that current scores state, and their order by policy/settings. One row per setting, without 'n/a'.
create table core.settings (
    setting varchar not null,           -- = history.scores
    effort_rank integer not null,       -- Rank among the efforts of reasoning, least first; -1: no pattern of policy matches it
    budget_tokens bigint not null,      -- Tokens that the setting allows for reasoning; 0: not named
    has_tools boolean not null          -- Whether the model had tools
);

-- Models. One row per model.
create table core.models (
    model_id varchar not null,          -- Model: the Hub's repository name if it has one, else organization/version as the reference names it
    display_name varchar not null,      -- Name of the model for people; of models that share one, with the end of the id, and of copies with the owner, in parentheses
    organization varchar not null,      -- Owner on the Hub, or the vendor
    family varchar,                     -- Model family by policy or reference; null: not assigned
    base_model_id varchar,              -- Model that it was tuned or merged from, the first of core.model_bases; null: it is itself a base, or none is stated
    base_model_relation varchar check (base_model_relation in ('quantized', 'adapter', 'merge', 'finetune')), -- How it was made from it, as the Hub calls it: quantized (a copy with packed weights: a variant, not a model), adapter, merge or finetune; null: no base is known
    openness varchar not null check (openness in ('open_weights', 'proprietary', 'unknown')), -- Whether the weights may be downloaded; unknown: no licence or source says
    license_text varchar,               -- Licence as its best source spells it; null: not stated anywhere
    license_id varchar,                 -- SPDX id or name of a community licence, of several that of the most restrictive; null: not stated or not recognised
    license_class varchar not null check (license_class in ('permissive', 'copyleft', 'community', 'non_commercial', 'proprietary', 'unknown')), -- Kind of licence, from the least restrictive to the most; of several licences the most restrictive counts
    license_reason varchar,             -- Why license_class is unknown; null: it is known
    released_on date,                   -- Release date by the best evidence; null: no evidence (the day of a bulk import is not evidence)
    released_on_method varchar check (released_on_method in ('reference', 'hub_upload', 'hub_created', 'leaderboard_submission', 'first_score')), -- Evidence for the date, best first: a curated row with a link (reference), the upload of the weights (hub_upload), the creation of the repository (hub_created), or the submission to a leaderboard, which may be months later (leaderboard_submission); first_score: the best of them gives a later day than the first score in a public table, which is then the date; null: no evidence
    params_total bigint,                -- Total parameters (count) of the chosen evidence; null: unknown, see params_reason
    params_active bigint,               -- Parameters used per token (count); null: unknown, see params_active_reason; for dense models equal to params_total, unless embeddings are only looked up (Gemma 3n)
    params_method varchar,              -- Method of the chosen total, a row of policy/parameter_methods (override: set in policy/parameter_overrides); null: unknown
    params_confidence double,           -- Confidence in the chosen total, 0-1, by method; null: unknown
    params_reason varchar,              -- Why params_total is null; null: params_total is known
    params_active_reason varchar,       -- Why params_active is null; null: params_active is known
    is_moe boolean,                     -- Whether the model is a mixture of experts; false only of a known family without experts; null: no source says
    architecture varchar,               -- Model class; null: no source says
    tuning varchar,                     -- = history.models
    training_tokens double,             -- Pretraining tokens; null: not published
    is_merge boolean,                   -- Whether it is a merge of other models; null: no source says
    is_flagged boolean,                 -- Whether a leaderboard flagged it, for which its table gives no reason; null: no source says
    is_official boolean not null,       -- Whether an organization of policy/official_organizations released it, or it is proprietary
    is_available boolean,               -- Whether the repository was visible on the Hub when last asked; null: never asked, or not a Hub model
    population varchar not null check (population in ('official', 'fine_tune', 'quantized', 'merge', 'flagged', 'not_language')), -- Group for frontiers and fits: official, fine_tune, quantized, merge or flagged (the first that applies from the right, official before fine_tune); not_language: no language model, in no frontier, fit or count
    not_language_reason varchar         -- Why it is not counted among language models, a row of policy/not_language_models; null: it is one
);

-- What models were made from: all parents that their best source states, or the one that policy or a name tells. One row per model and base.
create table core.model_bases (
    model_id varchar not null,          -- = core.models
    base_model_id varchar not null,     -- Model that it was made from; it need not be in core.models
    relation varchar not null check (relation in ('quantized', 'adapter', 'merge', 'finetune')), -- = core.models.base_model_relation
    is_first boolean not null,          -- Whether it is base_model_id of core.models
    source_id varchar not null,         -- Source that says so; policy: policy/base_models
    source_name varchar not null,       -- = history.models
    repo_id varchar not null,           -- = history.models
    revision varchar not null,          -- = history.models
    path varchar not null,              -- = history.models
    locator varchar not null            -- = history.models; model name: the model is called like the base, with a word more
);

-- The model that each name of each source means. One row per source and name.
create table core.model_aliases (
    source_id varchar not null,         -- Source that uses the name
    source_name varchar not null,       -- = history.scores
    model_id varchar not null,          -- = core.models
    method varchar not null check (method in ('hub_id', 'hub_id_case', 'hub_rename', 'hub_link', 'alias', 'reference', 'unresolved')), -- How the name leads to the model: it is the repository (hub_id) or differs in letter case (hub_id_case); the Hub renamed the repository (hub_rename); the table links to it (hub_link); policy/model_aliases says so (alias); a curated row (reference); or it leads nowhere, or to a model that it contradicts (unresolved): a model of its own until policy says which
    reason varchar                      -- Why a name that the Hub or a link leads to a model counts as a model of its own; null: it does not
);

-- Every statement about a model's size and which one was chosen. One row per model, kind, method, source and name.
create table core.parameter_evidence (
    model_id varchar not null,          -- = core.models
    kind varchar not null,              -- = history.parameter_claims
    method varchar not null,            -- = history.parameter_claims
    params bigint,                      -- = history.parameter_claims
    reason varchar,                     -- = history.parameter_claims
    confidence double,                  -- Confidence of the method, 0-1
    is_doubtful boolean not null,       -- True if reason is a doubt: used only if there is no sound statement
    is_chosen boolean not null,         -- True for the one that core.models uses
    disagreement_pct double,            -- Distance from the chosen one in percent; null: params is null or nothing chosen
    is_disagreeing boolean not null,    -- True where disagreement_pct is over 10
    source_id varchar not null,         -- = history.parameter_claims
    source_name varchar not null,       -- = history.parameter_claims
    precision varchar not null,         -- = history.parameter_claims
    source_url varchar,                 -- = history.parameter_claims
    repo_id varchar not null,           -- = history.parameter_claims
    revision varchar not null,          -- = history.parameter_claims
    path varchar not null,              -- = history.parameter_claims
    locator varchar not null            -- = history.parameter_claims
);

-- Benchmark variants: the same benchmark under another protocol is another variant. One row per variant.
create table core.benchmarks (
    benchmark_id varchar not null,      -- Benchmark: mmlu, gpqa, humaneval and so on
    variant_id varchar not null,        -- Benchmark with its protocol (mmlu_olb_v1, gpqa_diamond_reported ...)
    display_name varchar not null,      -- Name of the variant for people
    comparable_group varchar not null,  -- Group of variants that may be compared, in one column or chart
    metric varchar not null,            -- Metric as lm-evaluation-harness names it
    n_shot integer,                     -- In-context examples; null: mixed or not stated
    scale varchar not null check (scale in ('fraction', 'percent', 'points_10', 'rating')), -- Unit in which it is usually published: fraction (0-1), percent (0-100), points_10 (1-10) or rating
    score_min_pct double not null,      -- Least possible score, percent of the scale's maximum
    score_max_pct double not null,      -- Greatest possible score, percent of the scale's maximum
    random_baseline double,             -- Expected score of guessing, as a fraction of the maximum; null: not defined, so no normalised score
    score_ceiling double not null,      -- Greatest attainable score, as a fraction of the maximum
    norm_rule varchar not null check (norm_rule in ('aggregate', 'by_subtask', 'none')), -- aggregate: normalise the score itself; by_subtask: only subtasks can be normalised, else the published value is kept; none: not normalised
    aggregation varchar not null check (aggregation in ('single', 'macro_mean', 'size_weighted_mean', 'mean_of_metrics', 'none')), -- How subtasks make the score; none: not stated
    released_on date,                   -- Date of the benchmark's paper; null: not recorded
    superseded_by varchar,              -- benchmark_id of its successor; null: none
    caveats varchar,                    -- What a reader must know; null: nothing
    source_url varchar not null         -- Link for the protocol and the baseline
);

-- Groups of variants that may be compared, and where an archive ends. One row per comparable group.
create table core.comparable_groups (
    comparable_group varchar not null,             -- = core.benchmarks
    benchmark_id varchar not null,                 -- = core.benchmarks
    display_name varchar not null,                 -- Name of the group for people
    is_headline boolean not null,                  -- Whether policy makes it a candidate for its benchmark's headline: of the candidates mart.parity.is_headline counts one or more. True also of groups without a model yet, false of some that have both sides
    observed_through_open_on date,                 -- Last date on which an archive could have seen a new open model, and the limit of mart.gap_sides; null: its sources are still updated, or have no open model
    observed_through_proprietary_on date,          -- The same for proprietary models; null: its sources are still updated, or have none
    match_tolerance_pct double not null, -- Difference in points that still counts as a match
    caveats varchar,                               -- = core.benchmarks
    source_url varchar not null                    -- Link for the dates
);

-- Scores that stand now, in one unit and normalised. One row per source, name, variant, precision, chat template, setting and run; of
-- a source's dated editions the newest that has the score (history.scores has all).
create table core.scores (
    model_id varchar not null,            -- = core.models
    benchmark_id varchar not null,        -- = core.benchmarks
    variant_id varchar not null,          -- = core.benchmarks
    comparable_group varchar not null,    -- = core.benchmarks
    score_raw double not null,            -- = history.scores
    score_unit varchar not null,          -- = history.scores
    score_pct double not null,            -- Percent of the scale's maximum, 0-100, to ten decimals; score_raw is as published
    score_norm_pct double,                -- 0 = random guessing, 100 = ceiling, clipped at 0; null: see norm_method
    norm_method varchar not null check (norm_method in ('computed', 'published', 'none')), -- How score_norm_pct was obtained: computed (by us, from subtasks where they decide), published (only subtasks can be normalised, we have none, and the source published it) or none (no baseline, or no published value)
    stderr_pct double,                    -- Standard error of score_pct, points; null: not published
    n_shot integer,                       -- In-context examples; those of the variant if the source does not say; null: not stated
    precision varchar not null,           -- = history.scores
    tuning varchar,                       -- = core.models
    has_chat_template boolean,            -- = history.scores
    setting varchar not null,             -- = history.scores
    run_id varchar not null,              -- = history.scores
    reported_by varchar not null,         -- = history.scores
    is_verified boolean,                  -- = history.scores
    is_corrected boolean not null,        -- True where a row of policy/corrections replaced the published value, its variant or its model
    protocol varchar,                     -- = history.scores
    evaluated_on date,                    -- = history.scores
    source_id varchar not null,           -- = history.scores
    source_name varchar not null,         -- = history.scores
    source_url varchar,                   -- = history.scores
    repo_id varchar not null,             -- = history.scores
    revision varchar not null,            -- = history.scores
    path varchar not null,                -- = history.scores
    blob_id varchar not null,             -- = history.scores
    locator varchar not null,             -- = history.scores
    load_id integer not null              -- = history.scores
);

-- Every metric of every task and subtask. One row per source, name, run, task and metric.
-- columns:
--   model_id: = core.models
--   benchmark_id: = history.subtask_scores
--   subtask: = history.subtask_scores
--   task: = history.subtask_scores
--   metric: = history.subtask_scores
--   metric_filter: = history.subtask_scores
--   score_raw: = history.subtask_scores
--   stderr_raw: = history.subtask_scores
--   n_shot: = history.subtask_scores
--   task_version: = history.subtask_scores
--   harness_version: = history.subtask_scores
--   model_sha: = history.subtask_scores
--   precision: = history.subtask_scores
--   has_chat_template: = history.subtask_scores
--   run_id: = history.subtask_scores
--   reported_by: = history.subtask_scores
--   evaluated_on: = history.subtask_scores
--   source_id: = history.subtask_scores
--   source_name: = history.subtask_scores
--   repo_id: = history.subtask_scores
--   revision: = history.subtask_scores
--   path: = history.subtask_scores
--   blob_id: = history.subtask_scores
--   locator: = history.subtask_scores
--   load_id: = history.subtask_scores
create view core.subtask_scores as
select
    a.model_id, h.benchmark_id, h.subtask, h.task, h.metric, h.metric_filter, h.score_raw, h.stderr_raw, h.n_shot,
    h.task_version, h.harness_version, h.model_sha, h.precision, h.has_chat_template, h.run_id, h.reported_by, h.evaluated_on,
    h.source_id, h.source_name, h.repo_id, h.revision, h.path, h.blob_id, h.locator, h.load_id
from history.subtask_scores as h
join core.model_aliases as a on a.source_id = h.source_id and a.source_name = h.source_name
where h.valid_to is null;

-- What was submitted to the Open LLM Leaderboards: requests, and rows of their tables. One row per source, name, precision and file.
create table core.submissions (
    model_id varchar not null,          -- = core.models
    source_id varchar not null,         -- Source that holds the submission
    source_name varchar not null,       -- = history.submissions
    leaderboard varchar not null,       -- = core.sources
    kind varchar not null check (kind in ('request', 'table_row')), -- What the row is
    precision varchar not null,         -- = history.submissions
    status varchar not null,            -- = history.submissions; FINISHED for a row of a table
    submitted_on date,                  -- Date of submission, UTC; null: not stated
    repo_id varchar not null,           -- = history.submissions
    revision varchar not null,          -- = history.submissions
    path varchar not null,              -- = history.submissions
    blob_id varchar not null,           -- = history.submissions
    locator varchar not null            -- = history.submissions
);

-- Periods in which a board's ratings were made in one way, from policy. One row per board and series.
create table core.rating_series (
    source_id varchar not null,           -- Source with the board
    board varchar not null,               -- = history.ratings
    series varchar not null,              -- Name of the series: ratings of two series are not comparable
    starts_on date not null,              -- First day of the series; it ends on the day before the next one
    points_per_tenfold double not null,   -- Difference of two ratings, points, at which the odds of a win are ten to one
    method varchar not null,              -- How its ratings are made
    reason varchar not null,              -- How the change is known, and what the difference of ratings means
    source_url varchar not null           -- Where the source says so
);

-- Every rating ever published, by day, with its model. One row per source, board, day and name: the newest statement
-- of that day, also of a model that its source no longer lists.
create table core.ratings (
    source_id varchar not null,           -- = history.ratings
    board varchar not null,               -- = history.ratings
    series varchar not null,              -- = core.rating_series
    published_on date not null,           -- = history.ratings
    source_name varchar not null,         -- = history.ratings
    model_id varchar not null,            -- = core.models; a name that leads nowhere is a model of its own (core.model_aliases says unresolved)
    setting varchar not null,             -- Reasoning effort or thinking budget that the name states: in brackets, with a budget, or as a word behind it that the model's own name lacks (high of gpt-5-high); 'n/a': none, or a bare word of a name that leads nowhere
    rating double not null,               -- = history.ratings
    rating_lower double,                  -- = history.ratings
    rating_upper double,                  -- = history.ratings
    n_votes bigint,                       -- = history.ratings
    organization varchar,                 -- = history.ratings
    license_text varchar,                 -- = history.ratings
    openness varchar not null,            -- = core.models; else by the licence of that day and policy/licenses
    repo_id varchar not null,             -- = history.ratings
    revision varchar not null,            -- = history.ratings
    path varchar not null,                -- = history.ratings
    blob_id varchar not null,             -- = history.ratings
    locator varchar not null,             -- = history.ratings
    load_id integer not null              -- = history.ratings
);

-- Prices of tokens by policy/prices and by sources that state them, in US dollars. One row per list, provider, name of the model there and day. A price per token is not a price per answer: models that reason write more tokens.
create table core.prices (
    model_id varchar not null,                -- = core.models
    provider varchar not null,                -- Who sells the tokens: the model's vendor, or a host; or the evaluator that states one price for all of them
    is_vendor boolean not null,               -- Whether the provider is the vendor of the model
    input_usd_per_mtok double not null,       -- US dollars for a million tokens of input, not cached, of the shortest context
    output_usd_per_mtok double not null,      -- = history.prices
    blended_usd_per_mtok double not null,     -- Both prices by their usual shares: blended_input_share of core.rules is input
    priced_on date not null,                  -- Day on which the list stated the price, or since which the source has
    source_dataset varchar not null,          -- The list of prices, or the source
    source_name varchar not null,             -- The model as the provider names it
    source_url varchar not null,              -- The line's file in the list's repository, or what the source links
    withdrawn_on date,                        -- Day from which the model is sold no longer, by policy/withdrawn_models, though a list may go on naming its price; null: no such day is known
    withdrawn_url varchar                     -- The vendor's page with that day; null: no such day is known
);
