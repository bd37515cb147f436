-- The ledger of runs, what was refused, what drifted and what the audit found.

-- Loads as the ledger beside raw/ records them. One row per load.
create table ops.loads (
    load_id integer not null,          -- Number of the load, ascending
    kind varchar not null,             -- nightly or backfill
    status varchar not null,           -- published, degraded, no_news or failed
    as_of_at timestamp not null,       -- Start of the run (backfill: the source's commit date), UTC; the instant from which its values were believed
    endpoint varchar not null,         -- Hub that it read: an address, or 'sample'
    code_version varchar not null,     -- Version and content hash of the code that made the load
    message varchar                    -- Why it failed or was degraded; null: nothing to say
);

-- What each source gave to each load. One row per load and source. rows_in = rows_stored + rows_quarantined.
create table ops.load_sources (
    load_id integer not null,          -- Load
    source_id varchar not null,        -- Source
    state varchar not null,            -- loaded, unchanged, held (kept at its last good state) or failed (the same, by an error)
    message varchar,                   -- Why it was held or failed; null: nothing to say
    revision varchar,                  -- Commit of the source's repository; null: many repositories, or none
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
    source_id varchar not null,        -- Source
    target varchar not null,           -- Table the record was meant for: scores, models, parameter_claims or file
    source_name varchar,               -- Model name if it could be read; null: it could not
    rule varchar not null,             -- Rule that refused it
    reason varchar not null,           -- What it means
    offending_text varchar not null,   -- The offending text, at most 500 characters
    repo_type varchar not null,        -- As in raw.files
    repo_id varchar not null,          -- Repository of the file
    revision varchar not null,         -- Commit at which it was first seen
    path varchar not null,             -- File
    blob_id varchar not null,          -- Content address of the file
    locator varchar not null,          -- Place inside the file
    load_id integer not null,          -- Load that first refused it
    closed_load_id integer,            -- Load from which it was no longer there or was accepted; null: standing
    valid_from timestamp not null,     -- First seen: as_of_at of load_id, UTC
    valid_to timestamp                 -- as_of_at of closed_load_id, UTC, exclusive; null: standing
);

-- What changed at the sources in a way that a person should look at. One row per load, source and finding.
create table ops.drift (
    load_id integer not null,          -- Load
    source_id varchar not null,        -- Source
    kind varchar not null,             -- unknown_columns, era_changed, flag_polarity, rows_vanished, magnitude, accepted ...
    subject varchar not null,          -- Column, flag or table concerned
    message varchar not null,          -- What happened and what was done
    is_held boolean not null           -- True where the source was kept at its last good state because of it
);

-- Findings of the last audit. One row per check.
create table ops.check_results (
    check_name varchar not null,       -- File name in sql/checks/, without .sql
    severity varchar not null,         -- error (nothing is published) or warn
    description varchar not null,      -- What the check looks for
    n_rows bigint not null,            -- Offending rows
    n_new bigint not null,             -- Of these, rows that the last published load did not have
    n_accepted bigint not null,        -- Of these, rows accepted by policy/accepted_warnings
    examples varchar                   -- First offending rows as JSON; null: none
);

-- What made this file. One row.
create table ops.build (
    code_version varchar not null,     -- Version and content hash of the code that folded the loads into this file
    load_id integer,                   -- Last load of the ledger that is in it; null: none
    schema_version integer not null    -- Version of the tables: the newest number in sql/schema/migrations
);
