-- The link of a value: the one recorded for it, else the page of its file by core.sources.link_pattern; null: its file has no page.
-- An answer of the Hub's API has no page of its own: the link is that of its repository.
create macro mart.link(source_url, link_pattern, repo_id, revision, path) as
    coalesce(
        source_url,
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
    )
