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

-- Figures of a source that are known to be wrong. Decides the score that is believed in their place, on record beside it. One row per
-- source, name, variant and precision.
-- task: a wrong score of a source | add what it says, what is right, and the link that shows it
create table policy.corrections (
    source_id varchar not null,  -- Source with the wrong figure
    source_name varchar not null,  -- Name that it has there
    variant_id varchar not null references policy.benchmarks (variant_id),  -- Variant
    precision varchar not null,  -- Precision of the run, as in history.scores
    expected_score_raw double not null,  -- The wrong figure: a row that says something else is left alone
    corrected_score_raw double not null,  -- The right figure, in the same unit
    reason varchar not null,  -- How it is known to be wrong
    source_url varchar not null,  -- Link that shows the right one
    status varchar not null check (status in ('active', 'inactive')),  -- inactive: kept on record, not applied
    primary key (source_id, source_name, variant_id, precision)
);
