// The quarter-hour against its reference power, quarter-hours of a month, quality in words, the check, alerts, reports.
import assert from 'node:assert/strict';
import { SAMPLE_ALERT } from '../mock/books.mjs';
import { onMock, pageTest, site, textOf, until } from './site.mjs';

const found = site();
const skip = !onMock && 'needs the mock, which can be told what to say';
const ofMeter = (hash) => `${hash}?meter=${found.meta.meter}`;
const monthOf = (date) => ofMeter(`#/month/${date.slice(0, 7)}`);
const MAP = '[data-role="heatmap"]';

pageTest(found, 'the quarter-hour is held against the reference power', {}, async ({ page, go }) => {
  await go(ofMeter('#/now'));
  await textOf(page, '[data-role="quarter-words"]', /Up to [\d.]+\sk?W until \d\d:\d\d stays within|Stays within|Heading beyond .* at most|beyond .* already|It is over/);
  await textOf(page, '[data-role="quarter"]', /At this pace/);
});

pageTest(found, 'what is exceeded is said and marked, not only coloured', { skip }, async ({ page, go, shot }) => {
  const quarter = page.locator('[data-role="quarter"]');
  try {
    for (const [standing, told, words] of [
      ['within', { energy_import_wh: 10, power_w: 100 }, /stays within 3\skW/i],
      ['heading', { energy_import_wh: 700, power_w: 60_000 }, /Heading beyond 3\skW: at most/],
      ['beyond', { energy_import_wh: 870, power_w: 5000 }, /120\sWh beyond 3\skW already/],
    ]) {
      found.mock.state.quarter = told;
      await go('#/now');
      await textOf(page, '[data-role="quarter-words"]', words);
      assert.equal(await quarter.getAttribute('data-standing'), standing);
      assert.equal(await quarter.locator(`.gauge-mark .icon-${standing === 'within' ? 'check' : 'warning'}`).count(), 1);
      await shot(`now-quarter-${standing}`);
    }
  } finally {
    found.mock.state.quarter = {};
  }
});

pageTest(found, 'the quarter-hours of a month are walked by keyboard and lead to their day', {}, async ({ page, go, shot }) => {
  await go(monthOf(found.meta.gapDay));
  await page.locator(`${MAP}[data-cells]`).waitFor();
  assert.ok(Number(await page.locator(MAP).getAttribute('data-gaps')) > 0, 'the gap is not on it');
  const highest = await page.locator('[data-role="highest"] .ranking-value').allTextContents();
  assert.ok(highest.length > 0 && highest.length <= 10);
  const powers = highest.map((text) => parseFloat(text));
  assert.deepEqual(powers, [...powers].sort((a, b) => b - a));

  // By keyboard it begins at the highest of all.
  await page.locator('[data-when="day"] a.bar').last().focus();
  await until(page, async () => {
    await page.keyboard.press('Tab');
    return page.evaluate((map) => document.activeElement.matches(map), MAP);
  }, (reached) => reached, 'not reached by Tab');
  const words = () => page.locator(MAP).getAttribute('aria-valuetext');
  const first = await words();
  assert.match(first, /\d\d:\d\d to \d\d:\d\d: mean [\d.]+\sk?W/);
  assert.ok(first.includes(`${powers[0].toFixed(3)}\u00a0kW`) || powers[0] < 1, `${first} is not ${powers[0]} kW`);
  await page.keyboard.press('ArrowRight');
  assert.notEqual(await words(), first);
  await page.keyboard.press('ArrowLeft');
  assert.equal(await words(), first);
  await shot('month-quarter-hours');
  await page.keyboard.press('Enter');
  await until(page, () => page.url(), (url) => /#\/day\/\d{4}-\d{2}-\d{2}/.test(url), 'no day');
});

for (const [season, difference] of [['dstSpring', -4], ['dstAutumn', 4]]) {
  pageTest(found, `the month of the change has ${Math.abs(difference)} quarter-hours ${difference < 0 ? 'less' : 'more'}`, {}, async ({ page, go }) => {
    await go(monthOf(found.meta[season]));
    const [year, month] = found.meta[season].split('-').map(Number);
    const days = new Date(Date.UTC(year, month, 0)).getUTCDate();
    await until(page, () => page.locator(MAP).getAttribute('data-cells'), (cells) => Number(cells) === days * 96 + difference, 'other cells');
    await textOf(page, '[data-role="peaks"] [data-role="dst"]', difference < 0 ? /clocks go forward/ : /clocks go back/);
  });
}

pageTest(found, 'how well a day was measured stands in words, on the month and on the day', {}, async ({ page, go }) => {
  const date = found.meta.gapDay;
  await go(monthOf(date));
  await textOf(page, '[data-role="quality-line"]', /\d+ of \d+ days? complete/);
  const bar = page.locator(`[data-when="day"] a.bar[href*="${date}"]`);
  assert.match(await bar.getAttribute('aria-label'), /\d+ of \d+ quarter-hours measured/);
  assert.ok(await page.locator('.mark[data-level="part"]').count() > 0);
  await bar.focus();
  await textOf(page, '.bars-frame .legend', /\d+ of \d+ quarter-hours measured/);
  await bar.click();
  await textOf(page, '[data-role="quality"][data-level="part"]', /quarter-hours/);
});

pageTest(found, 'display and register are compared in words', {}, async ({ page, go, shot }) => {
  await go(ofMeter('#/now'));
  await page.click('[data-key="to-check"]');
  const ours = async () => (await textOf(page, '[data-ours="energy_import_wh"]', /\d/)).replace(/[^\d.]/g, '');
  const row = '[data-register="energy_import_wh"]';
  await page.fill(`${row} input`, (await ours()).replace('.', ','));
  await textOf(page, `${row} .verdict`, /Agrees|the meter counted on/);
  await page.fill(`${row} input`, String(Number(await ours()) + 500));
  await textOf(page, `${row} .verdict`, /500\.\d{3}\skWh more than ours/);
  await page.fill(`${row} input`, 'twelve');
  await textOf(page, `${row} .verdict`, /at most three decimals/);
  assert.match(await textOf(page, '[data-role="sums"]'), /Since /);
  assert.ok(await page.locator('[data-sum="energy_import_wh"]').count() === 1);
  await textOf(page, '[data-role="segments"]', /since/);
  await shot('check');
  await go('#/health');
  await page.click('[data-key="to-check"]');
  await page.locator(row).waitFor();
});

pageTest(found, 'an alert comes, is named, and goes by itself', { skip }, async ({ page, go, shot }) => {
  await go('#/now');
  await textOf(page, '[data-role="live"]', /Live/);
  await textOf(page, '[data-role="today"]', /Import\d/);
  const notices = page.locator('[data-role="alerts"] [data-alert]');
  assert.equal(await notices.count(), 0);
  const since = Math.floor(found.mock.state.now());
  found.mock.alert({ ...SAMPLE_ALERT, time: since, since });
  await textOf(page, '[data-role="alerts"]', /Alert: The voltage of L2 is 204 V, below 207 V\. since \d\d:\d\d/);
  await shot('now-alert');
  await page.click('[data-nav="health"]');
  await textOf(page, '[data-role="alerts"]', /below 207 V.*The voltage of L2 is right again, 250 V/s);
  await shot('health-alert');
  await page.click('[data-nav="now"]');
  await textOf(page, '[data-role="alerts"]', /below 207 V/);
  found.mock.alert({ ...SAMPLE_ALERT, state: 'over', time: since + 60, since, sentence: 'The voltage of L2 is right again, 209 V.' });
  await until(page, () => notices.count(), (count) => count === 0, 'still open');
});

pageTest(found, 'alerts have their place on the health page', {}, async ({ page, go }) => {
  await go('#/health');
  await textOf(page, '[data-role="alerts"]', /Alerts.+/);
});

pageTest(found, 'the reports are reached where there are some', {}, async ({ page, go }) => {
  await go('#/now');
  await textOf(page, '[data-role="today"]', /Import/);
  const reports = await page.evaluate(async () => (await (await fetch('api/v1/meters')).json()).reports === true);
  assert.equal(await page.locator('[data-role="reports"]').count(), reports ? 1 : 0);
  if (reports) assert.equal(await page.locator('[data-role="reports"]').evaluate((link) => link.href), new URL('reports/', found.url).href);
});
