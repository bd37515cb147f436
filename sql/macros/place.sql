-- The place of a value in one line: source, repository, commit, file and place in the file.
create macro mart.place(source_id, repo_id, revision, path, locator) as
    concat_ws(' ', source_id || ':', repo_id || '@' || revision[:12], path, locator)
