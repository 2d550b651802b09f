/** What happened, newest first. */
export const timelinePart = `
const mostEvents = 200;
const who = (event) => event.name || event.path || event.id || '';

/* type → [tone, what happened, more]. What is not here is told by its type and its fields. */
const stories = {
  'source.down': (e) => ['bad', 'source away', errorText(e.error)],
  'source.up': (e) => ['good', 'source back', 'after ' + span(e.downFor)],
  'warmer.backoff': (e) => ['old', 'backing off', 'attempt ' + e.attempt + ', next in ' + span(e.delay)],
  'pass.started': () => ['', 'pass began', ''],
  'batch.loaded': (e) => ['', 'batch loaded', count(e.total) + ' rows so far'],
  'pass.complete': (e) => ['good', 'pass complete', plural(e.rows, 'row') + ', ' + count(e.removed) + ' removed, ' + span(e.took)],
  'pass.failed': (e) => [e.unavailable ? 'old' : 'bad', 'pass failed', errorText(e.error)],
  swept: (e) => [e.error ? 'old' : '', 'swept', [[e.expired, 'expired'], [e.gone, 'gone'], [e.changed, 'changed'], [e.missing, 'missing']]
    .filter((part) => part[0] > 0).map((part) => count(part[0]) + ' ' + part[1]).join(', ') || (e.error ? errorText(e.error) : 'nothing to do')],
  evicted: (e) => ['', 'evicted', count(e.count) + ', ' + e.because],
  invalidated: (e) => ['old', { revoke: 'revoked', remove: 'removed', clear: 'cleared', source: 'gone in the source' }[e.because] || 'invalidated',
    e.count === undefined ? '' : plural(e.count, 'key') + ' ' + (e.keys || []).join(' ')],
  quarantined: (e) => ['bad', 'row quarantined', (e.key || '') + ' ' + errorText(e.error)],
  'snapshot.written': (e) => ['', e.complete ? 'snapshot written in full' : 'snapshot written', plural(e.entries, 'entry', 'entries') + ', ' + span(e.took)],
  'snapshot.restored': (e) => ['good', 'snapshot restored', plural(e.entries, 'entry', 'entries') + ', ' + span(e.age) + ' old'],
  'snapshot.aside': (e) => ['bad', 'snapshot set aside', e.because],
  'snapshot.failed': (e) => ['bad', 'snapshot failed', errorText(e.error)],
  rebuilt: (e) => ['old', 'table rebuilt', plural(e.entries, 'entry', 'entries')],
  'actor.ready': (e) => ['good', who(e), 'ready'],
  'actor.stopped': (e) => ['', who(e), 'stopped'],
  'actor.crashed': (e) => ['bad', who(e) + ' crashed', (e.starting ? 'while it started: ' : '') + (errorText(e.error) || reasonText(e.reason))],
  'actor.restarted': (e) => ['good', who(e), 'restarted as #' + e.incarnation],
  'actor.late-error': (e) => ['old', who(e), 'error after its end: ' + errorText(e.error)],
  'supervisor.gave-up': (e) => ['bad', who(e) + ' gave up', e.childId + ' would not stay alive'],
  'dead-letter': (e) => ['old', 'dead letter', (e.event ? e.event.type : '') + ' to ' + e.to],
  'listener.failed': (e) => ['old', 'a listener threw', errorText(e.error)],
  'hook.failed': (e) => ['old', 'a hook threw', e.hook + ': ' + errorText(e.error)],
  'snapshot.skipped': (e) => ['old', 'left out of the snapshot', (e.key || '') + ' ' + errorText(e.error)],
};

function story(event) {
  const tell = stories[event.type];
  if (tell) return tell(event);
  const fields = Object.entries(event).filter(([name]) => !['at', 'from', 'type'].includes(name));
  return ['', event.type, fields.map(([name, value]) => name + ' ' + (value && typeof value === 'object' ? JSON.stringify(value) : value)).join(', ')];
}

/* Of these a run is one line that is kept up to date. */
const runs = new Set(['batch.loaded', 'swept', 'snapshot.written', 'warmer.backoff', 'pass.started', 'evicted', 'invalidated', 'pass.failed']);
let newest;

/* A start is told once: when it is ready, or when its supervisor says that it is there again. */
const untold = (event) => event.type === 'actor.started' || (event.type === 'actor.ready' && event.incarnation > 1);

function tell(event) {
  if (untold(event)) return;
  show(byId('timeline-empty'), false);
  const list = byId('timeline');
  const [tone, what, more] = story(event);
  const kind = event.from + ' ' + event.type + ' ' + what;
  const again = newest && newest.kind === kind && runs.has(event.type) ? newest.times + 1 : 1;
  const line = el('li', tone + (again === 1 ? ' new' : ''));
  const time = add(line, 'time', '', clock(event.at));
  time.dateTime = new Date(event.at).toISOString();
  time.title = event.from + ' · ' + event.type;
  add(line, 'i');
  const text = add(line, 'span');
  add(text, 'b', '', what);
  if (more) text.append(' ' + more);
  if (again > 1) text.append(' · ×' + count(again));
  line.dataset.type = event.type;
  if (again > 1) newest.line.replaceWith(line);
  else list.prepend(line);
  newest = { kind, times: again, line };
  while (list.children.length > mostEvents) list.lastChild.remove();
}

function remark(text) {
  newest = undefined;
  byId('timeline').prepend(el('li', 'mark', text));
}
`;
