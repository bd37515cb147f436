// The claims of the article, each with what was computed and the verdict that follows.

const claims = {
  title: 'Claims of the article',
  async build(main) {
    const all = rowsOf((await read('claims')).claims);
    const verdicts = [...new Set(all.map((claim) => claim.verdict))];
    const form = controls('claims', {}, field('q', 'Search', 'search', { autocomplete: 'off' }),
      choice('verdict', 'Verdict', [['', 'All'], ...verdicts.map((verdict) => [verdict, words(verdict)])]));
    const result = make('div', { class: 'result' });
    main.append(heading(this.title), make('p', { class: 'muted' }, 'Each verdict is computed by its condition from what its query answers.'), form, result);
    return ({ id, settings: { q = '', verdict } }) => {
      form.show({ q, verdict });
      const parts = q.toLowerCase().split(/\s+/).filter(Boolean);
      const found = all.filter((claim) => (id === null || claim.claim_id === id) && (!verdict || claim.verdict === verdict)
        && parts.every((part) => [claim.claim_id, claim.sentence, claim.paraphrase, claim.evidence, claim.article_place].join('\n').toLowerCase().includes(part)));
      const told = `${counted(found.length, 'claim')} of ${count(all.length)}`;
      say(told);
      result.replaceChildren(make('p', { class: 'headline' }, told, id === null ? null : [' · ', make('a', { href: addressOf('claims') }, 'show all')]), ...found.map((claim) => claimPart(claim, id !== null)));
    };
  },
};

const claimPart = (claim, isOpen) => {
  const part = make('article', { class: 'claim', 'aria-labelledby': `claim-${claim.claim_id}` },
    make('p', { id: `claim-${claim.claim_id}` }, verdictMark(claim.verdict), ' ', make('q', {}, claim.sentence), claim.paraphrase ? ` ${claim.paraphrase}` : null),
    make('p', { class: 'muted' }, orNone(claim.article_place), ' · ', make('a', { href: addressOf('claims', claim.claim_id) }, claim.claim_id)),
    claim.verdict === 'not measurable' && claim.computed_value === null ? null : make('p', {}, make('strong', {}, value4(claim.computed_value)), `: ${claim.measures}.`,
      claim.lo === null || claim.hi === null ? null : ` From ${value4(claim.lo)} to ${value4(claim.hi)}.`, claim.n === null ? null : ` n = ${count(claim.n)}.`,
      claim.expected ? ` Holds if ${claim.expected}.` : null, claim.partly_expected ? ` Partly if ${claim.partly_expected}.` : null,
      claim.observed_through_on ? ` Data through ${claim.observed_through_on}.` : null),
    claim.evidence ? make('p', { class: 'muted' }, claim.evidence) : null, claim.note ? make('p', { class: 'muted' }, claim.note) : null,
    claim.evidence_query ? make('details', { open: isOpen }, make('summary', {}, `Query of ${claim.claim_id}`), make('pre', { tabindex: '0' }, `${claim.evidence_query}\n\nholds if ${claim.holds_if}${claim.partly_if ? `\npartly if ${claim.partly_if}` : ''}`)) : null);
  return part;
};
