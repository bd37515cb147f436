-- Results of the analyses, computed by each run (or as of a date) from core: fits, lags with censoring, indices. Small tables; the views beside them are live.

-- How long open weights took to reach the score of a proprietary model, by several estimators. One row per population, group, estimator, tolerance and proprietary frontier model (or threshold). Definitions: catch_up = first open model within tolerance_pct points of each proprietary frontier model; catch_up_nats = the same within 0.02 on -ln(1 - accuracy), skipping what an earlier winner already matched, as in Epoch AI's study of 2024 (https://epoch.ai/blog/open-models-report); backward = how long before each open frontier model a proprietary one was there (left-censored if none was); threshold = first open minus first proprietary model at a fixed score; area = mean over the scores that both frontiers reached; daily = mean over the days of mart.gap_lag_daily. Filter on population, estimator and tolerance_pct. A model that is not matched yet has a right-censored row; it is never left out. Lags are in days. catch_up waits for the next open best, which biases it up; backward waits for a proprietary one, which biases it down: where bests are few, the lag lies between the two.
create table mart.gap_lag (
    population varchar not null,             -- = mart.populations
    comparable_group varchar not null,       -- = core.benchmarks
    benchmark varchar,                       -- = core.benchmarks.benchmark_id
    estimator varchar not null check (estimator in ('catch_up', 'catch_up_nats', 'backward', 'threshold', 'area', 'daily')), -- Estimator, as the table defines it
    tolerance_pct double,                    -- Points below the score that still match; null: the estimator has its own tolerance or none
    threshold_pct double,                    -- Fixed score, percent; null for every estimator but threshold
    closed_model_id varchar,                 -- Proprietary model; null: none
    closed_model varchar,                    -- Name of closed_model_id for people
    closed_released_on date,                 -- Release date of closed_model_id
    closed_score_pct double,                 -- Score of closed_model_id, percent
    open_model_id varchar,                   -- Open model that matched it; null: none did
    open_model varchar,                      -- Name of open_model_id for people
    open_released_on date,                   -- Release date of open_model_id
    open_score_pct double,                   -- Score of open_model_id, percent
    lag_days double,                         -- Days by which the open side was later, a bound if censored; negative: it was earlier; null: no lag, see reason
    is_censored boolean,                     -- Whether the match had not been seen by censored_on; null: no lag
    censoring varchar check (censoring in ('right', 'left', 'none')), -- Whether lag_days is a bound: right (at least this many), left (at most this many) or none; null: no lag
    is_already_matched boolean,              -- Whether the open model was not later; null: no pair
    censored_on date,                        -- Last day on which the awaited side could be seen: proprietary models for backward and left-censored lags, else open ones; of area and daily the last day on which both sides had a new model
    reason varchar                           -- Why there is no lag, or why it is censored; null: there is an uncensored one
);

-- How long ago the proprietary frontier had reached the open one's score, day by day; the estimator daily is the mean of this series, after Epoch AI's note of 2026 (https://epoch.ai/data-insights/open-closed-eci-gap). One row per population, group and day up to the last on which both sides had a new model (mart.gap_sides.compared_on).
create table mart.gap_lag_daily (
    population varchar not null,             -- = mart.populations
    comparable_group varchar not null,       -- = core.benchmarks
    day date not null,                       -- Day
    open_score_pct double not null,          -- Open frontier on it, percent
    closed_first_on date,                    -- Day on which a proprietary model first reached that score; null: none did
    lag_days bigint                          -- Days since then; 0: the open side leads; null: no proprietary model reached it
);

-- The lags of mart.gap_lag as one number, which accounts for censoring (Kaplan-Meier), with an interval by resampling model families. One row per population, group, estimator, tolerance and sensitivity. Compare the populations to see how far a lag depends on contaminated, merged or unofficial models.
create table mart.gap_lag_summary (
    population varchar not null,             -- = mart.populations
    comparable_group varchar not null,       -- = core.benchmarks
    benchmark varchar,                       -- = core.benchmarks.benchmark_id
    estimator varchar not null,              -- = mart.gap_lag
    tolerance_pct double,                    -- = mart.gap_lag
    sensitivity varchar not null,            -- all; without a family that owns a frontier model; without self-reported scores. Tolerances beside 0 and the group's own only under all
    n_pairs bigint,                          -- Lags, including censored ones; null: not computed
    n_censored bigint,                       -- Of these, not matched yet
    median_lag_days double,                  -- Kaplan-Meier median, days; null: over half were never matched, or not of this estimator
    mean_lag_days double,                    -- Kaplan-Meier mean restricted to the longest lag seen, days; of area and daily the estimate itself
    lo_days double,                          -- Lower end of the 90 % interval of the median, or of the mean where the median is null, by resampling families. Of threshold it holds the true lag in 80 to 96 % of simulated worlds, of the others less often (docs/methods.md)
    hi_days double,                          -- Upper end of that interval; null beside lo_days: unbounded
    refusal_reason varchar                   -- Why a number or the interval is missing; null: none is missing
);

-- Score against size: log-odds of the baseline-corrected score on log10 of the parameters (billions), or of training compute. One row per population, group, openness, era and form. No line with fewer than 8 models or 4 families, or sizes within a factor of 10.
create table mart.scaling_fit (
    population varchar not null check (population in ('official', 'official_base', 'official_dense', 'fine_tune', 'merge', 'flagged', 'unflagged', 'all')), -- = mart.populations; also official_dense: those of official that are known not to be mixtures of experts
    comparable_group varchar not null,       -- = core.benchmarks
    benchmark varchar,                       -- = core.benchmarks.benchmark_id
    openness varchar not null check (openness in ('open_weights', 'proprietary', 'all')), -- Side; all: both
    era varchar not null check (era in ('all', 'until 2023', '2024', 'from 2025')), -- Era of release: until 2023, 2024 or from 2025; all: every date
    form varchar not null check (form in ('total', 'active', 'compute')), -- Size on the axis: total or active parameters, or training compute (6 N D)
    slope double,                            -- Log-odds per tenfold size; null: refused
    intercept double,                        -- Log-odds at one billion parameters (compute: at 1e21 FLOP); null: refused
    r2 double,                               -- Share of variance explained; null: refused
    residual_sd double,                      -- Standard deviation of the residuals, log-odds
    n bigint,                                -- Models with score and size; those of one family and side that coincide in both are one, as in the line
    n_scored bigint,                         -- Models with score, sized or not
    n_families bigint,                       -- Families among n
    n_clipped bigint,                        -- Scores limited to 0.5 or 99.5 percent, whose log-odds would be infinite
    min_params_b double,                     -- Smallest size seen, billions
    max_params_b double,                     -- Largest size seen, billions
    min_compute_flop double,                 -- Least training compute seen; null for every form but compute
    max_compute_flop double,                 -- Greatest training compute seen; null for every form but compute
    slope_lo double,                         -- Lower end of the slope's 90 % interval, by resampling families; a little too narrow
    slope_hi double,                         -- Upper end of that interval
    refusal_reason varchar                   -- Why there is no line; null: there is one
);

-- The lines of mart.scaling_fit as curves with their 90 % bands, within the sizes seen. One row per population, group, openness, era, form and size.
create table mart.scaling_band (
    population varchar not null,             -- = mart.scaling_fit
    comparable_group varchar not null,       -- = core.benchmarks
    openness varchar not null,               -- = mart.scaling_fit
    era varchar not null,                    -- = mart.scaling_fit
    form varchar not null check (form in ('total', 'active')), -- Size on the axis: total or active parameters
    params_b double not null,                -- Size, billions
    score_norm_pct double,                   -- The line, 0 = guessing, 100 = ceiling
    lo_norm_pct double,                      -- Lower end of the 90 % band of score_norm_pct
    hi_norm_pct double,                      -- Upper end of the 90 % band of score_norm_pct
    score_pct double,                        -- The line in percent; null: the group has no single baseline
    lo_pct double,                           -- Lower end of the 90 % band of score_pct
    hi_pct double                            -- Upper end of the 90 % band of score_pct
);

-- One capability per model from its scores on several benchmarks, by item response theory as in the Epoch Capabilities Index (https://github.com/epoch-research/eci-public), in logits of the anchor benchmark. One row per official model with a score. The intervals are a little too narrow (of 90 % they held 85 % in simulations). Refused: a model with scores in fewer than 3 benchmarks that can be compared.
create table mart.capability_index (
    model_id varchar not null,               -- = core.models
    model varchar,                           -- = core.models.display_name
    openness varchar,                        -- = core.models
    released_on date,                        -- = core.models
    capability double,                       -- Logits of the anchor; null: refused
    capability_lo double,                    -- Lower end of the 90 % interval; null: refused or too few draws
    capability_hi double,                    -- Upper end of that interval
    n_benchmarks bigint,                     -- Comparable groups that the fit used; for a refused model those that it has a score in
    anchor_group varchar,                    -- Group whose difficulty is 0 and discriminability 1
    refusal_reason varchar                   -- Why the model has no capability; null: it has one
);

-- The best proprietary against the best open model by mart.capability_index: the gap as one headline number, besides those by benchmark in mart.gap_daily. One row. The best of each side is the one that looks best, so luck plays a part; the interval is that of these two models.
create table mart.capability_gap (
    compared_on date not null,               -- Only models released by this day take part
    open_model_id varchar,                   -- Best open model; null: there is none
    open_model varchar,                      -- = mart.gap_lag
    open_capability double,                  -- Capability of open_model_id, logits
    proprietary_model_id varchar,            -- Best proprietary model; null: there is none
    proprietary_model varchar,               -- Name of proprietary_model_id for people
    proprietary_capability double,           -- Capability of proprietary_model_id, logits
    gap_logits double,                       -- Proprietary minus open, logits of the anchor benchmark; negative: open leads; null: refused
    gap_lo double,                           -- Lower end of the 90 % interval of the gap between these two models
    gap_hi double,                           -- Upper end of that interval
    n_open bigint,                           -- Open models with a capability and a date
    n_proprietary bigint,                    -- Proprietary models with a capability and a date
    refusal_reason varchar                   -- Why there is no gap; null: there is one
);

-- Difficulty and discriminability of each benchmark in the fit of mart.capability_index. One row per comparable group.
create table mart.capability_items (
    comparable_group varchar not null,       -- = core.benchmarks
    difficulty double,                       -- Capability at which half of the range above guessing is reached, logits
    discriminability double,                 -- Steepness, 1 = as the anchor
    n_models bigint,                         -- Models with a score in the fit
    is_anchor boolean                        -- Whether the scale is this group's
);

-- Whether the best open model matches or exceeds the best proprietary one. One row per population and comparable group. A match is a difference within the larger of two standard errors and match_tolerance_pct of policy.
create table mart.parity (
    population varchar not null,             -- = mart.populations
    comparable_group varchar not null,       -- = core.benchmarks
    is_headline boolean,                     -- Whether the group counts for the majority: of its benchmark's groups those of one evaluator with both sides alive, else the mixed ones; the same in every population
    compared_on date,                        -- = mart.capability_gap
    open_model_id varchar,                   -- Best open model; of equals the earliest, then by id; null: there is none
    open_model varchar,                      -- = mart.capability_gap
    open_score_pct double,                   -- = mart.gap_lag
    open_stderr_pct double,                  -- Standard error of open_score_pct, points; null: not published
    open_released_on date,                   -- = mart.gap_lag
    n_open bigint,                           -- Dated open models that took part
    n_undated_open bigint,                   -- Open models left out because no release date is known
    observed_through_open_on date,           -- = mart.gap_sides
    proprietary_model_id varchar,            -- Best proprietary model; of equals the earliest, then by id; null: there is none
    proprietary_model varchar,               -- = mart.capability_gap
    proprietary_score_pct double,            -- Score of proprietary_model_id, percent
    proprietary_stderr_pct double,           -- Standard error of proprietary_score_pct, points; null: not published
    proprietary_released_on date,            -- Release date of proprietary_model_id
    n_proprietary bigint,                    -- Dated proprietary models that took part
    n_undated_proprietary bigint,            -- Proprietary models left out because no release date is known
    observed_through_proprietary_on date,    -- = mart.gap_sides
    difference_pct double,                   -- Open minus proprietary, points; null: a side is missing
    stderr_difference_pct double,            -- Standard error of the difference, points; null: not known for both
    tolerance_pct double,                    -- Difference that still is a match, points
    tolerance_source varchar check (tolerance_source in ('policy', 'two_standard_errors')), -- Where tolerance_pct comes from
    verdict varchar not null check (verdict in ('matches', 'exceeds', 'trails', 'not_measurable')), -- What the best open model does against the best proprietary one
    strict_verdict varchar not null check (strict_verdict in ('matches', 'trails', 'not_measurable')), -- The same without tolerance: matches where open is equal or above
    open_newest_model varchar,               -- = mart.gap_sides
    open_newest_on date,                     -- = mart.gap_sides
    proprietary_newest_model varchar,        -- = mart.gap_sides
    proprietary_newest_on date,              -- = mart.gap_sides
    is_alive_together boolean,               -- = mart.gap_sides
    is_current boolean not null,             -- Whether compared_on is current: both sides alive together, and no more than current_days (core.rules) before the day of the state
    difference_lo_pct double,                -- Least difference over the choices of each model's score (least, median, greatest or chosen), points; null: a side is missing
    difference_hi_pct double,                -- Greatest of these
    verdict_now varchar not null check (verdict_now in ('matches', 'exceeds', 'trails', 'depends', 'not_measurable_now', 'not_measurable')) -- What may be said of now: the verdict; depends where matching or exceeding flips in mart.parity_sensitivity; not_measurable_now where it is not current
);

-- The question of mart.parity asked again with another of each model's scores and under other tolerances. One row per population, comparable group with both sides, choice and tolerance.
create table mart.parity_sensitivity (
    population varchar not null,             -- = mart.populations
    comparable_group varchar not null,       -- = core.benchmarks
    is_headline boolean,                     -- = mart.parity
    chosen_value varchar not null check (chosen_value in ('chosen', 'least', 'median', 'greatest')), -- Which of several scores represents each model: the one of mart.model_scaling (chosen), or the least, median or greatest
    tolerance_pct double not null,           -- = mart.parity
    open_model varchar,                      -- Best open model under that choice, its name for people
    proprietary_model varchar,               -- Best proprietary model under that choice, its name for people
    difference_pct double,                   -- Open minus proprietary, points
    is_match_or_exceed boolean not null      -- Whether open is above, or below by no more than the larger of the tolerance and two standard errors
);

-- Whether parity holds on most of the current headline groups. One row per population.
create table mart.parity_majority (
    population varchar not null,             -- = mart.populations
    n_headline bigint,                       -- Headline groups (mart.parity)
    n_measurable bigint,                     -- Headline groups with models on both sides, each on its own compared_on
    n_match_or_exceed bigint,                -- Measurable headline groups on which open matches or exceeds
    n_match_or_exceed_strict bigint,         -- The same without tolerance
    is_majority boolean,                     -- Whether open matches or exceeds on more than half of the current groups; null: no group is current
    is_majority_strict boolean,              -- The same without tolerance; null: no group is current
    n_current bigint,                        -- Headline groups whose comparison is current (mart.parity): the denominator
    n_match_or_exceed_now bigint,            -- Current headline groups on which open matches or exceeds
    n_match_or_exceed_strict_now bigint      -- The same without tolerance
);

-- What vendors report minus what others measured, same model and benchmark, under protocols that may differ: protocols has both. Like is compared with like: the same variant and the same stated setting (effort, budget, tools) where both sides have one, else on each side the score that represents a model in mart.model_scaling (the highest stated setting); never a median over settings. One row per benchmark, kind of report and measured group. A report may be a copy of the measured figure, which would hide what vendors measure themselves: see n_copies, and the mean without the copies.
create table mart.self_report_gap (
    benchmark_id varchar not null,           -- = core.benchmarks
    vendor_kind varchar not null check (vendor_kind in ('vendor_model_index', 'vendor_card_table', 'vendor_eval_results', 'vendor', 'reference')), -- Where the vendor reports: reported_by of core.scores; reference: a curated row that says self-reported
    n_models bigint,                         -- Models with both
    n_families bigint,                       -- Families among n_models; a fine-tune of a known base counts in the family of its base, a model without a known family as one
    n_copies bigint,                         -- Pairs that agree to 0.05 points: likely copies of the leaderboard's own figure
    n_same_variant bigint,                   -- Pairs in which one variant is compared
    mean_gap_pct double,                     -- Mean of reported minus measured, points; null: refused
    median_gap_pct double,                   -- Median; null: refused
    lo_pct double,                           -- Lower end of the mean's 90 % interval, by resampling families; too narrow if no source states the base of fine-tunes
    hi_pct double,                           -- Upper end of that interval
    share_positive double,                   -- Share of models whose vendor reports more than was measured, 0-1, copies included
    refusal_reason varchar,                  -- Why there are no numbers; null: there are numbers
    mean_not_copied_pct double,              -- Mean gap of the pairs that are not copies, points; null: refused
    lo_not_copied_pct double,                -- Lower end of its 90 % interval
    hi_not_copied_pct double,                -- Upper end of that interval
    refusal_reason_not_copied varchar,       -- Why there is no mean of the pairs that are not copies; null: there is one
    measured_group varchar not null,         -- Comparable group of the measured scores
    protocols varchar not null               -- Variants that were reported and measured, as text: if they differ, the protocol may differ too
);

-- How large a typical dense open model with the same score would be, over the model's own size (after the densing law, arXiv 2412.04315, but relative to our own fitted curve). A curve counts by the rule of mart.dense_equivalent. One row per open-weights official model and group.
create table mart.capability_density (
    model_id varchar not null,               -- = core.models
    model varchar,                           -- = core.models.display_name
    family varchar,                          -- Cluster for resampling: the family, or that of its base; else the organization; else the model
    comparable_group varchar not null,       -- = core.benchmarks
    benchmark varchar,                       -- = core.benchmarks.benchmark_id
    released_on date,                        -- = core.models
    form varchar,                            -- = mart.scaling_band; null: there is no curve that counts
    params_b double,                         -- Size of the model in that form, billions
    equivalent_params_b double,              -- Size at which the curve of dense official open models has its score, billions; null: see reason
    relative_density double,                 -- Equivalent over own size; 1 = typical; null: see reason
    reason varchar                           -- Why equivalent_params_b and relative_density are null; null: they are known
);

-- The size at which a dense open model of the same era would have a model's score, by our own fit, and that size over the model's active size. One row per open-weights official model with a known active size, and group. A size is read off a curve only if its models come from line_least_families (core.rules), the whole 90 % interval of its slope is above 0, and it explains read_off_least_r2 of the scores' variance; and of a score only if single dense models that have it end within the sizes seen. They scatter around the curve far more than its interval: see single_lo_b and single_hi_b.
create table mart.dense_equivalent (
    model_id varchar not null,               -- = core.models
    model varchar,                           -- = core.models.display_name
    comparable_group varchar not null,       -- = core.benchmarks
    benchmark varchar,                       -- = core.benchmarks.benchmark_id
    era varchar,                             -- = mart.scaling_fit; of the curve: the era of the model, or all if no size is read off its line; null: off neither
    params_active_b double not null,         -- Parameters used per token, billions
    score_norm_pct double,                   -- Score of the model, 0 = guessing, 100 = ceiling
    equivalent_params_b double,              -- = mart.capability_density
    equivalent_lo_b double,                  -- Lower end of the 90 % interval of the curve there, limited to the sizes seen
    equivalent_hi_b double,                  -- Upper end of that interval
    single_lo_b double,                      -- Lower end of the sizes that nine in ten single dense models of this score have, by the curve's interval and their scatter around it; null: below the sizes seen, or the score lies beyond the curve
    single_hi_b double,                      -- Upper end of these sizes; null: above the sizes seen, or the score lies beyond the curve
    at_least_b double,                       -- Largest dense size seen, if the score lies above the curve; null: it does not
    at_most_b double,                        -- Smallest dense size seen, if the score lies below the curve; null: it does not
    times_active double,                     -- equivalent_params_b over params_active_b; null: see reason
    times_active_lo double,                  -- Lower end of its 90 % interval
    times_active_hi double,                  -- Upper end of that interval
    curve_n bigint,                          -- Dense models that the curve was fitted to; null: there is no curve
    curve_r2 double,                         -- Share of variance that the curve explains
    curve_min_params_b double,               -- Smallest dense size seen, billions
    curve_max_params_b double,               -- Largest dense size seen, billions
    reason varchar                           -- Why there is no equivalent; null: there is one
);

-- The days in which the greatest relative density of open models since 2023 doubled: the same span as in the densing law (arXiv 2412.04315), which found 3.3 months or about 100 days. One row per comparable group. Records can only rise, so read it beside n.
create table mart.density_frontier (
    comparable_group varchar not null,       -- = core.benchmarks
    benchmark varchar,                       -- = core.benchmarks.benchmark_id
    form varchar,                            -- = mart.capability_density
    doubling_days double,                    -- Days per doubling of the record density; null: refused
    doubling_days_lo double,                 -- Lower end of its 90 % interval, by resampling families
    doubling_days_hi double,                 -- Upper end of that interval; null beside doubling_days_lo: it cannot be excluded that density does not grow
    n bigint,                                -- Records of density
    n_points bigint,                         -- Models dated since 2023 with a density
    n_families bigint,                       -- Families among n_points
    first_on date,                           -- Date of the first record
    last_on date,                            -- Date of the last record
    refusal_reason varchar                   -- Why there is no number; null: there is one
);

-- The smallest open model that had reached a score, by month, where it changed. One row per population, group, threshold and month.
create table mart.size_to_reach (
    population varchar not null,             -- = mart.populations
    comparable_group varchar not null,       -- = core.benchmarks
    benchmark varchar,                       -- = core.benchmarks.benchmark_id
    score_threshold_pct double not null,     -- Score reached, percent
    reached_on date not null,                -- First day of the month in which the smallest size appeared or fell
    params_b double not null,                -- That smallest size, total parameters in billions
    model_id varchar not null,               -- = core.models
    model varchar,                           -- = core.models.display_name
    released_on date not null                -- = core.models
);

-- The lowest price of a token that buys a score, by month and side. One row per population, group, threshold, side and month from which another model, provider or price is the lowest, or from which it is no longer a later one (is_later): the price itself may be that of the row before. A price is the newest in a list by the end of the month, from the cheapest provider; if lists began later, it is their first, and is_later is true. A model counts through the month in which it is withdrawn (core.prices.withdrawn_on), so that a lowest price may rise. Per token, not per answer: models that reason write more tokens.
create table mart.price_to_reach (
    population varchar not null,             -- = mart.populations
    comparable_group varchar not null,       -- = core.benchmarks
    benchmark varchar,                       -- = core.benchmarks.benchmark_id
    score_threshold_pct double not null,     -- Score reached or exceeded, percent
    openness varchar not null,               -- = core.models
    month date not null,                     -- First day of the month from which this is the lowest price
    blended_usd_per_mtok double not null,    -- = core.prices
    model_id varchar not null,               -- The cheapest model; of equals the one with the better score, then by id
    score_pct double not null,               -- = mart.model_scaling
    provider varchar not null,               -- = core.prices
    is_vendor boolean not null,              -- = core.prices
    priced_on date not null,                 -- = core.prices
    priced_through_on date not null,         -- Day of the newest statement of the same price of that model by that provider, without another lowest price between
    is_later boolean not null,               -- Whether the price is from after the month: the price in the month is not known
    withdrawn_on date,                       -- Day from which the model is sold no longer, if that is by the day of the state; in the newest row of a threshold and side: nothing that reaches it is sold since; null: no such day is known
    n_unpriced bigint not null               -- Models of that side that reach the score and of which no list names a price that is surely theirs, sold or not, whatever the month: one of them may be cheaper
);

-- Training tokens per parameter compared with the compute optimum of each set of constants of policy/scaling_laws. One row per model with known tokens and size, and law. The laws are about pretraining loss; predicted_loss is a reference, not a score.
create table mart.tokens_per_parameter (
    model_id varchar not null,               -- = core.models
    law_id varchar not null,                 -- Row of policy/scaling_laws
    params_total double,                     -- Total parameters (count); null: unknown
    params_per_token double not null,        -- Parameters used per token (count)
    training_tokens double not null,         -- Pretraining tokens
    compute_flop double not null,            -- 6 times parameters per token times tokens
    tokens_per_param double not null,        -- Tokens over parameters per token
    optimal_tokens_per_param double not null, -- The law's optimum at that compute
    ratio_to_optimum double not null,        -- Below 1: undertrained by that law
    predicted_loss double not null           -- The law's loss, nats per token
);

-- The sets of constants of L(N, D) = E + A/N^alpha + B/D^beta in policy/scaling_laws, and the optimum that each implies at one compute. One row per law. Why they differ: Hoffmann et al. print their exponents with two digits, and the optimum's tokens per parameter go as a power of the compute with exponent (alpha - beta) / (alpha + beta), so that the rounding alone moves it from 59 to 93; Besiroglu et al. fitted the same runs again and found that the published constants do not fit them (chi squared 238 on 5 degrees of freedom): theirs give about 18, close to the 20 of Hoffmann's other two methods. The laws are about pretraining loss: they say nothing about a benchmark's score.
create table mart.scaling_laws (
    law_id varchar not null,                 -- Law: a row of policy/scaling_laws
    e_loss double not null,                  -- E, irreducible loss, nats per token
    a_coefficient double not null,           -- A
    b_coefficient double not null,           -- B
    alpha double not null,                   -- Exponent of the parameters N
    beta double not null,                    -- Exponent of the tokens D
    compute_flop double not null,            -- The compute of the optimum beside it: Chinchilla's 5.76e23
    optimal_params double not null,          -- Parameters of least loss at it
    optimal_tokens double not null,          -- Tokens of least loss at it
    optimal_tokens_per_param double not null, -- Their ratio
    source_url varchar,                      -- Link for the constants
    note varchar                             -- How exact they are
);

-- The article's architecture table as printed, and the model that each row is taken to be. One row per row and cell of it. mart.article_cells compares our figures with it.
create table mart.article_table (
    row_id varchar not null,                 -- Row of the article's architecture table
    architecture varchar not null,           -- First cell of the row
    model_id varchar not null,               -- Model that the row is taken to be
    cell varchar not null check (cell in ('params_total_b', 'params_active_b', 'mmlu_pct', 'cost_relative')), -- Cell: params_total_b and params_active_b (billions), mmlu_pct (percent) or cost_relative (dense 70B = 1.0)
    printed varchar not null,                -- The number as printed, without its unit
    n_shot integer,                          -- In-context examples behind a score, as the model's maker states them; null: not a score, or not known to an older load
    source_url varchar not null              -- Where the model's maker states the figures
);

-- Every sentence of the article that data can check, with the value computed from this warehouse and the verdict that follows. One row per claim. Verdicts follow from the condition in holds_if; evidence_query is complete and can be run again.
create table mart.paper_claims (
    claim_id varchar not null,               -- Id, as in policy/claims
    article_order integer not null,          -- Its place among the claims in the article's order, 1 = first
    article_place varchar not null,          -- Section of the article
    sentence varchar not null,               -- What it says, verbatim
    paraphrase varchar,                      -- What of these words is judged, in ours; null: all that they say
    measures varchar not null,               -- What computed_value measures, with its unit
    computed_value double,                   -- Value that the query computed; null: not measurable
    lo double,                               -- Lower end of its interval, or a bound or range as measures says; null: not computed
    hi double,                               -- Upper end of the same
    n bigint,                                -- Rows that it uses
    expected varchar not null,               -- What would make the claim hold, as text
    holds_if varchar not null,               -- The same as a condition on the result of the query
    partly_expected varchar,                 -- What is enough for partly, as text; null: holds or fails
    partly_if varchar,                       -- Condition for partly; null: holds or fails
    verdict varchar not null check (verdict in ('holds', 'partly', 'fails', 'depends', 'not measurable')), -- Verdict by the conditions; depends: another choice of scores or tolerances, from lo to hi, changes it; not measurable: also if the claim is about now and nothing is current
    observed_through_on date,                -- Last date that the data reach; null: the claim has no date
    as_of_on date not null,                  -- Day of the state
    evidence varchar,                        -- The rows that the value comes from, as text; null: none
    evidence_query varchar not null,         -- The query that computed it
    note varchar                             -- What to keep in mind; null: nothing
);
