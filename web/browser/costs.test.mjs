// What energy costs: figures, lines with their sources, days, reference powers; and a meter without a tariff.
import assert from 'node:assert/strict';
import { onMock, pageTest, site, textOf, until } from './site.mjs';

const found = site();
const at = (date = '') => `#/costs${date ? `/${date}` : ''}?meter=${found.meta.meter}`;
const AMOUNT = /^\u2212?[\d\u202f]+\.\d\d\s€$/;

const cents = (text) => Math.round(Number(text.replace('\u2212', '-').replace(/[^\d.-]/g, '')) * 100);
const shown = (page) => page.locator('[data-role="bill"] .bill-total').waitFor();

pageTest(found, 'today, this month and this year lead to their lines', {}, async ({ page, go, shot }) => {
  await go(at());
  await shown(page);
  for (const figure of ['day', 'month', 'year']) {
    assert.match(await textOf(page, `[data-figure="${figure}"] strong`), AMOUNT);
  }
  await shot('costs-month');
  await page.click('[data-figure="year"]');
  await until(page, () => page.url(), (url) => /#\/costs\/\d{4}\?/.test(url), 'not at the year');
  await until(page, () => page.locator('[data-when="month"] .bar').count(), (count) => count === 12, 'no months');
  assert.equal(await page.locator('[data-figure="year"]').getAttribute('aria-current'), 'true');
  await page.click('[data-figure="day"]');
  await until(page, () => page.url(), (url) => /#\/costs\/\d{4}-\d{2}-\d{2}\?/.test(url), 'not at the day');
  await shown(page);
});

pageTest(found, 'the lines of a bill make its total', {}, async ({ page, go }) => {
  await go(at(found.meta.gapDay.slice(0, 7)));
  await shown(page);
  const rows = await page.locator('[data-role="bill"] tr[data-component] > td:last-child').allTextContents();
  const total = await page.locator('[data-role="bill"] .bill-total > td').last().textContent();
  assert.ok(rows.length >= 5, 'hardly a bill');
  const sum = rows.reduce((whole, text) => whole + cents(text), 0);
  // Each line is rounded by itself.
  assert.ok(Math.abs(sum - cents(total)) <= rows.length, `${sum} is not ${total}`);
});

pageTest(found, 'a price that is not certain is marked and says who says it', {}, async ({ page, go, shot }) => {
  await go(at());
  await shown(page);
  const line = page.locator('tr[data-certain="false"] .disclose').first();
  assert.match(await line.textContent(), /not certain/);
  assert.equal(await line.getAttribute('aria-expanded'), 'false');
  await line.focus();
  await page.keyboard.press('Enter');
  assert.equal(await line.getAttribute('aria-expanded'), 'true');
  const more = page.locator(`#${await line.getAttribute('aria-controls')}`);
  assert.match(await more.textContent(), /Price by:/);
  assert.match(await more.locator('a').first().getAttribute('href'), /^https:\/\//);
  await shot('costs-line');
});

pageTest(found, 'a month leads to a day and keys to the days beside', {}, async ({ page, go }) => {
  const date = found.meta.gapDay;
  await go(at(date.slice(0, 7)));
  await shown(page);
  const bar = page.locator(`[data-when="day"] a.bar[href*="${date}"]`);
  assert.match(await bar.getAttribute('aria-label'), /€/);
  await bar.click();
  await until(page, () => page.url(), (url) => url.includes(`#/costs/${date}`), 'not at the day');
  await until(page, () => page.locator('input[type="date"]').inputValue(), (value) => value === date, 'not showing the day');
  await shown(page);
  await page.keyboard.press('ArrowLeft');
  const before = new Date(Date.parse(`${date}T00:00:00Z`) - 86_400_000).toISOString().slice(0, 10);
  await until(page, () => page.url(), (url) => url.includes(`#/costs/${before}`), 'not at the day before');
});

pageTest(found, 'the advisor marks the cheapest reference power and the own', {}, async ({ page, go }) => {
  await go(at());
  const advisor = '[data-role="advisor"]';
  await textOf(page, advisor, /(From [\d.]+ of 36[56] days: scaled|From a whole year, 36[56] days)/);
  assert.equal(await page.locator(`${advisor} tr[data-cheapest="true"]`).count(), 1);
  assert.match(await page.locator(`${advisor} tr[data-cheapest="true"]`).textContent(), /cheapest/);
  assert.match(await page.locator(`${advisor} tr[data-own="true"]`).textContent(), /yours/);
  assert.match(await page.locator(advisor).textContent(), /instead of .* pays where it saves more than [\d.\u202f]+\skWh/);
  const more = page.locator(`${advisor} button`);
  if (await more.count()) {
    const rows = await page.locator(`${advisor} tbody tr`).count();
    await more.click();
    assert.ok(await page.locator(`${advisor} tbody tr`).count() > rows);
  }
});

pageTest(found, 'a tariff file that cannot be used is named', { skip: !onMock && 'needs a broken tariff file', tolerate: /503/ }, async ({ page, go, shot }) => {
  found.mock.state.tariffError = 'There are no costs: tariffs/luxembourg-2026.toml, line 12: the price is no number.';
  try {
    await go(at());
    await textOf(page, '.empty', /could not be loaded.*luxembourg-2026\.toml, line 12/);
    await shot('costs-broken');
  } finally {
    found.mock.state.tariffError = '';
  }
  await page.click('.empty button');
  await shown(page);
});

pageTest(found, 'without a tariff the page is not in the navigation, and its address says how to set one up',
  // The sentence that it shows is that of the 404.
  { skip: !onMock && 'needs a meter without a tariff', tolerate: /404/ }, async ({ page, go, shot }) => {
    await go('#/now?meter=garage');
    await textOf(page, '[data-role="net"]', /\d/);
    assert.ok(await page.locator('[data-nav="costs"]').isHidden());
    await textOf(page, '[data-role="quarter"]', /Average import/);
    await go('#/costs?meter=garage');
    await textOf(page, '[data-role="no-tariff"]', /no tariff yet.*\[tariff\].*\[meter\.garage\.tariff\]/s);
    await shot('costs-no-tariff');
    await page.selectOption('[data-role="meter"]', 'home');
    await shown(page);
    assert.ok(await page.locator('[data-nav="costs"]').isVisible());
  });
