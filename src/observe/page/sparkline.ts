/** A minute of one number, as a line. */
export const sparklinePart = `
const svgSpace = 'http://www.w3.org/2000/svg';
const minute = 60;

function sparkline(parent) {
  const svg = document.createElementNS(svgSpace, 'svg');
  svg.setAttribute('viewBox', '0 0 ' + (minute - 1) + ' 24');
  svg.setAttribute('preserveAspectRatio', 'none');
  svg.setAttribute('aria-hidden', 'true');
  const under = svg.appendChild(document.createElementNS(svgSpace, 'path'));
  under.setAttribute('class', 'under');
  const line = svg.appendChild(document.createElementNS(svgSpace, 'path'));
  parent.appendChild(svg);
  const values = new Array(minute).fill(0);
  const draw = () => {
    const top = Math.max(4, ...values);
    const points = values.map((value, x) => x + ' ' + (22.5 - (value / top) * 20).toFixed(2));
    line.setAttribute('d', 'M' + points.join('L'));
    under.setAttribute('d', 'M0 24L' + points.join('L') + 'L' + (minute - 1) + ' 24Z');
  };
  draw();
  return (value) => {
    values.push(value);
    values.shift();
    draw();
  };
}
`;
