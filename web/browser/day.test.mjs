// The day: its curve and zoom, its neighbours, its gaps, and the two days a year that are not 24 hours long.
import assert from 'node:assert/strict';
import { curveFacts, dayShown, pageTest, site, textOf, until } from './site.mjs';

const found = site();
const toDay = (date) => `#/day/${date}${found.meta.meter ? `?meter=${found.meta.meter}` : ''}`;

async function dragAcross(page, from, to) {
  const box = await page.locator('[data-role="day-curve"] .u-over').boundingBox();
  const y = box.y + box.height / 2;
  await page.mouse.move(box.x + box.width * from, y);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * ((from + to) / 2), y, { steps: 4 });
  await page.mouse.move(box.x + box.width * to, y, { steps: 4 });
  await page.mouse.up();
}

pageTest(found, 'dragging zooms into finer steps and the button goes back', {}, async ({ page, go, shot }) => {
  await go(toDay(found.meta.gapDay));
  await dayShown(page);
  const whole = await curveFacts(page);
  assert.ok(Number(whole.resolution) > 0, 'a whole day is aggregated');
  await shot('day-light-desktop');

  await dragAcross(page, 0.1, 0.25);
  const near = await until(page, () => curveFacts(page), (facts) => facts.resolution === '0', 'no finer curve came');
  assert.ok(Number(near.to) - Number(near.from) < 6 * 3600);
  await page.mouse.move(0, 0);
  await shot('day-zoomed');

  await page.click('[data-key="reset-zoom"]');
  const again = await until(page, () => curveFacts(page), (facts) => facts.resolution === whole.resolution, 'the whole day did not come back');
  assert.deepEqual([again.from, again.to], [whole.from, whole.to]);
  assert.ok(await page.locator('[data-key="reset-zoom"]').isDisabled());
});

pageTest(found, 'choosing an hour zooms the curve to it', {}, async ({ page, go }) => {
  await go(toDay(found.meta.gapDay));
  await dayShown(page);
  const { from } = await curveFacts(page);
  await page.locator('[data-when="hour"] .bar').nth(8).click();
  const near = await until(page, () => curveFacts(page), (facts) => facts.resolution === '0', 'no finer curve came');
  assert.deepEqual([Number(near.from) - Number(from), Number(near.to) - Number(near.from)], [8 * 3600, 3600]);
});

pageTest(found, 'pointing at the curve shows its values below it', {}, async ({ page, go }) => {
  await go(toDay(found.meta.gapDay));
  await dayShown(page);
  const legend = page.locator('[data-role="curve-legend"]');
  const before = await legend.boundingBox();
  await page.locator('[data-role="day-curve"] .u-over').hover({ position: { x: 120, y: 100 } });
  await textOf(page, '[data-role="curve-legend"]', /^\d\d:\d\d\s+(Import|Export)?\s*[\d.\u202f]+\sk?W/);
  assert.deepEqual(await legend.boundingBox(), before, 'the legend moved or grew');
});

pageTest(found, 'voltage and phases can be chosen', {}, async ({ page, go, shot }) => {
  await go(toDay(found.meta.gapDay));
  await dayShown(page);
  for (const view of ['voltage', 'phases']) {
    const button = page.locator(`[data-view="${view}"]`);
    if (await button.count() === 0) continue;
    await button.click();
    await until(page, () => page.locator('.key-phase-1').count(), (count) => count === 1, `no key for ${view}`);
    await until(page, () => curveFacts(page), (facts) => Number(facts.points) > 100, `no curve of ${view}`);
    await page.waitForTimeout(200);
    await shot(`day-${view}`);
  }
});

pageTest(found, 'arrows and keys lead to the days beside', {}, async ({ page, go }) => {
  const date = found.meta.gapDay;
  const shifted = (by) => new Date(Date.parse(`${date}T00:00:00Z`) + by * 86_400_000).toISOString().slice(0, 10);
  // The calendar is part of the page that follows the address: both must have arrived before the next step.
  const at = async (day) => {
    await until(page, () => page.url(), (url) => url.includes(day), `not at ${day}`);
    await until(page, () => page.locator('input[type="date"]').inputValue(), (value) => value === day, `not showing ${day}`);
    await dayShown(page);
  };
  await go(toDay(date));
  await dayShown(page);
  await page.click('[data-key="left"]');
  await at(shifted(-1));
  await page.keyboard.press('ArrowRight');
  await at(date);
  await page.keyboard.press('ArrowLeft');
  await at(shifted(-1));
  await page.locator('input[type="date"]').fill(date);
  await at(date);
});

for (const [season, hours] of [['dstSpring', 23], ['dstAutumn', 25]]) {
  pageTest(found, `the day of the change has ${hours} hours (${season})`, {}, async ({ page, go, shot }) => {
    await go(toDay(found.meta[season]));
    await dayShown(page);
    assert.equal(await page.locator('[data-when="hour"] .bar').count(), hours);
    const { from, to } = await curveFacts(page);
    assert.equal((Number(to) - Number(from)) / 3600, hours);
    await textOf(page, '[data-role="dst"]', new RegExp(`${hours} hours`));
    const labels = await page.locator('.bars-labels .wide-only').allTextContents();
    assert.equal(labels.filter((label) => label === '2').length, hours === 25 ? 2 : 0);
    await shot(`day-${hours}-hours`);
  });
}

pageTest(found, 'a gap breaks the line and is named', {}, async ({ page, go, shot }) => {
  await go(toDay(found.meta.gapDay));
  await dayShown(page);
  const { breaks } = await curveFacts(page);
  assert.match(breaks, /\d+-\d+/, 'the line has no break');
  const [from, to] = breaks.split(' ').map((text) => text.split('-').map(Number)).sort((a, b) => b[1] - b[0] - (a[1] - a[0]))[0];
  assert.ok(to - from >= 300, 'the longest break is too short to be the gap');
  await textOf(page, '[data-role="gaps"]', /\d\d:\d\d to \d\d:\d\d.*energy known.*shape not/);
  await shot('day-gap');
});

pageTest(found, 'a day without figures says so and leads on', {}, async ({ page, go, shot }) => {
  await go(toDay('2001-01-01'));
  await textOf(page, '.empty-title', /Nothing was measured/);
  await shot('day-empty');
  await page.click('.empty a');
  await dayShown(page);
});
