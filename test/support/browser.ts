// SPDX-License-Identifier: Apache-2.0
// Pages in Debian's Chromium without a window, and everything that they try to do.
import { existsSync } from 'node:fs';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';

const PROGRAM = '/usr/bin/chromium';
export const cannotBrowse = (): boolean => !existsSync(PROGRAM) && process.env.SECURE_MUST_WORK !== '1';

/** Chromium has no sandbox for root. It talks to nobody: what it asks for on its own is refused. */
export const startBrowser = (): Promise<Browser> =>
  chromium.launch({
    executablePath: PROGRAM,
    args: ['--no-sandbox', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
  });

export interface Visit {
  readonly page: Page;
  /** Addresses other than that of the page itself. */
  readonly requests: string[];
  /** What the console shows, errors that were not caught, dialogs. */
  readonly said: string[];
}

/** Open a file, and note what it does from the start. */
export async function visit(browser: Browser, file: string, options: BrowserContextOptions = {}): Promise<Visit> {
  const page = await browser.newPage(options);
  const [requests, said]: [string[], string[]] = [[], []];
  const url = `file://${file}`;
  page.on('request', (request) => {
    if (request.url().split('#')[0] !== url) requests.push(request.url());
  });
  page.on('console', (message) => said.push(message.text()));
  page.on('pageerror', (error) => said.push(error.message));
  page.on('dialog', (dialog) => {
    said.push(`dialog ${dialog.message()}`);
    void dialog.dismiss();
  });
  await page.goto(url);
  return { page, requests, said };
}
