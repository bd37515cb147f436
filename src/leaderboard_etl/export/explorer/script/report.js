// Reporting a wrong value: a form elsewhere that is filled in, or the text of a report where no such form is known.

// The names are those of the fields of .github/ISSUE_TEMPLATE/wrong-value.yml.
const reportParts = ({ model: id, as_of: day, what, value, key, place, link }) => ({
  title: `Wrong value: ${id}`,
  model: id,
  value: `${what} = ${value} as of ${day}${Object.keys(key).length ? '; ' : ''}${Object.entries(key).map(([name, each]) => `${name}=${each}`).join(', ')}`,
  explain: [place.filter(Boolean).join(' '), webAddress(link)].filter(Boolean).join('\n'),
});

const reportText = (parts) => `Model: ${parts.model}\n\nWhat the warehouse says: ${parts.value}\n\nIts source: ${parts.explain}\n\nWhat is right, and the link that shows it: `;

const reportLink = (wrong, label, text = 'Report') => {
  const parts = reportParts(wrong), { issue_form: form } = globalThis.explorerSite ?? {};
  const elsewhere = webAddress(form) ? withQuery(form, parts) : null;
  return elsewhere ? outward(elsewhere, text, { 'aria-label': label, class: 'report' }) : make('a', { href: addressOf('report', null, parts), 'aria-label': label, class: 'report' }, text);
};

const withQuery = (address, values) => {
  const url = new URL(address);
  for (const [name, value] of Object.entries(values)) url.searchParams.set(name, value);
  return url.href;
};

const report = {
  title: 'Report a wrong value',
  async build(main, { settings }) {
    const parts = { model: '', value: '', explain: '', ...settings };
    const text = make('textarea', { rows: '14', name: 'report' });
    text.value = visible(reportText(parts));
    const copy = make('button', { type: 'button', click: async () => {
      text.select();
      try { await navigator.clipboard.writeText(text.value); say('Copied.'); } catch { say('Selected: copy it with the keyboard.'); }
    } }, 'Copy');
    const { discussions } = globalThis.explorerSite ?? {};
    const elsewhere = webAddress(discussions) && outward(withQuery(discussions, { title: parts.title ?? '', description: text.value }), 'Open a discussion');
    main.append(heading(this.title), make('p', {}, 'Say what is right and where that is written, and send this to whoever keeps these data.'),
      make('label', { class: 'whole' }, make('span', {}, 'Report'), text), make('p', {}, copy, ' ', elsewhere || null), parts.model ? make('p', {}, modelLink(parts.model, `Back to ${parts.model}`)) : null);
    return () => {};
  },
};
