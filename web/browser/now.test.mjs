// The first page: live, in words, in the meter's time.
import assert from 'node:assert/strict';
import { curveFacts, onMock, pageTest, site, textOf, until } from './site.mjs';

const found = site();
const DIRECTIONS = /Taking from the grid|Feeding into the grid|Balanced with the grid/;

pageTest(found, 'the live value changes', {}, async ({ page, go, shot }) => {
  await go('#/now');
  const first = await textOf(page, '[data-role="net"]', /\d/);
  assert.match(await textOf(page, '[data-role="direction"]'), DIRECTIONS);
  await shot('now-light-desktop');
  const second = await until(page, () => page.locator('[data-role="net"]').textContent(), (text) => text !== first, 'the same value still');
  assert.match(second, /\d/);
  await textOf(page, '[data-role="live"]', /Live/);
});

pageTest(found, 'the age of the last telegram ticks', {}, async ({ page, go }) => {
  await go('#/now');
  await textOf(page, '[data-role="age"]', /Last telegram \d+\s(s|min)/);
  const seen = new Set();
  for (let i = 0; i < 6; i += 1) {
    seen.add(await page.locator('[data-role="age"]').textContent());
    await page.waitForTimeout(500);
  }
  assert.ok(seen.size > 1, 'the age stood still');
});

pageTest(found, 'the last hour grows with each telegram', {}, async ({ page, go }) => {
  await go('#/now');
  const place = '[data-role="last-hour"]';
  await page.locator(`${place} .curve[data-points]`).waitFor();
  const first = await curveFacts(page, place);
  const grown = await until(page, () => curveFacts(page, place), (facts) => Number(facts.to) > Number(first.to), 'the curve did not move');
  assert.ok(Number(grown.points) > 2);
  assert.equal(grown.resolution, '0');
});

pageTest(found, 'times are the meter\u2019s, not the browser\u2019s', {}, async ({ page, go }) => {
  await go('#/now');
  const age = await textOf(page, '[data-role="age"]', /\d\d:\d\d:\d\d/);
  const last = await page.evaluate(async (name) => {
    const { meters } = await (await fetch('api/v1/meters')).json();
    const meter = meters.find((one) => one.name === name) ?? meters[0];
    return { local: (await (await fetch(`api/v1/meters/${meter.name}/last`)).json()).local, browser: Intl.DateTimeFormat().resolvedOptions().timeZone };
  }, found.meta.meter);
  assert.equal(last.browser, 'America/New_York');
  assert.equal(age.match(/(\d\d):\d\d:\d\d/)[1], last.local.slice(11, 13));
});

pageTest(found, 'the figures of the meter\u2019s display are there', {}, async ({ page, go }) => {
  await go('#/now');
  assert.match(await textOf(page, '[data-role="registers"]'), /Import[\d\u202f]+\.\d{3}kWh/);
  assert.match(await textOf(page, '[data-role="proof"]'), /Origin proven|Sealed, origin not proven|Not sealed/);
  await textOf(page, '[data-role="quarter"]', /Time left\d+\s(min|s)/);
  await textOf(page, '[data-role="today"]', /Import\d/);
});

pageTest(found, 'the choice of meter leads to the other meter', {}, async ({ page, go, shot }) => {
  const { meter, otherMeter } = found.meta;
  await go(`#/now?meter=${meter}`);
  await page.selectOption('[data-role="meter"]', otherMeter);
  await textOf(page, '[data-role="proof"]', onMock ? /Sealed, origin not proven/ : /Origin proven/);
  assert.match(page.url(), new RegExp(`meter=${otherMeter}`));
  if (onMock) {
    assert.doesNotMatch(await page.locator('[data-role="today"]').textContent(), /Export/, 'a meter that never exports needs no column for it');
  }
  await shot('now-second-meter');
});
