-- The address of a file of a source; an answer of the Hub's API has no page of its own, and its address is that of its repository.
create macro mart.file_link(link_pattern, repo_id, revision, path) as
    replace(
        replace(
            case
                when path like '@api/%' then split_part(link_pattern, '/blob/', 1)
                else replace(link_pattern, '{path}', path)
            end,
            '{revision}', revision
        ),
        '{repo_id}', repo_id
    )
