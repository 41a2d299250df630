import { describe, expect, it } from 'vitest';
import type { Meter, Reading } from '../src/api';
import { watts, wholePercent } from '../src/format';
import { membersText, registersHint } from '../src/group';
import { powersOf, production, sourceShares } from '../src/household';
import { sidesOf } from '../src/sides';
import { texts } from '../src/texts';

const plain = (text: string): string => text.replace(/[\u00a0\u202f]/g, ' ');
const meter = (name: string, role: string): Meter =>
  ({ name, title: name, role, tariff: false, zone: 'Europe/Luxembourg', proof: 'tag', quantities: [] });

describe('where the power used comes from', () => {
  const of = (used: number, selfConsumed: number) => sourceShares({ produced: 0, used, selfConsumed });

  it('is the roof and the grid, together always the whole', () => {
    expect(of(800, 200)).toEqual({ own: 2500, grid: 7500 });
    for (const own of [0, 1, 333, 799, 800]) {
      const shares = of(800, own);
      expect((shares?.own ?? 0) + (shares?.grid ?? 0)).toBe(10_000);
    }
  });

  it('is never less than nothing, though meters speak at different seconds', () => {
    expect(of(300, -4)).toEqual({ own: 0, grid: 10_000 });
    expect(of(0, 0)).toBeNull();
    expect(of(-2, -4)).toBeNull();
  });

  it('is told only where all three figures are', () => {
    const reading = (values: Reading['values']): Reading => ({ meter: 'home', time: 0, age_s: 0, proof: 'tag', values });
    expect(powersOf(reading({ power_net_w: 1 }))).toBeNull();
    expect(powersOf(reading({ power_produced_w: 0, power_used_w: 5, power_self_consumed_w: 0 }))).toEqual({ produced: 0, used: 5, selfConsumed: 0 });
  });
});

describe('production behind a meter', () => {
  const [home, flat, roof, sum] = [meter('home', 'grid'), meter('flat', 'grid'), meter('roof', 'production'), meter('sum', 'group')];

  it('is behind the only meter at the grid, and nowhere without a meter that makes', () => {
    expect(production(home, [home])).toBe(false);
    expect(production(home, [home, roof])).toBe(true);
    expect(production(roof, [home, roof])).toBe(false);
  });

  it('is asked of the reading where several could have it', () => {
    expect(production(home, [home, flat, roof])).toBeNull();
    expect(production(sum, [home, roof, sum])).toBeNull();
  });
});

describe('the sides of a meter', () => {
  it('are import and export, but what is made and its own use where something is made', () => {
    expect(sidesOf(meter('home', 'grid')).export).toBe('Export');
    expect(sidesOf({ ...meter('roof', 'production'), counts: 'export' })).toEqual({ import: 'Own use', export: 'Made' });
    expect(sidesOf({ ...meter('roof', 'production'), counts: 'import' })).toEqual({ import: 'Made', export: 'Own use' });
  });
});

describe('a group', () => {
  const meters = ['Flat 1', 'Flat 2', 'Heat pump'].map((title, index) => ({ ...meter(`m${index}`, 'grid'), title }));
  const group = (add: string[], subtract: string[]): Meter => ({ ...meter('house', 'group'), members: { add, subtract } });

  it('names what it sums by the titles', () => {
    expect(membersText(group(['m0', 'm1'], ['m2']), meters)).toBe('Flat 1 + Flat 2 \u2212 Heat pump');
    expect(membersText(group(['m0', 'gone'], []), meters)).toBe('Flat 1 + gone');
    expect(membersText(group([], ['m2']), meters)).toBe('\u2212 Heat pump');
    expect(membersText(meter('m0', 'grid'), meters)).toBe('');
  });

  it('has the sums of the displays, or registers of its own', () => {
    expect(registersHint(group(['m0', 'm1'], []))).toBe(texts.now.sumHint);
    expect(registersHint(group(['m0'], ['m2']))).toBe(texts.now.ownHint);
  });
});

describe('figures of a household', () => {
  it('are whole percent, all and nothing only where they are', () => {
    expect([0, 1, 49, 4950, 9951, 9999, 10_000].map((share) => plain(wholePercent(share)))).toEqual(['0 %', '1 %', '1 %', '50 %', '99 %', '99 %', '100 %']);
  });

  it('have one unit beside each other', () => {
    expect([0, 412, 3210, -3].map((value) => plain(watts(value)))).toEqual(['0 W', '412 W', '3 210 W', '\u22123 W']);
  });
});
