-- The current state, judged: one model id across sources, one unit, one normalisation. Rebuilt by each run (or as of a date) from history.

-- Models. One row per model.
create table core.models (
    model_id varchar not null,          -- The Hub's repository name where there is one, else organization/version as the reference names it
    display_name varchar not null,      -- Name for people
    organization varchar not null,      -- Owner on the Hub, or the vendor
    family varchar,                     -- Model family by policy or reference; null: not assigned
    base_model_id varchar,              -- Model it was tuned or merged from; null: itself a base, or not stated
    base_model_relation varchar,        -- How it was made: quantized (a copy with packed weights: a variant, not a model), adapter, merge or finetune, as the Hub calls them; null: no base known
    openness varchar not null,          -- open_weights, proprietary or unknown
    license_text varchar,               -- Licence as its best source spells it; null: not stated anywhere
    license_id varchar,                 -- SPDX id or name of a community licence; null: not stated or not recognised
    license_class varchar not null,     -- permissive, copyleft, community, non_commercial, proprietary or unknown
    license_reason varchar,             -- Why license_class is unknown; null: it is known
    released_on date,                   -- Release date by the best evidence; null: none (the day of a bulk import is none)
    released_on_method varchar,         -- reference, hub_upload, hub_created or leaderboard_submission; null: no evidence
    params_total bigint,                -- Total parameters (count) of the chosen evidence; null: unknown, see params_reason
    params_active bigint,               -- Parameters used per token (count); null: unknown; for dense models equal to params_total
    params_method varchar,              -- Method of the chosen total; null: unknown
    params_confidence double,           -- Confidence in the chosen total, 0-1, by method; null: unknown
    params_reason varchar,              -- Why params_total is null; null: it is not
    is_moe boolean,                     -- Mixture of experts; null: no source says
    architecture varchar,               -- Model class; null: no source says
    tuning varchar,                     -- base, instruct or other; null: no source says
    training_tokens double,             -- Pretraining tokens; null: not published
    is_merge boolean,                   -- Merge of other models; null: no source says
    is_flagged boolean,                 -- Flagged by a leaderboard (contamination and the like); null: no source says
    is_official boolean not null,       -- Released by an organization of policy/official_organizations, or proprietary
    is_available boolean,               -- Repository visible on the Hub when last asked; null: never asked, or not a Hub model
    population varchar not null         -- Group for frontiers and fits: official, fine_tune, quantized, merge or flagged (the first that applies from the right, official before fine_tune)
);

-- Which name in which source is which model. One row per name used by a source.
create table core.model_aliases (
    source_id varchar not null,         -- Source that uses the name
    source_name varchar not null,       -- The name, as spelt there
    model_id varchar not null,          -- Model it resolves to
    method varchar not null,            -- hub_id, hub_id_case (differs in case), hub_rename, hub_link (the table links to it), alias (policy/model_aliases), reference, or unresolved (a source's own name, or one that is led to a model which it contradicts: a model by itself until policy says which)
    reason varchar                      -- Why a name that the Hub or a link leads to a model stands by itself; null: nothing to say
);

-- Every statement about a model's size and which one was chosen. One row per model, kind, method, source and name.
create table core.parameter_evidence (
    model_id varchar not null,          -- Model
    kind varchar not null,              -- total, active, or adapter (the weights of an adapter alone, without its base model)
    method varchar not null,            -- How the number was had, best first: see policy/parameter_methods
    params bigint,                      -- Parameters (count); null: refused, see reason
    reason varchar,                     -- Why params is null or doubtful; null: nothing to say
    confidence double,                  -- Confidence of the method, 0-1
    is_doubtful boolean not null,       -- True where reason gives cause for doubt: believed only where there is no sound statement
    is_chosen boolean not null,         -- True for the one that core.models uses
    disagreement_pct double,            -- Distance from the chosen one in percent; null: params is null or nothing chosen
    is_disagreeing boolean not null,    -- True where disagreement_pct is over 10
    source_id varchar not null,         -- Source of the statement
    source_name varchar not null,       -- Name used there
    precision varchar not null,         -- Precision of the row it comes from, or 'n/a'
    source_url varchar,                 -- Link recorded for the number; null: the file is the source
    repo_id varchar not null,           -- Repository of the file
    revision varchar not null,          -- Commit of the file
    path varchar not null,              -- File
    locator varchar not null            -- Place inside the file
);

-- Benchmark variants: same name with another protocol is another variant. One row per variant.
create table core.benchmarks (
    benchmark_id varchar not null,      -- Benchmark (mmlu, gpqa, humaneval ...)
    variant_id varchar not null,        -- Benchmark with its protocol (mmlu_olb_v1, gpqa_diamond_reported ...)
    display_name varchar not null,      -- Name for people
    comparable_group varchar not null,  -- Variants that may stand in one column or chart
    metric varchar not null,            -- Metric as lm-evaluation-harness names it
    n_shot integer,                     -- In-context examples; null: mixed or not stated
    scale varchar not null,             -- Unit in which it is usually published: fraction (0-1), percent (0-100) or points_10 (1-10)
    score_min_pct double not null,      -- Least possible score, percent of the scale's maximum
    score_max_pct double not null,      -- Greatest possible score, percent of the scale's maximum
    random_baseline double,             -- Expected score of guessing, as a fraction of the maximum; null: not defined, so no normalised score
    score_ceiling double not null,      -- Greatest attainable score, as a fraction of the maximum
    norm_rule varchar not null,         -- aggregate: normalise the score itself; by_subtask: only subtasks can be normalised, else the published value is kept
    aggregation varchar not null,       -- How subtasks make the score: single, macro_mean, size_weighted_mean, mean_of_metrics
    released_on date,                   -- Date of the benchmark's paper; null: not recorded
    superseded_by varchar,              -- benchmark_id of its successor; null: none
    caveats varchar,                    -- What a reader must know; null: nothing
    source_url varchar not null         -- Link for the protocol and the baseline
);

-- Groups of variants that may be compared, and through when each side can have been seen. One row per comparable group.
create table core.comparable_groups (
    comparable_group varchar not null,             -- As in core.benchmarks
    benchmark_id varchar not null,                 -- Benchmark of the group
    display_name varchar not null,                 -- Name for people
    is_headline boolean not null,                  -- True where both open and proprietary models are in it
    observed_through_open_on date,                 -- Last date on which a new open model could have been seen; null: no open model
    observed_through_proprietary_on date,          -- The same for proprietary models; null: no proprietary model
    match_tolerance_pct double not null, -- Difference in points that still counts as a match
    caveats varchar,                               -- What a reader must know; null: nothing
    source_url varchar not null                    -- Link for the dates
);

-- Scores, in one unit and normalised. One row per source, name, variant, precision, chat template and run.
create table core.scores (
    model_id varchar not null,            -- Model
    benchmark_id varchar not null,        -- Benchmark
    variant_id varchar not null,          -- Benchmark variant
    comparable_group varchar not null,    -- Variants that may be compared with this one
    score_raw double not null,            -- The published value, untouched, in score_unit
    score_unit varchar not null,          -- fraction, percent or points_10
    score_pct double not null,            -- Percent of the scale's maximum, 0-100
    score_norm_pct double,                -- 0 = random guessing, 100 = ceiling, clipped at 0; null: see norm_method
    norm_method varchar not null,         -- computed (ours, from subtasks where they decide), published (only subtasks can be normalised, we have none, and the source did) or none (no baseline, or no published value)
    stderr_pct double,                    -- Standard error in percent; null: not published
    n_shot integer,                       -- In-context examples; null: not stated
    precision varchar not null,           -- As in history.scores
    tuning varchar,                       -- base, instruct or other of the model; null: unknown
    has_chat_template varchar not null,   -- 'true', 'false' or 'unknown'
    run_id varchar not null,              -- As in history.scores
    reported_by varchar not null,         -- Who says so, as in history.scores
    is_verified boolean,                  -- As in history.scores
    is_corrected boolean not null,        -- True where a row of policy/corrections replaced the published value
    protocol varchar,                     -- As in history.scores
    evaluated_on date,                    -- Date of evaluation or submission; null: not stated
    source_id varchar not null,           -- Source
    source_name varchar not null,         -- Model name in the source
    source_url varchar,                   -- Link recorded for this very score; null: the file is the source
    repo_id varchar not null,             -- Repository of the file
    revision varchar not null,            -- Commit at which the value was first seen
    path varchar not null,                -- File
    blob_id varchar not null,             -- Content address of the file
    locator varchar not null,             -- Place inside the file
    load_id integer not null              -- Load from which the value was believed
);

-- Every metric of every task and subtask. One row per source, name, run, task and metric.
create table core.subtask_scores (
    model_id varchar not null,            -- Model
    benchmark_id varchar,                 -- Benchmark that the task belongs to; null: none of core.benchmarks
    subtask varchar,                      -- Name of the subtask within the benchmark; null: the task is the benchmark itself
    task varchar not null,                -- Task as lm-evaluation-harness names it
    metric varchar not null,              -- Metric as the harness names it
    metric_filter varchar not null,       -- Filter of the harness, or 'none'
    score_raw double not null,            -- The published value, untouched
    stderr_raw double,                    -- Published standard error; null: not published
    n_shot integer,                       -- In-context examples; null: not stated
    task_version varchar,                 -- Version of the task in the harness; null: not stated
    harness_version varchar,              -- Commit of the harness; null: not stated
    model_sha varchar,                    -- Commit of the model repository that was run; null: not stated
    precision varchar not null,           -- As in history.scores
    has_chat_template varchar not null,   -- 'true', 'false' or 'unknown'
    run_id varchar not null,              -- As in history.scores
    reported_by varchar not null,         -- leaderboard or community
    evaluated_on date,                    -- Date of the run; null: not stated
    source_id varchar not null,           -- Source
    source_name varchar not null,         -- Model name in the source
    repo_id varchar not null,             -- Repository of the file
    revision varchar not null,            -- Commit at which the value was first seen
    path varchar not null,                -- File
    blob_id varchar not null,             -- Content address of the file
    locator varchar not null,             -- Key path inside the file
    load_id integer not null              -- Load from which the value was believed
);

-- What was submitted to the Open LLM Leaderboards: requests, and rows of their tables. One row per source, name, precision and file.
create table core.submissions (
    model_id varchar not null,          -- Model
    source_id varchar not null,         -- olb_v2_requests (a request), olb_v1_contents or olb_v2_contents (a row of the table)
    source_name varchar not null,       -- The name there
    leaderboard varchar not null,       -- olb_v1 or olb_v2
    kind varchar not null,              -- request or table_row
    precision varchar not null,         -- Precision asked for or run; 'unknown' where not stated
    status varchar not null,            -- What became of it; FINISHED for a row of a table
    submitted_on date,                  -- Date of submission, UTC; null: not stated
    repo_id varchar not null,           -- Repository of the file
    revision varchar not null,          -- Commit at which the statement was first seen
    path varchar not null,              -- File that holds it
    blob_id varchar not null,           -- Content address of that file
    locator varchar not null            -- Place inside the file
);
