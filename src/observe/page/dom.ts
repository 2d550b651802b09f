/** Making and changing elements. Text goes in by `textContent` only: nothing from the server is ever parsed as HTML. */
export const domPart = `
const byId = (id) => document.getElementById(id);

function el(tag, className, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

function add(parent, tag, className, text) {
  return parent.appendChild(el(tag, className, text));
}

/* Only what differs is touched, so that a selection survives and screen readers are not told the same again. */
function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

function show(element, shown) {
  if (element.hidden === shown) element.hidden = !shown;
}

function mark(element, name, value) {
  if (element.dataset[name] !== value) element.dataset[name] = value;
}

function restyle(element, className) {
  if (element.className !== className) element.className = className;
}
`;
