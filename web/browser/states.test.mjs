// What the page says when something is missing or wrong. These need a daemon that can be told to fail: the mock.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SAMPLE_PROBLEM, startMock } from '../mock/server.mjs';
import { onMock, pageTest, site, textOf, until } from './site.mjs';

const skip = !onMock && 'needs the mock, which can be told to fail';
const found = site();
/** The browser itself reports a refused connection or a 401 as an error in its console. */
const NETWORK = /Failed to load resource|ERR_/;

pageTest(found, 'a problem is shown on every page with advice', { skip }, async ({ page, go, shot }) => {
  await go('#/now');
  await textOf(page, '[data-role="net"]', /\d/);
  found.mock.state.problems = [{ ...SAMPLE_PROBLEM, since: Math.floor(found.mock.state.now()) - 720 }];
  found.mock.tell();
  await textOf(page, '[data-role="banner"]', /said nothing for 12 minutes.*Check that the adapter/);
  await shot('now-problem');
  await page.click('[data-nav="health"]');
  await textOf(page, '[data-role="status"]', /Failing.*source garage-network, since .*, 42 times/);
  await shot('health-problem');
  found.mock.state.problems = [];
  found.mock.tell();
  await textOf(page, '[data-role="status"]', /All is well/);
});

pageTest(found, 'a figure that was set aside can be accepted', { skip }, async ({ page, go, shot }) => {
  await go('#/health');
  await textOf(page, '[data-quarantine="7"]', /went up by/);
  await page.click('[data-quarantine="7"] >> text="Accept"');
  await shot('health-accept');
  await page.click('text="Yes, accept"');
  await until(page, () => page.locator('[data-quarantine]').count(), (count) => count === 0, 'still set aside');
});

pageTest(found, 'an old telegram is called old', { skip }, async ({ page, go, shot }) => {
  found.mock.state.silentFor = 4000;
  try {
    await go('#/now');
    await textOf(page, '[data-role="age"]', /No telegram for 1\sh 6\smin/);
    await shot('now-old');
  } finally {
    found.mock.state.silentFor = 0;
  }
});

pageTest(found, 'what a silent meter used last is not called today\u2019s', { skip }, async ({ page, go, shot }) => {
  const silent = 45 * 86_400;
  const day = (when) => new Date(when * 1000).toLocaleDateString('en-CA', { timeZone: 'Europe/Luxembourg' });
  const said = (when, form) => new Date(when * 1000).toLocaleDateString('en-GB', { timeZone: 'Europe/Luxembourg', ...form }).replace(',', ',?');
  const last = found.mock.state.now() - silent;
  found.mock.state.silentFor = silent;
  try {
    await go('#/now?meter=home');
    const heading = said(last, { weekday: 'short', day: 'numeric', month: 'short', year: 'numeric' });
    const month = said(last, { month: 'long', year: 'numeric' });
    await textOf(page, '[data-role="today"] h2', new RegExp(`^${heading}$`));
    assert.match(await page.locator('[data-role="today"]').getAttribute('aria-label'), new RegExp(`^${heading}$`));
    assert.match(await page.locator('[data-key="to-day"]').getAttribute('href'), new RegExp(`^#/day/${day(last)}\\?meter=home$`));
    assert.match(await textOf(page, '[data-role="device-gas"]'), new RegExp(`cellar${heading}.*m³${month}.*m³Meter`));
    await shot('now-silent-for-weeks');
  } finally {
    found.mock.state.silentFor = 0;
  }
  await go('#/health');
  await go('#/now?meter=home');
  await textOf(page, '[data-role="today"] h2', /^Today$/);
  assert.match(await page.locator('[data-key="to-day"]').getAttribute('href'), /^#\/day\?meter=home$/);
  await textOf(page, '[data-role="device-gas"]', /cellarToday.*This month/);
});

pageTest(found, 'a password is asked for, and logging out asks again', { skip, tolerate: NETWORK }, async ({ page, go, shot }) => {
  found.mock.state.needsLogin = true;
  try {
    await go('#/day');
    await page.locator('form.login').waitFor();
    await shot('login');
    await page.keyboard.type('wrong');
    await page.keyboard.press('Enter');
    await textOf(page, '.error', /not the password/);
    await page.fill('#password', 'sunshine');
    await page.keyboard.press('Enter');
    await page.locator('[data-role="day-curve"]').waitFor();
    await page.click('[data-role="logout"]');
    await page.locator('form.login').waitFor();
  } finally {
    found.mock.state.needsLogin = false;
  }
});

pageTest(found, 'a daemon that does not answer is tried again', { skip, tolerate: NETWORK }, async ({ page, go, shot }) => {
  found.mock.state.down = true;
  try {
    await go('#/now');
    await textOf(page, '.empty', /does not answer.*Trying again in \d/);
    await shot('unreachable');
  } finally {
    found.mock.state.down = false;
  }
  await textOf(page, '[data-role="net"]', /\d/);
});

pageTest(found, 'a lost stream is said and found again', { skip, tolerate: NETWORK }, async ({ page, go, shot }) => {
  await go('#/now');
  await textOf(page, '[data-role="live"]', /Live/);
  await textOf(page, '[data-role="today"]', /Import\d/);
  try {
    found.mock.state.down = true;
    found.mock.state.streams.forEach((stream) => stream.end());
    await textOf(page, '[data-role="live"]', /Reconnecting/);
    assert.match(await page.locator('[data-role="net"]').textContent(), /\d/, 'the last figure stays');
    await shot('now-lost');
  } finally {
    found.mock.state.down = false;
  }
  await textOf(page, '[data-role="live"]', /Live/);
});

test('without a meter the page says how to begin', { skip }, async () => {
  const mock = await startMock({ withMeters: false });
  const page = await found.browser.newPage();
  try {
    await page.goto(mock.url);
    assert.match(await textOf(page, '.empty'), /No meter yet.*smartyreader setup/);
    await page.click('.empty a');
    await page.locator('[data-role="store"]').waitFor();
  } finally {
    await page.close();
    await mock.close();
  }
});

for (const phone of [false, true]) {
  pageTest(found, `before the first telegram the page says what to do, then shows it${phone ? ', on a phone' : ''}`, { skip, phone, tolerate: NETWORK }, async ({ page, go, shot }) => {
    found.mock.state.nothingYet = true;
    found.mock.state.problems = [{ ...SAMPLE_PROBLEM, advice: 'Is the cable plugged in? `smartyreader setup` lists the ports.' }];
    try {
      await go('#/now');
      await textOf(page, '.empty', /Waiting for the first telegram.*Plug the cable.*smartyreader status/);
      await textOf(page, '[data-role="banner"] code', /^smartyreader setup$/);
      await shot(phone ? 'first-phone' : 'first');
    } finally {
      found.mock.state.nothingYet = false;
      found.mock.state.problems = [];
    }
    await textOf(page, '[data-role="net"]', /\d/);
  });
}

pageTest(found, 'an unknown meter is named and the way to a known one shown', { skip }, async ({ page, go }) => {
  await go('#/now?meter=nobody');
  await textOf(page, '.empty', /no meter named “nobody”/);
  await page.click('.empty a');
  await textOf(page, '[data-role="net"]', /\d/);
});
