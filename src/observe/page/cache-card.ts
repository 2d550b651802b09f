/** One cache: what it answers, how its source is, what is in memory. */
export const cachePart = `
const answers = [
  ['fresh', 'Fresh', 'confirmed by the source'],
  ['stale', 'Stale', 'served, and said so'],
  ['absent', 'Absent', 'known not to exist'],
  ['unknown', 'Unknown', 'nobody can say'],
];

const dataTone = { complete: 'good', partial: 'good', restored: 'old', cold: 'lost' };

function answerTile(parent, [status, title, meaning]) {
  const tile = add(parent, 'section', 'card tile ' + status);
  const heading = add(tile, 'h3', '', title);
  const rate = add(heading, 'small', '', '');
  const total = add(tile, 'b', '', '0');
  add(tile, 'p', '', meaning);
  const draw = sparkline(tile);
  let from, perSecond = 0;
  return {
    update: (value) => say(total, count(value)),
    /* By the server's clock: two samples are rarely a second apart to the millisecond. */
    sample(value, now) {
      if (from && value < from.value) from = undefined; /* it started again */
      if (from && now > from.now) perSecond = ((value - from.value) * 1000) / (now - from.now);
      if (!from || now > from.now) from = { value, now };
      say(rate, perSecond >= 0.5 ? count(Math.round(perSecond)) + '/s' : '');
      draw(perSecond);
    },
  };
}

function sourceCard(parent) {
  const card = add(parent, 'section', 'card source');
  add(card, 'span', 'lamp');
  const title = add(card, 'strong', '', 'Source');
  const text = add(card, 'p');
  const retry = add(card, 'div', 'retry');
  const labels = add(retry, 'div');
  const attempt = add(labels, 'span');
  const countdown = add(labels, 'span');
  const progress = add(retry, 'progress');
  progress.max = 1;
  progress.setAttribute('aria-label', 'until the next attempt');
  const error = add(card, 'p', 'error');
  let source, nextAt, stepFrom;

  function tick() {
    if (!source) return;
    const since = source.since === null ? '' : ' since ' + clock(source.since) + ' (' + span(serverNow() - source.since) + ')';
    mark(card, 'source', source.reachable === null ? 'unknown' : source.reachable ? 'up' : 'down');
    say(title, source.reachable === null ? 'The source has not been asked yet' : source.reachable ? 'The source answers' : 'The source is away');
    say(text, source.reachable === null ? 'Nothing depends on its being there' : source.reachable ? 'reachable' + since : 'unreachable' + since);
    show(retry, source.reachable !== true && source.attempt > 0);
    say(attempt, 'attempt ' + count(source.attempt) + ' failed');
    const left = nextAt === null ? 0 : nextAt - serverNow();
    say(countdown, nextAt === null ? '' : left > 0 ? 'next in ' + (left < 10000 ? (left / 1000).toFixed(1) + ' s' : span(left)) : 'trying now');
    progress.value = nextAt === null ? 0 : Math.min(1, Math.max(0, 1 - left / Math.max(1, nextAt - stepFrom)));
    show(error, Boolean(source.error) && source.reachable !== true);
    say(error, source.error || '');
  }
  return {
    tick,
    update(next) {
      if (next.nextAttemptAt !== nextAt) stepFrom = serverNow();
      source = next;
      nextAt = next.nextAttemptAt;
      tick();
    },
  };
}

function memoryCard(parent) {
  const card = add(parent, 'section', 'card memory');
  const field = (label) => {
    const pair = add(card, 'dl');
    add(pair, 'dt', '', label);
    return add(pair, 'dd', '', '–');
  };
  const size = field('entries in memory');
  const data = add(field('data'), 'span', 'pill');
  data.parentElement.firstChild.remove();
  data.parentElement.append(data);
  const load = field('loads · shared');
  const pass = field('last pass');
  const sweep = field('last sweep');
  const snapshot = field('last snapshot');
  let cache;

  function outcome(element, last) {
    if (!last) return say(element, 'none yet');
    const failed = last.ok === false || Boolean(last.error);
    restyle(element, failed ? 'bad' : '');
    say(element, (failed ? 'failed ' : '') + ago(last.at));
    element.title = last.error || '';
  }
  function tick() {
    if (!cache) return;
    outcome(pass, cache.health.lastPass);
    outcome(sweep, cache.health.lastSweep);
    outcome(snapshot, cache.health.lastSnapshot);
  }
  return {
    tick,
    update(next) {
      cache = next;
      say(size, count(next.stats.size));
      say(data, next.state.data);
      restyle(data, 'pill ' + (dataTone[next.state.data] || ''));
      say(load, count(next.stats.loads) + ' · ' + count(next.stats.joined));
      tick();
    },
  };
}

function cacheCard(name, alone) {
  const card = add(byId('caches'), 'section', 'cache');
  card.setAttribute('aria-label', name);
  if (!alone) add(card, 'h2', '', name);
  const tiles = add(card, 'div', 'tiles');
  const tile = answers.map((answer) => [answer[0], answerTile(tiles, answer)]);
  const facts = add(card, 'div', 'facts');
  const source = sourceCard(facts);
  const memory = memoryCard(facts);
  let last, at;
  return {
    update(next, now) {
      last = next;
      at = now;
      for (const [status, one] of tile) one.update(next.stats[status]);
      source.update(next.source);
      memory.update(next);
    },
    sample() {
      if (last) for (const [status, one] of tile) one.sample(last.stats[status], at);
    },
    tick() {
      source.tick();
      memory.tick();
    },
  };
}

function headline(cache, name) {
  const held = plural(cache.stats.size, 'entry', 'entries');
  if (cache.source.reachable === false) {
    const away = 'The source of ' + name + ' is away. ';
    return cache.stats.size > 0
      ? away + held + ' in memory go on being served.'
      : away + 'Nothing is in memory yet: answers are “unknown”, and nobody is logged out.';
  }
  if (cache.state.data === 'cold') return 'Up, and still cold. What is asked for is loaded.';
  if (cache.health.degraded) return held + ' in memory. The last pass failed, so some may be old.';
  return held + ' in memory, and the source answers.';
}
`;
