/** Asking and listening: `status` every second and after events, `events` as they come, again and again until it works. */
export const livePart = `
const cards = new Map();
let boot, asking = false, askAgain = false, soon;

function link(state, text) {
  mark(byId('link'), 'link', state);
  say(byId('link').lastElementChild, text);
}

function draw(status) {
  if (boot !== undefined && boot !== status.boot) remark('the service was started again');
  boot = status.boot;
  skew = status.now - Date.now();
  const names = Object.keys(status.caches);
  for (const name of names) {
    if (!cards.has(name)) cards.set(name, cacheCard(name, names.length === 1));
    cards.get(name).update(status.caches[name], status.now);
  }
  drawTree(status.tree);
  const away = names.find((name) => status.caches[name].source.reachable === false) || names[0];
  say(byId('headline'), headline(status.caches[away], away));
}

async function refresh() {
  if (asking) { askAgain = true; return; }
  asking = true;
  try {
    const response = await fetch('status', { cache: 'no-store', signal: AbortSignal.timeout(5000) });
    if (!response.ok) throw new Error(String(response.status));
    draw(await response.json());
  } catch {
    /* the stream's state already says that nobody answers */
  }
  asking = false;
  if (askAgain) { askAgain = false; refreshSoon(); }
}

function refreshSoon() {
  if (soon === undefined) soon = setTimeout(() => { soon = undefined; refresh(); }, 60);
}

function listen() {
  const stream = new EventSource('events?replay');
  stream.onopen = () => { link('live', 'live'); refreshSoon(); };
  stream.onmessage = (message) => { tell(JSON.parse(message.data)); refreshSoon(); };
  stream.addEventListener('dropped', (message) => remark(plural(JSON.parse(message.data).count, 'event') + ' skipped: this page was too slow'));
  stream.onerror = () => {
    link('lost', 'reconnecting…');
    say(byId('headline'), 'The service does not answer. Trying again…');
    /* After an answer that is no stream (a 503 while it stops) a browser gives up for good. */
    if (stream.readyState === EventSource.CLOSED) setTimeout(listen, 1000);
  };
}

drawActions();
listen();
refresh();
setInterval(refresh, 1000);
setInterval(() => { for (const card of cards.values()) card.sample(); }, 1000);
setInterval(() => { for (const card of cards.values()) card.tick(); }, 200);
`;
