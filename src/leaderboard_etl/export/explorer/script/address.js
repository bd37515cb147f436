// The address of a view: #/VIEW/ID?name=value. It holds every setting, so that whoever opens it sees the same.

const addressOf = (view, id = null, settings = {}) => {
  const given = Object.entries(settings).filter(([, value]) => value !== null && value !== undefined && value !== '');
  const query = new URLSearchParams(given).toString();
  return `#/${view}${id === null ? '' : `/${encodeURIComponent(id)}`}${query ? `?${query}` : ''}`;
};

const addressed = () => {
  const [path, query = ''] = location.hash.replace(/^#\/?/, '').split(/\?(.*)/s);
  const [view, ...rest] = path.split('/');
  let id = rest.length ? rest.join('/') : null;
  try { id = id && decodeURIComponent(id); } catch { /* as it is */ }
  return { view, id, settings: Object.fromEntries(new URLSearchParams(query)) };
};

const modelAddress = (id) => addressOf('model', id);
const modelLink = (id, text, attributes = {}) => make('a', { href: modelAddress(id), ...attributes }, text);
