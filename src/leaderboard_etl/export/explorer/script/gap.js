// The gap: the best score so far on either side, who leads, and since when.

const gap = {
  title: 'The gap over time',
  async build(main) {
    const summary = await read('summary');
    const inSeries = new Set(summary.frontiers.comparable_group);
    const groups = rowsOf(summary.groups).filter((group) => inSeries.has(group.comparable_group));
    if (!groups.length) {
      main.append(heading(this.title), message('No group has a score with a date.'));
      return () => {};
    }
    const usual = { group: inSeries.has('mmlu_reported') ? 'mmlu_reported' : groups[0].comparable_group, population: 'official' };
    const form = controls('gap', usual, groupChoice(groups), populationChoice(new Set(summary.frontiers.population)), untilField());
    const result = make('div', { class: 'result' });
    main.append(heading(this.title), form, result);
    return ({ settings }) => {
      form.show(settings);
      const chosen = { ...usual, ...settings };
      const group = groups.find((each) => each.comparable_group === chosen.group);
      result.replaceChildren(...gapResult(summary, group, chosen));
    };
  },
};

const gapResult = (summary, group, { population, until }) => {
  if (!group) return [message('These data have no such benchmark.')];
  const of = (table) => rowsOf(table).filter((row) => row.population === population && row.comparable_group === group.comparable_group);
  const steps = of(summary.frontiers).filter((step) => !until || step.reached_on <= until);
  if (!steps.length) return [message(`No ${POPULATIONS[population] ?? population} with a score and a date${until ? ` by ${until}` : ''}.`)];
  const leads = of(summary.leads).filter((lead) => !until || lead.day <= until);
  const verdict = of(summary.verdicts)[0];
  const told = leadText(leads.at(-1), until);
  say(told);
  const sides = ['open_weights', 'proprietary'].filter((side) => steps.some((step) => step.openness === side));
  const days = steps.flatMap((step) => [dayNumber(step.reached_on), dayNumber(until && until < step.seen_until_on ? until : step.seen_until_on)]);
  const x = timeAxis(days);
  return [
    make('p', { class: 'headline' }, told),
    verdict && !until ? verdictText(verdict) : null,
    legend(sides),
    plot({
      label: `Best score so far by release date, ${group.display_name}. ${told}`, x, yTicks: scoreTicks(steps.map((step) => step.score_pct)), yLabel: 'Best score so far (%)',
      points: steps.map((step) => ({ x: dayNumber(step.reached_on), y: step.score_pct, side: step.openness, title: step.model, address: modelAddress(step.model_id),
        lines: [`${SIDES[step.openness]}, released ${step.reached_on}`, `Score: ${fixed(step.score_pct)} %`, `The best of ${counted(step.n_models, 'model')} so far`] })),
      under: (svg, px, py) => sides.forEach((side) => svg.append(draw('path', { class: `line side-${side}`, d: stepsPath(steps.filter((step) => step.openness === side), until, px, py) }))),
    }),
    leads.length ? make('h2', {}, 'Proprietary minus open') : null,
    leads.length ? leadsPlot(leads, x, until) : null,
    group.caveats ? make('p', { class: 'muted' }, words(group.caveats)) : null,
    behind(`Table of the ${counted(steps.length, 'step')}`, () => table(`Steps of the best score so far, ${group.display_name}`, [
      { title: 'Model', cell: (step) => modelLink(step.model_id, step.model) }, { title: 'Side', cell: (step) => sideMark(step.openness) },
      { title: 'Released', kind: 'day', cell: (step) => step.reached_on }, { title: 'Score (%)', kind: 'number', cell: (step) => fixed(step.score_pct) },
      { title: 'Reported by the vendor', cell: (step) => yesNo(step.is_self_reported) },
    ], steps)),
    leads.length ? behind('Table of who led', () => table(`Who led, ${group.display_name}`, [
      { title: 'From', kind: 'day', cell: (lead) => lead.day }, { title: 'Leader', cell: (lead) => (lead.leader === 'level' ? 'level' : sideMark(lead.leader)) },
      { title: 'Proprietary minus open', kind: 'number', cell: (lead) => signed(lead.gap_pct) },
      { title: 'Best open', cell: (lead) => modelLink(lead.open_model_id, lead.open_model) }, { title: 'Score (%)', kind: 'number', cell: (lead) => fixed(lead.open_pct) },
      { title: 'Best proprietary', cell: (lead) => modelLink(lead.proprietary_model_id, lead.proprietary_model) },
      { title: 'Score (%)', kind: 'number', cell: (lead) => fixed(lead.proprietary_pct) },
    ], leads)) : null,
    group.foot ? make('p', { class: 'muted foot' }, group.foot) : null,
  ].filter((each) => each !== null);
};

const leadText = (lead, until) => {
  if (!lead) return 'The gap is not measurable here: only one side has a score with a date.';
  const on = until && until < lead.compared_on ? until : lead.compared_on;
  const models = `${lead.open_model} ${fixed(lead.open_pct)} %, ${lead.proprietary_model} ${fixed(lead.proprietary_pct)} %`;
  const after = until && until > lead.compared_on ? ' Later days are not compared: a side has no newer model with a score.' : '';
  if (lead.leader === 'level') return `On ${on} both sides were level: ${models}.${after}`;
  return `On ${on} ${SIDES[lead.leader].toLowerCase()} models led by ${fixed(Math.abs(lead.gap_pct))} points, since ${lead.leads_since_on}: ${models}.${after}`;
};

const verdictText = (verdict) => make('p', {}, `The best open model against the best proprietary one${verdict.compared_on ? ` on ${verdict.compared_on}` : ''}: `, verdictMark(verdict.verdict),
  verdict.verdict_now !== verdict.verdict ? ['; now: ', verdictMark(verdict.verdict_now)] : null,
  verdict.difference_pct === null ? null : ` (open minus proprietary ${signed(verdict.difference_pct)} points, by another choice of scores ${signed(verdict.difference_lo_pct)} to ${signed(verdict.difference_hi_pct)}; within ${fixed(verdict.tolerance_pct)} it is a match).`,
  ` ${counted(verdict.n_open, 'open model')} and ${count(verdict.n_proprietary)} proprietary took part`,
  undated(verdict) ? `; ${count(undated(verdict))} without a date did not.` : '.');

const undated = (verdict) => verdict.n_undated_open + verdict.n_undated_proprietary;

// A line that stays until the next step, through the last day on which the side is drawn.
const stepsPath = (steps, until, px, py) => {
  const end = steps[0].seen_until_on, last = until && until < end ? until : end;
  return steps.map((step, i) => `${i ? `H${px(dayNumber(step.reached_on)).toFixed(1)}V` : `M${px(dayNumber(step.reached_on)).toFixed(1)},`}${py(step.score_pct).toFixed(1)}`).join('')
    + (last > steps.at(-1).reached_on ? `H${px(dayNumber(last)).toFixed(1)}` : '');
};

const leadsPlot = (leads, x, until) => {
  const rows = leads.map((lead) => ({ ...lead, reached_on: lead.day, score_pct: lead.gap_pct, seen_until_on: lead.compared_on }));
  return plot({
    label: 'Proprietary minus open by day, points; below zero open models lead.', x, yTicks: scoreTicks(leads.map((lead) => lead.gap_pct), true), yText: (tick) => signed(tick, 0), yLabel: 'Points', height: 240,
    points: leads.map((lead) => ({ x: dayNumber(lead.day), y: lead.gap_pct, side: lead.leader, title: `${lead.day}: ${signed(lead.gap_pct)} points`,
      address: modelAddress(lead.leader === 'proprietary' ? lead.proprietary_model_id : lead.open_model_id),
      lines: [`Open: ${lead.open_model}, ${fixed(lead.open_pct)} %`, `Proprietary: ${lead.proprietary_model}, ${fixed(lead.proprietary_pct)} %`] })),
    under: (svg, px, py) => svg.append(draw('path', { class: 'line difference', d: stepsPath(rows, until, px, py) })),
  });
};
