/** The month's quarter-hours: the grid, the ten highest, and each day's highest as a table. */
import { api } from './api';
import { now } from './clock';
import { card, fill, h, icon, setText } from './dom';
import { count, energy, milli, power, roundPower } from './format';
import { heatmap } from './heatmap';
import { guarded, link, type PageContext } from './page';
import { highest, QUARTER_S, quarterCells, referencesOf, type Cell, type ReferenceStep } from './peaks';
import { texts } from './texts';
import { clockText, dateOf, daySpan, daysOfMonth, hoursIn, zoneOffset, type Span } from './time';
import { shortDate } from './words';

const t = texts.peaks;
const MOST = 10;

export interface PeaksCard {
  readonly root: HTMLElement;
  /** Loads the month, and shows a failure in its place. */
  load(): Promise<void>;
  /** Loads it again as it grows; a failure is the caller's. */
  refresh(): Promise<void>;
  close(): void;
}

export function peaksCard(context: PageContext, month: string, span: Span, signal: AbortSignal): PeaksCard {
  const { meter } = context;
  const { zone } = meter;
  const days = daysOfMonth(month);
  const legend = h('span', {}, t.hint);
  const lead = h('a', { class: 'is-off' }, t.seeDay);
  const list = h('div', {});
  const place = h('div', {});
  const key = h('p', { class: 'key', 'aria-hidden': 'true' });

  const spanText = (cell: Cell): string => {
    const text = t.span(clockText(cell.start, zone), clockText(cell.start + QUARTER_S, zone));
    return zoneOffset(cell.start, zone) < zoneOffset(cell.start - 3600, zone) ? `${text} (${texts.bars.hourChange})` : text;
  };
  const when = (cell: Cell): string => `${shortDate(dateOf(cell.start, zone))}, ${spanText(cell)}`;
  const words = (cell: Cell): string => {
    if (cell.state !== 'known') return t.at(when(cell), cell.state === 'gap' ? t.gap : t.outside);
    const mean = t.mean(power(cell.watts ?? 0));
    const rest = [mean, cell.beyond > 0 && t.beyond(energy(Math.round(cell.beyond / 4))), cell.running && texts.now.soFar].filter(Boolean).join(', ');
    return t.at(when(cell), rest);
  };
  const dayLink = (cell: Cell): string => link(context.to('day', dateOf(cell.start, zone)));

  const map = heatmap({
    rowLabels: days.map((date) => String(Number(date.slice(8)))),
    label: t.label, words,
    onPoint(cell, kept) {
      setText(legend, cell ? words(cell) : t.hint);
      lead.classList.toggle('is-off', !cell || !kept);
      if (cell) lead.href = dayLink(cell);
      else lead.removeAttribute('href');
    },
    onOpen: (cell) => { location.hash = dayLink(cell); },
  });

  function listOf(cells: readonly Cell[]): HTMLElement {
    const top = highest(cells, MOST);
    if (top.length === 0) return h('p', { class: 'note' }, t.noneYet);
    const most = top[0]?.watts ?? 1;
    return h('ol', { class: 'ranking', 'data-role': 'highest' }, ...top.map((cell) => {
      const bar = h('i', { class: cell.beyond > 0 ? 'is-beyond' : '' });
      bar.style.width = `${((cell.watts ?? 0) / most) * 100}%`;
      return h('li', {},
        h('a', { href: dayLink(cell), title: when(cell) }, t.begins(shortDate(dateOf(cell.start, zone)), clockText(cell.start, zone))),
        h('span', { class: 'ranking-value' }, `${milli(cell.watts ?? 0)}\u00a0kW`),
        h('span', { class: 'ranking-bar', 'aria-hidden': 'true' }, bar),
        h('span', { class: 'ranking-note' }, cell.beyond > 0 ? icon('warning') : null, cell.beyond > 0 ? t.beyond(energy(Math.round(cell.beyond / 4))) : ''));
    }));
  }

  function tableOf(cells: readonly Cell[], reference: boolean): HTMLElement {
    const head = (text: string) => h('th', { scope: 'col' }, text);
    const rows = days.flatMap((date, row) => {
      const mine = cells.filter((cell) => cell.row === row && cell.state !== 'outside');
      if (mine.length === 0) return [];
      const best = highest(mine, 1)[0];
      const gaps = mine.filter((cell) => cell.state === 'gap').length;
      return [h('tr', {},
        h('th', { scope: 'row' }, shortDate(date)),
        h('td', {}, best ? milli(best.watts ?? 0) : texts.none), h('td', {}, best ? clockText(best.start, zone) : texts.none),
        reference && h('td', {}, count(mine.filter((cell) => cell.beyond > 0).length)),
        h('td', {}, count(gaps)))];
    });
    return h('details', { class: 'numbers' }, h('summary', {}, t.table),
      h('div', { class: 'scroll' }, h('table', {},
        h('thead', {}, h('tr', {}, head(texts.bars.when.day), head('kW'), head(t.from), reference && head(t.howMany), head(t.unmeasured))),
        h('tbody', {}, ...rows))));
  }

  function showKey(cells: readonly Cell[], full: number, steps: readonly ReferenceStep[]): void {
    const last = steps.at(-1);
    fill(key,
      h('span', { class: 'key-ramp' }, t.ramp(roundPower(full))),
      last ? h('span', { class: 'key-beyond' }, t.over(roundPower(last.watts))) : null,
      cells.some((cell) => cell.state === 'gap') ? h('span', { class: 'key-gap' }, t.unmeasured) : null);
  }

  async function fetchAll(): Promise<void> {
    const [account, bill] = await Promise.all([
      api.account(meter.name, 'quarter-hours', span.from, span.to, signal),
      // What the bill cannot say is no reason to hide the quarter-hours.
      meter.tariff ? api.bill(meter.name, span.from, span.to, signal).catch(() => null) : null,
    ]);
    const references = referencesOf(bill, month);
    const cells = quarterCells({ month, zone, entries: account.entries, firstTime: meter.first_time ?? 0, now: now(), references });
    const most = cells.reduce((best, cell) => Math.max(best, cell.watts ?? 0), 0);
    const full = references.at(-1)?.watts ?? Math.max(1000, Math.ceil(most / 1000) * 1000);
    // Not there yet, or pushed out by the words of a failure.
    if (!place.contains(map.root)) fill(place, map.root);
    map.show(cells, full);
    showKey(cells, full, references);
    fill(list, h('div', { class: 'peaks-text' },
      h('div', {}, h('h3', {}, t.highest), listOf(cells)), tableOf(cells, references.length > 0)));
  }

  const unusual = days.map((date) => ({ date, hours: hoursIn(daySpan(date, zone)) })).filter(({ hours }) => hours !== 24)
    .map(({ date, hours }) => (hours < 24 ? t.hours23 : t.hours25)(shortDate(date)));

  fill(place, map.root);
  return {
    root: card(t.heading, { 'data-role': 'peaks' }, key, place,
      h('p', { class: 'legend is-peaks' }, legend, ' ', lead),
      unusual.length > 0 ? h('p', { class: 'note is-peaks', 'data-role': 'dst' }, unusual.join(' ')) : null, list),
    load: () => guarded(context, place, fetchAll),
    refresh: fetchAll,
    close: () => map.close(),
  };
}
