// Score against size or date: the score that mart.model_scaling chose for each model of a group.

const AXES = { total: 'Total parameters', active: 'Parameters used per token', date: 'Release date' };

const scatter = {
  title: 'Score and size',
  async build(main) {
    const [summary, models] = await Promise.all([read('summary'), readModels()]);
    const groups = rowsOf(summary.groups);
    if (!groups.length) {
      main.append(heading(this.title), message('There are no scores.'));
      return () => {};
    }
    const names = new Set(groups.map((group) => group.comparable_group));
    const usual = { group: names.has('mmlu_reported') ? 'mmlu_reported' : groups[0].comparable_group, population: 'official', x: 'total' };
    const form = controls('scatter', usual, groupChoice(groups), populationChoice(new Set(models.populations.flatMap((each) => each?.split(' ') ?? []))),
      choice('x', 'Against', Object.entries(AXES)), untilField());
    const result = make('div', { class: 'result' });
    main.append(heading(this.title), form, result);
    let asked = 0;
    return async ({ settings }) => {
      form.show(settings);
      const chosen = { ...usual, ...settings }, turn = asked += 1;
      const group = groups.find((each) => each.comparable_group === chosen.group);
      if (!group || !AXES[chosen.x]) { result.replaceChildren(message('These data have no such chart.')); return; }
      const files = await Promise.all([...kindsOf(models, chosen.population)].sort().map((kind) => read(`scores_${kind}`)));
      if (turn === asked) result.replaceChildren(...scatterResult(summary, models, group, chosen, chartedRows(models, files, chosen)));
    };
  },
};

const chartedRows = (models, files, { group, population, until }) => {
  const rows = [];
  for (const { scores } of files) {
    for (let i = 0; i < scores.rows; i += 1) {
      if (!scores.is_charted[i] || scores.measure[i].comparable_group !== group) continue;
      const model = scores.model[i], released = models.released_on[model];
      if (!models.populations[model].split(' ').includes(population) || (until && !(released && released <= until))) continue;
      rows.push({ ...rowOf(scores, i), id: models.model_id[model], name: models.name[model], organization: models.organization[model], openness: models.openness[model],
        released_on: released, params_total: models.params_total[model], params_active: models.params_active[model] });
    }
  }
  return rows.sort((a, b) => b.score_pct - a.score_pct || (a.id < b.id ? -1 : 1));
};

const scatterResult = (summary, models, group, { x, until }, rows) => {
  const at = (row) => (x === 'date' ? row.released_on && dayNumber(row.released_on) : { total: row.params_total, active: row.params_active }[x]);
  const shown = rows.filter((row) => at(row));
  if (!shown.length) {
    say('No model.');
    return [message(rows.length ? `None of the ${counted(rows.length, 'model')} with a score here has a ${x === 'date' ? 'date' : 'known size'}.` : 'No such model has a score here.')];
  }
  const axis = x === 'date' ? { ...timeAxis(shown.map(at)), beside: 'no date' } : sizeAxis(shown.map(at), AXES[x]);
  const bySide = Object.keys(SIDES).map((side) => [side, rows.filter((row) => row.openness === side).length]).filter(([, n]) => n);
  const told = `${counted(rows.length, 'model')}: ${bySide.map(([side, n]) => `${count(n)} ${SIDES[side].toLowerCase()}`).join(', ')}.`
    + (shown.length < rows.length ? ` ${count(rows.length - shown.length)} of them ${x === 'date' ? 'without a known date' : 'without a known size'} stand at the right edge.` : '')
    + (until ? ' Models without a date are left out.' : '');
  say(told);
  return [
    make('p', { class: 'headline' }, told),
    legend(bySide.map(([side]) => side)),
    plot({
      label: `Score against ${AXES[x].toLowerCase()}, ${group.display_name}. ${told}`, x: axis, yTicks: scoreTicks(rows.map((row) => row.score_pct)), yLabel: 'Score (%)', height: 460,
      points: rows.map((row) => ({ x: at(row) ? axis.of(at(row)) : null, y: row.score_pct, side: row.openness, title: row.name, address: modelAddress(row.id), lines: pointLines(row) })),
    }),
    group.caveats ? make('p', { class: 'muted' }, words(group.caveats)) : null,
    behind(`Table of the ${counted(rows.length, 'model')}`, () => pagedTable(`Score against ${AXES[x].toLowerCase()}, ${group.display_name}`, [
      { title: 'Model', cell: (row) => modelLink(row.id, row.name) }, { title: 'Side', cell: (row) => sideMark(row.openness) },
      { title: 'Score (%)', kind: 'number', cell: (row) => fixed(row.score_pct) },
      { title: 'From – to', kind: 'number', cell: (row) => (row.n_values ? `${fixed(row.lo_pct)} – ${fixed(row.hi_pct)}` : NONE) },
      { title: 'Total', kind: 'number', cell: (row) => big(row.params_total) }, { title: 'Active', kind: 'number', cell: (row) => big(row.params_active) },
      { title: 'Released', kind: 'day', cell: (row) => orNone(row.released_on) },
    ], rows)),
    group.foot ? make('p', { class: 'muted foot' }, group.foot) : null,
  ].filter((each) => each !== null);
};

const pointLines = (row) => [
  `${SIDES[row.openness]}${row.organization ? `, ${row.organization}` : ''}`,
  `Score: ${fixed(row.score_pct)} %${row.n_values ? `, of ${row.n_values} values from ${fixed(row.lo_pct)} to ${fixed(row.hi_pct)} %` : ''}`,
  `Parameters: ${big(row.params_total)}${row.params_active !== null && row.params_active !== row.params_total ? `, ${big(row.params_active)} used per token` : ''}`,
  `Released: ${orNone(row.released_on)}`, `Reported by: ${words(row.measure.reported_by)}`,
];

// A table whose page is not in the address: it stands behind a chart that has one.
const pagedTable = (caption, columns, rows) => {
  const host = make('div');
  const show = (page, pressed = null) => {
    const pages = rows.length > PAGE_ROWS ? pager(page, rows.length, show) : null;
    host.replaceChildren(table(caption, columns, pageRows(rows, page)), ...(pages ? [pages] : []));
    if (pressed) { say(`Page ${page}`); host.querySelector(`[data-page="${pressed}"]`)?.focus(); }
  };
  show(1);
  return host;
};
