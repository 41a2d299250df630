/** Addresses inside the page: `#/day/2026-11-23?meter=home`. */
import { isDate, isMonth, isYear } from './time';

export const PAGE_NAMES = ['now', 'day', 'month', 'year', 'costs', 'health', 'check'] as const;
export type PageName = (typeof PAGE_NAMES)[number];

/** Those in the navigation; the others are reached from where they belong. */
export const NAVIGATION = PAGE_NAMES.filter((name) => name !== 'check');

export interface Route {
  readonly page: PageName;
  /** The day, month or year looked at; absent means the present one. */
  readonly date?: string;
  readonly meter?: string;
}

const VALID: Partial<Record<PageName, (text: string) => boolean>> = {
  day: isDate, month: isMonth, year: isYear, costs: (text) => isDate(text) || isMonth(text) || isYear(text),
};

/** Anything unknown leads to the first page rather than to nothing. */
export function parseRoute(hash: string): Route {
  const [path = '', search = ''] = hash.replace(/^#\/?/, '').split('?');
  const [name = '', date = ''] = path.split('/');
  const page = PAGE_NAMES.find((known) => known === name) ?? 'now';
  const meter = new URLSearchParams(search).get('meter');
  return {
    page,
    ...(VALID[page]?.(date) ? { date } : {}),
    ...(meter ? { meter } : {}),
  };
}

export function routeHash(route: Route): string {
  const date = route.date ? `/${route.date}` : '';
  const meter = route.meter ? `?meter=${encodeURIComponent(route.meter)}` : '';
  return `#/${route.page}${date}${meter}`;
}
