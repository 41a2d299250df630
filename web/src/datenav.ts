/** The heading of a day, month or year: what it is, the way to its neighbours, and the calendar. */
import { add, h, icon } from './dom';
import { link, type PageContext } from './page';
import type { PageName, Route } from './route';
import { texts } from './texts';
import { addDays, addMonths, dateOf } from './time';
import { now } from './clock';
import { longDate, mediumDate, monthTitle } from './words';

export type SpanKind = 'day' | 'month' | 'year';

/** `2026-11-23` cut to the kind: the day, the month or the year. */
export const cut = (date: string, kind: SpanKind): string => date.slice(0, { day: 10, month: 7, year: 4 }[kind]);

export function shifted(date: string, kind: SpanKind, by: number): string {
  if (kind === 'day') return addDays(date, by);
  return kind === 'month' ? addMonths(date, by) : String(Number(date) + by).padStart(4, '0');
}

export interface DateNav {
  readonly root: HTMLElement;
  readonly date: string;
  /** In words, for the window's title. */
  readonly title: string;
  readonly present: string;
  /** True once midnight has made the present another one. */
  readonly isOver: () => boolean;
  readonly earlier: Route | null;
  readonly later: Route | null;
}

function titleOf(date: string, kind: SpanKind): string {
  return kind === 'day' ? longDate(date) : kind === 'month' ? monthTitle(date) : date;
}

/** Choices of a list, newest first. */
function choices(first: string, last: string, kind: SpanKind): string[] {
  const list: string[] = [];
  for (let date = last; date >= first && list.length < 600; date = shifted(date, kind, -1)) list.push(date);
  return list;
}

function picker(kind: SpanKind, date: string, first: string, last: string, go: (date: string) => void): HTMLElement {
  const label = texts.date.pick[kind];
  if (kind === 'day') {
    return h('input', {
      type: 'date', class: 'field', value: date, min: first, max: last, 'aria-label': label, title: label, 'data-key': 'pick',
      change: (event) => {
        const { value } = event.target as HTMLInputElement;
        if (value) go(value);
      },
    });
  }
  const select = h('select', {
    class: 'field', 'aria-label': label, title: label, 'data-key': 'pick',
    change: (event) => go((event.target as HTMLSelectElement).value),
  });
  const oldest = first < date ? first : date;
  const newest = last > date ? last : date;
  for (const choice of choices(oldest, newest, kind)) {
    const option = h('option', { value: choice }, titleOf(choice, kind));
    option.selected = choice === date;
    select.append(option);
  }
  return select;
}

function step(route: Route | null, label: string, side: 'left' | 'right'): HTMLElement {
  if (!route) return h('span', { class: 'step is-off', 'aria-hidden': 'true' }, icon(side));
  return h('a', { class: 'step', href: link(route), 'aria-label': label, title: label, 'data-key': side }, icon(side));
}

/** `page` is where it leads, `wanted` the span looked at; a page that has one length only says neither. */
export function dateNav(context: PageContext, kind: SpanKind, page: PageName = kind, wanted = context.route.date): DateNav {
  const { zone, first_time: firstTime } = context.meter;
  const presentNow = () => cut(dateOf(now(), zone), kind);
  const present = presentNow();
  const date = wanted ?? present;
  const to = (other?: string) => context.to(page, other);
  const first = firstTime == null ? present : cut(dateOf(firstTime, zone), kind);
  const earlier = date > first ? to(shifted(date, kind, -1)) : null;
  const later = date < present ? to(shifted(date, kind, 1)) : null;
  const go = (chosen: string) => { location.hash = link(to(chosen)); };
  const title = h('h1', { tabindex: -1 });
  if (kind === 'day') {
    add(title, h('span', { class: 'wide-only' }, longDate(date)), h('span', { class: 'narrow-only' }, mediumDate(date)));
  } else add(title, titleOf(date, kind));
  const presentLink = h('a', {
    class: date === present ? 'button is-off' : 'button', href: link(to(page === kind ? undefined : present)), 'data-key': 'present',
    'aria-current': date === present ? 'date' : undefined,
  }, texts.date.present[kind]);
  const root = h('header', { class: 'datenav' },
    h('div', { class: 'datenav-title' },
      step(earlier, texts.date.previous[kind], 'left'), title, step(later, texts.date.next[kind], 'right')),
    h('div', { class: 'datenav-tools' }, presentLink, picker(kind, date, first, present, go)));
  return { root, date, title: titleOf(date, kind), present, isOver: () => presentNow() !== present, earlier, later };
}
