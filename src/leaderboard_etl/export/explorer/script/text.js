// Text from the data enters the page here only, as text nodes, so that markup in it stays text.
const SVG = 'http://www.w3.org/2000/svg';

// Characters that act instead of being read (printable.py) are shown as escapes: one name must not look like another.
const ACTING = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|[\u{e0000}-\u{e007f}]/gu;
const visible = (text) => String(text).replace(ACTING, (c) => `\\u{${c.codePointAt(0).toString(16)}}`);

// An element with attributes and children; a child that is null is left out, a function is a handler of the event it is named for.
const make = (tag, attributes = {}, ...children) => filled(document.createElement(tag), attributes, children);
const draw = (tag, attributes = {}, ...children) => filled(document.createElementNS(SVG, tag), attributes, children);
const filled = (element, attributes, children) => {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'function') element.addEventListener(name, value);
    else if (value !== null && value !== undefined && value !== false) element.setAttribute(name, value === true ? '' : value);
  }
  for (const child of children.flat(Infinity)) {
    if (child !== null && child !== undefined) element.append(child instanceof Node ? child : visible(child));
  }
  return element;
};

const webAddress = (text) => {
  try { const url = new URL(text); return ['http:', 'https:'].includes(url.protocol) ? url.href : null; } catch { return null; }
};

// A link out of the page; an address that is not of the web is shown as text.
const outward = (address, text, attributes = {}) => {
  const href = webAddress(address);
  return href === null ? make('span', {}, text) : make('a', { href, rel: 'noopener noreferrer', target: '_blank', ...attributes }, text);
};

const NONE = '–';
const words = (name) => String(name).replaceAll('_', ' ');
// How a size is known; one that policy sets overrules every other.
const sizeMethod = (method) => (method === 'override' ? 'set in policy/parameter_overrides.csv' : `by ${words(method)}`);
const orNone = (value) => (value === null || value === undefined || value === '' ? NONE : value);
const fixed = (value, digits = 2) => (value === null || value === undefined ? NONE : value.toFixed(digits));
const signed = (value, digits = 2) => (value === null ? NONE : `${value > 0 ? '+' : value < 0 ? '−' : ''}${Math.abs(value).toFixed(digits)}`);
const count = (value) => value.toLocaleString('en-US');
const counted = (value, noun) => `${count(value)} ${noun}${value === 1 ? '' : 's'}`;
const yesNo = (value) => (value === null ? NONE : value ? 'yes' : 'no');

// A number of parameters or tokens with four significant digits, as the tables of the export have it.
const big = (value) => {
  if (value === null || value === undefined) return NONE;
  const [unit, size] = value >= 1e12 ? [' T', 1e12] : value >= 1e9 ? [' B', 1e9] : value >= 1e6 ? [' M', 1e6] : ['', 1];
  return `${Number((value / size).toPrecision(4))}${unit}`;
};
// A computed value with four significant digits, or whole from 10,000 on, as the report has it.
const value4 = (value) => (value === null ? NONE : Math.abs(value) < 10000 ? String(Number(value.toPrecision(4))) : count(Math.trunc(value)));

const SIDES = { open_weights: 'Open', proprietary: 'Proprietary', unknown: 'Not known' };
const KINDS = { official: 'Official', fine_tune: 'Fine-tune', merge: 'Merge', quantized: 'Quantized', flagged: 'Flagged', not_language: 'No language model' };
const POPULATIONS = { official: 'Official releases', official_base: 'Official base models', fine_tune: 'Fine-tunes', merge: 'Merges',
  flagged: 'Flagged', unflagged: 'All but flagged', all: 'All' };
