// Each page in each dress: dark and light, desk and phone; the way from year to month to day; by keyboard alone.
import assert from 'node:assert/strict';
import { dayShown, noSideways, onMock, pageTest, site, textOf, until } from './site.mjs';

const found = site();
const PAGES = {
  now: { hash: () => '#/now', ready: '[data-role="last-hour"] .curve[data-points]' },
  day: { hash: () => `#/day/${found.meta.gapDay}`, ready: '[data-role="day-curve"] .curve[data-points]' },
  month: { hash: () => `#/month/${found.meta.gapDay.slice(0, 7)}`, ready: '[data-role="highest"]' },
  year: { hash: () => `#/year/${found.meta.gapDay.slice(0, 4)}`, ready: '[data-when="month"] .bar' },
  costs: { hash: () => '#/costs', ready: '[data-role="advisor"]' },
  health: { hash: () => '#/health', ready: '[data-role="store"]' },
  check: { hash: () => '#/check', ready: '[data-role="segments"]' },
};

async function visit(opened, suffix, check) {
  for (const [name, { hash, ready }] of Object.entries(PAGES)) {
    await opened.go(hash());
    await opened.page.locator(ready).first().waitFor();
    await opened.page.waitForTimeout(300);
    await check(opened.page);
    await opened.shot(`${name}-${suffix}`);
  }
}

const brightness = (page) => page.evaluate(() =>
  getComputedStyle(document.body).backgroundColor.match(/\d+/g).slice(0, 3).reduce((sum, part) => sum + Number(part), 0));

pageTest(found, 'light on a desk', {}, (opened) =>
  visit(opened, 'light-desktop', async (page) => assert.ok(await brightness(page) > 600)));

pageTest(found, 'dark on a desk', { scheme: 'dark' }, (opened) =>
  visit(opened, 'dark-desktop', async (page) => assert.ok(await brightness(page) < 150)));

pageTest(found, 'light on a phone without scrolling sideways', { phone: true }, (opened) => visit(opened, 'light-phone', noSideways));

pageTest(found, 'dark on a phone without scrolling sideways', { phone: true, scheme: 'dark' }, (opened) => visit(opened, 'dark-phone', noSideways));

pageTest(found, 'the button changes the colours and the choice stays', {}, async ({ page, go }) => {
  await go('#/now');
  await page.locator('[data-role="theme"]').click();
  await page.locator('[data-role="theme"]').click();
  assert.ok(await brightness(page) < 150, 'not dark');
  await page.reload();
  await textOf(page, '[data-role="net"]', /\d/);
  assert.ok(await brightness(page) < 150, 'forgotten after loading again');
});

pageTest(found, 'a month leads to a day, a year to a month', {}, async ({ page, go }) => {
  await go(PAGES.year.hash());
  const month = page.locator('[data-when="month"] a.bar[data-state="complete"], [data-when="month"] a.bar[data-state="running"], [data-when="month"] a.bar[data-state="partial"]').first();
  await month.click();
  await until(page, () => page.url(), (url) => /#\/month\/\d{4}-\d{2}/.test(url), 'no month');
  await page.locator('[data-when="day"] a.bar[data-state="complete"]').first().click();
  await until(page, () => page.url(), (url) => /#\/day\/\d{4}-\d{2}-\d{2}/.test(url), 'no day');
  await dayShown(page);
});

pageTest(found, 'incomplete days are marked in a month', {}, async ({ page, go }) => {
  await go(PAGES.month.hash());
  const marked = page.locator('[data-when="day"] .bar[data-state="partial"], [data-when="day"] .bar[data-state="missing"]');
  await marked.first().waitFor();
  assert.match(await marked.first().getAttribute('aria-label'), /incomplete|nothing measured/);
});

pageTest(found, 'everything is reached by keyboard', {}, async ({ page, go, shot }) => {
  await go('#/now');
  await textOf(page, '[data-role="net"]', /\d/);
  await page.keyboard.press('Tab');
  assert.equal(await page.evaluate(() => document.activeElement.className), 'skip');
  await shot('keyboard-skip');
  await page.keyboard.press('Enter');
  assert.equal(await page.evaluate(() => document.activeElement.id), 'content');
  await page.keyboard.press('Shift+Tab');

  await page.locator('[data-nav="month"]').focus();
  await page.keyboard.press('Enter');
  await page.locator('[data-when="day"] .bar').first().waitFor();
  let steps = 0;
  while (!await page.evaluate(() => document.activeElement.matches('a.bar')) && steps < 30) {
    await page.keyboard.press('Tab');
    steps += 1;
  }
  assert.ok(steps < 30, 'no bar was reached by Tab');
  const outline = await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
  assert.notEqual(outline, 'none', 'focus is not to be seen');
  await shot('keyboard-focus');
  await page.keyboard.press('Enter');
  await dayShown(page);
});

pageTest(found, 'the curve zooms by keyboard', {}, async ({ page, go }) => {
  await go(PAGES.day.hash());
  await dayShown(page);
  const card = page.locator('[data-role="day-curve"]');
  await page.locator('[data-role="day-curve"] .curve').focus();
  await page.keyboard.press('+');
  await until(page, () => card.getAttribute('data-zoomed'), (zoomed) => zoomed === 'true', 'plus did not zoom');
  await page.keyboard.press('0');
  await until(page, () => card.getAttribute('data-zoomed'), (zoomed) => zoomed === 'false', 'zero did not go back');
});

pageTest(found, 'nothing jumps while telegrams arrive', {}, async ({ page, go }) => {
  await go('#/now');
  await page.locator('[data-role="registers"]').waitFor();
  await textOf(page, '[data-role="today"]', /Import\d/);
  // Below the alerts: one that comes is news, and no telegram's doing.
  const places = () => page.evaluate(() => {
    const top = document.querySelector('.now-top').getBoundingClientRect().y;
    return [...document.querySelectorAll('.card')].map((card) => {
      const { x, y, width } = card.getBoundingClientRect();
      return [x, y - top, width].map(Math.round);
    });
  });
  const before = await places();
  await page.waitForTimeout(onMock ? 3500 : 12_000);
  assert.deepEqual(await places(), before);
});
