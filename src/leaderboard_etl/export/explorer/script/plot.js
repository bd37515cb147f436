// A chart as SVG: axes, what a view draws under its points, and the points themselves, for mouse, touch, keyboard and ear.

// Relative after the first point, so that many can stand in one path.
const SHAPES = { open_weights: 'M-4.5,0a4.5,4.5 0 1,0 9,0a4.5,4.5 0 1,0 -9,0z', proprietary: 'M0,-6l6,6l-6,6l-6,-6z', level: 'M-4,-4h8v8h-8z', unknown: 'M-4,-4h8v8h-8z' };

const linear = ([from, to], [low, high]) => (value) => low + ((value - from) / (to - from || 1)) * (high - low);
const dayNumber = (day) => Date.parse(`${day}T00:00:00Z`) / 864e5;
const dayText = (number) => new Date(number * 864e5).toISOString().slice(0, 10);

// Ticks of points from low to high: 0 to 100 in steps that fit, or around zero where `isSigned`.
const scoreTicks = (values, isSigned = false) => {
  const low = Math.min(...values, ...(isSigned ? [0] : [])), high = Math.max(...values, ...(isSigned ? [0] : []));
  const step = [1, 2, 5, 10, 20].find((each) => (high - low) / each <= 6) ?? 20;
  const from = Math.floor((low - step / 5) / step) * step, to = Math.ceil((high + step / 5) / step) * step;
  const ticks = Array.from({ length: Math.round((to - from) / step) + 1 }, (_, i) => from + i * step);
  return isSigned ? ticks : ticks.filter((tick) => tick >= 0 && tick <= 100);
};

const timeAxis = (days) => {
  const low = Math.min(...days), high = Math.max(...days), room = Math.max(20, (high - low) * 0.03);
  const first = new Date((low - room) * 864e5), last = new Date((high + room) * 864e5);
  const months = high - low > 1100 ? 12 : high - low > 500 ? 6 : 3;
  const ticks = [];
  for (let month = first.getUTCFullYear() * 12; month <= last.getUTCFullYear() * 12 + 12; month += months) {
    const tick = Date.UTC(Math.floor(month / 12), month % 12, 1) / 864e5;
    if (tick >= low - room && tick <= high + room) ticks.push([tick, months === 12 ? dayText(tick).slice(0, 4) : dayText(tick).slice(0, 7)]);
  }
  return { label: 'Release date', domain: [low - room, high + room], ticks, of: (value) => value };
};

const sizeAxis = (sizes, label) => {
  const low = Math.log10(Math.min(...sizes)) - 0.1, high = Math.log10(Math.max(...sizes)) + 0.1;
  const ticks = [];
  for (let power = Math.floor(low); power <= high; power += 1) {
    for (const times of high - low > 2.2 ? [1] : [1, 2, 5]) {
      const tick = Math.log10(times) + power;
      if (tick >= low && tick <= high) ticks.push([tick, big(Math.round(times * 10 ** power))]);
    }
  }
  return { label, domain: [low, high], ticks, of: Math.log10, beside: 'no size' };
};

// `points`: { x (null: stands beside the axis), y, side, title, lines, address }; `under(svg, x, y)` draws what lies below them.
const plot = ({ label, x, yTicks, yLabel, yText = String, points, under = () => {}, height = 400 }) => {
  const tip = make('div', { class: 'tip', hidden: true });
  const host = make('div', { class: 'plot' });
  const order = [...points].sort((a, b) => (a.x ?? Infinity) - (b.x ?? Infinity) || a.y - b.y);
  let at = -1, drawn = 0, ring = null;

  const hide = () => { tip.hidden = true; ring?.setAttribute('hidden', ''); };
  const show = (point, isSpoken) => {
    tip.replaceChildren(make('b', {}, point.title), ...point.lines.map((line) => make('div', {}, line)));
    tip.hidden = false;
    const side = point.px > host.clientWidth / 2;
    tip.style.left = side ? '' : `${point.px + 14}px`;
    tip.style.right = side ? `${host.clientWidth - point.px + 14}px` : '';
    tip.style.top = `${Math.max(0, Math.min(point.py - 20, height - 40 - tip.offsetHeight))}px`;
    ring.setAttribute('transform', `translate(${point.px.toFixed(1)},${point.py.toFixed(1)})`);
    ring.setAttribute('d', SHAPES[point.side] ?? SHAPES.unknown);
    ring.setAttribute('class', `ring side-${point.side}`);
    ring.removeAttribute('hidden');
    if (isSpoken) say([point.title, ...point.lines].join('. '));
  };
  const nearest = (event, reach) => {
    const box = host.getBoundingClientRect();
    const px = event.clientX - box.left, py = event.clientY - box.top;
    let found = -1, least = reach * reach;
    order.forEach((point, i) => { const d = (point.px - px) ** 2 + (point.py - py) ** 2; if (d < least) { least = d; found = i; } });
    return found;
  };
  const open = (point) => { if (point?.address) location.hash = point.address; };

  const paint = () => {
    const width = host.clientWidth;
    if (!width || width === drawn) return;
    drawn = width;
    const hasBeside = points.some((point) => point.x === null);
    const area = { left: 46, right: width - (hasBeside ? 70 : 14), top: 26, bottom: height - 48 };
    const px = linear(x.domain, [area.left, area.right]), py = linear([yTicks[0], yTicks.at(-1)], [area.bottom, area.top]);
    for (const point of points) {
      point.px = point.x === null ? width - 32 : px(point.x);
      point.py = py(point.y);
    }
    const svg = draw('svg', { width, height, viewBox: `0 0 ${width} ${height}`, tabindex: '0', role: 'application', 'aria-roledescription': 'chart',
      'aria-label': `${label} Arrow keys go from point to point, Enter opens the model.` });
    for (const tick of yTicks) {
      svg.append(draw('line', { class: tick === 0 && yTicks[0] < 0 ? 'axis' : 'grid', x1: area.left, x2: area.right, y1: py(tick), y2: py(tick) }),
        draw('text', { class: 'tick', x: area.left - 8, y: py(tick), dy: '.32em', 'text-anchor': 'end' }, yText(tick)));
    }
    let before = -Infinity;
    for (const [tick, text] of x.ticks) {
      svg.append(draw('line', { class: 'grid', x1: px(tick), x2: px(tick), y1: area.top, y2: area.bottom }));
      if (px(tick) - before > text.length * 7 + 10 && (!hasBeside || px(tick) + text.length * 3.5 < width - 60)) {
        svg.append(draw('text', { class: 'tick', x: px(tick), y: area.bottom + 18, 'text-anchor': 'middle' }, text));
        before = px(tick);
      }
    }
    svg.append(draw('path', { class: 'axis', d: `M${area.left},${area.top}V${area.bottom}H${area.right}` }),
      draw('text', { class: 'label', x: 0, y: 12 }, yLabel),
      draw('text', { class: 'label', x: (area.left + area.right) / 2, y: area.bottom + 40, 'text-anchor': 'middle' }, x.label));
    if (hasBeside) {
      svg.append(draw('rect', { class: 'beside', x: width - 58, width: 52, y: area.top, height: area.bottom - area.top }),
        draw('text', { class: 'tick', x: width - 32, y: area.bottom + 18, 'text-anchor': 'middle' }, x.beside));
    }
    under(svg, px, py);
    // One path for each side: thousands of elements would make the page slow.
    for (const side of ['unknown', 'open_weights', 'level', 'proprietary']) {
      const of = points.filter((point) => (SHAPES[point.side] ? point.side : 'unknown') === side);
      const d = of.map((point) => `M${point.px.toFixed(1)},${point.py.toFixed(1)}${SHAPES[side].replace('M', 'm')}`).join('');
      if (d) svg.append(draw('path', { class: `mark side-${side}${of.length > 400 ? ' many' : ''}`, 'data-n': of.length, d }));
    }
    ring = draw('path', { class: 'ring', hidden: '' });
    svg.append(ring);
    svg.addEventListener('pointermove', (event) => { if (event.pointerType === 'mouse') { const i = nearest(event, 24); if (i < 0) hide(); else show(order[i]); } });
    svg.addEventListener('pointerleave', (event) => { if (event.pointerType === 'mouse') hide(); });
    svg.addEventListener('click', (event) => {
      const i = nearest(event, 24), wasShown = i >= 0 && i === at;
      at = i;
      if (i < 0) hide(); else if (event.pointerType === 'mouse' || wasShown) open(order[i]); else show(order[i]);
    });
    svg.addEventListener('blur', hide);
    svg.addEventListener('keydown', (event) => {
      const step = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1, PageDown: 10, PageUp: -10, Home: -Infinity, End: Infinity }[event.key];
      if (step && order.length) {
        event.preventDefault();
        at = Math.min(order.length - 1, Math.max(0, at < 0 && step > 0 && Number.isFinite(step) ? 0 : at + step));
        show(order[at], true);
      } else if (event.key === 'Enter' && at >= 0) open(order[at]);
      else if (event.key === 'Escape') hide();
    });
    host.replaceChildren(svg, tip);
  };
  new ResizeObserver(paint).observe(host);
  return host;
};

const legend = (sides) => make('p', { class: 'legend', 'aria-label': 'Legend' }, sides.map((side) => sideMark(side)));
