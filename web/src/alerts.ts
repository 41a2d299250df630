/** Alerts: what is open as calm notices, and what was, one line each. */
import type { Alert, Alerts } from './api';
import { card, fill, h, icon } from './dom';
import { duration } from './format';
import { texts } from './texts';
import { clockText, dateOf } from './time';
import { shortDate } from './words';

const t = texts.alerts;

const keyOf = (alert: Alert): string => `${alert.meter} ${alert.code} ${alert.phase ?? ''}`;

/** The open ones after something was said: one that began or goes on replaces itself, one that is over goes. */
export function withAlert(open: readonly Alert[], said: Alert): Alert[] {
  const at = open.findIndex((one) => keyOf(one) === keyOf(said));
  if (said.state === 'over') return open.filter((one) => keyOf(one) !== keyOf(said));
  return at < 0 ? [...open, said] : open.map((one, index) => (index === at ? said : one));
}

export interface PastAlert {
  readonly meter: string;
  readonly since: number;
  readonly until: number;
  /** What began, where that is still known. */
  readonly began: string | null;
  readonly over: string;
}

/** One line for each that is over, newest first, with the words of its beginning. */
export function past(recent: readonly Alert[]): PastAlert[] {
  return recent.filter((one) => one.state === 'over').map((over) => ({
    meter: over.meter, since: over.since, until: over.time, over: over.sentence,
    began: recent.find((one) => one.state === 'begin' && keyOf(one) === keyOf(over) && one.since === over.since)?.sentence ?? null,
  }));
}

/** Minutes are enough for an alert, and seconds would tick. */
const moment = (unix: number, zone: string, now: number): string =>
  (dateOf(unix, zone) === dateOf(now, zone) ? clockText(unix, zone) : `${shortDate(dateOf(unix, zone))}, ${clockText(unix, zone)}`);

export interface AlertWords {
  readonly zone: string;
  readonly now: number;
  /** The meter's title where there are several. */
  readonly titleOf: (meter: string) => string;
}

function notice(alert: Alert, words: AlertWords): HTMLElement {
  const title = words.titleOf(alert.meter);
  return h('div', { class: 'problem is-attention', 'data-alert': alert.code },
    icon('bell'),
    h('p', {}, h('span', { class: 'unseen' }, `${t.one}: `), h('strong', {}, title ? `${title}: ` : '', alert.sentence), ' ',
      h('span', { class: 'note' }, t.since(moment(alert.since, words.zone, words.now)))));
}

/** Builds the notices anew only where their words changed: they neither flicker nor speak again and again. */
export function showNotices(place: HTMLElement, open: readonly Alert[], words: AlertWords): void {
  const said = JSON.stringify(open.map((one) => [keyOf(one), one.sentence, one.since]));
  if (place.dataset['words'] === said) return;
  place.dataset['words'] = said;
  fill(place, ...open.map((alert) => notice(alert, words)));
}

const SHOWN = 5;

function pastRow(one: PastAlert, words: AlertWords): HTMLElement {
  const from = moment(one.since, words.zone, words.now);
  // Within one day the second time needs no date.
  const to = dateOf(one.since, words.zone) === dateOf(one.until, words.zone) ? clockText(one.until, words.zone) : moment(one.until, words.zone, words.now);
  const title = words.titleOf(one.meter);
  return h('li', {},
    h('p', {}, h('strong', {}, t.span(from, to)), ` (${duration(one.until - one.since)})`, title ? `, ${title}` : ''),
    one.began ? h('p', {}, one.began) : null,
    h('p', { class: 'note' }, one.over));
}

export function alertCard({ open, recent }: Alerts, words: AlertWords): HTMLElement {
  const notices = h('div', { class: 'notices' });
  showNotices(notices, open, words);
  const rows = past(recent).map((one) => pastRow(one, words));
  const list = (items: HTMLElement[]) => h('ul', { class: 'rows' }, ...items);
  return card(t.heading, { 'data-role': 'alerts' },
    open.length > 0 ? notices : h('p', { class: 'note' }, t.quiet),
    rows.length > 0 ? list(rows.slice(0, SHOWN)) : h('p', { class: 'note' }, t.noneYet),
    rows.length > SHOWN ? h('details', { class: 'numbers' }, h('summary', {}, t.earlier(rows.length - SHOWN)), list(rows.slice(SHOWN))) : null);
}
