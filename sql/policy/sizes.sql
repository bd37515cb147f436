-- How a size can be known, and how far each way is trusted. Decides which of several sizes of a model is chosen: the least rank.
-- One row per method.
create table policy.parameter_methods (
    method varchar not null,  -- Name of the method, as in core.parameter_evidence
    rank integer not null,  -- Order of trust, 0 first
    confidence double not null,  -- Confidence that core.models states for a size had so, 0 to 1
    description varchar not null,  -- What the method reads
    source_url varchar not null,  -- Link that documents it
    primary key (method)
);

-- Sizes that overrule every evidence. Decides core.models.params_total and params_active. One row per model and kind.
-- task: a wrong size | add the size that the vendor states, with the link
create table policy.parameter_overrides (
    model_id varchar not null,  -- The model
    kind varchar not null check (kind in ('active', 'total')),  -- Whether the row states active or total parameters
    params bigint not null,  -- Parameters, a count
    source_url varchar not null,  -- Link that states it
    reason varchar not null,  -- Why the other evidence is wrong, or that the vendor states the size
    primary key (model_id, kind)
);
