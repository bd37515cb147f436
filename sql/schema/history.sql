-- What each source stated, and from which load to which load. Core applies the judgement (identity, units, normalisation) to these rows.

-- Every score as its source published it, with the interval in which it was believed. One row per source, name, variant, precision, chat template, setting, run and validity interval.
create table history.scores (
    source_id varchar not null,           -- Source that published the value
    source_name varchar not null,         -- Model name exactly as the source spells it
    variant_id varchar not null,          -- Benchmark variant: a row of core.benchmarks
    precision varchar not null,           -- Precision that the model was run in, as published; 'unknown' if the source does not state it
    has_chat_template boolean,            -- Whether prompts went through the chat template; null: not stated
    setting varchar not null,             -- Reasoning effort, thinking budget or tools that the score was made with, in the source's words; 'n/a' if the source states none
    run_id varchar not null,              -- Model sha and date where a source holds several runs of one model; 'n/a' otherwise
    score_raw double not null,            -- The published value, untouched, in score_unit
    score_unit varchar not null check (score_unit in ('fraction', 'percent', 'points_10')), -- Unit of score_raw: fraction (0-1), percent (0-100) or points_10 (1-10)
    stderr_raw double,                    -- Published standard error, in the unit of the score; null: not published
    score_norm_published_pct double,      -- Normalised value that the source itself published, percent; null: not published. A check on ours, not a score
    n_shot integer,                       -- In-context examples; null: not stated by the source (core falls back to the variant's)
    reported_by varchar not null check (reported_by in ('leaderboard', 'community', 'vendor_model_index', 'vendor_card_table', 'vendor_eval_results', 'vendor', 'arena', 'reference', 'third_party')), -- Who reports the value: a leaderboard that ran the model itself (leaderboard), somebody who handed in a run or a result (community), an evaluator that is neither the vendor nor a leaderboard (third_party), its vendor in the card's front matter (vendor_model_index), in a table of the card's text (vendor_card_table) or in .eval_results (vendor_eval_results), its vendor as another source repeats it (vendor), the Arena's table (arena), a curated row with a link (reference), or an evaluator that is neither the vendor nor one of these (third_party)
    is_verified boolean,                  -- True where the publisher is not the model's vendor; false for self-reported; null: not stated
    protocol varchar,                     -- Protocol in the source's words; null: not stated
    evaluated_on date,                    -- Date of evaluation or submission; null: not stated
    source_url varchar,                   -- Link recorded for this very value; null: the file itself is the source
    repo_type varchar not null,           -- = raw.files
    repo_id varchar not null,             -- = raw.files
    revision varchar not null,            -- Commit of the repository at which this value or statement was first seen; for repo_type 'project' the package's version
    path varchar not null,                -- = raw.files
    blob_id varchar not null,             -- = raw.files
    locator varchar not null,             -- Place inside the file: row and column, or key path
    load_id integer not null,             -- Load from which the value or statement was believed
    closed_load_id integer,               -- Load from which it was no longer believed; null: still believed
    valid_from timestamp not null,        -- as_of_at of load_id, UTC
    valid_to timestamp                    -- as_of_at of closed_load_id, UTC, exclusive; null: still believed
);

-- Every run of a model that a source holds subtask scores of, as the file said that first stated one of them. One row per source,
-- name, run and version of its file. History speaks of it by its key; it holds nothing that no measurement refers to.
create table history.runs (
    run_key bigint not null,              -- Its number: the load that first held it times 1,000,000,000, and its place in that load
    source_id varchar not null,           -- = history.scores
    source_name varchar not null,         -- = history.scores
    precision varchar not null,           -- = history.scores
    has_chat_template boolean,            -- = history.scores
    run_id varchar not null,              -- Model sha and date of the run, which distinguish several runs of one model
    harness_version varchar,              -- Commit of the harness; null: not stated
    model_sha varchar,                    -- Commit of the model repository that was run; null: not stated
    reported_by varchar not null,         -- = history.scores
    evaluated_on date,                    -- Date of the run; null: not stated
    repo_type varchar not null,           -- = history.scores
    repo_id varchar not null,             -- = history.scores
    revision varchar not null,            -- = history.scores
    path varchar not null,                -- = history.scores
    blob_id varchar not null              -- = history.scores
);

-- Every metric of every task that a run holds, under all that repeats from run to run. One row per task, metric, filter, shots, task
-- version, benchmark, subtask and place in the file.
create table history.metrics (
    metric_key bigint not null,           -- Its number: the load that first held it times 1,000,000,000, and its place in that load
    task varchar not null,                -- Task as lm-evaluation-harness names it (hendrycksTest-abstract_algebra, leaderboard_bbh_snarks ...)
    metric varchar not null,              -- Metric as the harness names it (acc, acc_norm, exact_match, prompt_level_strict_acc ...)
    metric_filter varchar not null,       -- Filter of the harness; 'none': no filter
    benchmark_id varchar,                 -- Benchmark that the task belongs to; null: not one of core.benchmarks
    subtask varchar,                      -- Name of the subtask within the benchmark; null: the task is the benchmark itself
    n_shot integer,                       -- In-context examples; null: not stated
    task_version varchar,                 -- Version of the task in the harness; null: not stated
    locator varchar not null              -- = history.scores
);

-- The numbers themselves: what history.subtask_scores shows with the run and the metric written out. One row per run, metric and
-- validity interval.
create table history.measurements (
    run_key bigint not null,              -- = history.runs
    metric_key bigint not null,           -- = history.metrics
    score_raw double not null,            -- The published value, untouched
    stderr_raw double,                    -- = history.scores
    load_id integer not null,             -- = history.scores
    closed_load_id integer,               -- = history.scores
    valid_from timestamp not null,        -- = history.scores
    valid_to timestamp                    -- = history.scores
);

-- Every metric of every task and subtask in the raw evaluation files. One row per source, name, run, task, metric, shots and validity interval.
-- columns:
--   source_id: = history.runs
--   source_name: = history.runs
--   precision: = history.runs
--   has_chat_template: = history.runs
--   run_id: = history.runs
--   task: = history.metrics
--   metric: = history.metrics
--   metric_filter: = history.metrics
--   benchmark_id: = history.metrics
--   subtask: = history.metrics
--   score_raw: = history.measurements
--   stderr_raw: = history.measurements
--   n_shot: = history.metrics
--   task_version: = history.metrics
--   harness_version: = history.runs
--   model_sha: = history.runs
--   reported_by: = history.runs
--   evaluated_on: = history.runs
--   repo_type: = history.runs
--   repo_id: = history.runs
--   revision: = history.runs
--   path: = history.runs
--   blob_id: = history.runs
--   locator: = history.metrics
--   load_id: = history.measurements
--   closed_load_id: = history.measurements
--   valid_from: = history.measurements
--   valid_to: = history.measurements
create view history.subtask_scores as
select
    r.source_id, r.source_name, r.precision, r.has_chat_template, r.run_id, m.task, m.metric, m.metric_filter, m.benchmark_id,
    m.subtask, v.score_raw, v.stderr_raw, m.n_shot, m.task_version, r.harness_version, r.model_sha, r.reported_by,
    r.evaluated_on, r.repo_type, r.repo_id, r.revision, r.path, r.blob_id, m.locator, v.load_id, v.closed_load_id, v.valid_from,
    v.valid_to
from history.measurements as v
join history.runs as r using (run_key)
join history.metrics as m using (metric_key);

-- What each source states about a model. One row per source, name, precision, file and validity interval.
create table history.models (
    source_id varchar not null,        -- Source that makes the statement
    source_name varchar not null,      -- = history.scores
    precision varchar not null,        -- Precision of the row that states it; 'n/a' if the source does not state facts by precision
    hub_id varchar,                    -- Repository name on the Hub as the source links it, renames followed; null: not a Hub model, or not stated
    display_name varchar,              -- Name for people; null: the source has no other than source_name
    organization varchar,              -- Organization in the source's words; null: not stated
    family varchar,                    -- Model family in the source's words; null: not stated
    model_sha varchar,                 -- Commit of the model repository that was evaluated or described; null: not stated
    model_type varchar,                -- Kind of model in the source's words (pretrained, chat ...); null: not stated
    tuning varchar check (tuning in ('base', 'instruct', 'other')), -- How the model was tuned, as the source's model_type maps; null: not stated
    weight_type varchar,               -- What the repository holds, in the source's words: Original, Adapter or Delta; null: not stated
    architecture varchar,              -- Model class (LlamaForCausalLM ...); null: unknown or '?'
    license_text varchar,              -- Licence as the source spells it, several with '; ' between them; null: not stated
    openness varchar check (openness in ('open_weights', 'proprietary')), -- Whether the weights may be downloaded; null: not stated
    base_model_text varchar,           -- Base model as the source spells it; null: not stated, 'Removed', or the model itself
    is_merge boolean,                  -- Whether the source says that it is a merge; null: not stated or polarity not provable
    is_moe boolean,                    -- Whether the source says mixture of experts; null: not stated or polarity not provable
    is_flagged boolean,                -- Whether the leaderboard flagged the model; null: not stated or polarity not provable
    is_official boolean,               -- Whether the leaderboard marks the model as of an 'official provider'; null: not stated
    is_available boolean,              -- Whether the repository could be seen on the Hub; null: not stated or polarity not provable
    uploaded_on date,                  -- Date of upload to the Hub as the source gives it; null: not stated
    submitted_on date,                 -- Date of submission to the leaderboard; null: not stated
    created_at timestamp,              -- Creation of the Hub repository, UTC; null: not stated. Never earlier than 2022-03-02, the Hub's floor
    released_on date,                  -- Release date in the source; null: not stated
    released_on_url varchar,           -- Link for the release date; null: none recorded
    training_tokens double,            -- Tokens seen in pretraining; null: not stated
    repo_type varchar not null,        -- = history.scores
    repo_id varchar not null,          -- = history.scores
    revision varchar not null,         -- = history.scores
    path varchar not null,             -- = history.scores
    blob_id varchar not null,          -- = history.scores
    locator varchar not null,          -- = history.scores
    load_id integer not null,          -- = history.scores
    closed_load_id integer,            -- = history.scores
    valid_from timestamp not null,     -- = history.scores
    valid_to timestamp                 -- = history.scores
);

-- Every model that a source names as one from which another was made. One row per source, name, base, file and validity interval.
create table history.model_bases (
    source_id varchar not null,        -- = history.models
    source_name varchar not null,      -- = history.models
    base_model_text varchar not null,  -- Base model as the source spells it
    relation varchar check (relation in ('quantized', 'adapter', 'merge', 'finetune')), -- How the model was made from it, as the source says in the Hub's words; null: not stated
    stated_in varchar not null check (stated_in in ('metadata', 'recipe')), -- Where the source names it: among the base models of a card, an answer of the Hub or an adapter's config (metadata), or in the recipe of a merge that the card's text shows (recipe)
    place integer not null,            -- Its place among those that the file names there, 0 = first
    repo_type varchar not null,        -- = history.scores
    repo_id varchar not null,          -- = history.scores
    revision varchar not null,         -- = history.scores
    path varchar not null,             -- = history.scores
    blob_id varchar not null,          -- = history.scores
    locator varchar not null,          -- = history.scores
    load_id integer not null,          -- = history.scores
    closed_load_id integer,            -- = history.scores
    valid_from timestamp not null,     -- = history.scores
    valid_to timestamp                 -- = history.scores
);

-- Every statement about a model's size. One row per source, name, precision, kind, method, file and validity interval.
create table history.parameter_claims (
    source_id varchar not null,        -- = history.models
    source_name varchar not null,      -- = history.models
    precision varchar not null,        -- = history.models
    kind varchar not null check (kind in ('total', 'active', 'adapter', 'embedding', 'prediction')), -- Which parameters are counted: total, active (used per token), adapter (the weights of an adapter alone, without its base model), embedding (the input embedding alone) or prediction (layers for multi-token prediction, which are dropped after training and not in any total)
    method varchar not null,           -- How the number was obtained: a method of policy/parameter_methods (override: set in policy/parameter_overrides)
    params bigint,                     -- Parameters (count); null: refused, see reason
    reason varchar,                    -- Why params is null or doubtful; null: no reason
    source_url varchar,                -- = history.scores
    repo_type varchar not null,        -- = history.scores
    repo_id varchar not null,          -- = history.scores
    revision varchar not null,         -- = history.scores
    path varchar not null,             -- = history.scores
    blob_id varchar not null,          -- = history.scores
    locator varchar not null,          -- = history.scores
    load_id integer not null,          -- = history.scores
    closed_load_id integer,            -- = history.scores
    valid_from timestamp not null,     -- = history.scores
    valid_to timestamp                 -- = history.scores
);

-- The project's policy CSVs, whole, by load, so that the rules of its day judge a past state. One row per policy file and validity interval.
create table history.policy_files (
    name varchar not null,             -- File name in policy/, without .csv
    blob_id varchar not null,          -- = raw.files
    content varchar not null,          -- The CSV text
    load_id integer not null,          -- Load from which this version was in force
    closed_load_id integer,            -- Load from which it was no longer in force; null: in force
    valid_from timestamp not null,     -- = history.scores
    valid_to timestamp                 -- as_of_at of closed_load_id, UTC, exclusive; null: in force
);

-- What was submitted to a leaderboard, whether it was evaluated or not. One row per source, name, precision, file and validity interval.
create table history.submissions (
    source_id varchar not null,        -- Source that holds the request
    source_name varchar not null,      -- = history.scores
    precision varchar not null,        -- Requested precision; 'unknown' if the request does not say
    status varchar not null,           -- Its outcome, in the leaderboard's words: PENDING, RUNNING, FINISHED, FAILED, CANCELLED ...
    submitted_at timestamp,            -- When it was submitted, UTC; midnight where only the date is known; null: not stated
    model_sha varchar,                 -- Commit or branch of the model repository that was asked for; null: not stated
    model_type varchar,                -- Kind of model in the submitter's words; null: not stated
    weight_type varchar,               -- = history.models
    architecture varchar,              -- = history.models
    base_model_text varchar,           -- = history.models
    license_text varchar,              -- = history.models
    has_chat_template boolean,         -- = history.scores; as requested
    repo_type varchar not null,        -- = history.scores
    repo_id varchar not null,          -- = history.scores
    revision varchar not null,         -- = history.scores
    path varchar not null,             -- = history.scores
    blob_id varchar not null,          -- = history.scores
    locator varchar not null,          -- = history.scores
    load_id integer not null,          -- = history.scores
    closed_load_id integer,            -- = history.scores
    valid_from timestamp not null,     -- = history.scores
    valid_to timestamp                 -- = history.scores
);

-- Ratings of models against each other, by day, as their source published them. A rating is not a share of a maximum, so ratings
-- are not among the scores. One row per source, name, board, day, file and validity interval. A file that moves on to another day
-- closes the rows of the day before, although they stay true: core.ratings takes everything ever stated about a day.
create table history.ratings (
    source_id varchar not null,        -- = history.scores
    source_name varchar not null,      -- = history.scores
    setting varchar not null,          -- = history.scores; only where the name states it
    board varchar not null,            -- Board of the source: ratings of two boards are not comparable
    published_on date not null,        -- Day for which the source published the rating
    rating double not null,            -- Rating, points of the board's scale: only differences within a board, series and day mean something
    rating_lower double,               -- Lower end of the interval that the source published, points; null: none
    rating_upper double,               -- Upper end of the interval that the source published, points; null: none
    n_votes bigint,                    -- Votes on answers of the model, from which the rating was made; null: not stated
    organization varchar,              -- Organization in the source's words on that day; null: not stated
    license_text varchar,              -- Licence as the source spells it on that day; null: not stated
    repo_type varchar not null,        -- = history.scores
    repo_id varchar not null,          -- = history.scores
    revision varchar not null,         -- = history.scores
    path varchar not null,             -- = history.scores
    blob_id varchar not null,          -- = history.scores
    locator varchar not null,          -- = history.scores
    load_id integer not null,          -- = history.scores
    closed_load_id integer,            -- Load from which the file no longer stated it; null: it still states it
    valid_from timestamp not null,     -- = history.scores
    valid_to timestamp                 -- as_of_at of closed_load_id, UTC, exclusive; null: the file still states it
);

-- Prices of tokens as a source stated them, each from the day since which it has stated it without a break. One row per source, name,
-- run, day, file and validity interval. A price of a past day stays true: core.prices takes everything ever stated.
create table history.prices (
    source_id varchar not null,            -- = history.scores
    source_name varchar not null,          -- = history.scores
    run_id varchar not null,               -- What distinguishes statements about one model but the day: collection, publisher, platform
    provider varchar not null,             -- Who states the price, if not one who sells: the evaluator
    priced_on date not null,               -- First day of an unbroken series on which it was stated
    input_usd_per_mtok double not null,    -- US dollars for a million tokens of input
    output_usd_per_mtok double not null,   -- US dollars for a million tokens of output
    source_url varchar not null,           -- = history.scores
    repo_type varchar not null,            -- = history.scores
    repo_id varchar not null,              -- = history.scores
    revision varchar not null,             -- = history.scores
    path varchar not null,                 -- = history.scores
    blob_id varchar not null,              -- = history.scores
    locator varchar not null,              -- = history.scores
    load_id integer not null,              -- = history.scores
    closed_load_id integer,                -- = history.ratings
    valid_from timestamp not null,         -- = history.scores
    valid_to timestamp                     -- = history.ratings
);
