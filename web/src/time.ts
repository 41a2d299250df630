/**
 * The meter's calendar. Every time on the page is in the meter's zone; the browser's own zone never matters,
 * because a householder on holiday still looks at the meter at home.
 */

/** A calendar day of the meter's zone: `2026-11-23`. */
export type LocalDate = string;

export interface Span {
  readonly from: number;
  readonly to: number;
}

export interface LocalParts {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
}

const DAY_S = 86_400;
const partsFormats = new Map<string, Intl.DateTimeFormat>();

function partsFormat(zone: string): Intl.DateTimeFormat {
  let format = partsFormats.get(zone);
  if (!format) {
    format = new Intl.DateTimeFormat('en-US', {
      timeZone: zone, hourCycle: 'h23', year: 'numeric', month: 'numeric', day: 'numeric',
      hour: 'numeric', minute: 'numeric', second: 'numeric',
    });
    partsFormats.set(zone, format);
  }
  return format;
}

/** What a clock on the meter's wall shows at a Unix second. */
export function localParts(unix: number, zone: string): LocalParts {
  const found: Record<string, number> = {};
  for (const part of partsFormat(zone).formatToParts(unix * 1000)) found[part.type] = Number(part.value);
  const get = (name: string) => found[name] ?? 0;
  return {
    year: get('year'), month: get('month'), day: get('day'),
    hour: get('hour'), minute: get('minute'), second: get('second'),
  };
}

/** Seconds by which the zone is ahead of UTC at that instant. */
export function zoneOffset(unix: number, zone: string): number {
  const p = localParts(unix, zone);
  return Date.UTC(p.year, p.month - 1, p.day, p.hour, p.minute, p.second) / 1000 - Math.floor(unix);
}

const two = (n: number) => String(n).padStart(2, '0');

export function makeDate(year: number, month: number, day: number): LocalDate {
  return `${String(year).padStart(4, '0')}-${two(month)}-${two(day)}`;
}

export function dateOf(unix: number, zone: string): LocalDate {
  const p = localParts(unix, zone);
  return makeDate(p.year, p.month, p.day);
}

function utcOfDate(date: LocalDate): number {
  return Date.parse(`${date}T00:00:00Z`) / 1000;
}

/** The first instant of a local day, also where the clock jumps at midnight itself. */
export function dayStart(date: LocalDate, zone: string): number {
  const wall = utcOfDate(date);
  const before = wall - zoneOffset(wall - DAY_S, zone);
  const after = wall - zoneOffset(wall + DAY_S, zone);
  const isMidnight = (unix: number) => unix + zoneOffset(unix, zone) === wall;
  const [early, late] = before < after ? [before, after] : [after, before];
  if (isMidnight(early)) return early;
  // When neither reads 00:00 the clock skipped midnight, and the old offset names the instant of the jump.
  return isMidnight(late) ? late : before;
}

export function addDays(date: LocalDate, days: number): LocalDate {
  return new Date((utcOfDate(date) + days * DAY_S) * 1000).toISOString().slice(0, 10);
}

/** The span of a local day: 23, 24 or 25 hours. */
export function daySpan(date: LocalDate, zone: string): Span {
  return { from: dayStart(date, zone), to: dayStart(addDays(date, 1), zone) };
}

export function hoursIn(span: Span): number {
  return (span.to - span.from) / 3600;
}

/** `2026-11` plus a number of months. */
export function addMonths(month: string, count: number): string {
  const [year = 0, number = 1] = month.split('-').map(Number);
  const index = year * 12 + number - 1 + count;
  return makeDate(Math.floor(index / 12), (index % 12) + 1, 1).slice(0, 7);
}

/** Every day of `2026-11`, first to last. */
export function daysOfMonth(month: string): LocalDate[] {
  const days: LocalDate[] = [];
  for (let date = `${month}-01`; date.startsWith(month); date = addDays(date, 1)) days.push(date);
  return days;
}

export function monthsOfYear(year: string): string[] {
  return Array.from({ length: 12 }, (_, index) => `${year}-${two(index + 1)}`);
}

export function isDate(text: string): boolean {
  return /^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(utcOfDate(text))
    && new Date(utcOfDate(text) * 1000).toISOString().startsWith(text);
}

export const isMonth = (text: string): boolean => isDate(`${text}-01`);
export const isYear = (text: string): boolean => isDate(`${text}-01-01`);

/** Wall clock text: `14:05`, or `14:05:10` with seconds. */
export function clockText(unix: number, zone: string, seconds = false): string {
  const p = localParts(unix, zone);
  return `${two(p.hour)}:${two(p.minute)}${seconds ? `:${two(p.second)}` : ''}`;
}

/** Steps, in seconds, that divide an hour or a day evenly. */
const TICK_STEPS = [10, 30, 60, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400];

/**
 * Instants for the marks of a time axis, at most `most` of them, on round times of the wall clock. Whole hours are
 * walked one by one, so that a day of 23 or 25 hours still gets its marks at 03:00, 06:00 and so on.
 */
export function timeTicks(from: number, to: number, zone: string, most: number): number[] {
  const step = TICK_STEPS.find((s) => (to - from) / s <= most) ?? DAY_S;
  const walk = Math.min(step, 3600);
  const shift = zoneOffset(from, zone) % walk;
  const ticks: number[] = [];
  for (let t = Math.ceil((from + shift) / walk) * walk - shift; t <= to; t += walk) {
    if (step <= 3600 || localParts(t, zone).hour % (step / 3600) === 0) ticks.push(t);
  }
  return ticks;
}
