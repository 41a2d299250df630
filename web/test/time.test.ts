import { describe, expect, it } from 'vitest';
import {
  addDays, addMonths, clockText, dateOf, dayStart, daySpan, daysOfMonth, hoursIn, isDate, isMonth, isYear, monthsOfYear,
  timeTicks, zoneOffset,
} from '../src/time';

const LUX = 'Europe/Luxembourg';
const utc = (text: string): number => Date.parse(text) / 1000;

describe('local days', () => {
  it('begins at local midnight in winter and in summer', () => {
    expect(dayStart('2026-11-23', LUX)).toBe(utc('2026-11-22T23:00:00Z'));
    expect(dayStart('2026-07-01', LUX)).toBe(utc('2026-06-30T22:00:00Z'));
  });

  it('has 23 hours when clocks go forward and 25 when they go back', () => {
    expect(hoursIn(daySpan('2026-03-29', LUX))).toBe(23);
    expect(hoursIn(daySpan('2026-10-25', LUX))).toBe(25);
    expect(hoursIn(daySpan('2026-10-26', LUX))).toBe(24);
  });

  it('joins without a hole or an overlap through a whole year', () => {
    for (let date = '2026-01-01'; date < '2027-01-01'; date = addDays(date, 1)) {
      expect(daySpan(date, LUX).to).toBe(dayStart(addDays(date, 1), LUX));
      expect(dateOf(dayStart(date, LUX), LUX)).toBe(date);
      expect(dateOf(dayStart(date, LUX) - 1, LUX)).toBe(addDays(date, -1));
    }
  });

  it('begins with the jump where the clock skips midnight', () => {
    // In Santiago 00:00 becomes 01:00 every September.
    const start = dayStart('2024-09-08', 'America/Santiago');
    expect(clockText(start, 'America/Santiago')).toBe('01:00');
    expect(dateOf(start - 1, 'America/Santiago')).toBe('2024-09-07');
  });

  it('begins at the only midnight where the clock goes back to before it', () => {
    const start = dayStart('2024-04-07', 'America/Santiago');
    expect(clockText(start, 'America/Santiago')).toBe('00:00');
    expect(hoursIn(daySpan('2024-04-06', 'America/Santiago'))).toBe(25);
  });

  it('knows zones with half hours', () => {
    expect(zoneOffset(utc('2026-01-01T00:00:00Z'), 'Asia/Kolkata')).toBe(19_800);
    expect(dayStart('2026-01-01', 'Asia/Kolkata')).toBe(utc('2025-12-31T18:30:00Z'));
  });
});

describe('calendar arithmetic', () => {
  it('steps over months and years', () => {
    expect(addDays('2026-02-28', 1)).toBe('2026-03-01');
    expect(addDays('2028-02-28', 1)).toBe('2028-02-29');
    expect(addMonths('2026-12', 1)).toBe('2027-01');
    expect(addMonths('2026-01', -13)).toBe('2024-12');
    expect(daysOfMonth('2026-02')).toHaveLength(28);
    expect(daysOfMonth('2026-10').at(-1)).toBe('2026-10-31');
    expect(monthsOfYear('2026')[0]).toBe('2026-01');
  });

  it('refuses what is no date', () => {
    expect(isDate('2026-02-29')).toBe(false);
    expect(isDate('2026-2-9')).toBe(false);
    expect(isDate('2028-02-29')).toBe(true);
    expect(isMonth('2026-13')).toBe(false);
    expect(isYear('2026')).toBe(true);
  });
});

describe('clock and axis', () => {
  it('shows both hours named 02 in autumn', () => {
    expect(clockText(utc('2026-10-25T00:30:00Z'), LUX)).toBe('02:30');
    expect(clockText(utc('2026-10-25T01:30:00Z'), LUX)).toBe('02:30');
    expect(clockText(utc('2026-11-23T00:13:10Z'), LUX, true)).toBe('01:13:10');
  });

  it('keeps marks on round hours after the change', () => {
    const { from, to } = daySpan('2026-10-25', LUX);
    const clocks = timeTicks(from, to, LUX, 9).map((t) => clockText(t, LUX));
    expect(clocks).toEqual(['00:00', '03:00', '06:00', '09:00', '12:00', '15:00', '18:00', '21:00', '00:00']);
  });

  it('marks minutes in a narrow span', () => {
    const from = utc('2026-11-23T10:02:00Z');
    expect(timeTicks(from, from + 600, LUX, 12).map((t) => clockText(t, LUX))[0]).toBe('11:02');
    expect(timeTicks(from, from + 3600, LUX, 8).map((t) => clockText(t, LUX)))
      .toEqual(['11:10', '11:20', '11:30', '11:40', '11:50', '12:00']);
  });
});
