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
    dataset_pattern varchar not null,  -- Regular expression on the data set's name, or on its type if it has no name; a row without a variant fits either
    config_pattern varchar,  -- The same on its configuration, or on a split that is only a part; null: any
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
    variant_id varchar references policy.benchmarks (variant_id),  -- The variant; null: a price, or left out
    unit varchar check (unit in ('percent', 'fraction', 'points_10')),  -- Unit of the value; null: left out
    above_raw double,  -- Greatest value that would be a fraction; null: left out
    left_out_because varchar,  -- Why results are not loaded; null: they are
    source_url varchar not null,  -- Documentation of the benchmark
    primary key (dataset_id, task_id_pattern)
);

-- Collections of Every Eval Ever. Decides which folders of the datastore are read. One row per collection, its name in lower case with
-- `-` for `_`.
-- task: a collection of Every Eval Ever | add it with the reason to leave it out, or as read with its evaluations in eee_evaluations
create table policy.eee_collections (
    collection varchar not null,  -- Folder below data/, in lower case with - for _
    role varchar not null check (role in ('read', 'compared', 'left_out')),  -- read: its figures are scores; compared: they only check those of the source that they repeat (mart.witnesses)
    evaluator varchar not null,  -- Who measured or published the figures
    left_out_because varchar,  -- Why the collection is not read; null: it is
    source_url varchar not null,  -- The evaluator's page
    primary key (collection)
);

-- Evaluations in collections of Every Eval Ever. Decides which variant an evaluation is, or why it is left out: the first row of its
-- collection whose pattern is the whole name. One row per collection and pattern.
-- task: an evaluation of Every Eval Ever | add its name with the variant, or with the reason to leave it out
create table policy.eee_evaluations (
    collection varchar not null references policy.eee_collections (collection),  -- Collection
    evaluation_pattern varchar not null,  -- Regular expression on evaluation_name
    role varchar not null check (role in ('score', 'part', 'compared', 'input_price', 'output_price', 'left_out')),  -- score: the variant; part: a subject of it; compared: only a check of it; input_price, output_price: what a million tokens cost
    variant_id varchar references policy.benchmarks (variant_id),  -- The variant; null: left out
    vendor_variant_id varchar references policy.benchmarks (variant_id),  -- The variant where the model's vendor measured; null: the same
    n_questions integer,  -- Questions of the evaluation: a record that counts another number is refused; null: not checked
    subset varchar,  -- Subset that the record must state where it states one; null: not checked
    protocol varchar,  -- The evaluator's protocol in words; null: no score
    left_out_because varchar,  -- Why it is not loaded; null: it is
    source_url varchar not null,  -- Documentation of the protocol
    primary key (collection, evaluation_pattern)
);
