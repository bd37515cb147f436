-- Findings of checks that a person has looked at. Decides that they no longer degrade a night. One row per check and text.
-- task: an accepted warning | add the check, a text that its row holds, and the reason
create table policy.accepted_warnings (
    check_name varchar not null,  -- File of sql/checks without its ending
    text varchar not null,  -- What the JSON of an accepted row contains
    reason varchar not null,  -- Why it is right as it is
    primary key (check_name, text)
);
