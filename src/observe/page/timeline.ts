/** What happened, newest first. */
export const timelinePart = `
const mostEvents = 200;
const who = (event) => event.name || event.path || event.id || '';

/* type → [tone, what happened, more]. What is not here is told by its type and its fields. */
const stories = {
  'source.down': (e) => ['bad', 'source away', errorText(e.error)],
  'source.up': (e) => ['good', 'source back', 'after ' + span(e.downFor)],
  'warmer.backoff': (e) => ['old', 'backing off', 'attempt ' + e.attempt + ', next in ' + span(e.delay)],
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
  'supervisor.report': (e) => ['bad', who(e), e.childId + ' did not stop as it was told: ' + (errorText(e.error) || reasonText(e.reason))],
  'dead-letter': (e) => ['old', 'dead letter', (e.event ? e.event.type : '') + ' to ' + e.to],
  'listener.failed': (e) => ['old', 'a listener threw', errorText(e.error)],
  throttled: (e) => ['old', 'guesses ' + e.how, e.client + ': ' + plural(e.keys, 'absent key')],
  'hook.failed': (e) => ['old', 'a hook threw', e.hook + ': ' + errorText(e.error)],
  'snapshot.skipped': (e) => ['old', 'left out of the snapshot', (e.key || '') + ' ' + errorText(e.error)],
};

function story(event) {
  const tell = stories[event.type];
  if (tell) return tell(event);
  const fields = Object.entries(event).filter(([name]) => !['at', 'from', 'type'].includes(name));
  return ['', event.type, fields.map(([name, value]) => name + ' ' + (value && typeof value === 'object' ? JSON.stringify(value) : value)).join(', ')];
}

/* Routine: between two events that are not, each kind of it has one line, which is kept up to date. */
const routine = new Set(['batch.loaded', 'swept', 'snapshot.written', 'warmer.backoff', 'evicted', 'invalidated', 'pass.failed']);
let lines = new Map();

/*
 * A start is told once: when it is ready, or when its supervisor says that it is there again; a pass at its end; a crash and a
 * giving up by their own events, not by the supervisor's report of them.
 */
const untold = (event) =>
  event.type === 'actor.started' ||
  event.type === 'pass.started' ||
  (event.type === 'actor.ready' && event.incarnation > 1) ||
  (event.type === 'pass.failed' && event.unavailable) ||
  (event.type === 'supervisor.report' && event.context !== 'shutdown-error');

function tell(event) {
  if (untold(event)) return;
  show(byId('timeline-empty'), false);
  const list = byId('timeline');
  const [tone, what, more] = story(event);
  const kind = event.from + ' ' + event.type + ' ' + what;
  if (!routine.has(event.type)) lines = new Map();
  const earlier = lines.get(kind);
  const times = earlier ? earlier.times + 1 : 1;
  const line = el('li', tone + (earlier ? '' : ' new'));
  const time = add(line, 'time', '', clock(event.at));
  time.dateTime = new Date(event.at).toISOString();
  time.title = event.from + ' · ' + event.type;
  add(line, 'i');
  const text = add(line, 'span');
  add(text, 'b', '', what);
  if (more) text.append(' ' + more);
  if (times > 1) add(text, 'small', '', '×' + count(times));
  line.dataset.type = event.type;
  if (earlier) earlier.line.remove();
  list.prepend(line);
  if (routine.has(event.type)) lines.set(kind, { times, line });
  while (list.children.length > mostEvents) list.lastChild.remove();
}

function remark(text) {
  lines = new Map();
  byId('timeline').prepend(el('li', 'mark', text));
}
`;
