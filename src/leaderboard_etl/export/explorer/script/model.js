// A model: what is known of it with the evidence, and every score with its protocol, its source and its link.

const METHODS = { reference: 'a curated row with a link', hub_upload: 'the upload of the weights', hub_created: 'the creation of the repository',
  leaderboard_submission: 'the submission to a leaderboard, which may be months later', first_score: 'the first score in a public table' };

const model = {
  title: 'Model',
  async build(main, { id }) {
    const [summary, all] = await Promise.all([read('summary'), readModels()]);
    const at = all.byId.get(id);
    if (at === undefined) {
      main.append(heading('No such model'), message(`These data have no model ${id}.`), make('p', {}, make('a', { href: addressOf('models', null, { q: id }) }, 'Search the models')));
      return () => {};
    }
    const known = rowOf(all, at);
    const { scores, sizes, bases } = await read(`scores_${known.population}`);
    const context = { summary, known, variants: new Map(rowsOf(summary.variants).map((row) => [row.variant_id, row])),
      sources: new Map(rowsOf(summary.sources).map((row) => [`${row.source_id} ${row.collection_id ?? ''}`, row])),
      reporters: new Map(rowsOf(summary.reporters).map((row) => [row.reported_by, row.meaning])) };
    document.title = `${visible(known.name)}: explorer`;
    main.append(heading(known.name), make('p', { class: 'muted' }, make('code', {}, known.model_id), ' · ',
      reportLink({ model: known.model_id, as_of: summary.facts.as_of, what: 'core.models, column', value: '?', key: {}, place: [], link: null }, `Report a wrong fact of ${known.name}`, 'Report a wrong fact')), facts(context, ofModel(bases, at)),
      ...scoreParts(context, ofModel(scores, at)), ...sizeParts(context, ofModel(sizes, at)));
    return () => {};
  },
};

const facts = ({ known }, bases) => {
  const because = (value, reason) => [value, reason ? make('span', { class: 'muted' }, ` (${reason})`) : null];
  const confident = known.params_method && `${sizeMethod(known.params_method)}${known.params_confidence === null ? '' : `, confidence ${known.params_confidence}`}`;
  const rows = [
    ['Side', sideMark(known.openness)], ['Kind', KINDS[known.population] ?? words(known.population)],
    ['Organization', orNone(known.organization)], ['Family', orNone(known.family)],
    ['Released', because(orNone(known.released_on), known.released_on_method && `evidence: ${METHODS[known.released_on_method] ?? words(known.released_on_method)}`)],
    ['Total parameters', because(exact(known.params_total), known.params_reason ?? confident)],
    ['Used per token', because(exact(known.params_active), known.params_active_reason)],
    ['Mixture of experts', yesNo(known.is_moe)], ['Architecture', orNone(known.architecture)], ['Tuning', orNone(known.tuning)],
    ['Pretraining tokens', big(known.training_tokens)],
    ['Licence', because(orNone(known.license_id ?? known.license_text), [known.license_id && known.license_text !== known.license_id ? known.license_text : null, words(known.license_class ?? 'unknown'), known.license_reason].filter(Boolean).join('; '))],
    ['Merge', yesNo(known.is_merge)], ['Flagged by a leaderboard', yesNo(known.is_flagged)], ['Visible on the Hub when last asked', yesNo(known.is_available)],
    bases.length ? ['Made from', make('ul', {}, bases.map((base) => make('li', {}, modelLink(base.base_model_id, base.base_model_id), make('span', { class: 'muted' }, ` ${words(base.relation ?? '')}, says ${words(base.source_id)}`))))] : null,
  ].filter(Boolean);
  return make('section', { 'aria-labelledby': 'facts' }, make('h2', { id: 'facts' }, 'What is known'),
    make('dl', { class: 'facts' }, rows.map(([name, value]) => make('div', {}, make('dt', {}, name), make('dd', {}, value)))));
};

const exact = (value) => (value === null ? NONE : [big(value), make('span', { class: 'muted' }, ` ${count(value)}`)]);

const placeOf = (context, source, file, locator) => {
  const path = file.path?.startsWith('@api/') ? 'answer of the Hub' : file.path;
  const at = [path, locator].filter(Boolean).join(', ');
  const title = source ? source.title : 'Policy of this project';
  return make('div', { class: 'place' }, webAddress(file.link) ? outward(file.link, title) : make('span', {}, title),
    make('div', { class: 'muted' }, `${orNone(file.repo_id)}${file.revision ? ` @ ${file.revision.slice(0, 12)}` : ''}, ${at}`));
};

const sourceOf = ({ sources }, id, collection = null) => sources.get(`${id} ${collection ?? ''}`) ?? sources.get(`${id} `) ?? [...sources.values()].find((row) => row.source_id === id);

// The key of a score: what tells it from every other row of core.scores.
const scoreKey = ({ known }, score) => ({ source_id: score.measure.source_id, source_name: score.source_name ?? known.model_id, variant_id: score.measure.variant_id,
  precision: score.precision, has_chat_template: score.has_chat_template, setting: score.measure.setting, run_id: score.run_id });

const protocolOf = (score) => {
  const { measure } = score;
  const parts = [measure.n_shot === null ? 'shots not stated' : `${measure.n_shot}-shot`, measure.setting === 'n/a' ? null : measure.setting,
    score.precision === 'unknown' || score.precision === 'n/a' ? null : score.precision,
    score.has_chat_template === null ? null : score.has_chat_template ? 'chat template' : 'no chat template', score.tuning].filter(Boolean);
  return [parts.join(', '), measure.protocol ? make('div', { class: 'muted' }, measure.protocol) : null, score.run_id === 'n/a' ? null : make('div', { class: 'muted' }, `run ${score.run_id}`)];
};

const scoreParts = (context, scores) => {
  const groups = new Map(rowsOf(context.summary.groups).map((row) => [row.comparable_group, row.display_name]));
  const byGroup = Map.groupBy ? Map.groupBy(scores, (score) => score.measure.comparable_group) : grouped(scores, (score) => score.measure.comparable_group);
  const left = context.known.n_scores - scores.length;
  const columns = [
    { title: 'Benchmark', kind: 'wide', cell: ({ measure }) => { const variant = context.variants.get(measure.variant_id); return [variant ? outward(variant.source_url, variant.display_name) : words(measure.variant_id), make('div', { class: 'muted' }, measure.variant_id)]; } },
    { title: 'Score (%)', kind: 'number', cell: (score) => [make('strong', { class: 'score' }, fixed(score.score_pct)), score.stderr_pct === null ? null : ` ± ${fixed(score.stderr_pct)}`,
      score.score_raw === null ? null : make('div', { class: 'muted' }, `published: ${score.score_raw}`),
      score.score_norm_pct === null ? null : make('div', { class: 'muted' }, `normalised: ${fixed(score.score_norm_pct)}`),
      score.measure.is_corrected ? make('div', {}, 'corrected by policy') : null] },
    { title: 'Protocol', kind: 'wide', cell: protocolOf },
    { title: 'Reported by', cell: (score) => [make('span', { title: context.reporters.get(score.measure.reported_by) }, words(score.measure.reported_by)),
      make('div', { class: 'muted' }, { true: 'measured by others', false: 'the vendor’s word' }[score.measure.is_verified] ?? 'by whom is not stated'),
      score.evaluated_on === null ? null : make('div', { class: 'muted' }, score.evaluated_on)] },
    { title: 'Source', kind: 'wide', cell: (score) => { const source = sourceOf(context, score.measure.source_id, score.measure.collection_id);
      return [placeOf(context, source, score.file, score.locator), score.source_name === null ? null : make('div', { class: 'muted' }, `called ${score.source_name} there`),
        make('div', { class: 'muted' }, `licence of the data: ${source?.license ?? 'not stated'}`)]; } },
    { title: 'In charts', cell: (score) => (score.is_charted ? [make('span', {}, '✓ chosen'), score.chosen_because === null ? null : make('div', { class: 'muted' }, score.chosen_because)] : NONE) },
    { title: 'Wrong?', cell: (score) => reportLink({ model: context.known.model_id, as_of: context.summary.facts.as_of, what: 'core.scores, score_pct', value: fixed(score.score_pct),
      key: scoreKey(context, score), place: [score.file.repo_id, score.file.revision, score.file.path, score.locator], link: score.file.link },
    `Report ${context.variants.get(score.measure.variant_id)?.display_name ?? score.measure.variant_id}, ${fixed(score.score_pct)}`) },
  ];
  return [make('h2', {}, counted(scores.length, 'score')), left ? make('p', { class: 'message' }, `${counted(left, 'score')} may not be passed on and ${left === 1 ? 'is' : 'are'} not here: the source states no licence.`) : null,
    ...[...byGroup].map(([group, rows]) => table(groups.get(group) ?? words(group), columns, rows, { isPlain: true, kind: 'scores' })),
    scores.length ? null : make('p', {}, 'No score stands here.')].filter(Boolean);
};

const grouped = (rows, key) => {
  const groups = new Map();
  for (const row of rows) groups.set(key(row), [...(groups.get(key(row)) ?? []), row]);
  return groups;
};

const sizeParts = (context, sizes) => {
  if (!sizes.length) return [];
  const whole = (text) => text?.replaceAll('{model_id}', context.known.model_id) ?? null;
  const file = (size) => ({ ...size.file, repo_id: whole(size.file.repo_id), link: whole(size.file.link) });
  return [make('h2', {}, 'Evidence of its size'), table('Statements on the number of parameters', [
    { title: 'Counted', cell: (size) => [words(size.statement.kind), size.is_chosen ? make('div', {}, '✓ chosen') : null] },
    { title: 'Parameters', kind: 'number', cell: (size) => exact(size.params) },
    { title: 'Method', cell: (size) => [sizeMethod(size.statement.method), make('div', { class: 'muted' }, `confidence ${orNone(size.statement.confidence)}`)] },
    { title: 'Remarks', kind: 'wide', cell: (size) => orNone([size.reason, size.is_doubtful ? 'doubtful' : null, size.disagreement_pct ? `${fixed(size.disagreement_pct, 1)} % from the chosen one` : null].filter(Boolean).join('; ')) },
    { title: 'Source', kind: 'wide', cell: (size) => placeOf(context, size.statement.source_id === 'policy' ? null : sourceOf(context, size.statement.source_id), file(size), size.locator) },
    { title: 'Wrong?', cell: (size) => reportLink({ model: context.known.model_id, as_of: context.summary.facts.as_of, what: `core.parameter_evidence, params (${size.statement.kind})`, value: size.params === null ? 'null' : String(size.params),
      key: { source_id: size.statement.source_id, source_name: size.source_name ?? context.known.model_id, method: size.statement.method, precision: size.precision },
      place: [whole(size.file.repo_id), size.file.revision, size.file.path, size.locator], link: whole(size.file.link) }, `Report the ${words(size.statement.kind)} size, ${sizeMethod(size.statement.method)}`) },
  ], sizes, { isPlain: true })];
};
