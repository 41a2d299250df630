/** Names and dates in words, composed from texts.ts and the meter's calendar. */
import { now } from './clock';
import { LOCALE, texts } from './texts';
import { dateOf, type LocalDate } from './time';

/** Dates are formatted as UTC midnights: a calendar date has no zone of its own. */
function dateFormat(options: Intl.DateTimeFormatOptions): (date: LocalDate) => string {
  const format = new Intl.DateTimeFormat(LOCALE, { ...options, timeZone: 'UTC' });
  return (date) => format.format(new Date(`${date}T00:00:00Z`));
}

export const longDate = dateFormat({ weekday: 'long', day: 'numeric', month: 'long', year: 'numeric' });
export const mediumDate = dateFormat({ weekday: 'short', day: 'numeric', month: 'short', year: 'numeric' });
export const shortDate = dateFormat({ weekday: 'short', day: 'numeric', month: 'short' });
const monthYear = dateFormat({ month: 'long', year: 'numeric' });
const monthLong = dateFormat({ month: 'long' });
const monthShort = dateFormat({ month: 'short' });
const monthNarrow = dateFormat({ month: 'narrow' });
const weekdayNumber = (date: LocalDate): number => new Date(`${date}T00:00:00Z`).getUTCDay();

export const monthTitle = (month: string): string => monthYear(`${month}-01`);
export const monthName = (month: string): string => monthLong(`${month}-01`);
export const monthAbbreviation = (month: string): string => monthShort(`${month}-01`);
export const monthInitial = (month: string): string => monthNarrow(`${month}-01`);

/** The day or the month around a moment: "Today" and "This month" only while it is. */
export function dayName(unix: number, zone: string): string {
  const date = dateOf(unix, zone);
  return date === dateOf(now(), zone) ? texts.now.today : mediumDate(date);
}

export function monthOf(unix: number, zone: string): string {
  const month = dateOf(unix, zone).slice(0, 7);
  return month === dateOf(now(), zone).slice(0, 7) ? texts.devices.month : monthTitle(month);
}

export const isWeekend = (date: LocalDate): boolean => weekdayNumber(date) % 6 === 0;

/** `energy_import_t2_wh` → "Import, tariff 2"; what has no words of its own keeps its name, readable. */
export function registerName(name: string): string {
  const known = texts.registers[name];
  if (known) return known;
  const tariff = /^(.*)_t(\d)_(.*)$/.exec(name);
  if (tariff) {
    const base = texts.registers[`${tariff[1]}_${tariff[3]}`];
    if (base) return texts.tariff(base, tariff[2] ?? '');
  }
  return plainName(name);
}

export function plainName(name: string): string {
  const spaced = name.replaceAll('_', ' ').replaceAll('-', ' ');
  return spaced.charAt(0).toUpperCase() + spaced.slice(1);
}
