-- Stretches of days on which a board's ratings were made in one way. Decides core.rating_series: no rating is compared with one of
-- another series, and a difference of ratings becomes an expected share of wins by the series' scale. One row per board and series.
-- task: a board changed how it makes its ratings | add a series from that day on, with the link that says so
create table policy.rating_series (
    source_id varchar not null,  -- Source with the board
    board varchar not null,  -- Board, as the source's parser calls it
    series varchar not null,  -- Name of the series
    starts_on date not null,  -- First day of the series
    points_per_tenfold double not null,  -- Difference of two ratings, points, at which the odds of a win are ten to one
    method varchar not null,  -- How its ratings are made
    reason varchar not null,  -- How the break is known, and what the difference of ratings means
    source_url varchar not null,  -- Where the source says so
    primary key (source_id, board, series)
);
