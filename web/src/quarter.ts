/** The running quarter-hour: its energies, and against the reference power where the contract has one. */
import type { Quarter } from './api';
import { card, fill, h, icon, setText } from './dom';
import { allowance, duration, energy, power, roundPower } from './format';
import type { Sides } from './sides';
import { texts } from './texts';
import { clockText } from './time';

const t = texts.quarter;

/** Before this much of it, the mean of the beginning says nothing, s. */
const FIRST_S = 30;

/** Average import so far, W, where enough of it was measured. */
export function averageSoFar(quarter: Quarter, time: number): number | null {
  const elapsed = time - quarter.start;
  if (quarter.energy_import_wh == null || elapsed < FIRST_S || !quarter.complete) return null;
  return (quarter.energy_import_wh * 3600) / elapsed;
}

/**
 * The quarter-hour's mean that is certain already, W: what it comes to if nothing more is taken. It only grows, and
 * passes the reference at the moment at which the quarter-hour does. (The average of the time so far would be above
 * the reference after each kettle at its beginning.)
 */
export const certainMean = (quarter: Quarter): number =>
  ((quarter.energy_import_wh ?? 0) * 3600) / (quarter.end - quarter.start);

export type Standing = 'within' | 'heading' | 'beyond';

/** How it stands with the reference power; null without one. */
export function standing(quarter: Quarter): Standing | null {
  const reference = quarter.reference_power_w;
  if (reference == null) return null;
  if ((quarter.exceedance_wh ?? 0) > 0) return 'beyond';
  return (quarter.demand_import_projected_w ?? 0) > reference ? 'heading' : 'within';
}

/** More than a household's connection carries (3 × 63 A): no limit that anybody could pass. W. */
const LARGEST_W = 44_000;

/** How it stands, in words. */
export function wordsFor(quarter: Quarter, how: Standing, reference: number, end: string): string {
  const to = roundPower(reference);
  if (how === 'beyond') return t.beyond(energy(quarter.exceedance_wh ?? 0), to);
  const allowed = quarter.power_allowed_w;
  if (allowed == null) return '';
  if (how === 'heading') return t.heading(to, allowance(allowed), end);
  return allowed > Math.max(LARGEST_W, 4 * reference) ? t.safe(to) : t.within(allowance(allowed), end, to);
}

/** The scale's end as a multiple of the reference, in few steps, so that the line stays where it is. */
const STEPS = [1.5, 2, 3, 5, 8, 13, 21, 34];

export const scaleStep = (reference: number, highest: number): number =>
  STEPS.find((step) => highest <= reference * step * 0.98) ?? 55;

export function pair(label: string, extra = ''): { root: HTMLElement; label: HTMLElement; value: HTMLElement } {
  const name = h('dt', {}, label);
  const value = h('dd', {}, texts.none);
  return { root: h('div', { class: `pair ${extra}` }, name, value), label: name, value };
}

export interface QuarterCard {
  readonly root: HTMLElement;
  /** `time` is the telegram's, `now` the meter's present as it is known. */
  show(quarter: Quarter, time: number, now: number, sides: Sides): void;
}

/** `taking`: what it takes matters, so that its average is told. */
export function quarterCard(zone: string, exporting: boolean, taking = true): QuarterCard {
  const span = h('span', { class: 'card-note' });
  const elapsedBar = h('i', {});
  const progress = h('div', { class: 'progress', 'aria-hidden': 'true' }, elapsedBar);

  const ahead = h('i', { class: 'gauge-ahead' });
  const within = h('i', { class: 'gauge-within' });
  const over = h('i', { class: 'gauge-over' });
  const pace = h('i', { class: 'gauge-pace' });
  const line = h('i', { class: 'gauge-line' });
  const lineLabel = h('b', { class: 'gauge-label' });
  const gauge = h('div', { class: 'gauge', 'aria-hidden': 'true' }, lineLabel, h('div', { class: 'gauge-track' }, ahead, within, over), pace, line);
  const mark = h('span', { class: 'gauge-mark' });
  const words = h('span', { 'data-role': 'quarter-words' });
  const sentence = h('p', { class: 'gauge-words' }, mark, words);
  const spoken = h('p', { class: 'unseen', role: 'status' });
  const reckoned = h('div', { class: 'quarter-reckoned' }, gauge, sentence, spoken);

  const pairs = {
    import: pair(texts.import, 'is-import'), export: pair(texts.export, 'is-export'),
    average: pair(t.average), pace: pair(t.pace, 'is-pace'), left: pair(t.left),
  };
  const partial = h('p', { class: 'note' });
  const root = card(t.title, { 'data-role': 'quarter' }, span, progress, reckoned,
    h('dl', { class: 'pairs' }, pairs.import.root, exporting && pairs.export.root, taking && pairs.average.root, pairs.pace.root, pairs.left.root), partial);

  let step = 0;
  let stepOf = 0;
  let said: Standing | null = null;

  /** Wide enough for all that this quarter-hour has shown; it grows in steps and never shrinks before the end. */
  function widest(quarter: Quarter, reference: number): number {
    const wanted = scaleStep(reference, Math.max(certainMean(quarter), quarter.demand_import_projected_w ?? 0));
    step = stepOf === quarter.start ? Math.max(step, wanted) : wanted;
    stepOf = quarter.start;
    return reference * step;
  }

  function showGauge(quarter: Quarter, now: number): void {
    const reference = quarter.reference_power_w;
    const how = standing(quarter);
    reckoned.hidden = reference == null || how === null;
    progress.hidden = !reckoned.hidden;
    // What counts against a reference is where the quarter-hour ends; without one the average is as telling.
    pairs.pace.root.hidden = reckoned.hidden;
    pairs.average.root.hidden = !reckoned.hidden;
    root.classList.toggle('is-reckoned', !reckoned.hidden);
    if (reference == null || how === null) return;
    const full = widest(quarter, reference);
    const certain = certainMean(quarter);
    const share = (watts: number) => `${Math.min(100, (watts / full) * 100)}%`;
    ahead.style.width = share(quarter.demand_import_projected_w ?? 0);
    within.style.width = share(Math.min(certain, reference));
    over.style.left = share(reference);
    over.style.width = share(Math.max(0, certain - reference));
    line.style.left = share(reference);
    lineLabel.style.left = share(reference);
    setText(lineLabel, roundPower(reference));
    pace.hidden = quarter.demand_import_projected_w == null;
    pace.style.left = share(quarter.demand_import_projected_w ?? 0);
    if (root.dataset['standing'] !== how || !mark.firstChild) fill(mark, icon(how === 'within' ? 'check' : 'warning'));
    root.dataset['standing'] = how;
    // After its end the next telegram tells of another quarter-hour.
    setText(words, now >= quarter.end ? t.waiting : wordsFor(quarter, how, reference, clockText(quarter.end, zone)));
    // Said aloud when it turns, not with each telegram.
    if (said !== how) setText(spoken, said === null ? '' : `${t.states[how]}. ${words.textContent ?? ''}`);
    said = how;
  }

  return {
    root,
    show(quarter, time, now, sides) {
      const left = Math.max(0, quarter.end - now);
      const average = averageSoFar(quarter, time);
      const text = (value: number | null | undefined, write: (value: number) => string) => (value == null ? texts.none : write(value));
      setText(span, t.span(clockText(quarter.start, zone), clockText(quarter.end, zone)));
      setText(pairs.import.label, sides.import);
      setText(pairs.export.label, sides.export);
      setText(pairs.import.value, text(quarter.energy_import_wh, energy));
      setText(pairs.export.value, text(quarter.energy_export_wh, energy));
      setText(pairs.average.value, text(average, power));
      setText(pairs.pace.value, text(quarter.demand_import_projected_w, power));
      setText(pairs.left.value, duration(left));
      setText(partial, quarter.complete ? '' : t.partial);
      elapsedBar.style.width = `${(1 - left / (quarter.end - quarter.start)) * 100}%`;
      showGauge(quarter, now);
    },
  };
}
