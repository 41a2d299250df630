// What every browser test stands on: a running page (a real daemon at BASE_URL, else the mock) and a watched browser page.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { launch } from './chromium.mjs';
import { startMock } from '../mock/server.mjs';

const ARTIFACTS = process.env.ARTIFACTS ? `${process.env.ARTIFACTS}/` : new URL('../artifacts/', import.meta.url).pathname;
const PHONE = { width: 360, height: 740 };
const DESKTOP = { width: 1280, height: 900 };

/** The browser sits in another zone than the meter, to show that the meter's counts. */
const ELSEWHERE = 'America/New_York';

export const onMock = !process.env.BASE_URL;

/**
 * Facts about the site under test, the mock's own or given in DEMO_META as JSON:
 * `meter`, `otherMeter`, `gapDay` (a day with an hour or so without telegrams), `dstSpring`, `dstAutumn`, and `password` where one is set.
 */
export function site(options = {}) {
  const found = { url: process.env.BASE_URL, meta: {}, mock: null, browser: null };

  before(async () => {
    mkdirSync(ARTIFACTS, { recursive: true });
    if (onMock) {
      assert.ok(existsSync(new URL('../dist/index.html', import.meta.url)), 'build the page first: npm run build');
      found.mock = await startMock(options);
      found.url = found.mock.url;
      found.meta = found.mock.meta;
    }
    if (process.env.DEMO_META) Object.assign(found.meta, JSON.parse(process.env.DEMO_META));
    found.browser = await launch();
  });

  after(async () => {
    await found.browser?.close();
    await found.mock?.close();
  });

  return found;
}

/** Everything that a page must never do is written down here while it runs. */
function watch(page, url) {
  const wrongs = [];
  const origin = new URL(url).origin;
  page.on('console', (message) => {
    if (message.type() === 'error') wrongs.push(`console: ${message.text()}`);
  });
  page.on('pageerror', (error) => wrongs.push(`error: ${error.message}`));
  page.on('request', (request) => {
    const to = new URL(request.url());
    if (to.origin !== origin && to.protocol !== 'data:') wrongs.push(`request to ${to.origin}`);
  });
  return wrongs;
}

async function openPage(found, { phone = false, scheme = 'light' } = {}) {
  const context = await found.browser.newContext({
    viewport: phone ? PHONE : DESKTOP, deviceScaleFactor: phone ? 2 : 1, hasTouch: phone,
    colorScheme: scheme, timezoneId: ELSEWHERE, locale: 'en-GB',
  });
  const page = await context.newPage();
  const wrongs = watch(page, found.url);
  await page.addInitScript(() => {
    window.__violations = [];
    document.addEventListener('securitypolicyviolation', (event) => window.__violations.push(`${event.violatedDirective} ${event.blockedURI}`));
  });
  const go = async (hash) => {
    await page.goto(new URL(hash, found.url).href);
    if (found.meta.password && await page.locator('form.login').count()) {
      await page.fill('#password', found.meta.password);
      await page.click('form.login button');
    }
  };
  const shot = (name) => page.screenshot({ path: `${ARTIFACTS}${name}.png`, fullPage: !phone });
  return { page, context, wrongs, go, shot };
}

/** A test with a page of its own that must end without an error, a policy violation or a request elsewhere. */
export function pageTest(found, name, options, body) {
  const { tolerate, skip, ...pageOptions } = options;
  test(name, { skip, timeout: 90_000 }, async () => {
    const opened = await openPage(found, pageOptions);
    try {
      await body(opened);
      const violations = await opened.page.evaluate(() => window.__violations);
      assert.deepEqual(violations, [], 'violations of the content security policy');
      assert.deepEqual(opened.wrongs.filter((wrong) => !tolerate?.test(wrong)), [], 'errors and foreign requests');
    } finally {
      await opened.shot(`end-${name.replace(/[^a-z0-9]+/gi, '-')}`).catch(() => undefined);
      await opened.context.close();
    }
  });
}

/** Waits for a text that fits, and gives it. */
export async function textOf(page, selector, pattern = /./) {
  const element = page.locator(selector).first();
  await element.waitFor();
  const deadline = Date.now() + 30_000;
  for (;;) {
    const text = (await element.textContent()) ?? '';
    if (pattern.test(text)) return text;
    assert.ok(Date.now() < deadline, `${selector} says “${text}”, not ${pattern}`);
    await page.waitForTimeout(100);
  }
}

/** Waits until `probe` gives something for which `fits` holds, and gives it. */
export async function until(page, probe, fits, what) {
  const deadline = Date.now() + 30_000;
  for (;;) {
    const value = await probe();
    if (fits(value)) return value;
    assert.ok(Date.now() < deadline, `${what}: ${JSON.stringify(value)}`);
    await page.waitForTimeout(100);
  }
}

/** What the curve says of itself. */
export const curveFacts = (page, place = '[data-role="day-curve"]') =>
  page.locator(`${place} .curve`).evaluate((element) => ({ ...element.dataset }));

export async function dayShown(page) {
  await page.locator('[data-role="day-curve"] .curve[data-points]').waitFor();
  await page.locator('[data-when="hour"] .bar').first().waitFor();
}

/** Nothing is wider than the window, on this phone and on the narrowest there is. */
export async function noSideways(page) {
  for (const width of [320, PHONE.width]) {
    await page.setViewportSize({ ...PHONE, width });
    const [content, widest] = await page.evaluate(() => {
      const right = (element) => element.getBoundingClientRect().right;
      const wide = [...document.querySelectorAll('body *')].filter((element) => right(element) > window.innerWidth);
      return [document.documentElement.scrollWidth, wide.map((element) => `${element.tagName} ${element.className} ${Math.round(right(element))}`)];
    });
    assert.ok(content <= width, `${page.url()} is ${content} wide in a window of ${width}: ${widest}`);
  }
}
