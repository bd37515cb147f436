-- Numbers that the rules of the marts use. Decides core.rules: until when a side is observed, what is current, which scores disagree, what
-- a line needs to be drawn or read off.
-- One row per rule.
create table policy.rules (
    rule varchar not null,  -- Name of the number, as the views and analyses ask for it
    value double not null,  -- The number
    unit varchar not null check (unit in ('share', 'count', 'days', 'points')),  -- Its unit
    reason varchar not null,  -- Why it is this number
    primary key (rule)
);

-- Settings at which models are run: reasoning effort and thinking budget. Decides core.settings: of several settings of one reporter
-- the highest represents a model. One row per pattern; the first that matches counts.
-- task: a setting that a source states | add a pattern with its rank among the efforts
create table policy.settings (
    setting_pattern varchar not null,  -- Regular expression on the setting in the source's words
    effort_rank integer not null,  -- Rank among the efforts, least effort first; of equals the greater number of tokens is the higher
    meaning varchar not null,  -- What it means
    source_url varchar not null,  -- A vendor's documentation of such settings
    primary key (setting_pattern)
);
