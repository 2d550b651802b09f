import { type Browser, chromium } from 'playwright-core';
import { onTestFinished, type TestContext } from 'vitest';
import { needsChromium } from '../needs.js';

const quiet = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** A page in a real browser, and whatever went wrong in it. */
export async function openPage(context: TestContext, url: string) {
  const executablePath = needsChromium(context);
  const browser: Browser = await chromium.launch({ executablePath, args: quiet }); // with a new profile
  onTestFinished(() => browser.close());
  const page = await browser.newPage({ viewport: { width: 1200, height: 1000 } });
  const wrong: string[] = [];
  const asked: string[] = [];
  page.on('pageerror', (error) => wrong.push(error.message));
  page.on('console', (message) => {
    // A server that is away is told in the console by the browser itself.
    if (message.type() === 'error' && !/ERR_|Failed to load resource/.test(message.text()))
      wrong.push(message.text());
  });
  page.on('request', (request) => asked.push(request.url()));
  await page.goto(url);
  return { page, wrong, asked };
}
