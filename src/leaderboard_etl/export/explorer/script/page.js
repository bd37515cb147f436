// What views share: headings, controls, messages.

const say = (text) => { const status = document.getElementById('status'); if (status.textContent !== text) status.textContent = text; };

const heading = (text) => make('h1', { tabindex: '-1' }, text);

// A labelled control. `options`: [value, text] pairs, or [title, pairs] for a group of them.
const choice = (name, label, options) => {
  const option = ([value, text]) => make('option', { value }, text);
  const entries = options.map(([value, text]) => (Array.isArray(text) ? make('optgroup', { label: value }, text.map(option)) : option([value, text])));
  return make('label', {}, make('span', {}, label), make('select', { name }, entries));
};
const field = (name, label, type, attributes = {}) => make('label', { class: type }, make('span', {}, label), make('input', { name, type, ...attributes }));

// A form whose settings are those of the address: a change writes the address, the address writes the form. What is `usual` is
// not in the address.
const controls = (view, usual, ...parts) => {
  let waiting = 0;
  const settings = () => {
    const given = { ...addressed().settings, ...Object.fromEntries(new FormData(form)) };
    delete given.page;
    return Object.fromEntries(Object.entries(given).filter(([name, value]) => value !== (usual[name] ?? '')));
  };
  const change = () => { clearTimeout(waiting); location.replace(addressOf(view, null, settings())); };
  const form = make('form', { class: 'controls', role: 'search', 'aria-label': 'Filters', submit: (event) => { event.preventDefault(); change(); },
    change, input: (event) => { if (event.target.type === 'search') { clearTimeout(waiting); waiting = setTimeout(change, 150); } } }, parts);
  form.show = (given) => {
    for (const control of form.elements) {
      const value = given[control.name] ?? usual[control.name] ?? '';
      if (control.name && control.value !== value && document.activeElement !== control) control.value = value;
      else if (control.name && control.tagName === 'SELECT') control.value = value;
    }
  };
  return form;
};

const message = (text) => make('p', { class: 'message' }, text);

const sideMark = (side) => make('span', { class: `side side-${side}` },
  draw('svg', { width: 14, height: 14, viewBox: '-7 -7 14 14', 'aria-hidden': 'true' }, draw('path', { class: 'mark', d: SHAPES[side] ?? SHAPES.unknown })),
  make('span', {}, SIDES[side] ?? words(side)));

const verdictMark = (verdict) => make('span', { class: `verdict ${verdict.replace(/[ _]/g, '-')}` },
  make('span', { 'aria-hidden': 'true' }, { holds: '✓ ', matches: '✓ ', exceeds: '✓ ', partly: '◐ ', depends: '◐ ', fails: '✗ ', trails: '✗ ' }[verdict] ?? '– '),
  words(verdict));

// The groups of a chart, headlines first, then the others.
const groupChoice = (groups) => {
  const of = (isHeadline) => groups.filter((group) => group.is_headline === isHeadline).map((group) => [group.comparable_group, group.display_name]);
  return choice('group', 'Benchmark', [['Open and proprietary', of(true)], ['Other', of(false)]].filter(([, options]) => options.length));
};
const populationChoice = (populations) => choice('population', 'Models', Object.entries(POPULATIONS).filter(([name]) => populations.has(name)));
const untilField = () => field('until', 'Released until', 'date');

// The files with the scores of the models of a population.
const kindsOf = (models, population) => new Set(models.population.filter((_, i) => models.populations[i]?.split(' ').includes(population)));
