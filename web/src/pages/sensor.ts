/** Sensor: what a tank, a room or a clock says: its figures large, and a curve of each. */
import { api, type Reading } from '../api';
import { curveChart, type CurveChart } from '../chart';
import { monotonic, now } from '../clock';
import { card, fill, h, setText } from '../dom';
import { duration } from '../format';
import { guarded, link, loading, refresh, type Page, type PageContext } from '../page';
import { proofBadge } from '../readings';
import { sensorFigure, sensorViews, type Shown } from '../sensor';
import { withBreaks } from '../series';
import { texts } from '../texts';
import { clockText, dateOf, daySpan } from '../time';
import { mediumDate } from '../words';

const t = texts.sensor;
const DAY_S = 86_400;
const SPANS: Partial<Record<string, number>> = { month: 31 * DAY_S, year: 366 * DAY_S };
const REFRESH_S = 60;

export function sensorPage(context: PageContext): Page {
  const { meter, route } = context;
  const views = sensorViews(meter);
  const abort = new AbortController();
  let reading: Reading | null = null;
  let arrived = 0;
  let waited = 0;
  const charts = new Map<string, CurveChart>();
  const figures = new Map(views.map((one) => [one.name, h('dd', { 'data-role': one.name }, texts.none)]));
  const age = h('p', { class: 'note', 'data-role': 'age' });
  const proof = h('span', {});
  const figuresCard = card(meter.title, { 'data-role': 'sensor' },
    h('dl', { class: 'pairs' }, ...views.map((one) => h('div', { class: 'pair' }, h('dt', {}, t.quantities[one.name] ?? one.name), figures.get(one.name) ?? ''))),
    age, proof);
  const curves = h('div', { class: 'stack' });
  const body = h('div', { class: 'stack' }, loading());
  const root = h('div', { class: 'stack' }, h('h1', { class: 'unseen', tabindex: -1 }, meter.title), body);

  function span(): { from: number; to: number } {
    if (route.page === 'day' && route.date) return daySpan(route.date, meter.zone);
    const to = Math.floor(now());
    return { from: to - (SPANS[route.page] ?? DAY_S), to };
  }

  function showAge(): void {
    if (!reading) return;
    const seconds = reading.age_s + monotonic() - arrived;
    setText(age, t.age(duration(seconds), `${mediumDate(dateOf(reading.time, meter.zone))}, ${clockText(reading.time, meter.zone)}`));
  }

  function show(next: Reading): void {
    reading = next;
    arrived = monotonic();
    for (const one of views) {
      const value = next.values[one.name];
      const place = figures.get(one.name);
      if (place) setText(place, value == null ? texts.none : sensorFigure(one, value));
    }
    fill(proof, proofBadge(next.proof));
    showAge();
  }

  function chartOf(one: Shown): CurveChart {
    const known = charts.get(one.name);
    if (known) return known;
    const label = t.quantities[one.name] ?? one.name;
    const made = curveChart({ zone: meter.zone, measure: one.measure, style: 'phases', label, height: 190 });
    charts.set(one.name, made);
    curves.append(card(`${label}, ${one.unit}`, { 'data-role': `curve-${one.name}` }, made.root));
    return made;
  }

  async function loadCurves(): Promise<void> {
    if (views.length === 0) return;
    const { from, to } = span();
    const series = await api.series(meter.name, views.map((one) => one.name), from, to, abort.signal);
    for (const one of views) {
      const mean = (series.series[one.name]?.mean ?? []).map((value) => (value === null ? null : value * one.factor));
      // A sensor may measure once an hour; what is further apart than that is a gap.
      const step = Math.max(series.resolution_s, 3600);
      chartOf(one).show(withBreaks(step, series.time, [mean]), { from, to });
    }
  }

  async function load(): Promise<void> {
    const last = await api.last(meter.name, abort.signal);
    if (!last) {
      fill(body, h('div', { class: 'card empty' },
        h('p', { class: 'empty-title' }, t.waiting),
        h('a', { class: 'button', href: link(context.to('health')) }, texts.nav.health)));
      return;
    }
    fill(body, figuresCard, curves);
    if (!reading || reading.time < last.time) show(last);
    await loadCurves();
  }

  return {
    root,
    title: meter.title,
    ready: guarded(context, body, load),
    reading(next) {
      if (!reading) void guarded(context, body, load);
      show(next);
    },
    tick() {
      showAge();
      waited += 1;
      if (waited < REFRESH_S || !reading) return;
      waited = 0;
      void refresh(context, loadCurves);
    },
    close() {
      abort.abort();
      charts.forEach((chart) => chart.close());
    },
  };
}
