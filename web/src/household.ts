/** Household: what is made behind a meter at the grid, how much of it is used there, and what is used in all. */
import { api, type AccountKind, type Meter, type Reading, type Share } from './api';
import { card, h, setText } from './dom';
import { kiloWattHours, watts, wholePercent } from './format';
import type { PageContext } from './page';
import { texts } from './texts';
import { figure } from './totals';

const t = texts.household;

/** Of a reading; they belong to several meters, so that no meter's list of quantities names them. */
export const HOUSEHOLD_POWERS: ReadonlySet<string> = new Set(['power_produced_w', 'power_used_w', 'power_self_consumed_w']);

export interface Powers { readonly produced: number; readonly used: number; readonly selfConsumed: number }

/** Null for a meter without production, and while what is made is not known. */
export function powersOf(reading: Reading): Powers | null {
  const { power_produced_w: produced, power_used_w: used, power_self_consumed_w: selfConsumed } = reading.values;
  return produced == null || used == null || selfConsumed == null ? null : { produced, used, selfConsumed };
}

const share = (part: number, whole: number): number | null =>
  (whole <= 0 ? null : Math.round(Math.min(1, Math.max(0, part / whole)) * 10_000));

/** Where the power that is used comes from, in hundredths of a percent; null where nothing is used. */
export function sourceShares({ used, selfConsumed }: Powers): { readonly own: number; readonly grid: number } | null {
  const own = share(selfConsumed, used);
  return own === null ? null : { own, grid: 10_000 - own };
}

/** The grid's share is what is left of the whole percent of the other, so that both make a hundred. */
function sourceWords(powers: Powers): string {
  const shares = sourceShares(powers);
  if (!shares) return t.nothingUsed;
  if (shares.grid === 0) return t.allOwn;
  if (shares.own === 0) return t.allGrid;
  const own = wholePercent(shares.own);
  return t.sources(own, `${100 - parseInt(own, 10)}\u00a0%`);
}

export interface HouseholdCard {
  readonly root: HTMLElement;
  show(reading: Reading): void;
}

/** Hidden until something made is heard of; from then on it keeps its place. */
export function householdCard(): HouseholdCard {
  const value = () => h('dd', {}, texts.none);
  const values = { produced: value(), used: value(), selfConsumed: value() };
  const one = (label: string, place: HTMLElement) => h('div', { class: 'figure' }, h('dt', {}, label), place);
  const own = h('i', { class: 'strip-own' });
  const grid = h('i', { class: 'strip-grid' });
  const words = h('p', { class: 'household-words', 'data-role': 'household-words' });
  const root = card(t.now, { 'data-role': 'household' },
    h('dl', { class: 'household' },
      one(t.produced, values.produced), one(t.used, values.used), one(t.selfConsumed, values.selfConsumed)),
    words,
    h('div', { class: 'strip-bar household-strip', 'aria-hidden': 'true' }, own, grid),
    h('p', { class: 'key', 'aria-hidden': 'true' }, h('span', { class: 'key-export' }, t.own), h('span', { class: 'key-import' }, t.grid)));
  root.hidden = true;

  return {
    root,
    show(reading) {
      const powers = powersOf(reading);
      if (powers) root.hidden = false;
      for (const name of ['produced', 'used', 'selfConsumed'] as const) setText(values[name], powers ? watts(powers[name]) : texts.none);
      const shares = powers && sourceShares(powers);
      own.style.width = `${(shares?.own ?? 0) / 100}%`;
      grid.style.width = `${(shares?.grid ?? 0) / 100}%`;
      own.hidden = !shares?.own;
      grid.hidden = !shares?.grid;
      setText(words, powers ? sourceWords(powers) : t.unknown);
    },
  };
}

/**
 * Whether something is made behind this meter, as far as the list of meters tells: true, false, or null where several
 * meters could have it.
 */
export function production(meter: Meter, meters: readonly Meter[]): boolean | null {
  if (!meters.some(({ role }) => role === 'production')) return false;
  if (meter.role === 'grid' && meters.filter(({ role }) => role === 'grid').length === 1) return true;
  return meter.role === 'grid' || meter.role === 'group' ? null : false;
}

/** The figures of one span; null for a meter without production. */
export async function loadShare(context: PageContext, kind: AccountKind, from: number, to: number, signal: AbortSignal): Promise<Share | null> {
  const { meter, meters } = context;
  let made = production(meter, meters);
  if (made === null) {
    const reading = context.reading() ?? await api.last(meter.name, signal);
    made = reading !== null && powersOf(reading) !== null;
  }
  if (!made) return null;
  return (await api.shares(meter.name, kind, from, to, signal)).find((one) => one.start === from) ?? null;
}

const percent = (basisPoints: number | null): string => (basisPoints === null ? texts.none : wholePercent(basisPoints));

/** The row of figures under the totals. */
export function householdTotals(one: Share | null, runningHint: string): HTMLElement | null {
  // Before all of these meters were there, there is nothing to tell.
  if (!one || (one.energy_produced_wh === null && !one.running)) return null;
  const energy = (value: number | null) => (value === null ? texts.none : kiloWattHours(value));
  const hint = one.running ? runningHint : '';
  return h('section', { class: 'card', 'aria-label': t.label, 'data-role': 'household-totals' }, h('dl', { class: 'totals' },
    figure(t.produced, energy(one.energy_produced_wh), hint),
    figure(t.used, energy(one.energy_used_wh), hint),
    figure(t.selfConsumption, percent(one.self_consumption_bp), t.ofMade),
    figure(t.autarky, percent(one.autarky_bp), t.ofUsed)),
    one.complete ? null : h('p', { class: 'note' }, one.energy_produced_wh === null ? t.notMeasured : t.inPart));
}
