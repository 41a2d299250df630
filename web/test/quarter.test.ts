import { describe, expect, it } from 'vitest';
import type { Alert, Bill, Entry, Quality, Quarter } from '../src/api';
import { past, withAlert } from '../src/alerts';
import { allowance, roundPower } from '../src/format';
import { beside, highest, quarterCells, referenceOn, referencesOf, QUARTER_S } from '../src/peaks';
import { levelOf, markOf } from '../src/quality';
import { averageSoFar, certainMean, scaleStep, standing, wordsFor } from '../src/quarter';
import { dayStart } from '../src/time';

const LUX = 'Europe/Luxembourg';
const plain = (text: string): string => text.replace(/[\u00a0\u202f]/g, ' ');

describe('the running quarter-hour', () => {
  const quarter: Quarter = {
    start: 9000, end: 9900, energy_import_wh: 600, energy_export_wh: 0, complete: true,
    demand_import_projected_w: 2900, reference_power_w: 3000, power_allowed_w: 1000, exceedance_wh: 0,
  };

  it('stands within, heads beyond, or is beyond', () => {
    expect(standing(quarter)).toBe('within');
    expect(standing({ ...quarter, demand_import_projected_w: 3001 })).toBe('heading');
    expect(standing({ ...quarter, energy_import_wh: 800, exceedance_wh: 50 })).toBe('beyond');
    expect(standing({ ...quarter, reference_power_w: null })).toBeNull();
  });

  it('names a limit only where it is one', () => {
    const words = (power_allowed_w: number, reference = 3000) =>
      plain(wordsFor({ ...quarter, power_allowed_w }, 'within', reference, '14:15'));
    expect(words(1000)).toBe('Up to 1.0 kW until 14:15 stays within 3 kW');
    expect(words(232_920)).toBe('Stays within 3 kW, whatever is switched on now');
    expect(words(232_920, 100_000)).toMatch(/^Up to/);
  });

  it('passes the reference exactly where energy is beyond it', () => {
    expect(certainMean({ ...quarter, energy_import_wh: 750 })).toBe(3000);
    expect(certainMean({ ...quarter, energy_import_wh: 751 })).toBeGreaterThan(3000);
    expect(certainMean({ ...quarter, energy_import_wh: null })).toBe(0);
  });

  it('averages only what was measured for long enough', () => {
    expect(averageSoFar(quarter, 9600)).toBe(3600);
    expect(averageSoFar(quarter, 9010)).toBeNull();
    expect(averageSoFar({ ...quarter, complete: false }, 9600)).toBeNull();
  });

  it('has a scale of few steps that holds what it shows', () => {
    expect(scaleStep(3000, 0)).toBe(1.5);
    expect(scaleStep(3000, 5600)).toBe(2);
    for (const watts of [0, 3000, 4500, 9000, 50_000, 100_000]) expect(scaleStep(3000, watts) * 3000).toBeGreaterThan(watts);
  });

  it('never allows more than there is', () => {
    expect(plain(allowance(3456))).toBe('3.4 kW');
    expect(plain(allowance(999))).toBe('990 W');
    expect(plain(allowance(12_999))).toBe('12 kW');
    expect(plain(allowance(0))).toBe('0 W');
    expect(plain(roundPower(3000))).toBe('3 kW');
    expect(plain(roundPower(3500))).toBe('3.5 kW');
    expect(plain(roundPower(100_000))).toBe('100 kW');
  });
});

describe('the quarter-hours of a month', () => {
  const grid = (month: string, more: Partial<Parameters<typeof quarterCells>[0]> = {}) =>
    quarterCells({ month, zone: LUX, entries: [], firstTime: 0, now: dayStart('2027-01-01', LUX), references: [], ...more });
  const entry = (start: number, watts: number | null): Entry =>
    ({ start, end: start + QUARTER_S, demand_import_w: watts, energy_import_wh: watts === null ? null : watts / 4, complete: watts !== null });

  it('are 96 a day, 92 and 100 on the days of the change, one after the other without a hole', () => {
    expect(grid('2026-11')).toHaveLength(30 * 96);
    expect(grid('2026-03')).toHaveLength(31 * 96 - 4);
    const autumn = grid('2026-10');
    expect(autumn).toHaveLength(31 * 96 + 4);
    autumn.forEach((cell, index) => expect(cell.start).toBe((autumn[0]?.start ?? 0) + index * QUARTER_S));
  });

  it('stand under the clock on the wall: a missing hour stays free, a double one shares its place', () => {
    const spring = grid('2026-03').filter((cell) => cell.row === 28).map((cell) => cell.column);
    expect(spring).not.toContain(8);
    expect(spring).toContain(12);
    const autumn = grid('2026-10').filter((cell) => cell.row === 24);
    expect(autumn.filter((cell) => cell.part === 'first').map((cell) => cell.column)).toEqual([8, 9, 10, 11]);
    expect(autumn.filter((cell) => cell.part === 'second').map((cell) => cell.column)).toEqual([8, 9, 10, 11]);
    expect(grid('2026-11').every((cell) => cell.part === 'whole')).toBe(true);
  });

  it('tell a gap from zero, from the future and from the time before the meter', () => {
    const start = dayStart('2026-11-02', LUX);
    const cells = grid('2026-11', {
      firstTime: start, now: start + 4 * QUARTER_S, entries: [entry(start, 0), entry(start + QUARTER_S, null)],
    }).filter((cell) => cell.row <= 1);
    const states = (from: number) => cells.filter((cell) => cell.start >= from).slice(0, 5).map((cell) => cell.state);
    expect(states(start)).toEqual(['known', 'gap', 'gap', 'gap', 'outside']);
    expect(cells.filter((cell) => cell.start < start).every((cell) => cell.state === 'outside')).toBe(true);
  });

  it('are beyond the reference of their own day', () => {
    const references = [{ from: '2026-11-01', watts: 3000 }, { from: '2026-11-12', watts: 7000 }];
    expect([referenceOn('2026-11-11', references), referenceOn('2026-11-12', references), referenceOn('2026-10-01', references)]).toEqual([3000, 7000, null]);
    const days = ['2026-11-11', '2026-11-12'].map((date) => dayStart(date, LUX));
    const cells = grid('2026-11', { references, entries: days.map((start) => entry(start, 5000)) });
    expect(days.map((start) => cells.find((cell) => cell.start === start)?.beyond)).toEqual([2000, 0]);
  });

  it('are ranked by power, the running one left out', () => {
    const start = dayStart('2026-11-02', LUX);
    const entries = [entry(start, 500), entry(start + QUARTER_S, 900), entry(start + 2 * QUARTER_S, 900), { ...entry(start + 3 * QUARTER_S, 9000), running: true }];
    expect(highest(grid('2026-11', { entries }), 2).map((cell) => cell.start)).toEqual([start + QUARTER_S, start + 2 * QUARTER_S]);
  });

  it('are walked up and down at the same time of the clock', () => {
    const cells = grid('2026-10');
    const at = (row: number, column: number) => cells.findIndex((cell) => cell.row === row && cell.column === column);
    expect(beside(cells, at(23, 40), 1)).toBe(at(24, 40));
    expect(beside(cells, at(24, 40), 1)).toBe(at(25, 40));
    expect(beside(cells, at(0, 40), -1)).toBe(at(0, 40));
  });
});

describe('how well days were measured', () => {
  const day: Quality = { start: 0, end: 86_400, running: false, quarter_hours: 96, quarter_hours_measured: 96, gaps: 0, complete: true, sentences: [] };

  it('is whole, in part or not at all', () => {
    expect(levelOf(day)).toBe('whole');
    expect(markOf({ ...day, quarter_hours_measured: 91, complete: false })).toEqual({ level: 'part', words: '91 of 96 quarter-hours measured' });
    expect(markOf({ ...day, quarter_hours_measured: 0, complete: false })).toEqual({ level: 'none', words: 'no data' });
    expect(levelOf({ ...day, running: true, quarter_hours: 5, quarter_hours_measured: 5, complete: false })).toBe('whole');
  });
});

describe('alerts', () => {
  const alert = (state: Alert['state'], since: number, time = since, phase: number | null = 2): Alert =>
    ({ meter: 'home', code: 'voltage-low', phase, state, time, since, sentence: `${state} ${since}` });

  it('open once, go on in their place, and go', () => {
    const open = withAlert(withAlert([], alert('begin', 10)), alert('begin', 11, 11, 3));
    expect(open).toHaveLength(2);
    expect(withAlert(open, alert('still', 10, 99))[0]?.time).toBe(99);
    expect(withAlert(open, alert('over', 10, 20)).map((one) => one.phase)).toEqual([3]);
  });

  it('are told once when they are over, with the words of their beginning where those are known', () => {
    const rows = past([alert('begin', 50), alert('over', 10, 20), alert('still', 10, 15), alert('begin', 10), alert('over', 1, 5)]);
    expect(rows.map((row) => [row.since, row.until, row.began])).toEqual([[10, 20, 'begin 10'], [1, 5, null]]);
  });
});

describe('the reference power of a month', () => {
  it('is that of the lines, else that of the bill', () => {
    const line = (from: string, watts: number | null) => ({ component: 'exceedance', from, reference_power_w: watts });
    const bill = (lines: unknown[], watts: number | null) => ({ lines, reference_power_w: watts }) as unknown as Bill;
    expect(referencesOf(bill([line('2026-11-12', 7000), line('2026-11-01', 3000)], 7000), '2026-11').map((step) => step.watts)).toEqual([3000, 7000]);
    expect(referencesOf(bill([], 3000), '2026-11')).toEqual([{ from: '2026-11-01', watts: 3000 }]);
    expect(referencesOf(bill([], null), '2026-11')).toEqual([]);
    expect(referencesOf(null, '2026-11')).toEqual([]);
  });
});
