/** Bars of energy: import above the line, export below it. */
import { barChart, type Bar, type BarsOptions, type BarState, type Slot } from './bars';
import { h } from './dom';
import { energy, milli } from './format';
import type { Sides } from './sides';
import { texts } from './texts';

export interface EnergySlot extends Slot {
  readonly imported: number | null;
  readonly exported: number | null;
  readonly peak?: number | null;
}

const t = texts.bars;

/** How much of a bar's time was measured, in its row of the table. */
export const MEASURED: Record<BarState, string> = {
  complete: t.yes, partial: t.part, missing: t.missing, running: texts.now.soFar, outside: '',
};

function words(slot: EnergySlot, sides: Sides): string {
  if (slot.imported === null && slot.exported === null) return t.nothing(slot.title);
  const text = t.values(slot.title, energy(slot.imported ?? 0), energy(slot.exported ?? 0), sides);
  const known = [slot.state === 'partial' && t.incomplete, slot.mark?.words].filter(Boolean).join(', ');
  return known ? `${text} (${known})` : text;
}

const figure = (value: number | null | undefined): string => (value == null ? texts.none : milli(value));

export function energyBars(slots: readonly EnergySlot[], when: BarsOptions['when'], sides: Sides, note: HTMLElement | null = null): HTMLElement {
  const withPeak = slots.some((slot) => slot.peak != null);
  const bars = slots.map((slot): Bar => ({
    ...slot,
    up: [{ kind: 'import', value: slot.imported ?? 0 }],
    down: [{ kind: 'export', value: slot.exported ?? 0 }],
    words: words(slot, sides),
    cells: [figure(slot.imported), figure(slot.exported), ...(withPeak ? [figure(slot.peak)] : []), slot.mark?.words ?? MEASURED[slot.state]],
  }));
  return barChart({
    bars, when, note, measure: 'energy', hint: t.hint[when],
    heads: [t.when[when], `${sides.import} ${t.kwh}`, `${sides.export} ${t.kwh}`, ...(withPeak ? [`${t.peak} kW`] : []), t.complete],
    key: [
      h('span', { class: 'key-import' }, sides.import),
      slots.some((slot) => (slot.exported ?? 0) > 0) ? h('span', { class: 'key-export' }, sides.export) : null,
      slots.some((slot) => slot.state === 'partial') ? h('span', { class: 'key-partial' }, t.incomplete) : null,
    ],
  });
}
