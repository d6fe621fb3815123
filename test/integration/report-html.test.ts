// SPDX-License-Identifier: Apache-2.0
// The page of a report in a real browser: what it shows, what it refuses to do, and whether everybody can use it.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CHECKS } from '../../src/audit/checks/index.ts';
import { reportHtml } from '../../src/audit/report/html.ts';
import { results } from '../../src/audit/run.ts';
import type { Audited, Report } from '../../src/audit/types.ts';
import { exampleReader } from '../support/audit.ts';
import { cannotBrowse, startBrowser, visit } from '../support/browser.ts';
import { checkOf, fail, NOT_APPLICABLE, PASS, problem, REPORT } from '../support/report.ts';

const history = [30, 55, 42].map((score, i) => ({ generated: `2026-01-0${i + 1}T00:00:00Z`, score }));

/** Every check of a target: every second one fails. */
async function half(target: 'image' | 'container', name: string): Promise<Audited> {
  const read = await exampleReader(target);
  const found = CHECKS[target].flatMap((check, i) => {
    const [example] = check.examples;
    return results([check] as never, read(i % 2 === 0 ? example?.bad : example?.good));
  });
  return { target, name, uri: `${target}/x`, results: found };
}

/** `visible` items by their ids; folded ones are shown when they are not hidden. */
const shown = (page: Page): Promise<string[]> =>
  page.locator('.item:not([hidden]) .id').evaluateAll((all) => all.map((each) => each.textContent ?? ''));

describe.skipIf(cannotBrowse())('the page', () => {
  let browser: Browser;
  let dir: string;
  let real: Report;
  const put = (name: string, text: string): string => {
    writeFileSync(join(dir, name), text);
    return join(dir, name);
  };

  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), 'secure-page-'));
    browser = await startBrowser();
    real = { ...REPORT, history, audited: [await half('image', 'localhost/api:2'), await half('container', 'web')] };
  });
  afterAll(async () => {
    await browser?.close();
    rmSync(dir, { recursive: true, force: true });
  });

  it('of a hostile world asks for nothing, says nothing, and shows it as text', async () => {
    const { page, requests, said } = await visit(browser, put('hostile.html', reportHtml({ ...REPORT, history })));
    expect([requests, said]).toEqual([[], []]);
    expect(await page.locator('.finding').first().textContent()).toContain('The thing behind');
    expect(await page.locator('body').textContent()).toContain('<script>alert(1)</script>');
    expect(await page.locator('img, iframe, form[action]').count()).toBe(0);
    expect(await page.evaluate("document.querySelectorAll('script').length")).toBe(1);
    await page.close();
  });

  it('filters by severity, status, target and text, and says how many are left', async () => {
    const { page, said } = await visit(browser, put('filters.html', reportHtml(REPORT)));
    const all = await shown(page);
    expect(all.length).toBe(8);
    await page.getByLabel('low', { exact: true }).uncheck();
    expect(await shown(page)).not.toContain('SEC-IMAGE-0002');
    expect(await shown(page)).not.toContain('SEC-HOST-0001');
    await page.getByLabel('passed', { exact: true }).uncheck();
    expect(await shown(page)).not.toContain('SEC-CONTAINER-0001');
    await page.getByLabel('image', { exact: true }).uncheck();
    expect((await shown(page)).toSorted()).toEqual([
      'SEC-DOCKERFILE-0001',
      'SEC-HOST-0002',
      'SEC-HOST-0003',
      'SEC-HOST-0004',
    ]);
    expect(await page.locator('#shown').textContent()).toBe('4 of 8 results');
    // A target of which nothing is left goes too.
    expect(await page.locator('#t1').isHidden()).toBe(true);
    await page.getByLabel('Search').fill('DAEMON.json found');
    expect(await shown(page)).toEqual(['SEC-HOST-0002']);
    await page.getByLabel('Search').fill('my app');
    expect(await shown(page)).toEqual(['SEC-DOCKERFILE-0001']);
    await page.getByLabel('Search').fill('nothing of this kind');
    expect(await page.locator('#shown').textContent()).toBe('0 of 8 results');
    await page.getByRole('button', { name: 'Reset' }).click();
    await expect.poll(() => shown(page)).toEqual(all);
    // What is folded opens when it has what is looked for.
    await page.getByLabel('Search').fill('SEC-CONTAINER-0001');
    expect(await page.locator('#t2 .group').getAttribute('open')).toBe('');
    expect(said).toEqual([]);
    await page.close();
  });

  it('runs nothing and fetches nothing, even if markup got into it', async () => {
    const hits: string[] = [];
    const server = createServer((request, response) => {
      hits.push(request.url ?? '');
      response.end('window.owned = 1');
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const attack = `<script>window.owned = 1</script><img src="${origin}/img" onerror="window.owned = 1"><script src="${origin}/js"></script>
<link rel="stylesheet" href="${origin}/css"><iframe src="${origin}/frame"></iframe><style>.hero { display: none }</style>
<base href="${origin}/"><a id="a" href="javascript:window.owned = 1">x</a><form id="f" action="${origin}/form"><button id="b">x</button></form>
<svg onload="window.owned = 1"></svg><p id="p" style="color: red" onclick="window.owned = 1">x</p>`;
    const html = reportHtml(REPORT);
    const injected = html.replace('<main>', `<main>${attack}`);
    expect(injected).not.toBe(html);
    const { page, said } = await visit(browser, put('attack.html', injected));
    await page.evaluate("for (const id of ['a', 'b', 'p']) document.getElementById(id).click()");
    await page.waitForTimeout(300);
    expect(await page.evaluate("'owned' in window")).toBe(false);
    expect(await page.locator('.hero').isVisible()).toBe(true);
    expect(hits).toEqual([]);
    // The console says so: the policy was what stopped it.
    expect(said.filter((line) => line.includes('Content Security Policy')).length).toBeGreaterThan(5);
    // The same without a policy is what would have happened.
    const open = await visit(
      browser,
      put('open.html', injected.replace(/<meta http-equiv="Content-Security[^>]*>/, '')),
    );
    await open.page.waitForTimeout(300);
    expect(await open.page.evaluate("'owned' in window")).toBe(true);
    expect(hits.length).toBeGreaterThan(0);
    await Promise.all([page.close(), open.page.close()]);
    server.close();
  });

  it('of a thousand containers opens, and filters while one types', { timeout: 120_000 }, async () => {
    const one = real.audited[1] ?? expect.fail();
    const audited = Array.from({ length: 1000 }, (_, i) => ({ ...one, name: `web-${i}-`, uri: `container/w${i}` }));
    const { page, said } = await visit(browser, put('many.html', reportHtml({ ...real, audited })));
    const total = one.results.length * 1000;
    expect(await page.locator('#shown').textContent()).toBe(`${total} of ${total} results`);
    const start = performance.now();
    await page.getByLabel('Search').fill('web-77-');
    await expect.poll(() => page.locator('#shown').textContent()).toBe(`${one.results.length} of ${total} results`);
    expect(await page.locator('.subject:not([hidden])').count()).toBe(1);
    expect(performance.now() - start).toBeLessThan(10_000);
    expect(said).toEqual([]);
    await page.close();
  });

  it('is there to read without script', async () => {
    const file = put('noscript.html', reportHtml(real));
    const { page } = await visit(browser, file, { javaScriptEnabled: false });
    expect(await page.locator('.filters').isHidden()).toBe(true);
    expect(await page.locator('#theme').isHidden()).toBe(true);
    expect(await page.locator('.finding').first().isVisible()).toBe(true);
    expect(await page.locator('.finding .fix').first().textContent()).toContain('What to do');
    await page.locator('.group > summary').first().click();
    expect(await page.locator('.group .item').first().isVisible()).toBe(true);
    await page.close();
  });

  it('can be used by keyboard, and in the dark', async () => {
    const { page } = await visit(browser, put('keys.html', reportHtml(real)), { colorScheme: 'light' });
    const ground = (): Promise<string> => page.evaluate<string>('getComputedStyle(document.body).backgroundColor');
    await page.keyboard.press('Tab');
    expect(await page.evaluate('document.activeElement.textContent')).toBe('Skip to findings');
    await page.keyboard.press('/');
    expect(await page.evaluate('document.activeElement.id')).toBe('search');
    const light = await ground();
    await page.locator('#theme').focus();
    await page.keyboard.press('Enter');
    const dark = await ground();
    expect(dark).not.toBe(light);
    expect(await page.locator('#theme').textContent()).toBe('Light');
    await page.locator('#theme').click();
    expect(await ground()).toBe(light);
    await page.emulateMedia({ colorScheme: 'dark', media: 'screen' });
    await page.reload();
    expect(await ground()).toBe(dark);
    await page.close();
  });

  it('on paper is light, whole and without controls', async () => {
    const { page } = await visit(browser, put('print.html', reportHtml(real)), { colorScheme: 'dark' });
    await page.emulateMedia({ media: 'print', colorScheme: 'dark' });
    expect(await page.evaluate('getComputedStyle(document.body).backgroundColor')).toBe('rgb(255, 255, 255)');
    expect(await page.locator('.filters').isVisible()).toBe(false);
    await page.evaluate("dispatchEvent(new Event('beforeprint'))");
    expect(await page.locator('details:not([open])').count()).toBe(0);
    await page.evaluate("dispatchEvent(new Event('afterprint'))");
    expect(await page.locator('details:not([open])').count()).toBeGreaterThan(2);
    expect((await page.pdf()).subarray(0, 5).toString()).toBe('%PDF-');
    await page.close();
  });

  it.each([
    ['light', { colorScheme: 'light', viewport: { width: 1200, height: 900 } }],
    ['dark', { colorScheme: 'dark', viewport: { width: 1200, height: 900 } }],
    ['narrow', { colorScheme: 'light', viewport: { width: 360, height: 700 } }],
  ] as const)('has nothing that axe objects to, %s, and fits', { timeout: 60_000 }, async (name, options) => {
    const waiver = { owner: 'ops', reason: 'until the move', expires: '2027-01-31' };
    const extra: Audited = {
      ...{ target: 'host', name: 'debian', uri: 'host' },
      results: [
        { check: checkOf('SEC-HOST-0001', 'critical'), verdict: fail(problem('a', { waiver })) },
        { check: checkOf('SEC-HOST-0002', 'critical'), verdict: fail(problem('b', { known: true })) },
        { check: checkOf('SEC-HOST-0003', 'low'), verdict: { status: 'unknown', why: 'it cannot be read' } },
        { check: checkOf('SEC-HOST-0004', 'low'), verdict: NOT_APPLICABLE },
        { check: checkOf('SEC-HOST-0005', 'low'), verdict: PASS },
      ],
    };
    const text = reportHtml({ ...real, audited: [extra, ...real.audited] });
    const { page } = await visit(browser, put(`${name}.html`, text), { ...options, bypassCSP: true });
    await page.evaluate("for (const each of document.querySelectorAll('details')) each.open = true");
    // What is not looked at is not drawn, and axe would not see it either.
    await page.evaluate(
      "for (const each of document.querySelectorAll('.subject')) each.style.contentVisibility = 'visible'",
    );
    const source = readFileSync(join(import.meta.dirname, '../../node_modules/axe-core/axe.min.js'), 'utf8');
    await page.evaluate(source);
    const violations = (): Promise<unknown[]> =>
      page.evaluate<unknown[]>(
        'axe.run().then(({ violations }) => violations.map(({ id, nodes }) => [id, nodes[0].html, nodes[0].failureSummary]))',
      );
    expect(await violations()).toEqual([]);
    // It would: a picture that nobody describes, a text that nobody can read.
    await page.evaluate(`document.querySelector('main').append(document.createElement('img'))
      document.querySelector('.sentence').style.color = 'rgb(128 128 128)'`);
    expect((await violations()).map((each) => (each as string[])[0])).toEqual(['color-contrast', 'image-alt']);
    await page.evaluate("document.querySelector('main > img').remove()");
    const [inner, whole] = await page.evaluate<number[]>('[innerWidth, document.documentElement.scrollWidth]');
    expect(whole).toBe(inner);
    await page.close();
  });
});
