-- Columns of the leaderboards' tables by era. Decides which published column is which of ours: an unknown set of columns holds the
-- source. One row per source, era and published column.
-- task: a leaderboard changed its columns | add an era with every column of the new table
create table policy.column_eras (
    source_id varchar not null,  -- The table's source
    era varchar not null,  -- Name of the era
    published_column varchar not null,  -- The column's name in the file
    canonical_column varchar,  -- Our name of it; null: not read
    kind varchar not null check (kind in ('text', 'number', 'date', 'flag', 'ignored')),  -- What its cells hold
    decimals integer,  -- Decimals of its numbers as published; null: no number
    source_url varchar not null,  -- Where the table is published
    primary key (source_id, era, published_column)
);

-- Models whose flags are known. Decides whether a table's flags are inverted: they are believed only where these agree. One row per
-- source, flag and name.
create table policy.flag_sentinels (
    source_id varchar not null,  -- The table's source
    flag varchar not null check (flag in ('is_available', 'is_flagged', 'is_merge', 'is_moe')),  -- The flag
    source_name varchar not null,  -- The model's name in the table
    expected boolean not null,  -- What is true of it
    source_url varchar not null,  -- Link that shows it
    primary key (source_id, flag, source_name)
);

-- Results in a card's model-index. Decides which variant a result is: the first row whose patterns all match. One row per rule.
-- task: a benchmark that cards report in model-index | add a rule with the patterns of its data set and metric; let them match whole names (`^acc$`), or `acc_stderr` is an accuracy
create table policy.card_metrics (
    dataset_pattern varchar not null,  -- Regular expression on the data set's name
    config_pattern varchar,  -- The same on its configuration; null: any
    metric_pattern varchar not null,  -- The same on the metric
    variant_id varchar references policy.benchmarks (variant_id),  -- The variant; null: such results are not read
    unit_rule varchar check (unit_rule in ('by_range', 'percent', 'fraction', 'points_10')),  -- How the unit is known; null: not read
    source_url varchar not null  -- Documentation of the benchmark
);

-- Rows of a card's tables of results. Decides which variant a row is: the first rule that matches. One row per rule.
-- task: a benchmark that cards report in tables | add a rule with the pattern of its row's label
create table policy.card_table_rows (
    row_pattern varchar not null,  -- Regular expression on the row's label
    table_pattern varchar,  -- The same on the table's heading; null: any
    variant_id varchar references policy.benchmarks (variant_id),  -- The variant; null: such rows are not read
    unit varchar check (unit in ('by_line', 'percent', 'fraction', 'points_10')),  -- How the unit is known; null: not read
    source_url varchar not null  -- Documentation of the benchmark
);

-- Results in .eval_results of model repositories. Decides which task of a benchmark's dataset is which variant, or why it is left out.
-- One row per dataset and pattern.
-- task: a benchmark in .eval_results | add its dataset and task with the variant, or with the reason to leave it out
create table policy.eval_tasks (
    dataset_id varchar not null,  -- The benchmark's dataset on the Hub
    task_id_pattern varchar not null,  -- Regular expression on the task id
    variant_id varchar references policy.benchmarks (variant_id),  -- The variant; null: left out
    unit varchar check (unit in ('percent', 'fraction', 'points_10')),  -- Unit of the value; null: left out
    above_raw double,  -- Greatest value that would be a fraction; null: left out
    left_out_because varchar,  -- Why results are not loaded; null: they are
    source_url varchar not null,  -- Documentation of the benchmark
    primary key (dataset_id, task_id_pattern)
);
