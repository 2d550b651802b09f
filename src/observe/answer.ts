import type { ServerResponse } from 'node:http';

/** Plain answers: JSON of this moment, and a way to the folder. */
export function answerJson(response: ServerResponse, code: number, body: unknown): void {
  const text = JSON.stringify(body); // first: it may throw, and then nothing is to have been sent
  response.writeHead(code, {
    'content-type': 'application/json; charset=utf-8',
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  });
  response.end(text);
}

/** The page's own addresses are relative to it, so it has to be a folder. Relative, so that it leads nowhere else. */
export function answerFolder(response: ServerResponse, path: string): void {
  response.writeHead(308, { location: `./${path.slice(path.lastIndexOf('/') + 1)}/` });
  response.end();
}
