/** Costs: today, this month, this year; one of them, or another span, line by line and by its parts; the advisor. */
import { advisorCard } from '../advisor';
import { api, ApiError, type Bill, type Cost } from '../api';
import { billCard, unsure } from '../bill';
import type { BarState } from '../bars';
import { now } from '../clock';
import { caveats, costBars, type CostSlot } from '../costbars';
import { cut, dateNav, shifted, type SpanKind } from '../datenav';
import { card, fill, h } from '../dom';
import { money } from '../format';
import { guarded, link, loading, refresh, type Page, type PageContext } from '../page';
import { texts } from '../texts';
import { dateOf, daysOfMonth, dayStart, monthsOfYear, type Span } from '../time';
import { isWeekend, longDate, monthAbbreviation, monthInitial, monthName, monthTitle, shortDate } from '../words';

const t = texts.costs;
const REFRESH_S = 60;

/** `2026`, `2026-10` or `2026-10-25`: how long the span is. */
export const kindOf = (date: string): SpanKind => (date.length === 4 ? 'year' : date.length === 7 ? 'month' : 'day');

/** The first day of a span of any length. */
const firstDay = (date: string): string => `${date}-01-01`.slice(0, 10);

function spanOf(date: string, zone: string): Span {
  const kind = kindOf(date);
  return { from: dayStart(firstDay(date), zone), to: dayStart(firstDay(shifted(date, kind, 1)), zone) };
}

function noTariff(sentence: string): HTMLElement {
  return h('div', { class: 'card empty', 'data-role': 'no-tariff' },
    h('h1', { class: 'empty-title', tabindex: -1 }, t.noTariff), h('p', {}, t.noTariffHint),
    h('pre', { tabindex: 0 }, t.example),
    h('p', { class: 'note' }, sentence),
    h('a', { class: 'button', href: t.docs, target: '_blank', rel: 'noopener' }, t.noTariffMore));
}

const stateOf = (cost: Cost | undefined): BarState =>
  (!cost ? 'outside' : cost.running ? 'running' : cost.lower_bound ? 'partial' : 'complete');

export function costsPage(context: PageContext): Page {
  const { meter } = context;
  const { zone } = meter;
  const present = dateOf(now(), zone);
  const date = context.route.date ?? cut(present, 'month');
  const kind = kindOf(date);
  const nav = dateNav(context, kind, 'costs', date);
  const span = spanOf(date, zone);
  const abort = new AbortController();
  const figures = h('div', {});
  const bill = h('div', {});
  const bars = h('div', { class: 'stack' });
  const advisor = h('div', { 'data-place': 'advisor' });
  const body = h('div', { class: 'stack' }, loading());
  const root = h('div', { class: 'stack' }, nav.root, body);
  let age = 0;
  let shown = false;

  const presents: { name: string; date: string }[] = [
    { name: t.today, date: present }, { name: t.month, date: cut(present, 'month') }, { name: t.year, date: cut(present, 'year') },
  ];
  const titleOf = (one: string) => (kindOf(one) === 'day' ? longDate(one) : kindOf(one) === 'month' ? monthTitle(one) : one);

  function showFigures(bills: readonly Bill[]): void {
    const links = presents.map((one, index) => {
      const its = bills[index];
      if (!its) return null;
      return h('a', {
        class: 'choose-figure', href: link(context.to('costs', one.date)), 'data-key': `figure-${index}`, 'data-figure': kindOf(one.date),
        'aria-current': one.date === date ? 'true' : undefined,
      },
      h('span', { class: 'figure-name' }, one.name),
      h('span', { class: 'figure-amount' }, h('strong', {}, money(its.total_micro_eur)), its.certain ? null : unsure(t.uncertain)),
      h('small', {}, caveats({ ...its, certain: true })));
    });
    const uncertain = presents.some((_, index) => bills[index]?.certain === false);
    fill(figures, h('div', { class: 'card figures', role: 'navigation', 'aria-label': t.spans }, ...links,
      uncertain ? h('p', { class: 'note' }, unsure(''), ` ${t.uncertainFigures}`) : null));
  }

  function slots(costs: readonly Cost[]): CostSlot[] {
    const byStart = new Map(costs.map((cost) => [cost.start, cost]));
    const parts = kind === 'month' ? daysOfMonth(date) : monthsOfYear(date);
    return parts.map((part): CostSlot => {
      const cost = byStart.get(dayStart(firstDay(part), zone));
      const state = stateOf(cost);
      const day = Number(part.slice(8));
      return {
        ...(kind === 'month'
          ? { label: String(day), shortLabel: day === 1 || day % 5 === 0 ? String(day) : '', title: shortDate(part), weekend: isWeekend(part) }
          : { label: monthAbbreviation(part), shortLabel: monthInitial(part), title: monthName(part) }),
        cost, state,
        ...(state === 'outside' ? {} : { href: link(context.to('costs', part)) }),
      };
    });
  }

  async function load(): Promise<void> {
    const wanted = [...new Set([...presents.map((one) => one.date), date])];
    const billOf = (one: string) => {
      const { from, to } = spanOf(one, zone);
      return api.bill(meter.name, from, to, abort.signal);
    };
    const [bills, costs] = await Promise.all([
      Promise.all(wanted.map(billOf)),
      kind === 'day' ? [] : api.costs(meter.name, kind === 'month' ? 'days' : 'months', span.from, span.to, abort.signal),
    ]);
    const chosen = bills[wanted.indexOf(date)];
    showFigures(bills);
    const foot = h('p', { class: 'card-foot' }, h('a', { href: link(context.to(kind, date)) }, t.toEnergy[kind]));
    // The sum of one of the three stands above already.
    if (chosen) fill(bill, billCard(chosen, titleOf(date), foot, !presents.some((one) => one.date === date)));
    fill(bars, kind === 'day' ? null : card(t.bars[kind], {}, costBars(slots(costs), kind === 'month' ? 'day' : 'month')));
    if (!shown) fill(body, figures, bars, bill, advisor);
    shown = true;
  }

  async function loadAdvice(): Promise<void> {
    fill(advisor, advisorCard(await api.advice(meter.name, abort.signal)));
  }

  async function first(): Promise<void> {
    if (!context.meter.tariff) {
      const sentence = await api.bill(meter.name, now() - 1, now(), abort.signal).then(() => '', (error: unknown) => {
        if (error instanceof ApiError && error.status === 404) return error.message;
        throw error;
      });
      fill(root, noTariff(sentence));
      return;
    }
    await load();
    // The last on the page: it may take its time without moving anything.
    void guarded(context, advisor, loadAdvice);
  }

  return {
    root,
    title: t.titleOf(nav.title),
    ready: guarded(context, body, first),
    earlier: context.meter.tariff ? nav.earlier : null,
    later: context.meter.tariff ? nav.later : null,
    tick() {
      age += 1;
      // Midnight makes today another day, whatever span is looked at.
      if (dateOf(now(), zone) !== present) {
        context.again();
        return;
      }
      // Not under the user's hand: a new bill would close what is open.
      if (age < REFRESH_S || !shown || span.to <= now() || body.matches(':focus-within, :hover')) return;
      age = 0;
      void refresh(context, load);
    },
    close: () => abort.abort(),
  };
}
