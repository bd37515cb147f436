// Tables: sorted by their headings, paged, walked with the arrow keys. Roles are stated, because narrow screens show rows as blocks.

// `columns`: { title, cell: (row) => child, kind, sort }. `sorted`: { by, isDown, go } where headings sort.
const table = (caption, columns, rows, { sorted = null, isPlain = false, kind = '' } = {}) => {
  const head = columns.map((each) => {
    const isBy = sorted && each.sort && sorted.by === each.sort;
    const inside = sorted && each.sort
      ? make('button', { type: 'button', class: 'sort', 'data-sort': each.sort, click: () => sorted.go(each.sort, isBy ? !sorted.isDown : Boolean(each.isDownFirst)) },
        each.title, make('span', { 'aria-hidden': 'true' }, isBy ? (sorted.isDown ? ' ▼' : ' ▲') : ''))
      : each.title;
    return make('th', { scope: 'col', role: 'columnheader', class: each.kind, 'aria-sort': isBy ? (sorted.isDown ? 'descending' : 'ascending') : null }, inside);
  });
  const body = rows.map((row) => make('tr', { role: 'row' }, columns.map((each, i) => make(i ? 'td' : 'th',
    { role: i ? 'cell' : 'rowheader', scope: i ? null : 'row', class: each.kind, 'data-title': each.title }, each.cell(row)))));
  return make('div', { class: `scroll${isPlain ? ' plain' : ''} ${kind}`, tabindex: '0', role: 'region', 'aria-label': caption },
    make('table', { role: 'table', keydown: walk }, make('caption', {}, caption), make('thead', { role: 'rowgroup' }, make('tr', { role: 'row' }, head)),
      make('tbody', { role: 'rowgroup' }, body)));
};

// Up and down go from row to row, by the first link of each.
const walk = (event) => {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  const row = event.target.closest('tbody tr');
  if (!step || !row || event.target.matches('input, select, textarea')) return;
  const links = [...row.parentElement.rows].map((each) => each.querySelector('a, button'));
  const next = links[[...row.parentElement.rows].indexOf(row) + step];
  if (next) { event.preventDefault(); next.focus(); }
};

const PAGE_ROWS = 50;
const pageOf = (settings, total) => Math.min(Math.max(1, Math.ceil(total / PAGE_ROWS)), Math.max(1, Number.parseInt(settings.page, 10) || 1));

// Buttons to other pages. Focus stays on the one that was pressed.
const pager = (page, total, go) => {
  const last = Math.max(1, Math.ceil(total / PAGE_ROWS));
  const button = (name, to, text) => make('button', { type: 'button', 'data-page': name, disabled: to < 1 || to > last || to === page, click: () => go(to, name) }, text);
  return make('nav', { class: 'pager', 'aria-label': 'Pages' }, button('first', 1, 'First'), button('previous', page - 1, 'Previous'),
    make('span', {}, `Page ${count(page)} of ${count(last)}`), button('next', page + 1, 'Next'), button('last', last, 'Last'));
};
const pageRows = (rows, page) => rows.slice((page - 1) * PAGE_ROWS, page * PAGE_ROWS);

// A table behind a heading that opens it: what a chart shows, for whoever cannot see it.
const behind = (summary, build) => {
  const details = make('details', { toggle: () => { if (details.open && details.children.length === 1) details.append(build()); } }, make('summary', {}, summary));
  return details;
};
