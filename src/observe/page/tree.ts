/** The supervision tree: who runs, in which state, in which incarnation. */
export const treePart = `
const atRest = /idle|wait|warm$|running|activ|ready|sleep|rest|serv/;
const tones = [
  ['old', /backoff|start|restor|rebuild|retry/],
  ['bad', /fail|error|down|stop|gave/],
  ['lost', /ing$/],
];

function stateTone(state) {
  if (state === '') return '';
  return atRest.test(state) ? 'good' : (tones.find(([, pattern]) => pattern.test(state)) || [''])[0];
}

/* Where several states are active at once, those in which something is done. */
function busiest(state) {
  const names = state.split(', ');
  const busy = names.filter((name) => !atRest.test(name));
  return (busy.length > 0 ? busy : names).join(', ');
}

const rows = new Map();
let drawn = '';

function shapeOf(node) {
  return node.id + '(' + (node.children || []).map(shapeOf).join() + ')';
}

function drawNode(parent, node, path) {
  const row = add(parent, 'div', 'node ' + node.type);
  row.dataset.path = path;
  add(row, 'i');
  rows.set(path, {
    row,
    name: add(row, 'span', 'name', node.id),
    state: add(row, 'span', 'pill'),
    turn: add(row, 'span', 'turn'),
    incarnation: rows.get(path) ? rows.get(path).incarnation : node.incarnation,
  });
  if (node.children && node.children.length > 0) {
    const branch = add(parent, 'div', 'branch');
    for (const child of node.children) drawNode(branch, child, path + '/' + child.id);
  }
}

function fillNode(node, path) {
  const seen = rows.get(path);
  mark(seen.row, 'status', node.status);
  seen.row.title = [node.name, node.status, JSON.stringify(node.state)].filter(Boolean).join(' · ');
  const state = node.status === 'running' ? busiest(stateText(node.state)) : node.status;
  const told = node.type === 'supervisor' && node.status === 'running' ? '' : state;
  show(seen.state, told !== '');
  say(seen.state, told);
  restyle(seen.state, 'pill ' + stateTone(told));
  say(seen.turn, node.restarts > 0 ? plural(node.restarts, 'restart') + ' · #' + node.incarnation : '#' + node.incarnation);
  restyle(seen.turn, node.restarts > 0 ? 'turn some' : 'turn');
  if (seen.incarnation !== node.incarnation) {
    seen.incarnation = node.incarnation;
    seen.row.classList.remove('flash');
    void seen.row.offsetWidth; /* starts the animation anew */
    seen.row.classList.add('flash');
  }
  for (const child of node.children || []) fillNode(child, path + '/' + child.id);
}

function drawTree(tree) {
  if (!tree) return show(byId('tree').parentElement, false);
  const shape = shapeOf(tree);
  if (shape !== drawn) {
    drawn = shape;
    byId('tree').replaceChildren();
    drawNode(byId('tree'), tree, tree.id);
  }
  fillNode(tree, tree.id);
}
`;
