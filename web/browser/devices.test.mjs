// What hangs on a meter: gas, heat, each in its own unit and at its own time.
import assert from 'node:assert/strict';
import { noSideways, onMock, pageTest, site, textOf } from './site.mjs';

const found = site();
const skip = !onMock && 'needs a meter with devices behind it';
const GAS = '[data-role="device-gas"]';
const HEAT = '[data-role="device-heat"]';

pageTest(found, 'each device has a card with today, this month and its register, and when it was read', { skip, phone: true }, async ({ page, go, shot }) => {
  await go('#/now?meter=home');
  assert.match(await textOf(page, GAS, /Read/), /Gas in the cellarToday[−\d\u202f.]+\sm³This month[\d\u202f.]+\sm³Meter reading[\d\u202f]+\.\d{3}\sm³Read at \d\d:00\.$/);
  await textOf(page, HEAT, /^HeatToday[\d.]+\sGJ/);
  assert.doesNotMatch(await textOf(page, '[data-role="registers"]'), /m³|mbus/i);
  await noSideways(page);
  await page.locator(GAS).scrollIntoViewIfNeeded();
  await shot('now-devices');
});

pageTest(found, 'a month and a year have bars of each device, a day its sum', { skip }, async ({ page, go, shot }) => {
  const date = found.meta.gapDay;
  await go(`#/month/${date.slice(0, 7)}?meter=home`);
  await textOf(page, `${GAS} h2`, /^Gas in the cellar by the day$/);
  await textOf(page, `${GAS} .card-note`, /[\d\u202f.]+\sm³/);
  const bar = page.locator(`${GAS} .bar[data-state="complete"], ${GAS} .bar[data-state="running"]`).first();
  assert.match(await bar.getAttribute('aria-label'), /: [\d.]+\sm³/);
  await bar.hover();
  await textOf(page, `${GAS} .legend`, /: [\d.]+\sm³/);
  await shot('month-devices');
  await go(`#/year/${date.slice(0, 4)}?meter=home`);
  await textOf(page, `${HEAT} h2`, /^Heat by the month$/);
  assert.ok(await page.locator(`${HEAT} .bar[data-state="outside"]`).count() > 8, 'it came last month');
  await go(`#/day/${date}?meter=home`);
  assert.match(await textOf(page, '[data-role="device-totals"]'), /Gas in the cellar[\d.]+\sm³.*Heat[\d.]+\sGJ/);
});

pageTest(found, 'a meter with nothing behind it is not asked', { skip }, async ({ page, go }) => {
  const asked = [];
  page.on('request', (request) => request.url().includes('/devices') && asked.push(request.url()));
  await go('#/month?meter=garage');
  await textOf(page, '.totals', /Import/);
  await page.waitForTimeout(500);
  assert.deepEqual(asked, []);
});
