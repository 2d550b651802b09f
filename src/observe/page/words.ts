/** Numbers, times and states in words. */
export const wordsPart = `
const format = new Intl.NumberFormat('en');
const count = (n) => format.format(n ?? 0);
const plural = (n, one, many) => count(n) + ' ' + (n === 1 ? one : many || one + 's');

const clockFormat = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' });
const clock = (at) => clockFormat.format(new Date(at));

function span(ms) {
  const s = Math.max(0, ms) / 1000;
  if (s < 1) return Math.round(s * 1000) + ' ms';
  if (s < 10) return (Math.round(s * 10) / 10).toFixed(1).replace('.0', '') + ' s';
  if (s < 120) return Math.round(s) + ' s';
  if (s < 7200) return Math.round(s / 60) + ' min';
  if (s < 172800) return Math.round(s / 3600) + ' h';
  return Math.round(s / 86400) + ' d';
}

/* The server's clock, as far as the browser can tell. */
let skew = 0;
const serverNow = () => Date.now() + skew;
const ago = (at) => (serverNow() - at < 1000 ? 'just now' : span(serverNow() - at) + ' ago');

/* A state's name; of nested and parallel states the innermost names, each once. */
function stateText(state) {
  if (state === null || state === undefined) return '';
  if (typeof state !== 'object') return String(state);
  const names = Object.entries(state).flatMap(([name, inner]) => (stateText(inner) || name).split(', '));
  return [...new Set(names)].join(', ');
}

function errorText(error) {
  if (!error) return '';
  if (typeof error !== 'object') return String(error);
  return error.message || error.name || JSON.stringify(error);
}

function reasonText(reason) {
  if (!reason || typeof reason !== 'object') return reason ? String(reason) : '';
  return reason.type === 'error' ? errorText(reason.error) : reason.type;
}
`;
