// The table of models: searched, filtered, sorted, paged.

const COLLATOR = new Intl.Collator('en', { numeric: true, sensitivity: 'base' });
const MODEL_SORTS = { name: 'name', organization: 'organization', side: 'openness', kind: 'population', released: 'released_on', total: 'params_total',
  active: 'params_active', license: 'license_id', scores: 'n_scores' };

const models = {
  title: 'Models',
  async build(main) {
    const all = await readModels();
    all.text ??= all.model_id.map((id, i) => [id, all.display_name[i], all.organization[i], all.family[i]].filter(Boolean).join('\n').toLowerCase());
    const given = (values, names) => [['', 'All'], ...Object.entries(names).filter(([name]) => values.includes(name))];
    const usual = { sort: 'released', down: '1' };
    const form = controls('models', {}, field('q', 'Search', 'search', { placeholder: 'name, organization, family', autocomplete: 'off', spellcheck: 'false' }),
      choice('side', 'Side', given(all.openness, SIDES)), choice('kind', 'Kind', given(all.population, KINDS)),
      choice('size', 'Size', [['', 'All'], ['known', 'Known'], ['unknown', 'Not known'], ['moe', 'Mixture of experts']]));
    const result = make('div', { class: 'result' });
    main.append(heading(this.title), form, result);
    const go = (settings) => { location.replace(addressOf('models', null, settings)); };
    return ({ settings }) => {
      form.show(settings);
      const rows = sortedModels(all, foundModels(all, settings), { ...usual, ...settings });
      const page = pageOf(settings, rows.length);
      const told = `${counted(rows.length, 'model')} of ${count(all.rows)}`;
      say(told);
      const focused = document.activeElement?.dataset ?? {};
      result.replaceChildren(make('p', { class: 'headline' }, told), ...(rows.length ? [
        table('Models', modelColumns(all), pageRows(rows, page), { kind: 'listed', sorted: { by: { ...usual, ...settings }.sort, isDown: { ...usual, ...settings }.down === '1',
          go: (by, isDown) => go({ ...settings, sort: by, down: isDown ? '1' : '0', page: null }) } }),
        pager(page, rows.length, (to) => go({ ...settings, page: to > 1 ? to : null })),
      ] : [message('No model is called so. Every word must be in its name, its organization or its family.')]));
      const again = focused.page ? `[data-page="${focused.page}"]` : focused.sort ? `[data-sort="${focused.sort}"]` : null;
      if (again) (result.querySelector(`${again}:enabled`) ?? result.querySelector('.pager button:enabled'))?.focus();
    };
  },
};

const foundModels = (all, { q = '', side, kind, size }) => {
  const parts = q.toLowerCase().split(/\s+/).filter(Boolean);
  const found = [];
  for (let i = 0; i < all.rows; i += 1) {
    if (side && all.openness[i] !== side) continue;
    if (kind && all.population[i] !== kind) continue;
    if (size === 'known' && all.params_total[i] === null) continue;
    if (size === 'unknown' && all.params_total[i] !== null) continue;
    if (size === 'moe' && all.is_moe[i] !== true) continue;
    if (parts.every((part) => all.text[i].includes(part))) found.push(i);
  }
  return found;
};

// What is not known comes last, upwards and downwards.
const sortedModels = (all, found, { sort, down }) => {
  const values = all[MODEL_SORTS[sort] ?? 'released_on'], turn = down === '1' ? -1 : 1;
  const compare = typeof values.find((value) => value !== null) === 'string' ? COLLATOR.compare : (a, b) => a - b;
  return found.sort((a, b) => {
    if (values[a] === null || values[b] === null) return (values[a] === null) - (values[b] === null) || a - b;
    return turn * compare(values[a], values[b]) || a - b;
  });
};

const modelColumns = (all) => [
  { title: 'Model', sort: 'name', kind: 'wide', cell: (i) => modelLink(all.model_id[i], all.name[i]) },
  { title: 'Organization', sort: 'organization', kind: 'second', cell: (i) => orNone(all.organization[i]) },
  { title: 'Side', sort: 'side', cell: (i) => sideMark(all.openness[i]) },
  { title: 'Kind', sort: 'kind', kind: 'second', cell: (i) => KINDS[all.population[i]] ?? words(all.population[i]) },
  { title: 'Released', sort: 'released', kind: 'day', isDownFirst: true, cell: (i) => orNone(all.released_on[i]) },
  { title: 'Total', sort: 'total', kind: 'number', isDownFirst: true, cell: (i) => big(all.params_total[i]) },
  { title: 'Active', sort: 'active', kind: 'number second', isDownFirst: true, cell: (i) => big(all.params_active[i]) },
  { title: 'Licence', sort: 'license', kind: 'second', cell: (i) => orNone(all.license_id[i] ?? all.license_text[i]) },
  { title: 'Scores', sort: 'scores', kind: 'number', isDownFirst: true, cell: (i) => count(all.n_scores[i]) },
];
