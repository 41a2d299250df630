/** Gaps in words: when nothing was heard, and what the meter's registers say went through meanwhile. */
import type { Gap } from './api';
import { card, h } from './dom';
import { duration, energy } from './format';
import { texts } from './texts';
import { clockText, dateOf, type Span } from './time';
import { shortDate } from './words';

const t = texts.gaps;

function gapText(gap: Gap, day: Span | null, zone: string): string {
  const point = (unix: number) => (day && unix >= day.from && unix <= day.to
    ? clockText(unix, zone) : `${shortDate(dateOf(unix, zone))}, ${clockText(unix, zone)}`);
  const where = t.where(point(gap.start), point(gap.end), duration(gap.end - gap.start));
  const known = gap.energy_import_wh != null || gap.energy_export_wh != null;
  const what = known ? t.known(energy(gap.energy_import_wh ?? 0), energy(gap.energy_export_wh ?? 0)) : t.unknown;
  return `${where}: ${t.reasons[gap.reason] ?? gap.reason}, ${what}.`;
}

/** The gaps that touch a span; within a single day their times go without a date. */
export function gapList(gaps: readonly Gap[], span: Span, zone: string, isDay: boolean): HTMLElement | null {
  const inside = gaps.filter((gap) => gap.end > span.from && gap.start < span.to);
  if (inside.length === 0) return null;
  return card(t.heading(inside.length), { class: 'gaps', 'data-role': 'gaps' },
    h('ul', {}, ...inside.map((gap) => h('li', {}, gapText(gap, isDay ? span : null, zone)))));
}
