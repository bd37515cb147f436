-- How far the values of other sources are from the reference value for the same model and benchmark.
-- One row per model, benchmark, and other value. The reference value is the leaderboard's own table row where there is
-- one: that of the same commit and precision where it has several, else the newest, but of a run of its own that tells no
-- precision the nearest; without a row, the most official of the others. Of several runs of one source, commit and precision the newest is compared.
-- Caveats: protocols differ between comparable groups, and within a group of reported figures; where has_same_settings is not true, a
-- difference is not an error of either side.
-- kept by benchmark
-- columns:
--   model_id: = core.models
--   benchmark: = core.benchmarks.benchmark_id
--   comparable_group: Comparable group of the other value
--   variant: Variant of the other value
--   reference_variant: Variant of the reference value
--   reference_source_id: Source of the reference value
--   reference_pct: Reference value, percent
--   source_id: Source of the other value
--   reported_by: Who reports the other value, as in core.scores
--   run_id: Run of the other value
--   score_pct: The other value, percent
--   difference_pct: score_pct minus reference_pct, points
--   difference_norm_pct: The same of the normalised scores; null: one of the two has none
--   precision: Precision of the other value's run
--   is_same_run: Whether both are of the leaderboard itself, and of the same model commit and precision
--   is_agreeing: Whether the two agree: within 0.0051 points where one is rounded to two decimals (v1), 0.0001 points elsewhere; normalised within 0.01
--   n_shot: = core.scores
--   reference_n_shot: = core.scores.n_shot; of the reference value
--   setting: = core.scores
--   reference_setting: = core.scores.setting; of the reference value
--   differs_in: What both sides state of their protocol and state otherwise: group, shots, setting, chat template; null: nothing
--   has_same_settings: Whether both state one variant, number of shots, setting and use of a chat template; false: they differ in something that both state; null: one of them does not state it all
--   likely_cause: Why the two differ, most likely, in words; 'agrees' where they do not
create view mart.source_agreement as
with stated as (

    -- The commit that a source says it ran: null where it does not say.
    select source_id, source_name, precision, repo_id, path, any_value(nullif(model_sha, '')) as model_sha
    from history.models
    where valid_to is null
    group by all

),

-- Most models have one score in a benchmark: the windows below see the others alone.
compared as (

    select model_id, benchmark_id
    from core.scores
    group by model_id, benchmark_id
    having count(*) > 1

),

newest as (

    select
        s.*, h.model_sha,
        coalesce(about.submissions = 'table_row', false) as is_table_row,
        about.score_step_pct,
        coalesce(w.agreement_rank, 4) as agreement_rank,
        coalesce(w.is_vendor, false) as is_vendor
    from core.scores as s
    semi join compared as c on c.model_id = s.model_id and c.benchmark_id = s.benchmark_id
    left join core.sources as about on about.source_id = s.source_id
    left join core.reporters as w on w.reported_by = s.reported_by
    left join stated as h
        on h.source_id = s.source_id and h.source_name = s.source_name and h.precision = s.precision
        and h.repo_id = s.repo_id and h.path = s.path
    qualify row_number() over (
        partition by s.model_id, s.variant_id, s.source_id, s.reported_by, s.precision, h.model_sha
        order by s.evaluated_on desc nulls last, s.run_id desc, s.source_name, s.has_chat_template, s.score_raw
    ) = 1

),

ranked as (

    -- The first represents the benchmark; the table's other rows represent runs of their own commit or precision.
    select
        *,
        row_number() over (
            partition by model_id, benchmark_id
            order by
                is_table_row desc, agreement_rank,
                evaluated_on desc nulls last, source_id, precision, variant_id, run_id, source_name, has_chat_template
        ) as nth
    from newest

),

paired as (

    select
        o.model_id,
        o.benchmark_id as benchmark,
        o.comparable_group,
        o.variant_id as variant,
        r.variant_id as reference_variant,
        r.source_id as reference_source_id,
        r.score_pct as reference_pct,
        o.source_id,
        o.reported_by,
        o.is_vendor,
        o.run_id,
        o.score_pct,
        o.score_pct - r.score_pct as difference_pct,
        o.score_norm_pct - r.score_norm_pct as difference_norm_pct,
        o.precision,
        o.n_shot,
        r.n_shot as reference_n_shot,
        o.setting,
        r.setting as reference_setting,
        nullif(
            concat_ws(
                ', ',
                case when o.comparable_group <> r.comparable_group then 'group' end,
                case when o.n_shot <> r.n_shot then 'shots' end,
                case when o.setting <> r.setting and 'n/a' not in (o.setting, r.setting) then 'setting' end,
                case when o.has_chat_template <> r.has_chat_template then 'chat template' end
            ),
            ''
        ) as differs_in,
        -- Where neither side states a setting or a chat template there was none to state.
        o.variant_id = r.variant_id
        and o.n_shot is not null and r.n_shot is not null
        and o.setting = r.setting
        and o.has_chat_template is not distinct from r.has_chat_template as states_all_alike,
        o.comparable_group = r.comparable_group as is_one_group,
        o.variant_id = r.variant_id as is_one_variant,
        r.precision as reference_precision,
        o.model_sha,
        r.model_sha as reference_sha,
        o.variant_id = r.variant_id
        and o.reported_by = 'leaderboard' and r.reported_by = 'leaderboard'
        -- A file that does not say which commit or precision it ran is taken for the row's run.
        and coalesce(o.model_sha, r.model_sha, '') = coalesce(r.model_sha, o.model_sha, '')
        and (o.precision = r.precision or 'unknown' in (o.precision, r.precision)) as is_same_run,
        -- Half a step where one side is rounded, and the last digits of a double.
        abs(o.score_pct - r.score_pct) <= coalesce(greatest(o.score_step_pct, r.score_step_pct), 0) / 2 + 0.0001
            -- 0.005 points of v1 are 0.01 of a normalised Winogrande, whose level of guessing is a half.
            and coalesce(abs(o.score_norm_pct - r.score_norm_pct) <= 0.0102, true) as is_agreeing
    from ranked as o
    join ranked as r
        on r.model_id = o.model_id and r.benchmark_id = o.benchmark_id
        and (r.nth = 1 or (r.is_table_row and not o.is_table_row))
    where o.nth > 1
    qualify row_number() over (
        partition by o.model_id, o.benchmark_id, o.nth
        order by
            coalesce(o.model_sha = r.model_sha, false) desc,
            coalesce(o.precision = r.precision, false) desc,
            -- Rows of one commit in two precisions: a file without a precision is the run of one of them.
            case when o.reported_by = 'leaderboard' and o.precision = 'unknown' then abs(o.score_pct - r.score_pct) end,
            r.nth
    ) = 1

),

final as (

    select
        * exclude (model_sha, reference_sha, reference_precision, is_one_group, is_one_variant, is_vendor, states_all_alike),
        case when differs_in is not null then false when states_all_alike then true end as has_same_settings,
        case
            when is_agreeing then 'agrees'
            when not is_one_group then 'different protocol'
            when differs_in is not null then 'different ' || differs_in
            when reported_by = 'community' then 'different run'
            when precision <> reference_precision and 'unknown' not in (precision, reference_precision)
                then 'different precision'
            when model_sha <> reference_sha then 'different model commit'
            when is_same_run then 'unexplained: same run, other number'
            -- Groups of reported figures mix numbers of shots, and a source that quotes others seldom says which.
            when not is_one_variant then 'different or unstated protocol'
            when is_vendor then 'reported by the vendor'
            when reported_by = 'reference' then 'recorded elsewhere'
            else 'different run'
        end as likely_cause
    from paired

)

select * from final
