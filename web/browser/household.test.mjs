// What a house makes and uses, a meter of what is made, and a group. The mock has all of them.
import assert from 'node:assert/strict';
import { noSideways, onMock, pageTest, site, textOf, until } from './site.mjs';

const found = site();
const skip = !onMock && 'needs a meter with production behind it, and a group';
const CARD = '[data-role="household"]';
const TOTALS = '[data-role="household-totals"]';
const roof = () => found.mock.state.meters.find(({ name }) => name === 'roof');

pageTest(found, 'this house now: three figures in one unit, and in words where the power comes from', { skip }, async ({ page, go, shot }) => {
  const lists = [];
  page.on('request', (request) => request.url().endsWith('/api/v1/meters') && lists.push(request.url()));
  await go('#/now?meter=home');
  await textOf(page, CARD, /Produced[\d\u202f]+\sWUsed[\d\u202f]+\sWSelf-consumed[\d\u202f]+\sW/);
  await textOf(page, '[data-role="household-words"]', /Of the power used, \d+\s% is made here and \d+\s% comes from the grid|All the power used/);
  // The figures belong to several meters: they are no news of this one, and do not build the page anew.
  await page.waitForTimeout(2500);
  assert.equal(lists.length, 1);
  await shot('now-household');
});

pageTest(found, 'while the meter of what is made says nothing, its figures are not known and keep their place', { skip, phone: true }, async ({ page, go }) => {
  await go('#/now?meter=home');
  await textOf(page, CARD, /Produced[\d\u202f]+\sW/);
  const height = () => page.locator(CARD).evaluate((element) => element.getBoundingClientRect().height);
  const before = await height();
  try {
    roof().quiet = true;
    await textOf(page, '[data-role="household-words"]', /Not known now/);
    assert.match(await textOf(page, CARD), /Produced–Used–Self-consumed–/);
    assert.equal(await height(), before);
    await noSideways(page);
  } finally {
    roof().quiet = false;
  }
});

pageTest(found, 'day, month and year tell both shares in whole percent and in words', { skip }, async ({ page, go }) => {
  const date = found.meta.gapDay;
  const figures = /Produced[\d\u202f]+\.\d{3}\skWh.*Used[\d\u202f]+\.\d{3}\skWh.*Self-consumption\d+\s%of what was made was used hereAutarky\d+\s%of what was used was made here/;
  for (const hash of [`#/day/${date}`, `#/month/${date.slice(0, 7)}`, `#/year/${date.slice(0, 4)}`]) {
    await go(`${hash}?meter=home`);
    await textOf(page, TOTALS, figures);
    assert.match(await textOf(page, TOTALS), /Incomplete: only time that all of these meters measured/);
  }
});

pageTest(found, 'a day without a gap has nothing more to say', { skip }, async ({ page, go }) => {
  const before = new Date(Date.parse(`${found.meta.gapDay}T00:00:00Z`) - 86_400_000).toISOString().slice(0, 10);
  await go(`#/day/${before}?meter=home`);
  assert.doesNotMatch(await textOf(page, TOTALS, /Autarky\d/), /Incomplete/);
});

pageTest(found, 'meters without production are not asked for it', { skip }, async ({ page, go }) => {
  const asked = [];
  page.on('request', (request) => request.url().includes('self-consumption') && asked.push(request.url()));
  for (const meter of ['garage', 'roof', 'rest']) {
    await go(`#/month?meter=${meter}`);
    await page.locator('.totals').first().waitFor();
    await go(`#/now?meter=${meter}`);
    await textOf(page, '[data-role="today"]', /\d kWh|\d\skWh/);
    assert.ok(await page.locator(CARD).isHidden());
    await page.goto('about:blank');
  }
  assert.deepEqual(asked, []);
});

pageTest(found, 'a meter of what is made tells what it makes', { skip }, async ({ page, go, shot }) => {
  await go('#/now?meter=roof');
  await textOf(page, '[data-role="net"]', /\d/);
  const words = await textOf(page, '[data-role="direction"]', /^Making/);
  const made = await page.locator('[data-role="net"]').textContent();
  assert.equal(words === 'Making nothing', made === '0');
  await textOf(page, '[data-role="own-use"]', /^Its own use: \d+\sW$/);
  await textOf(page, '[data-role="today"]', /Own use[\d.]+\skWhMade[\d.]+\skWh/);
  await shot('now-production');
  await go(`#/day/${found.meta.gapDay}?meter=roof`);
  await textOf(page, '.totals', /Own use[\d.]+\skWhMade[\d.]+\skWh/);
  await textOf(page, '[data-role="day-curve"] .key', /^Own useMade$/);
  await go(`#/month/${found.meta.gapDay.slice(0, 7)}?meter=roof`);
  assert.match(await page.locator('[data-when="day"] .bar[data-state="complete"]').first().getAttribute('aria-label'), /Wh own use, .*Wh made/);
});

pageTest(found, 'a group says what it sums, and shows neither telegram nor display', { skip }, async ({ page, go, shot }) => {
  await go('#/now?meter=rest');
  assert.equal(await textOf(page, '[data-role="members"]'), 'Home \u2212 Garage');
  await textOf(page, 'h1', /Without the garage/);
  await textOf(page, '[data-role="age"]', /Last sum \d+\ss ago/);
  assert.match(await textOf(page, '[data-role="facts"]'), /proven as well as the weakest.*Metershome /);
  assert.equal(await page.locator('[data-role="facts"] a').count(), 0);
  assert.match(await textOf(page, '[data-role="registers"]'), /Registers of its own/);
  assert.equal(await page.locator('[data-key="to-check"]').count(), 0);
  await shot('now-group');
  await page.selectOption('[data-role="meter"]', 'home');
  await until(page, () => page.locator('[data-role="members"]').count(), (count) => count === 0, 'still the group');
});
