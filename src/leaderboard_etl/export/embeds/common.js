  const SVG = 'http://www.w3.org/2000/svg';
  const SIDES = ['Open', 'Proprietary'];
  const FALLBACK_COLORS = { Open: '#0072b2', Proprietary: '#d55e00' }; // Okabe and Ito: told apart with any colour vision
  const SHAPES = { Open: 'M-4.5,0a4.5,4.5 0 1,0 9,0a4.5,4.5 0 1,0 -9,0z', Proprietary: 'M0,-6.5L6.5,0L0,6.5L-6.5,0z' };

  // Text from the data enters the page here only, as textContent, so that markup in it stays text.
  const add = (parent, tag, attributes = {}, text) => {
    const inSvg = tag === 'svg' || parent.namespaceURI === SVG;
    const made = inSvg ? document.createElementNS(SVG, tag) : document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    if (text !== undefined) made.textContent = text;
    return parent.appendChild(made);
  };

  const inherited = (root, attribute) => root.closest(`[${attribute}]`)?.getAttribute(attribute) ?? null;

  const dataFiles = (root) => {
    const value = (inherited(root, 'data-datafiles') || '').trim();
    if (!value) return DEFAULT_FILES;
    if (!value.startsWith('[')) return [value];
    try { return JSON.parse(value).map(String); } catch { throw new Error(`data-datafiles is no list of file names: ${value}`); }
  };

  const config = (root) => {
    try { return JSON.parse(inherited(root, 'data-config') || '{}') || {}; } catch { return {}; }
  };

  const readFile = async (name) => {
    const base = name.split('/').pop();
    const first = name.includes('/') ? name : `/data/${name}`;
    for (const path of [first, `./assets/data/${base}`, `../assets/data/${base}`]) {
      const answer = await fetch(path).catch(() => null);
      const text = answer && answer.ok ? await answer.text() : '';
      if (text.startsWith('version https://git-lfs')) {
        throw new Error(`${base} holds a git-LFS pointer instead of its data. Run "git lfs pull" in the article's folder and build again.`);
      }
      // A server that answers each unknown address with its start page has no such file.
      if (text && !text.trimStart().startsWith('<')) return text;
    }
    throw new Error(`${base} could not be read. Put it in the article's folder of data files.`);
  };

  const parseCsv = (text) => {
    const rows = [];
    let row = [], cell = '', quoted = false;
    const endRow = () => { row.push(cell); if (row.length > 1 || row[0]) rows.push(row); row = []; cell = ''; };
    for (let i = 0; i < text.length; i += 1) {
      const c = text[i];
      if (quoted) {
        if (c !== '"') cell += c;
        else if (text[i + 1] === '"') { cell += '"'; i += 1; } else quoted = false;
      } else if (c === '"') quoted = true;
      else if (c === ',') { row.push(cell); cell = ''; }
      else if (c === '\n') endRow();
      else if (c !== '\r') cell += c;
    }
    if (cell || row.length) endRow();
    const header = rows.shift() || [];
    return { header, rows: rows.map((cells) => Object.fromEntries(header.map((name, i) => [name, cells[i] ?? '']))) };
  };

  // Which file is which is told by its columns, so that an article may rename them. `kinds`: name to columns, the more
  // special first; without the file of `needed` there is no chart, without another there is a remark.
  const readTables = async (root, kinds, needed) => {
    const tables = {}, problems = [];
    for (const name of dataFiles(root)) {
      try {
        const { header, rows } = parseCsv(await readFile(name));
        const kind = Object.keys(kinds).find((key) => kinds[key].every((column) => header.includes(column)));
        const missing = kinds[needed].filter((column) => !header.includes(column));
        if (!kind) throw new Error(`${name} is no file of this chart: it has no column ${missing.join(', ')}.`);
        tables[kind] = rows;
      } catch (error) { problems.push(error.message); }
    }
    if (!tables[needed]) throw new Error(problems[0] || `No file with the columns ${kinds[needed].join(', ')} was named.`);
    const twin = root.id && [...document.querySelectorAll(`.${NAME}`)].find((other) => other !== root && other.id === root.id);
    if (twin && twin.compareDocumentPosition(root) & Node.DOCUMENT_POSITION_FOLLOWING) {
      problems.push(`Two charts of this page have the id ${root.id}: give the second HtmlEmbed an id of its own, or links lead to the first.`);
    }
    return { tables, remarks: problems.map((problem) => ` ${problem}`).join('') };
  };

  // Number('') is 0, and a blank size is not a size of 0.
  const number = (text) => (text && text.trim() !== '' ? Number(text) : NaN);

  // Where a score is from, as a reader asks for it. A file of another hand may have only the place of the value.
  const provenance = (row) => {
    const many = Number(row.n_values) > 1 && row.lo_pct && row.hi_pct && row.lo_pct !== row.hi_pct;
    const shots = row.n_shot ? `${row.n_shot}-shot` : '';
    return [
      ['Range', many ? `${row.lo_pct} to ${row.hi_pct} % in ${row.n_values} values` : row.lo_pct && row.lo_pct !== row.hi_pct ? `${row.lo_pct} to ${row.hi_pct} %` : ''],
      ['Reported by', row.reporter || ''], ['Self-reported or measured', row.self_reported || ''],
      ['Protocol', [shots, row.protocol].filter((part, i, all) => part && all.indexOf(part) === i).join(', ')],
      ['Setting', row.setting && row.setting !== 'n/a' ? row.setting : ''], ['Chosen', row.chosen_because || ''],
      ['Source', row.reporter ? '' : row.score_source || ''],
    ].filter((line) => line[1]);
  };

  // The day, sources and licences below a chart, and above it that a sample is one.
  const noteOf = (tables, group) => (tables.notes || []).find((row) => row.subject === group);
  const drawFoot = (foot, sample, note) => {
    foot.textContent = note?.foot || '';
    foot.hidden = !note;
    sample.hidden = note?.is_sample !== 'true';
  };
  const addSample = (root) => add(root, 'p', { class: 'sample', hidden: '' }, 'SAMPLE: not the state of the world');

  // The group that the article asks for; a chart of another one under its caption would be wrong.
  const groupWanted = (root, groups, usual) => {
    const wanted = config(root).comparableGroup;
    if (!wanted) return groups.includes(usual) ? usual : groups[0];
    if (!groups.includes(wanted)) throw new Error(`The data have no group ${wanted}, which comparableGroup asks for. They have: ${groups.join(', ')}.`);
    return wanted;
  };

  const counted = (n, noun) => `${n} ${noun}${n === 1 ? '' : 's'}`;

  const webLink = (text) => {
    try { const url = new URL(text); return ['http:', 'https:'].includes(url.protocol) ? url.href : null; } catch { return null; }
  };

  const BENCHMARKS = { arc_challenge: 'ARC Challenge', bbh: 'BBH', gpqa: 'GPQA', gpqa_diamond: 'GPQA Diamond', gsm8k: 'GSM8K',
    hellaswag: 'HellaSwag', humaneval: 'HumanEval', humaneval_plus: 'HumanEval+', ifeval: 'IFEval', math_lvl5: 'MATH level 5',
    mmlu: 'MMLU', mmlu_pro: 'MMLU-Pro', mt_bench: 'MT-Bench', musr: 'MuSR', truthfulqa: 'TruthfulQA', winogrande: 'WinoGrande' };
  const groupLabel = (group) => {
    const [, stem, kind] = /^(.*)_(reported|measured)$/.exec(group) || [null, group, null];
    const name = BENCHMARKS[stem] || stem;
    return kind ? `${name}, ${kind === 'reported' ? 'as reported' : 'measured by the leaderboard'}` : name;
  };

  const recolor = (root) => {
    let colors = null;
    try { colors = window.ColorPalettes?.getColors('categorical', 2); } catch { colors = null; }
    const order = config(root).colorOrder || SIDES;
    SIDES.forEach((side) => { const i = order.indexOf(side); root.style.setProperty(`--side-${side}`, (colors && colors[i]) || FALLBACK_COLORS[side]); });
  };

  const linear = (domain, range) => (value) => range[0] + ((value - domain[0]) / (domain[1] - domain[0])) * (range[1] - range[0]);

  const scoreTicks = (values) => {
    const low = Math.min(...values), high = Math.max(...values);
    const step = high - low > 60 ? 20 : high - low > 25 ? 10 : 5;
    const from = Math.max(0, Math.floor((low - 1) / step) * step), to = Math.min(100, Math.ceil((high + 1) / step) * step);
    return Array.from({ length: Math.round((to - from) / step) + 1 }, (_, i) => from + i * step);
  };

  const canvas = (parent, width, height, label) => add(parent, 'svg', { width, height, viewBox: `0 0 ${width} ${height}`, role: 'group', 'aria-label': label });

  const placed = (x, y, scale = 1) => `translate(${x.toFixed(1)},${y.toFixed(1)}) scale(${scale})`;

  // Axes are one picture to a screen reader; the marks after it are buttons, and a table below holds all of them.
  const drawAxes = (svg, frame, { title, description, xLabel, xMiddle = (frame.left + frame.right) / 2, yLabel = 'Score (%)', x, y, xTicks, yTicks, xText = String }) => {
    const axes = add(svg, 'g', { class: 'axes', role: 'img', 'aria-label': `${title}. ${description}` });
    for (const tick of yTicks) {
      add(axes, 'line', { class: 'grid', x1: frame.left, x2: frame.right, y1: y(tick), y2: y(tick) });
      add(axes, 'text', { x: frame.left - 8, y: y(tick), dy: '.32em', 'text-anchor': 'end' }, tick);
    }
    for (const tick of xTicks) {
      add(axes, 'line', { class: 'grid', x1: x(tick), x2: x(tick), y1: frame.top, y2: frame.bottom });
      add(axes, 'text', { x: x(tick), y: frame.bottom + 18, 'text-anchor': 'middle' }, xText(tick));
    }
    add(axes, 'path', { class: 'axis', fill: 'none', d: `M${frame.left},${frame.top}V${frame.bottom}H${frame.right}` });
    if (yLabel) add(axes, 'text', { class: 'axis-label', x: 0, y: 12 }, yLabel);
    add(axes, 'text', { class: 'axis-label', x: xMiddle, y: frame.bottom + 38, 'text-anchor': 'middle' }, xLabel);
  };

  const legendBox = (parent) => {
    const legend = add(parent, 'div', { class: 'legend' });
    add(legend, 'div', { class: 'legend-title' }, 'Legend');
    return add(legend, 'div', { class: 'legend-items' });
  };

  const legendItem = (items, side, text, withLine) => {
    const item = add(items, 'span');
    const svg = add(item, 'svg', { width: withLine ? 30 : 14, height: 14, 'aria-hidden': 'true', class: `side-${side}` });
    if (withLine) add(svg, 'path', { class: `line side-${side}`, d: 'M0,7H30' });
    add(svg, 'path', { class: `mark side-${side}`, d: SHAPES[side], transform: `translate(${withLine ? 15 : 7},7)` });
    add(item, 'span', { class: `count side-${side}` }, text);
  };

  const shorten = (node, most) => {
    const whole = node.textContent;
    for (let n = whole.length - 1; n > 3 && node.getComputedTextLength() > most; n -= 1) node.textContent = `${whole.slice(0, n).trimEnd()}…`;
  };

  // Names beside marks, the first ones first, each where it hides neither another name nor a mark; else it is left out.
  const placeLabels = (svg, frame, names, marks) => {
    const layer = add(svg, 'g', { class: 'labels', 'aria-hidden': 'true' });
    const taken = marks.map((mark) => [mark.x - 5, mark.y - 5, mark.x + 5, mark.y + 5]);
    for (const { x, y, text } of names) {
      const node = add(layer, 'text', {}, text);
      shorten(node, 150);
      const w = node.getComputedTextLength();
      const spots = [[x - w - 8, y - 7], [x + 8, y - 7], [x - w / 2, y - 22], [x - w - 4, y - 20], [x + 4, y - 20], [x - w / 2, y + 8], [x + 4, y + 7], [x - w - 4, y + 7]];
      const spot = spots.find(([left, top]) => left >= frame.left + 2 && left + w <= frame.right && top >= frame.top && top + 14 <= frame.bottom
        && !taken.some(([l, t, r, b]) => left < r && left + w > l && top < b && top + 14 > t));
      if (!spot) { node.remove(); continue; }
      node.setAttribute('x', spot[0].toFixed(1));
      node.setAttribute('y', (spot[1] + 11).toFixed(1));
      taken.push([spot[0] - 3, spot[1], spot[0] + w + 3, spot[1] + 14]);
    }
  };

  // Marks: {node, x, y, title, lines: [label, value][], link}. Hover, touch or arrow keys show one; Enter or click pins it.
  const listen = (root, svg, tip, marks) => {
    let shown = null;
    const hide = () => {
      shown?.node.classList.remove('is-shown');
      shown = null;
      tip.hidden = true;
      tip.classList.remove('is-pinned');
    };
    const show = (mark) => {
      hide();
      shown = mark;
      mark.node.classList.add('is-shown');
      tip.replaceChildren();
      add(tip, 'b', {}, mark.title);
      for (const [label, value] of mark.lines) add(tip, 'div', {}, `${label}: ${value}`);
      const here = marks.filter((other) => other !== mark && Math.hypot(other.x - mark.x, other.y - mark.y) < 4).map((other) => other.title);
      if (here.length) add(tip, 'div', {}, `At the same place: ${here.slice(0, 3).join(', ')}${here.length > 3 ? ` and ${here.length - 3} more` : ''}`);
      if (mark.link) add(tip, 'a', { href: mark.link, target: '_blank', rel: 'noopener noreferrer' }, 'Open the source');
      tip.hidden = false;
      const left = svg.getBoundingClientRect().left - root.getBoundingClientRect().left + mark.x;
      const top = svg.getBoundingClientRect().top - root.getBoundingClientRect().top + mark.y;
      const fitsRight = left + 14 + tip.offsetWidth <= root.clientWidth;
      tip.style.left = `${Math.max(0, fitsRight ? left + 14 : Math.min(left - 14 - tip.offsetWidth, root.clientWidth - tip.offsetWidth))}px`;
      tip.style.top = `${top > tip.offsetHeight + 14 ? top - tip.offsetHeight - 10 : top + 14}px`;
    };
    const pinned = () => tip.classList.contains('is-pinned');
    const pin = (mark) => { show(mark); tip.classList.add('is-pinned'); };
    const focus = (mark) => {
      marks.forEach((other) => other.node.setAttribute('tabindex', other === mark ? '0' : '-1'));
      mark.node.focus({ preventScroll: true });
    };
    const nearest = (event) => {
      const box = svg.getBoundingClientRect();
      const away = (mark) => Math.hypot(mark.x - (event.clientX - box.left), mark.y - (event.clientY - box.top));
      const best = marks.reduce((a, b) => (a && away(a) <= away(b) ? a : b), null);
      return best && away(best) <= 16 ? best : null;
    };
    svg.addEventListener('pointermove', (event) => {
      if (pinned()) return;
      const mark = nearest(event);
      if (mark !== shown) { if (mark) show(mark); else hide(); }
    });
    svg.addEventListener('pointerleave', () => { if (!pinned()) hide(); });
    svg.addEventListener('click', (event) => {
      const mark = nearest(event);
      if (mark) { focus(mark); pin(mark); } else hide();
    });
    const ordered = [...marks].sort((a, b) => a.x - b.x || a.y - b.y);
    ordered.forEach((mark, i) => {
      mark.node.setAttribute('role', 'button');
      mark.node.setAttribute('aria-label', `${mark.title}. ${mark.lines.slice(0, mark.nSaid).map((line) => line.join(': ')).join('. ')}`);
      mark.node.setAttribute('tabindex', i === 0 ? '0' : '-1');
      mark.node.addEventListener('focus', () => { if (!(pinned() && shown === mark)) show(mark); });
      mark.node.addEventListener('blur', () => { if (!pinned()) hide(); });
      mark.node.addEventListener('keydown', (event) => {
        const to = { ArrowRight: i + 1, ArrowDown: i + 1, ArrowLeft: i - 1, ArrowUp: i - 1, Home: 0, End: ordered.length - 1 }[event.key];
        if (to !== undefined) { event.preventDefault(); if (ordered[to]) { hide(); focus(ordered[to]); } }
        else if (event.key === 'Enter' || event.key === ' ') { event.preventDefault(); pin(mark); tip.querySelector('a')?.focus(); }
        else if (event.key === 'Escape') hide();
      });
    });
    tip.onkeydown = (event) => { if (event.key === 'Escape' && shown) { const mark = shown; hide(); focus(mark); hide(); } };
  };

  // The same as a table, made when it is opened. `columns`: heading to a function of a row.
  const dataTable = (parent, caption, columns, rows) => {
    const details = add(parent, 'details');
    add(details, 'summary', {}, caption);
    details.addEventListener('toggle', () => {
      if (details.querySelector('table')) return;
      const table = add(add(details, 'div', { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': caption }), 'table');
      const head = add(add(table, 'thead'), 'tr');
      for (const name of Object.keys(columns)) add(head, 'th', { scope: 'col' }, name);
      const body = add(table, 'tbody');
      for (const row of rows) { const line = add(body, 'tr'); for (const value of Object.values(columns)) add(line, 'td', {}, value(row)); }
    });
  };

  // Draws again at each change of width; colours change through CSS variables alone.
  const mount = (root, start) => {
    if (root.dataset.mounted === 'true') return;
    root.dataset.mounted = 'true';
    recolor(root);
    document.addEventListener('palettes:updated', () => recolor(root));
    // The article's template fires that event before it has put the palette where it can be read.
    document.addEventListener('DOMContentLoaded', () => recolor(root));
    const fail = (error) => {
      root.replaceChildren();
      add(root, 'p', { class: 'message', role: 'alert' }, error.message);
    };
    start(root).then((draw) => {
      let width = 0;
      new ResizeObserver(() => {
        if (!root.clientWidth || root.clientWidth === width) return;
        width = root.clientWidth;
        try { draw(width); } catch (error) { fail(error); }
      }).observe(root);
    }).catch(fail);
  };
