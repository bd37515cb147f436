-- Sentences of the article that can be checked. Decides mart.paper_claims: a query answers with a number, conditions on it give the
-- verdict. One row per claim, in the article's order.
-- task: a new claim | add the sentence, what is measured and the conditions; its query goes to sql/claims
create table policy.claims (
    claim_id varchar not null,  -- Name of the claim
    article_place varchar not null,  -- Where the sentence stands: the section, and a numbered point, table or chart in it
    sentence varchar not null,  -- The words of the article, verbatim: a sentence, a part of one, or the first cell of a table's row
    paraphrase varchar,  -- What of these words is judged, in ours; null: all that they say
    measures varchar not null,  -- What the number is, with its unit
    expected varchar not null,  -- What the article expects, in words
    holds_if varchar not null,  -- SQL condition on computed_value, and on within where the query answers how far from equal still is equal, under which the claim holds
    partly_expected varchar,  -- What is enough for partly, in words; null: never
    partly_if varchar,  -- The same as a condition; null: never
    rewrite varchar,  -- A sentence that the data bear, with {value}, {lo} and {hi} in it as Python formats them; null: what is not measured has none
    note varchar,  -- What a reader of the verdict must know
    query varchar,  -- File of sql/claims without its ending; null: claim_id
    subject varchar,  -- Value of $subject in the query; null: not used
    primary key (claim_id)
);

-- The article's own table of architectures, cell by cell. Decides what mart.article_cells compares. One row per row and cell.
create table policy.article_table (
    row_id varchar not null,  -- Row of the article's table
    architecture varchar not null,  -- What the article calls it
    model_id varchar not null,  -- The model that the row is about
    cell varchar not null check (cell in ('params_total_b', 'params_active_b', 'mmlu_pct', 'cost_relative')),  -- Column of the article's table
    printed varchar not null,  -- The figure as printed
    n_shot integer,  -- In-context examples behind a score, as the model's maker states them; null: not a score
    source_url varchar not null,  -- What the article cites for it
    primary key (row_id, cell)
);

-- The names of benchmarks and models to which the numbers of an article belong. Decides which number `article check` compares, so that
-- MMLU-Pro is not taken for MMLU. One row per name. Patterns are Python's regular expressions, without regard to case; of two that match,
-- the longer is the name, and a match that is a part of a longer word (CMMLU, MMLU-Redux) is another name, of which nothing is known.
-- task: another benchmark or model for `article check` | add its spellings here, and where its numbers are
create table policy.article_names (
    name_id varchar not null,  -- Name of it
    kind varchar not null check (kind in ('benchmark', 'model')),  -- What it is
    spelled varchar not null,  -- How it is written
    paths varchar,  -- What the names of its numbers in mart.article_numbers begin with, the first choice first, separated by spaces; null: no number is known, only that the name is none of the others
    groups varchar,  -- Comparable groups of a benchmark's scores, separated by spaces; null: a model, or a benchmark of which the warehouse has no scores
    primary key (name_id)
);

-- The numbers that an article on this subject prints, in whatever words. Decides what `article check` compares with mart.article_numbers.
-- One row per number. Patterns are Python's regular expressions, without regard to case.
-- task: another number for `article check` | add its pattern here, and the number itself to sql/views/article_numbers.sql
create table policy.article_numbers (
    printed_id varchar not null,  -- Name of the printed number; one about a name has that before it, as in mmlu_gap
    about varchar check (about in ('benchmark', 'model')),  -- Kind of the name in policy/article_names that the number belongs to; null: it needs none
    number_ids varchar not null,  -- Numbers of mart.article_numbers that it may be, separated by spaces, {name} for each path of its name; one that agrees is enough
    sentence_has varchar not null,  -- What the sentence has besides
    printed varchar not null,  -- The number, as group n (or n2 in another word order), and as m the end of a range
    agrees_if varchar not null check (agrees_if in ('equal', 'exactly', 'ours_or_less', 'ours_or_more', 'around_ours', 'in_our_range')),  -- When the printed number agrees: equal to ours within its last digit or a percent; the same to its last digit; at most ours, as in "over 10,000"; at least ours, as in "fits into 48 GB"; a range around ours; a number between our lo and hi
    primary key (printed_id)
);
