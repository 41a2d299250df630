/** How well days were measured, in words: a mark a day, a line in sum, the sentences of one day. */
import type { Quality } from './api';
import { card, h, icon } from './dom';
import { count } from './format';
import { texts } from './texts';

const t = texts.quality;

export type Level = 'whole' | 'part' | 'none';

export interface Mark { readonly level: Level; readonly words: string }

/** A day of which every quarter-hour was measured is whole, also where the meter began only then. */
export function levelOf(day: Quality): Level {
  if (day.quarter_hours_measured === 0 && day.quarter_hours > 0) return 'none';
  return day.complete || day.quarter_hours_measured >= day.quarter_hours ? 'whole' : 'part';
}

export function markOf(day: Quality): Mark {
  const level = levelOf(day);
  if (level === 'none') return { level, words: t.none };
  return { level, words: level === 'whole' ? t.whole : t.part(day.quarter_hours_measured, day.quarter_hours) };
}

/** The days in sum, and what the marks mean where they differ; days that are not in the list were before the meter. */
export function qualityLine(days: readonly Quality[]): HTMLElement | null {
  if (days.length === 0) return null;
  const levels = days.map(levelOf);
  const whole = levels.filter((level) => level === 'whole').length;
  const sum = (of: (day: Quality) => number) => count(days.reduce((total, day) => total + of(day), 0));
  const names: [Level, string][] = [['whole', t.whole], ['part', t.inPart], ['none', t.none]];
  return h('p', { class: 'note quality-line', 'data-role': 'quality-line' },
    h('span', {}, t.sum(whole, days.length, sum((day) => day.quarter_hours_measured), sum((day) => day.quarter_hours))),
    ...(whole === days.length ? [] : names.map(([level, name]) =>
      h('span', { class: 'quality-key', 'aria-hidden': 'true' }, h('i', { class: `mark is-${level}` }), name))));
}

/** What there is to say of one day. */
export function qualityCard(day: Quality | undefined): HTMLElement | null {
  if (!day || day.sentences.length === 0) return null;
  const level = levelOf(day);
  return card(t.heading, { 'data-role': 'quality', 'data-level': level },
    h('ul', { class: 'quality-sentences' }, ...day.sentences.map((sentence, index) => h('li', {},
      index === 0 ? icon(level === 'whole' ? 'check' : 'warning') : null, h('span', {}, sentence)))));
}
