-- Files seen on the Hub, and the policy files of this project. The bytes themselves are in raw/blobs.sqlite beside the database.

-- Every version of every file that a load accepted. One row per file version seen.
create table raw.files (
    source_id varchar not null,      -- Source that wanted the file
    repo_type varchar not null check (repo_type in ('dataset', 'model', 'space', 'project', 'api')), -- Type of the repository: dataset, model or space on the Hub; 'project' for CSV files of this project; 'api' for answers of the Hub's API
    repo_id varchar not null,        -- Hub repository (organization/name); for repo_type 'project' the package's name
    revision varchar not null,       -- Commit at which the file was first seen with this content; for repo_type 'project' the package's version
    path varchar not null,           -- Path inside the repository
    blob_id varchar not null,        -- Content address: git blob id (40 hex digits), or sha256:<64 hex digits> for LFS files and API answers
    size_bytes bigint not null,      -- Size of the content in bytes
    first_load_id integer not null,  -- Load that first accepted this version: a load_id of ops.loads
    last_load_id integer,            -- Load from which it was replaced or gone; null: still the current version
    fetched_at timestamp not null    -- When it was landed, UTC
);
