-- Runs, refused records, drift of the sources and findings of the audit.

-- Loads as the ledger beside raw/ records them. One row per load.
create table ops.loads (
    load_id integer not null,          -- Number of the load, ascending
    kind varchar not null check (kind in ('nightly', 'backfill', 'replay')), -- What made the load: a night (nightly), a past commit of a source (backfill), or reading refused records again (replay)
    status varchar not null check (status in ('published', 'degraded', 'no_news', 'failed')), -- How it ended
    as_of_at timestamp not null,       -- Start of the run (backfill: the source's commit date), UTC; the instant from which its values were believed
    endpoint varchar not null,         -- Hub that it read: an address, or sample
    code_version varchar not null,     -- Version and content hash of the code that made the load
    message varchar,                   -- Why it failed or was degraded; null: neither
    is_compared boolean not null       -- Whether the judged state before the load was compared with that after it: what changed is in ops.judgement_changes. False: a backfill, a load without news, or one of code that did not compare; what it changed there cannot be known
);

-- What each source contributed to each load. One row per load and source. rows_in = rows_stored + rows_quarantined.
create table ops.load_sources (
    load_id integer not null,          -- Load
    source_id varchar not null,        -- Source
    state varchar not null check (state in ('loaded', 'unchanged', 'held', 'failed')), -- loaded, unchanged (nothing new; before the first loaded: the source is not there, or was not asked for), held (kept at its last good state by the brake) or failed (the same, by an error)
    message varchar,                   -- Why it was held or failed; null: neither
    revision varchar,                  -- Commit of the source's repository; null: the source has many repositories, or none
    api_calls integer not null,        -- API calls spent on it
    file_calls integer not null,       -- File downloads spent on it
    files_changed integer not null,    -- File versions new in this load
    files_gone integer not null,       -- Files gone in this load
    bytes_fetched bigint not null,     -- Bytes of the files new in this load
    source_rows integer not null,      -- Table rows, or files, read in this load
    rows_in integer not null,          -- Records read from them: scores, metrics, statements about models and sizes, submissions, and files or rows that could not be read
    rows_stored integer not null,      -- Of these, accepted
    rows_quarantined integer not null, -- Of these, refused: see ops.quarantine
    rows_added integer not null,       -- Versions opened in history
    rows_closed integer not null       -- Versions closed in history
);

-- Records that were refused, with their text and the reason. One row per refused record, rule and interval.
create table ops.quarantine (
    source_id varchar not null,        -- = ops.load_sources
    target varchar not null check (target in ('scores', 'subtask_scores', 'models', 'model_bases', 'parameter_claims', 'submissions', 'ratings', 'prices', 'file')), -- Table that the record was meant for; file: the file could not be read
    source_name varchar,               -- Model name; null: it could not be read
    rule varchar not null,             -- Rule that refused it
    reason varchar not null,           -- What the rule means
    offending_text varchar not null,   -- The offending text, at most 500 characters
    repo_type varchar not null,        -- = history.scores
    repo_id varchar not null,          -- = history.scores
    revision varchar not null,         -- = history.scores
    path varchar not null,             -- = history.scores
    blob_id varchar not null,          -- = history.scores
    locator varchar not null,          -- = history.scores
    load_id integer not null,          -- Load that first refused it
    closed_load_id integer,            -- Load from which it was gone or accepted; null: still refused
    valid_from timestamp not null,     -- First seen: as_of_at of load_id, UTC
    valid_to timestamp                 -- as_of_at of closed_load_id, UTC, exclusive; null: still refused
);

-- Changes at the sources that a person should look at. One row per load, source and change.
create table ops.drift (
    load_id integer not null,          -- = ops.load_sources
    source_id varchar not null,        -- = ops.load_sources
    kind varchar not null check (kind in ('unknown_columns', 'missing_columns', 'unread_dates', 'flag_polarity', 'normalisation', 'unknown_benchmark', 'unknown_evaluation', 'unknown_collection', 'second_layout', 'collection_gone', 'archive_gone', 'official_benchmark', 'rows_vanished', 'magnitude', 'unreadable', 'verdict', 'accepted')), -- What changed: columns that no known era has (unknown_columns) or that all of them have (missing_columns), dates that could not be read (unread_dates), a flag whose polarity its sentinels do not prove (flag_polarity), published normalised values that are not numbers (normalisation), a benchmark that policy does not list (unknown_benchmark), an evaluation of a known collection (unknown_evaluation) or a collection of a datastore (unknown_collection) that it does not list either, a folder that holds the same in another layout and is not read (second_layout), a collection that is gone or empty (collection_gone), an archive whose repository or files are gone (archive_gone), a dataset that the Hub newly lists as a benchmark (official_benchmark), a table that lost rows (rows_vanished) or changed its unit (magnitude), files that could not be read (unreadable), a claim of the article that changed its verdict (verdict), or drift that --accept let through (accepted)
    subject varchar not null,          -- Column, flag or table concerned
    message varchar not null,          -- What happened and what was done
    is_held boolean not null           -- True where the source was kept at its last good state because of it
);

-- What a load changed in what is judged of the sources' statements: who leads, sizes, licences, and which model a name means. Each
-- run compares the state that it replaces with the one that it publishes, and the ledger keeps the result, because a past judgement
-- cannot be told from history alone. One row per load, kind and subject.
create table ops.judgement_changes (
    load_id integer not null,          -- = ops.load_sources
    kind varchar not null check (kind in ('leader', 'params_total', 'params_active', 'license', 'name')), -- What is judged: the best official model of one side in a comparable group or on a board (leader), the size of a model (params_total, params_active), its licence (license), or the model that a source's name means (name)
    subject varchar not null,          -- What it is said of: group or board and side with a slash between them; the model; or source and name with ': ' between them
    before_text varchar,               -- What was said before: leading model, method of the size, licence with its class and the openness, or model that the name meant; null: nothing, of a name that it led nowhere
    before_value double,               -- Its number before: score in percent, on a board of ratings the rating; parameters (count); null: none
    after_text varchar,                -- The same after the load
    after_value double,                -- The same after the load
    source_id varchar,                 -- Source of what is said after; null: none
    source_url varchar                 -- Link to what is said after; null: none is recorded
);

-- Results of the last audit. One row per check.
create table ops.check_results (
    check_name varchar not null,       -- File name in sql/checks/, without .sql
    severity varchar not null check (severity in ('error', 'warn')), -- error (nothing is published) or warn
    description varchar not null,      -- What the check looks for
    n_rows bigint not null,            -- Offending rows
    n_new bigint not null,             -- Of these, rows that the last published load did not have
    n_accepted bigint not null,        -- Of these, rows accepted by policy/accepted_warnings
    examples varchar                   -- First offending rows as JSON; null: none
);

-- The code and the load that made this file. One row.
create table ops.build (
    code_version varchar not null,     -- Version and content hash of the code that folded the loads into this file
    load_id integer,                   -- Last load of the ledger that the file holds; null: no load
    schema_version integer not null,   -- Version of the tables: the newest number in sql/schema/migrations
    public_version integer not null    -- Version of the tables and columns of core and mart that others may build on: the newest in sql/public.csv
);

-- What the stored results of the analyses were made from: a run computes a part again only where its inputs have another hash. One row per analysis and part.
create table ops.analysis_inputs (
    analysis varchar not null,         -- Analysis: a query in sql/inputs, which says what it reads
    part varchar not null,             -- Part of its tables, such as a comparable group: the values of the columns that name it; empty: the whole
    input_hash varchar not null        -- Hash of the rows that the part was made from, of the code and of the versions of the packages that compute
);

-- What core said of a model or a name before a load that judged it anew, for queries as of a past day; a file that was made anew has none. Only of the last 60 loads that changed anything, and of at most 100,000 models and names. One row per load, kind and subject.
create table ops.replaced_rows (
    until_load_id integer not null,    -- Last load at whose end core said this
    kind varchar not null check (kind in ('model', 'name', 'settings')), -- Of what it was said: a model, a name of a source (its scores and ratings), or all settings (core.settings)
    subject varchar not null,          -- The model; source and name with ': ' between them; or 'all'
    said varchar not null              -- The rows as JSON, a list of objects with the row by the name of its table; empty: nothing was said
);
