/** The quarter-hours of a month on a grid: a row a day, a column a quarter-hour of the clock on the wall. */
import type { Bill, Entry } from './api';
import { addDays, daysOfMonth, dayStart, localParts, type LocalDate } from './time';

export const QUARTER_S = 900;
export const COLUMNS = 96;

export interface Cell {
  readonly start: number;
  readonly row: number;
  readonly column: number;
  /** In autumn an hour comes twice: each of its quarter-hours shares its place with another. */
  readonly part: 'whole' | 'first' | 'second';
  readonly watts: number | null;
  /** Mean power beyond the reference at that time, W; 0 where it is kept or there is none. */
  readonly beyond: number;
  readonly state: 'known' | 'gap' | 'outside';
  readonly running: boolean;
}

/** From this day on, until the next step. */
export interface ReferenceStep { readonly from: LocalDate; readonly watts: number }

/** The reference power of a day, by steps in rising order of days. */
export const referenceOn = (date: LocalDate, steps: readonly ReferenceStep[]): number | null =>
  steps.filter((step) => step.from <= date).at(-1)?.watts ?? null;

/** What the bill says of the reference power, day by day; without a contract there is none. */
export function referencesOf(bill: Bill | null, month: string): ReferenceStep[] {
  if (!bill) return [];
  const steps = bill.lines.filter((line) => line.component === 'exceedance' && line.reference_power_w !== null)
    .map((line) => ({ from: line.from, watts: line.reference_power_w ?? 0 }))
    .sort((a, b) => a.from.localeCompare(b.from));
  if (steps.length > 0) return steps;
  return bill.reference_power_w === null ? [] : [{ from: `${month}-01`, watts: bill.reference_power_w }];
}

export interface GridSource {
  readonly month: string;
  readonly zone: string;
  readonly entries: readonly Entry[];
  readonly firstTime: number;
  readonly now: number;
  readonly references: readonly ReferenceStep[];
}

export function quarterCells({ month, zone, entries, firstTime, now, references }: GridSource): Cell[] {
  const byStart = new Map(entries.map((entry) => [entry.start, entry]));
  const cells: Cell[] = [];
  daysOfMonth(month).forEach((date, row) => {
    const from = dayStart(date, zone);
    const to = dayStart(addDays(date, 1), zone);
    const reference = referenceOn(date, references);
    const ordinary = to - from === COLUMNS * QUARTER_S;
    const columns = Array.from({ length: Math.round((to - from) / QUARTER_S) }, (_, index) => {
      if (ordinary) return index;
      const { hour, minute } = localParts(from + index * QUARTER_S, zone);
      return hour * 4 + Math.floor(minute / 15);
    });
    columns.forEach((column, index) => {
      const start = from + index * QUARTER_S;
      const entry = byStart.get(start);
      const watts = entry?.demand_import_w ?? null;
      const twin = columns.indexOf(column) === index ? columns.indexOf(column, index + 1) : -2;
      cells.push({
        start, row, column, watts,
        part: twin === -1 ? 'whole' : twin === -2 ? 'second' : 'first',
        beyond: watts === null || reference === null ? 0 : Math.max(0, watts - reference),
        state: watts !== null ? 'known' : start + QUARTER_S > now || start + QUARTER_S <= firstTime ? 'outside' : 'gap',
        running: entry?.running === true,
      });
    });
  });
  return cells;
}

/** The highest whole quarter-hours, highest first; of equal ones the earlier. */
export function highest(cells: readonly Cell[], most: number): Cell[] {
  return cells.filter((cell) => (cell.watts ?? 0) > 0 && !cell.running)
    .sort((a, b) => (b.watts ?? 0) - (a.watts ?? 0) || a.start - b.start)
    .slice(0, most);
}

/** The neighbour one row up or down: the same time by the clock, or nothing. */
export function beside(cells: readonly Cell[], from: number, rows: number): number {
  const cell = cells[from];
  if (!cell) return from;
  const found = cells.findIndex((one) => one.row === cell.row + rows && one.column >= cell.column && one.part !== 'second');
  return found >= 0 && cells[found]?.row === cell.row + rows ? found : from;
}
