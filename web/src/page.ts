/** What a page is, and what it gets. */
import { ApiError, type Alert, type Health, type Meter, type Reading } from './api';
import { fill, h } from './dom';
import { routeHash, type PageName, type Route } from './route';
import { texts } from './texts';

export interface Page {
  readonly root: HTMLElement;
  readonly title: string;
  /** Resolves when the page has something to show; until then the page before stays. */
  readonly ready: Promise<void>;
  reading?(reading: Reading): void;
  health?(health: Health): void;
  alert?(alert: Alert): void;
  /** Once a second. */
  tick?(): void;
  /** Where the arrow keys lead. */
  readonly earlier?: Route | null;
  readonly later?: Route | null;
  close(): void;
}

export interface PageContext {
  readonly meter: Meter;
  readonly meters: readonly Meter[];
  readonly route: Route;
  readonly reading: () => Reading | null;
  readonly health: () => Health | null;
  /** The daemon writes reports. */
  readonly reports: boolean;
  /** An address with the meter in it where there is more than one. */
  readonly to: (page: PageName, date?: string) => Route;
  /** Builds the page anew: the present day became another. */
  readonly again: () => void;
  /** True when the error was one for the whole page: no answer, or not logged in. */
  readonly lost: (error: unknown) => boolean;
}

/**
 * A load in the background: when it fails, the figures of a moment ago stay, and the frame says that the connection
 * is lost. Only a login that ended is worth leaving the page for.
 */
export async function refresh(context: PageContext, load: () => Promise<void>): Promise<void> {
  try {
    await load();
  } catch (error) {
    if (error instanceof ApiError && error.status === 401) context.lost(error);
  }
}

/** Stands where a page is still being loaded. */
export const loading = (): HTMLElement => h('p', { class: 'note loading' }, texts.loading);

export const link = (route: Route): string => routeHash(route);

/** Runs a load and shows its failure in place, with a way to try again. */
export async function guarded(context: PageContext, place: HTMLElement, load: () => Promise<void>): Promise<void> {
  try {
    await load();
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') return;
    if (context.lost(error)) return;
    const again = h('button', { type: 'button', class: 'button', click: () => void guarded(context, place, load) }, texts.empty.retry);
    fill(place, h('div', { class: 'empty' },
      h('p', { class: 'empty-title' }, texts.empty.failed),
      h('p', {}, error instanceof Error ? error.message : String(error)), again));
  }
}
