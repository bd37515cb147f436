// The data files: written by columns.py, each read when it is first needed.

const DIGITS = new Map([...'0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_'].map((digit, i) => [digit.charCodeAt(0), i]));

const column = (written, rows) => {
  if (Array.isArray(written)) return written;
  const values = new Array(rows);
  if (written.runs) {
    for (let i = 0, at = 0; i < written.runs.length; i += 2) values.fill(written.runs[i], at, at += written.runs[i + 1]);
    return values;
  }
  if (written.digits !== undefined) {
    for (let i = 0, at = 0; i < rows; i += 1) {
      values[i] = 0;
      for (const end = at + written.width; at < end; at += 1) values[i] = values[i] * 64 + DIGITS.get(written.digits.charCodeAt(at));
    }
    return values;
  }
  if (written.forms) {
    const part = column(written.part, rows);
    return column(written.form, rows).map((which, i) => {
      const [before, after] = written.forms[which];
      return after === null ? before : `${before}${part[i]}${after}`;
    });
  }
  const of = written.table ? rowsOf(tableOf(written.table)) : written.of;
  return column(written.at, rows).map((which) => of[which]);
};

// A table as its columns by name, and `rows`, how many it has.
const tableOf = (written) => {
  const table = { rows: written.rows };
  for (const [name, each] of Object.entries(written.columns)) table[name] = column(each, written.rows);
  return table;
};
const rowOf = (table, i) => Object.fromEntries(Object.entries(table).filter(([name]) => name !== 'rows').map(([name, values]) => [name, values[i]]));
const rowsOf = (table) => Array.from({ length: table.rows }, (_, i) => rowOf(table, i));

const loading = {};
// The tables of a data file, by name. A script element, not fetch: a page that was opened from a folder may not fetch.
const read = (name) => (loading[name] ??= new Promise((resolve, reject) => {
  if (globalThis.explorerData?.[name]) { resolve(); return; }
  const script = make('script', { src: `explorer/${name}.js`, load: () => resolve(),
    error: () => reject(new Error(`explorer/${name}.js could not be read: keep the folder explorer/ beside this page.`)) });
  document.head.append(script);
}).then(() => Object.fromEntries(Object.entries(globalThis.explorerData[name]).map(([key, value]) => [key, value.columns ? tableOf(value) : value]))));

// Every model, with `byId`, its row by its id, and `name`, what it is called.
const readModels = async () => {
  const { models } = await read('models');
  models.byId ??= new Map(models.model_id.map((id, i) => [id, i]));
  models.name ??= models.display_name.map((name, i) => name ?? models.model_id[i]);
  return models;
};

const firstRow = (models, model) => {
  let low = 0, high = models.length;
  while (low < high) { const middle = (low + high) >> 1; if (models[middle] < model) low = middle + 1; else high = middle; }
  return low;
};
// The rows of one model in a table that is in the order of its models.
const ofModel = (table, model) => {
  const found = [];
  for (let i = firstRow(table.model, model); i < table.rows && table.model[i] === model; i += 1) found.push(rowOf(table, i));
  return found;
};
