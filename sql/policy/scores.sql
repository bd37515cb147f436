-- Scores that no source on the Hub carries, each from a page with a link. Decides the proprietary side of the reported groups. One row
-- per model, variant, data set, shots and protocol.
-- task: a score of a proprietary model | add it with its link, unit, protocol and who ran it
create table policy.reference_scores (
    model_id varchar not null references policy.reference_models (model_id),  -- The model
    variant_id varchar not null references policy.benchmarks (variant_id),  -- The variant that the page's protocol is
    score_raw double not null,  -- The figure as it is printed
    score_unit varchar not null check (score_unit in ('fraction', 'percent', 'points_10')),  -- Its unit
    n_shot integer,  -- In-context examples; null: not stated
    protocol varchar,  -- The protocol in the page's words; null: not stated
    self_reported boolean,  -- Whether the vendor ran it; null: not stated
    source_url varchar not null,  -- The page
    source_dataset varchar not null,  -- The collection that the row was taken from
    source_license varchar not null,  -- That collection's licence
    evaluated_on date,  -- Day of the evaluation; null: not stated
    note varchar  -- What a reader of the row must know
);

-- Runs of Epoch AI's benchmarking, from the tables that it publishes. Decides the groups that Epoch AI measured: one evaluator, one
-- protocol, open and proprietary models. One row per run; written by `python -m leaderboard_etl.importers epoch FOLDER`.
-- task: a new edition of Epoch AI's data | run the importer on its folder; it lists the names that need a row in model_aliases
create table policy.epoch_runs (
    run_id varchar not null,  -- Epoch AI's id of the run
    variant_id varchar not null references policy.benchmarks (variant_id),  -- The variant that Epoch AI's table is
    source_name varchar not null,  -- The model as Epoch AI names it, without the setting; a host before it is not an organization
    setting varchar,  -- Reasoning effort, or thinking budget in thousands of tokens, as the name states it; null: none is stated
    score_raw double not null,  -- Mean score, a fraction
    stderr_raw double,  -- Its standard error, a fraction; null: not stated
    evaluated_on date,  -- Day on which the run began; null: not stated
    source_url varchar not null,  -- The run's log; Epoch AI's page of benchmarks where the log is not public
    primary key (run_id)
);

-- Figures of a source that are known to be wrong, or filed under a variant or a model that they are not of. Decides the score that is
-- believed in their place, on record beside it. One row per source, name, variant and precision.
-- task: a wrong score of a source | add what it says, what is right, and the link that shows it
-- task: a score filed under the wrong variant or model | add what it says, the variant or the model that it is of, and the link that shows it
create table policy.corrections (
    source_id varchar not null,  -- Source with the wrong figure
    source_name varchar not null,  -- Name that it has there
    variant_id varchar not null references policy.benchmarks (variant_id),  -- Variant that the source files it under
    precision varchar not null,  -- Precision of the run, as in history.scores
    expected_score_raw double not null,  -- The figure there: a row that says something else is left alone
    corrected_score_raw double,  -- The right figure, in the same unit; null: the figure is right
    corrected_variant_id varchar references policy.benchmarks (variant_id),  -- Variant that the page says it is of; null: as filed
    corrected_model_id varchar references policy.reference_models (model_id),  -- Model that the page says it is of; null: as named
    reason varchar not null,  -- How it is known to be wrong
    source_url varchar not null,  -- Link that shows what is right
    status varchar not null check (status in ('active', 'inactive')),  -- inactive: kept on record, not applied
    primary key (source_id, source_name, variant_id, precision)
);

-- What two independent readings of reference_scores and reference_models against their sources found. Decides nothing: it is the
-- record of what has been seen. One row per curated row, those that were dropped included.
-- task: a curated row that was checked | add what was seen and where; `unverified` where its source could not be read
create table policy.reference_review (
    table_name varchar not null check (table_name in ('reference_scores', 'reference_models')),  -- Table of the row
    model_id varchar not null,  -- Model of the row; a dropped one may be in no table
    variant_id varchar references policy.benchmarks (variant_id),  -- Variant of a score; null: a row of reference_models
    score_raw double,  -- Figure of a score now, or when it was dropped; null: a row of reference_models
    source_dataset varchar,  -- Collection of a score; null: a row of reference_models
    n_shot integer,  -- In-context examples of a score; null: not stated
    protocol varchar,  -- Protocol of a score; null: not stated
    outcome varchar not null check (outcome in ('kept', 'changed', 'dropped', 'unverified', 'added')),  -- What came of it
    seen_in varchar,  -- File, and line or cell, in which it was seen; null: nowhere
    reason varchar not null,  -- Why, and what the row had before
    primary key (table_name, model_id, variant_id, score_raw, source_dataset, n_shot, protocol)
);
