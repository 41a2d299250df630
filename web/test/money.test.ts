import { describe, expect, it } from 'vitest';
import { basis, usefulCount } from '../src/advisor';
import type { Advice, BillLine, Cost, PowerClass } from '../src/api';
import { groups } from '../src/bill';
import { caveats, partsOf } from '../src/costbars';
import { money, percent, price, thousandths } from '../src/format';
import { moneyTexts } from '../src/moneytexts';
import { parseRoute, routeHash } from '../src/route';

const plain = (text: string): string => text.replace(/[\u00a0\u202f]/g, ' ');

describe('money', () => {
  it('is euro and cent, rounded once and away from zero', () => {
    expect(plain(money(50_492_100))).toBe('50.49 €');
    expect(plain(money(5_000))).toBe('0.01 €');
    expect(plain(money(4_999))).toBe('0.00 €');
    expect(plain(money(-5_000))).toBe('\u22120.01 €');
    expect(plain(money(-880_200))).toBe('\u22120.88 €');
    expect(plain(money(1_234_567_890_000))).toBe('1 234 567.89 €');
    expect(money(-4_999)).not.toContain('\u2212');
  });

  it('keeps every digit of a price', () => {
    expect(plain(price(122_900_000, 'kWh'))).toBe('12.29 ct');
    expect(plain(price(1_000_000, 'kWh'))).toBe('0.10 ct');
    expect(plain(price(-37_100_000, 'kWh'))).toBe('\u22123.71 ct');
    expect(plain(price(81_234_567, 'kWh'))).toBe('8.1234567 ct');
    expect(plain(price(7_420_000_000, 'month'))).toBe('7.42 €');
    expect(plain(price(208_800_000_000, 'month'))).toBe('208.80 €');
    expect(plain(price(1, 'year'))).toBe('0.000000001 €');
  });

  it('names shares of months and rates of tax without needless zeros', () => {
    expect(thousandths(1000)).toBe('1');
    expect(thousandths(767)).toBe('0.767');
    expect(thousandths(10_000)).toBe('10');
    expect(plain(percent(800))).toBe('8 %');
    expect(plain(percent(550))).toBe('5.5 %');
  });
});

const line = (component: string, net: number, vat = 0): BillLine => ({
  component, name: null, window: null, from: '2026-10-01', to: '2026-11-01', quantity_milli: 1000, unit: 'kWh', price_nano_eur: 1, mean_price: false,
  price_includes_vat: false, reference_power_w: null, net_micro_eur: net, vat_basis_points: 800, vat_micro_eur: vat, gap_wh: 0, lower_bound: false,
  source: '', certain: true, reason: null,
});

const cost = (components: Record<string, number>): Cost => ({
  start: 0, end: 1, running: false, energy_import_wh: 0, exceedance_wh: 0, certain: true, lower_bound: false, components,
  total_micro_eur: Object.values(components).reduce((sum, amount) => sum + amount, 0),
});

describe('what a bill is made of', () => {
  it('loses nothing on the way into groups', () => {
    const lines = [line('energy', 100, 8), line('network-fixed', 50, 4), line('metering', 20), line('feed-in', -30), line('compensation', -7, -1), line('unheard-of', 3)];
    const found = groups(lines);
    expect(found.get('energy')).toBe(108);
    expect(found.get('fixed')).toBe(74);
    expect(found.get('off')).toBe(-38);
    expect(found.get('tax')).toBe(3);
    const all = lines.reduce((sum, one) => sum + one.net_micro_eur + one.vat_micro_eur, 0);
    expect([...found.values()].reduce((sum, amount) => sum + amount, 0)).toBe(all);
  });

  it('draws a day as paid, beyond and taken off, which make its total', () => {
    const day = cost({ energy: 1000, exceedance: 200, compensation: -150, 'feed-in': -400 });
    const parts = partsOf(day);
    expect(parts).toEqual({ paid: 1000, beyond: 200, off: 550 });
    expect(parts.paid + parts.beyond - parts.off).toBe(day.total_micro_eur);
  });

  it('says what is to be said of an amount, and nothing otherwise', () => {
    expect(caveats({ running: true, lower_bound: true, certain: false })).toBe('so far, at least, some prices are not certain');
    expect(caveats({ running: false, lower_bound: false, certain: true })).toBe('');
  });
});

describe('the advisor', () => {
  const step = (kw: number, exceedance: number): PowerClass => ({
    reference_power_w: kw * 1000, fixed_micro_eur: kw, exceedance_wh: exceedance, exceedance_micro_eur: exceedance, total_micro_eur: kw + exceedance, break_even_month_wh: 1,
  });
  const advice: Advice = {
    prices_of: '2026-11-23', quarter_hours_of_a_year: 35_040, quarter_hours_known: 30_000, scaled: true, peak_import_w: 1, reference_power_w: 3000,
    cheapest_reference_power_w: 3000, saving_micro_eur: 0, certain: true, notes: [], classes: [step(3, 9), step(7, 0), step(12, 0), step(17, 0), step(27, 0)],
  };

  it('shows the classes that could matter, and never hides a single one', () => {
    expect(usefulCount(advice)).toBe(3);
    expect(usefulCount({ ...advice, reference_power_w: 12_000 })).toBe(5);
    expect(usefulCount({ ...advice, classes: advice.classes.slice(0, 4) })).toBe(4);
    expect(usefulCount({ ...advice, classes: [] })).toBe(0);
  });

  it('says how much of a year it stands on', () => {
    expect(basis(advice)).toBe('From 312 of 365 days: scaled to a year.');
    expect(basis({ ...advice, quarter_hours_known: 6 })).toBe('From 0.1 of 365 days: scaled to a year.');
    expect(basis({ ...advice, quarter_hours_known: 35_040, scaled: false })).toBe('From a whole year, 365 days.');
  });
});

describe('the tariff of a bill', () => {
  it('is named where there is one', () => {
    const { by } = moneyTexts.costs;
    expect(by('Luxembourg, 2026')).toMatch(/^Tariff: Luxembourg, 2026\. Prices are/);
    expect(by('')).toMatch(/^Prices are/);
  });
});

describe('addresses of costs', () => {
  it('are a day, a month, a year or the present', () => {
    for (const hash of ['#/costs', '#/costs/2026-10', '#/costs/2026', '#/costs/2026-10-25?meter=home', '#/check']) {
      expect(routeHash(parseRoute(hash))).toBe(hash);
    }
    expect(parseRoute('#/costs/2026-13')).toEqual({ page: 'costs' });
  });
});
