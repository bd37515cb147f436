-- Which model a name of a source means. Decides core.model_aliases: all scores and sizes under the name go to that model. One row
-- per source and name.
-- task: a new name | mart.unresolved_names lists the names that lead nowhere; add a row with the model that it means
create table policy.model_aliases (
    source_id varchar not null,  -- Source that uses the name; *: every source
    source_name varchar not null,  -- The name as the source writes it
    model_id varchar not null,  -- The model's repository on the Hub, or vendor/name for one without
    reason varchar not null,  -- How it is known that both are one model
    source_url varchar not null,  -- Link that shows it
    primary key (source_id, source_name)
);

-- Owners on the Hub that publish models of their own. Decides which models are official: gaps, frontiers and fits use these
-- alone. One row per owner.
-- task: a new vendor | add its owner on the Hub and its name for people
create table policy.official_organizations (
    hub_owner varchar not null,  -- Owner as in the address of its repositories
    organization varchar not null,  -- Name for people; several owners may share one
    source_url varchar not null,  -- The owner's page
    primary key (hub_owner)
);

-- Families by the pattern of a model's id. Decides core.models.family where no curated row does: resampling draws a family as one.
-- One row per pattern; the first that matches counts.
create table policy.families (
    model_id_pattern varchar not null,  -- Regular expression on the model id
    family varchar not null,  -- Name of the family
    source_url varchar not null,  -- The vendor's page of it
    primary key (model_id_pattern)
);

-- Models that boards list beside language models and that answer in something else than text, such as images. Decides that they are
-- of no population in which models are counted, compared or drawn: what sources say of them stays. One row per pattern.
-- task: a model that is no language model | add a pattern for its id and the page that says what it makes
create table policy.not_language_models (
    model_id_pattern varchar not null,  -- Regular expression on the model id
    reason varchar not null,  -- How it is known
    source_url varchar not null,  -- Page that says what it makes; the Arena's table links it
    primary key (model_id_pattern)
);

-- The model that another was made from, where no source states it or the sources state it wrongly. Decides the base in
-- core.model_bases, core.models and mart.lineage: what the sources state does not count beside it. One row per model.
-- task: a wrong base model | add the model and the base that its card names
create table policy.base_models (
    model_id varchar not null,  -- The model
    base_model_id varchar not null,  -- What it was made from
    source_url varchar not null,  -- Link that shows it
    primary key (model_id)
);

-- Models that the card pass asks for though no table names them. One row per model.
-- task: a model that no leaderboard lists | add its repository; the next night reads its card
create table policy.tracked_models (
    model_id varchar not null,  -- Repository on the Hub
    reason varchar not null,  -- Why it is wanted
    source_url varchar not null,  -- Its page
    primary key (model_id)
);

-- Days on which a leaderboard imported submissions in bulk. Decides that such a day dates no model. One row per source and day.
create table policy.import_days (
    source_id varchar not null,  -- Source with the rows of that day
    submitted_on date not null,  -- The day
    reason varchar not null,  -- How it is known to be an import
    source_url varchar not null,  -- The source's page
    primary key (source_id, submitted_on)
);

-- Models as their vendors describe them: name, openness, size, date. Decides core.models for those without a repository, and the
-- release date before every other evidence. One row per model.
-- task: a wrong release date | correct released_on with the announcement in released_on_url; add the model if it has no row
-- task: a proprietary model | add it here, then its scores to reference_scores
create table policy.reference_models (
    model_id varchar not null,  -- Repository on the Hub, or vendor/name for one without
    display_name varchar not null,  -- Name for people
    organization varchar not null,  -- Vendor
    family varchar,  -- Family; null: by the patterns of policy.families
    openness varchar not null check (openness in ('open_weights', 'proprietary')),  -- Whether anybody may download the weights
    license varchar,  -- Licence text; null: none is stated
    tuning varchar not null check (tuning in ('base', 'instruct', 'other')),  -- How it was tuned
    released_on date,  -- Day of release; null: not known
    released_on_url varchar,  -- Link for the day
    params_total bigint,  -- Parameters in all; null: not published
    params_active bigint,  -- Parameters used per token; null: not published
    params_url varchar,  -- Link for the sizes
    training_tokens bigint,  -- Tokens that it was trained on; null: not published
    training_tokens_url varchar,  -- Link for the tokens
    note varchar,  -- What a reader of the row must know
    primary key (model_id)
);
