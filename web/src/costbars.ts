/** Bars of money: what is to be paid above the line, what is taken off below it, a mark where they come out. */
import type { Cost } from './api';
import { barChart, type Bar, type BarsOptions, type Slot } from './bars';
import { h } from './dom';
import { milli, money, moneyFigure } from './format';
import { texts } from './texts';

const t = texts.costs;

export interface CostSlot extends Slot { readonly cost: Cost | undefined }

/** Axes are drawn in thousandths of a euro. */
const milliEuro = (microEuro: number): number => Math.round(microEuro / 1000);

interface Parts { readonly paid: number; readonly beyond: number; readonly off: number }

/** Amounts of a day by what they are, in millionths: to be paid, of that beyond the reference power, and taken off. */
export function partsOf(cost: Cost): Parts {
  const amounts = Object.values(cost.components);
  const beyond = Math.max(0, cost.components['exceedance'] ?? 0);
  const positive = amounts.filter((amount) => amount > 0).reduce((sum, amount) => sum + amount, 0);
  const negative = amounts.filter((amount) => amount < 0).reduce((sum, amount) => sum - amount, 0);
  return { paid: positive - beyond, beyond, off: negative };
}

/** "so far, at least, some prices are not certain": what is to be said of an amount, or nothing. */
export const caveats = (one: { running: boolean; lower_bound: boolean; certain: boolean }): string =>
  [one.running && t.soFar, one.lower_bound && t.atLeast, !one.certain && t.uncertain].filter(Boolean).join(', ');

function words(slot: CostSlot): string {
  const { cost } = slot;
  if (!cost) return t.noCost(slot.title);
  const { beyond, off } = partsOf(cost);
  const parts = [beyond > 0 && t.barBeyond(money(beyond)), off > 0 && t.barOff(money(off)), cost.running && t.soFar, cost.lower_bound && t.atLeast]
    .filter(Boolean).join(', ');
  return `${slot.title}: ${money(cost.total_micro_eur)}${parts ? ` (${parts})` : ''}`;
}

function cells(slot: CostSlot): string[] {
  const { cost } = slot;
  if (!cost) return [texts.none, texts.none, texts.none, texts.none, ''];
  const { beyond } = partsOf(cost);
  return [
    moneyFigure(cost.total_micro_eur), moneyFigure(beyond), cost.energy_import_wh === null ? texts.none : milli(cost.energy_import_wh),
    cost.exceedance_wh === null ? texts.none : milli(cost.exceedance_wh), caveats(cost),
  ];
}

export function costBars(slots: readonly CostSlot[], when: BarsOptions['when']): HTMLElement {
  const bars = slots.map((slot): Bar => {
    const parts = slot.cost ? partsOf(slot.cost) : { paid: 0, beyond: 0, off: 0 };
    return {
      ...slot,
      up: [{ kind: 'cost', value: milliEuro(parts.paid) }, { kind: 'exceedance', value: milliEuro(parts.beyond) }],
      down: [{ kind: 'export', value: milliEuro(parts.off) }],
      ...(slot.cost ? { level: milliEuro(slot.cost.total_micro_eur) } : {}),
      words: words(slot),
      cells: cells(slot),
    };
  });
  const any = (has: (parts: Parts) => boolean) => slots.some((slot) => slot.cost && has(partsOf(slot.cost)));
  const off = any((parts) => parts.off > 0);
  return barChart({
    bars, when, measure: 'money', hint: t.barHint[when === 'month' ? 'month' : 'day'],
    heads: [texts.bars.when[when], '€', t.beyondEuro, `${texts.import} ${texts.bars.kwh}`, t.beyondKwh, t.remarks],
    key: [
      h('span', { class: 'key-import' }, t.toPay),
      any((parts) => parts.beyond > 0) ? h('span', { class: 'key-exceedance' }, t.components['exceedance']) : null,
      off ? h('span', { class: 'key-export' }, t.takenOff) : null,
      off ? h('span', { class: 'key-level' }, t.comesOut) : null,
      slots.some((slot) => slot.state === 'partial') ? h('span', { class: 'key-partial' }, t.atLeast) : null,
    ],
  });
}
