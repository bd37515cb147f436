-- Benchmarks by variant: one protocol of one publisher. Decides how a raw score becomes a percent, and what it may be compared with.
-- One row per variant; the same as core.benchmarks.
-- task: a new benchmark | add a row per variant here, its group to comparable_groups, and its names to the table of the source that publishes it
create table policy.benchmarks (
    benchmark_id varchar not null,  -- Benchmark
    variant_id varchar not null,  -- Benchmark under one protocol
    display_name varchar not null,  -- Name for people
    comparable_group varchar not null references policy.comparable_groups (comparable_group),  -- Group that the variant may be compared in
    metric varchar not null,  -- Metric as the harness names it
    n_shot integer,  -- In-context examples; null: not one number
    scale varchar not null check (scale in ('fraction', 'percent', 'points_10', 'rating')),  -- Unit of the raw score
    score_min_pct double not null,  -- Least score that is believed, percent
    score_max_pct double not null,  -- Greatest score that is believed, percent
    random_baseline double,  -- Score of guessing, a fraction; null: no single one
    score_ceiling double,  -- Greatest reachable score, a fraction
    norm_rule varchar not null check (norm_rule in ('aggregate', 'by_subtask', 'none')),  -- How the baseline is taken off: from the whole, or from each subtask
    aggregation varchar not null check (aggregation in ('single', 'macro_mean', 'size_weighted_mean', 'mean_of_metrics', 'none')),  -- How the parts become the whole
    released_on date not null,  -- Day on which the benchmark was published
    superseded_by varchar,  -- Benchmark that took its place; null: none
    caveats varchar,  -- What a reader of its scores must know
    source_url varchar not null,  -- Paper or documentation
    primary key (variant_id)
);

-- Variants that may be compared, and through which day each side could be observed. Decides which gaps and charts there are. One row
-- per group; the same as core.comparable_groups.
create table policy.comparable_groups (
    comparable_group varchar not null,  -- Group
    benchmark_id varchar not null,  -- Benchmark of all its variants
    display_name varchar not null,  -- Name for people
    is_headline boolean not null,  -- Whether it is a candidate for its benchmark's headline, made for both sides; mart.parity.is_headline says which of the candidates count
    observed_through_open_on date,  -- Last day on which an archive could have seen a new open model; null: its sources live
    observed_through_proprietary_on date,  -- The same for proprietary models
    match_tolerance_pct double,  -- Points within which two scores match; null: 1.0
    caveats varchar,  -- What a reader must know
    source_url varchar not null,  -- Where the group's scores are published
    primary key (comparable_group)
);

-- Tasks of the harness's result files. Decides which metric of which task is a score, and of what. One row per task.
-- task: a new task of the harness | add the task with its variant, metric and role
create table policy.harness_tasks (
    task varchar not null,  -- Name of the task in the file
    benchmark_id varchar not null,  -- Benchmark that it belongs to
    variant_id varchar not null references policy.benchmarks (variant_id),  -- Variant that it gives, or is a part of
    subtask varchar,  -- Name of the part; null: the whole
    metric varchar not null,  -- Metric that counts
    role varchar not null check (role in ('part', 'whole')),  -- Whether the task is the benchmark or a part of it
    n_questions integer,  -- Questions of the task; null: not checked
    n_choices integer,  -- Options of a question, for its baseline; null: not normalised by part
    source_url varchar not null,  -- The task's definition
    primary key (task)
);

-- Fitted loss laws L = E + A/N^alpha + B/D^beta. Decides mart.scaling_laws and mart.tokens_per_parameter. One row per fit.
create table policy.scaling_laws (
    law_id varchar not null,  -- Name of the fit
    e_loss double not null,  -- E, irreducible loss, nats per token
    a_coefficient double not null,  -- A
    b_coefficient double not null,  -- B
    alpha double not null,  -- Exponent of the parameters
    beta double not null,  -- Exponent of the tokens
    source_url varchar not null,  -- Paper or data
    note varchar not null,  -- What the figures are, and what they are not for
    primary key (law_id)
);
