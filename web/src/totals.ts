/** The row of large figures over a day, a month or a year. */
import type { Entry, Meter } from './api';
import type { BarState } from './bars';
import { h } from './dom';
import { kiloWattHours, milli, power } from './format';
import type { Sides } from './sides';
import { texts } from './texts';
import type { Span } from './time';

const t = texts.totals;

export function figure(label: string, value: string, hint: string, kind = ''): HTMLElement {
  return h('div', { class: `figure ${kind}` },
    h('dt', {}, label), h('dd', {}, value, hint ? h('small', {}, hint) : null));
}

export interface TotalsOptions {
  readonly whole: Entry | undefined;
  /** States of the parts, to say in words how much was measured. */
  readonly parts: readonly BarState[];
  readonly unit: { one: string; many: string };
  readonly exporting: boolean;
  readonly sides: Sides;
  readonly runningHint: string;
  /** When the highest quarter-hour was, in words. */
  readonly peakAt: (unix: number) => string;
}

function completeness({ whole, parts, unit }: TotalsOptions): string {
  const past = parts.filter((state) => state !== 'outside');
  const holes = past.filter((state) => state === 'partial' || state === 'missing').length;
  if (holes > 0) return t.partly(holes, past.length, unit);
  return whole?.running ? t.whollySoFar : t.wholly;
}

export function totals(options: TotalsOptions): HTMLElement {
  const { whole } = options;
  const energyText = (value: number | null | undefined) => (value == null ? texts.none : kiloWattHours(value));
  const hint = whole?.running ? options.runningHint : whole?.complete === false ? t.incomplete : '';
  const peak = whole?.peak_import_w;
  const low = whole?.voltage_min_mv;
  const high = whole?.voltage_max_mv;
  return h('dl', { class: 'totals card', 'aria-label': t.label },
    figure(options.sides.import, energyText(whole?.energy_import_wh), hint, 'is-import'),
    options.exporting ? figure(options.sides.export, energyText(whole?.energy_export_wh), hint, 'is-export') : null,
    figure(t.peak, peak == null ? texts.none : power(peak),
      peak != null && whole?.peak_time != null ? options.peakAt(whole.peak_time) : ''),
    low != null && high != null
      ? figure(t.voltage, `${milli(low, 0)} ${t.to} ${milli(high, 0)}\u00a0V`, '') : null,
    figure(t.completeness, completeness(options), '', 'is-words'));
}

/**
 * How much of a span's time was measured. What is still to come, and what was before the first telegram, is outside: no
 * hole.
 */
export function spanState(known: boolean, complete: boolean, span: Span, firstTime: number, now: number): BarState {
  if (span.from > now || span.to <= firstTime) return 'outside';
  if (now < span.to) return known ? 'running' : 'outside';
  if (!known) return 'missing';
  return complete ? 'complete' : 'partial';
}

export function entryState(entry: Entry | undefined, span: Span, meter: Meter, now: number): BarState {
  const known = entry?.energy_import_wh != null || entry?.energy_export_wh != null;
  return spanState(known, entry?.complete ?? false, span, meter.first_time ?? 0, now);
}
