-- Who sells tokens of models, by the names that lists of prices use. Decides which lines of such a list are read, and which provider is
-- the vendor of a model: vendors, and hosts and clouds that run models themselves and price one that no other does. Who resells is not
-- here, nor are DeepSeek, Azure and Mistral AI in genai-prices, which has prices of OpenRouter's hosts under them. One row per list and name.
-- task: a provider of a list of prices | add its name there, and the owner of its models' ids if it is their vendor
create table policy.price_providers (
    source_dataset varchar not null check (source_dataset in ('genai-prices', 'models.dev')),  -- The list
    listed_as varchar not null,  -- The provider's name there
    provider varchar not null,  -- The provider, by one name for all lists
    display_name varchar not null,  -- Name for people
    vendor_owner varchar,  -- What the ids of its own models begin with; null: it hosts models of others alone
    source_url varchar not null,  -- The provider's page of models or prices
    primary key (source_dataset, listed_as)
);

-- Prices of tokens of the models that the warehouse knows, each as a list stated it on a day. Decides core.prices. One row per list,
-- provider, name and day; written by `python -m leaderboard_etl.importers prices LIST PATH`, which also reads a warehouse for ids.
-- task: a new edition of a list of prices | run the importer on it; a name that does not lead to its model needs a row in model_aliases with the source `prices`
create table policy.prices (
    source_dataset varchar not null check (source_dataset in ('genai-prices', 'models.dev')),  -- The list; both are under the MIT licence
    provider varchar not null,  -- The provider, as in price_providers
    source_name varchar not null,  -- The model as the provider names it
    priced_on date not null,  -- Day of the list
    model_id varchar not null,  -- The model
    is_vendor boolean not null,  -- Whether the provider is the vendor of the model
    input_usd_per_mtok double not null,  -- US dollars for a million tokens of input, not cached, of the shortest context
    output_usd_per_mtok double not null,  -- The same for output
    source_url varchar not null,  -- The line's file in the list's repository
    primary key (source_dataset, provider, source_name, priced_on)
);

-- Models that their vendor alone serves and no longer does, as it said itself. Decides core.prices.withdrawn_on: a list goes on naming
-- the price of a model that nobody can buy. One row per model; of a model that is absent nothing is known.
-- task: a model that is no longer sold | add the day from which its vendor does not serve it, with the vendor's page
create table policy.withdrawn_models (
    model_id varchar not null,  -- The model
    withdrawn_on date not null,  -- Day from which its vendor does not serve it, or the one that it announced
    source_url varchar not null,  -- The vendor's page
    primary key (model_id)
);
