import { Script } from 'node:vm';
import { expect, test } from 'vitest';
import { renderPage } from '../../src/observe/page/index.js';
import { script } from '../../src/observe/page/script.js';
import { watched } from './watched.js';

test('only what bears this answer’s nonce may run, and nothing is loaded from elsewhere', async () => {
  const { url } = await watched({ title: 'Sessions' });
  const answers = await Promise.all([fetch(url), fetch(url)]);
  const nonces = answers.map(
    ({ headers }) => /script-src 'nonce-([^']+)'/.exec(headers.get('content-security-policy') ?? '')?.[1],
  );
  expect(new Set(nonces).size).toBe(2);
  expect(answers[0]?.headers.get('content-security-policy')).toMatch(/^default-src 'none';/);

  const html = (await answers[0]?.text()) ?? '';
  expect(html).toContain('<title>Sessions</title>');
  const elements = html.match(/<(script|style)\b[^>]*>/g) ?? [];
  expect(elements).toHaveLength(3);
  for (const element of elements) expect(element).toContain(`nonce="${nonces[0]}"`);
  expect(html.replaceAll('http://www.w3.org/2000/svg', '')).not.toMatch(/https?:\/\//);
  expect(html).not.toMatch(/ (on\w+|style)=/);
});

test('a title and actions that try to break out stay text', () => {
  const evil = '</title></script><script>alert(1)</script><!--';
  const html = renderPage({ title: evil, actions: [{ label: evil, url: '/x' }], nonce: 'abc' });
  expect(html).not.toContain('<script>alert(1)');
  expect(html.match(/<script\b/g)).toHaveLength(2);
  const json = /<script type="application\/json"[^>]*>(.*?)<\/script>/s.exec(html)?.[1] ?? '';
  expect(JSON.parse(json)).toEqual([{ label: evil, url: '/x' }]);
});

test('the script is one, and puts text in as text only', () => {
  new Script(script); // throws where it does not parse
  expect(script).not.toMatch(/innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function/);
});
