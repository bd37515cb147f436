-- What each text of a licence means. Decides license_id, license_class and openness of core.models. One row per text.
-- task: a wrong licence | correct the row of the text; if only one model states it wrongly, use model_licenses
create table policy.licenses (
    license_text varchar not null,  -- The text in lower case, as a card or table states it: case, punctuation, 'the', 'license', 'agreement' and 'version' make no other text
    license_id varchar,  -- SPDX id, or the vendor's name of it; null: the text names no licence
    license_class varchar not null check (license_class in ('permissive', 'copyleft', 'community', 'non_commercial', 'proprietary', 'unknown')),  -- Kind of licence, from the least restrictive to the most: of several the last counts
    openness varchar check (openness in ('open_weights', 'proprietary')),  -- What the licence says of the weights; null: nothing
    source_url varchar not null,  -- The licence's text
    note varchar,  -- What a reader of the row must know
    primary key (license_text)
);

-- The licence of models whose sources state none or a wrong one. Decides before what the sources state. One row per pattern.
-- task: a wrong licence of one model | add a pattern for the model's id and the licence text
create table policy.model_licenses (
    model_id_pattern varchar not null,  -- Regular expression on the model id
    license_text varchar not null references policy.licenses (license_text),  -- A text of policy.licenses
    source_url varchar not null,  -- Link that states it
    primary key (model_id_pattern)
);
