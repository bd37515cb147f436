-- Which of several scores of a model comes first, least first: the rule that mart.model_scaling states. Of equal ones the median.
create macro mart.precedence(
    chart_rank, is_verified, n_shot, score_precision, has_tools, effort_rank, budget_tokens, evaluated_on
) as {
    'reporter': coalesce(chart_rank, 99),
    'measured_by': case is_verified when true then 0 when false then 2 else 1 end,
    -- A variant that names its shots beats one that leaves them open.
    'protocol': case when n_shot is null then 1 else 0 end,
    'precision': case when score_precision in ('bfloat16', 'float16', 'float32', 'unknown', 'n/a') then 0 else 1 end,
    'tools': coalesce(has_tools, false),
    'effort': -coalesce(effort_rank, -1),
    'budget': -coalesce(budget_tokens, 0),
    'age': coalesce(date '9999-12-31' - evaluated_on, 9999999)
}
