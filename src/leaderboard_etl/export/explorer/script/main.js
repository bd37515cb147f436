// Which view is shown: what the address says.

const VIEWS = { gap, scatter, models, model, claims, report };
let current = { name: null, update: () => {} };

const foot = ({ facts: { as_of: day, n_models: models, n_scores: scores, n_left_out: left, is_sample: isSample } }) => {
  document.getElementById('sample').hidden = !isSample;
  document.getElementById('foot').replaceChildren(make('p', {}, `The state as of ${day} (UTC): ${counted(models, 'model')}, ${counted(scores, 'score')}.`
    + (left.scores ? ` Left out, for their sources state no licence to pass them on: ${counted(left.scores, 'score')}, ${counted(left.sizes, 'statement')} of sizes, frontiers with such scores, and ranges of several scores.` : '')),
  make('p', {}, 'Every value is as the tables of this state have it: LICENSE-DATA.md says who published it and under which licence. The address in the browser keeps this view and its settings.'));
};

const show = async (isFirst) => {
  const asked = addressed();
  const name = Object.hasOwn(VIEWS, asked.view) ? asked.view : 'gap';
  const main = document.getElementById('main');
  // The same view with other settings keeps its controls, and so the reader's place among them.
  const whole = ['model', 'report'].includes(name) ? location.hash : name;
  try {
    if (current.name !== whole) {
      const mine = current = { name: whole, update: () => {} };
      document.title = `${VIEWS[name].title}: explorer`;
      for (const link of document.querySelectorAll('nav[aria-label="Views"] a')) {
        if (link.hash === `#/${name === 'model' ? 'models' : name}`) link.setAttribute('aria-current', 'page'); else link.removeAttribute('aria-current');
      }
      const fresh = make('div', { class: 'view' });
      const update = await VIEWS[name].build(fresh, asked);
      if (current !== mine) return;
      mine.update = update;
      main.replaceChildren(fresh);
      if (!isFirst) { scrollTo(0, 0); fresh.querySelector('h1')?.focus({ preventScroll: true }); }
    }
    const mine = current, { embedded_by: host } = globalThis.explorerSite ?? {};
    // A Space stands in a frame; the Hub takes its hash into the address that a reader sees, and gives it back when that is opened.
    if (host && parent !== window) parent.postMessage({ queryString: '', hash: location.hash }, host);
    await mine.update(addressed());
    if (current === mine) main.setAttribute('data-shown', location.hash);
  } catch (error) {
    main.replaceChildren(heading('This view could not be shown'), message(error.message));
  }
};

document.querySelector('.skip').addEventListener('click', (event) => { event.preventDefault(); document.getElementById('main').focus(); });
addEventListener('hashchange', () => show(false));
read('summary').then(foot, () => {});
show(true);
