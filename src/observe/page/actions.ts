/** The buttons, where the host gave some. */
export const actionsPart = `
async function act(action, button, output) {
  const name = (action.group ? action.group + ', ' : '') + action.label;
  button.disabled = true;
  try {
    const response = await fetch(action.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(action.body === undefined ? {} : action.body),
    });
    const text = await response.text();
    restyle(output, response.ok ? '' : 'bad');
    say(output, name + ': ' + response.status + ' ' + text);
  } catch (error) {
    restyle(output, 'bad');
    say(output, name + ': no answer (' + error.message + ')');
  }
  button.disabled = false;
  refreshSoon();
}

function drawActions() {
  const actions = JSON.parse(byId('page-actions').textContent);
  if (actions.length === 0) return;
  const bar = byId('actions');
  const groups = new Map();
  for (const action of actions) {
    const name = action.group || 'Actions';
    if (!groups.has(name)) {
      const group = add(bar, 'div');
      add(group, 'h2', '', name);
      groups.set(name, group);
    }
    const button = add(groups.get(name), 'button', '', action.label);
    button.type = 'button';
    if (action.hint) button.title = action.hint;
    button.addEventListener('click', () => act(action, button, output));
  }
  const output = add(bar, 'output');
  show(bar, true);
}
`;
