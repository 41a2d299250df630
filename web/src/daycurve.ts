/** The day's curve: choice of quantity, zoom by drag, button or key, and the values under the pointer. */
import { api, type Series } from './api';
import { curveChart, type CurveChart } from './chart';
import { card, fill, h, icon, setText } from './dom';
import { duration, power } from './format';
import { guarded, type PageContext } from './page';
import { viewsOf, type View } from './quantities';
import { withBreaks, type Curve } from './series';
import type { Sides } from './sides';
import { texts } from './texts';
import { clockText, type Span } from './time';

export interface DayCurve {
  readonly root: HTMLElement;
  /** Loads the span shown, and shows a failure in its place. */
  load(): Promise<void>;
  /** Loads it again as the day grows; a failure is the caller's. */
  refresh(): Promise<void>;
  zoom(span: Span): void;
  /** What import and export are called here. */
  name(sides: Sides): void;
  readonly zoomed: () => boolean;
  close(): void;
}

const t = texts.day;
const HEIGHT = 300;
const HINT = window.matchMedia('(hover: none)').matches ? t.touchHint : t.mouseHint;
const NARROWEST_S = 120;

/** "Import 412 W": a direction in words, never a sign alone. */
function directed(net: number, sides: Sides): string {
  const direction = net > 0 ? sides.import : net < 0 ? sides.export : '';
  return `${direction} ${power(Math.abs(net))}`.trim();
}

export function dayCurve(context: PageContext, day: Span, dateText: string): DayCurve {
  const { meter } = context;
  const views = viewsOf(meter);
  let view = views[0] as View;
  let sides: Sides = texts;
  let span = day;
  let chart: CurveChart | undefined;
  let curve: Curve | undefined;
  let abort = new AbortController();

  const place = h('div', { class: 'curve-place' });
  const legend = h('p', { class: 'legend', 'data-role': 'curve-legend' }, HINT);
  const note = h('span', { class: 'note', 'data-role': 'curve-note' });
  const tool = (label: string, content: Node | string, act: () => void, key: string) =>
    h('button', { type: 'button', class: 'button', 'aria-label': label, title: label, 'data-key': key, click: act }, content);
  const reset = tool(t.resetZoom, t.resetZoom, () => zoom(day), 'reset-zoom');
  const tools = h('div', { class: 'tools' },
    tool(t.earlier, icon('left'), () => pan(-0.5), 'earlier'),
    tool(t.zoomOut, icon('minus'), () => scale(2), 'zoom-out'),
    tool(t.zoomIn, icon('plus'), () => scale(0.5), 'zoom-in'),
    tool(t.later, icon('right'), () => pan(0.5), 'later'),
    reset);

  function zoom(next: Span): void {
    const width = Math.min(Math.max(next.to - next.from, NARROWEST_S), day.to - day.from);
    const from = Math.min(Math.max(next.from, day.from), day.to - width);
    span = { from: Math.round(from), to: Math.round(from + width) };
    showZoom();
    // What is already here, stretched, until the finer curve arrives.
    if (curve) chart?.show(curve, span);
    void load();
  }

  function scale(factor: number): void {
    const middle = (span.from + span.to) / 2;
    const half = ((span.to - span.from) / 2) * factor;
    zoom({ from: middle - half, to: middle + half });
  }

  function pan(share: number): void {
    const by = (span.to - span.from) * share;
    zoom({ from: span.from + by, to: span.to + by });
  }

  const isWhole = (): boolean => span.from === day.from && span.to === day.to;

  function showZoom(): void {
    reset.disabled = isWhole();
    root.dataset['zoomed'] = String(!isWhole());
  }

  function onKey(event: KeyboardEvent): void {
    const actions: Record<string, () => void> = {
      '+': () => scale(0.5), '-': () => scale(2), '0': () => zoom(day),
      ...(event.shiftKey ? { ArrowLeft: () => pan(-0.5), ArrowRight: () => pan(0.5) } : {}),
    };
    const action = actions[event.key];
    if (!action || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    event.stopPropagation();
    action();
  }

  function valuesAt(index: number): string {
    const time = curve?.time[index];
    if (!curve || time === undefined) return HINT;
    const columns = view.style === 'signed' ? curve.columns.slice(0, 1) : curve.columns;
    const values = columns.map((column, line) => {
      const value = column[index];
      if (value == null) return null;
      return view.style === 'signed' ? signedText(index, value) : `${view.lines[line] ?? ''} ${view.text(Math.round(value))}`;
    }).filter((text) => text !== null);
    const clock = clockText(time, meter.zone, curve.resolution === 0);
    return `${clock}  ${values.length > 0 ? values.join('  ') : t.noTelegrams}`;
  }

  function signedText(index: number, value: number): string {
    const [, low, high] = (curve?.columns ?? []).map((column) => column[index]);
    if (low == null || high == null || low === high) return directed(value, sides);
    // Across zero each end says its direction; on one side of it the smaller amount comes first.
    const [near, far] = [Math.min(Math.abs(low), Math.abs(high)), Math.max(Math.abs(low), Math.abs(high))];
    const ends = low < 0 && high > 0 ? t.lowHigh(directed(low, sides), directed(high, sides)) : t.lowHigh(power(near), power(far));
    return `${directed(value, sides)} (${ends})`;
  }

  const showHover = (index: number | null) => setText(legend, index === null ? HINT : valuesAt(index));

  function draw(series: Series): void {
    curve = withBreaks(series.resolution_s, series.time, view.columns(series));
    if (!chart) {
      chart = curveChart({
        zone: meter.zone, measure: view.measure, style: view.style, height: HEIGHT,
        label: t.chart(t.quantities[view.name], dateText), onZoom: zoom, onHover: showHover, onKey,
      });
    }
    // Not there yet, or pushed out by the words of a failure.
    if (!place.contains(chart.root)) fill(place, chart.root);
    chart.show(curve, span);
    const clocks = isWhole() ? t.wholeDay : t.range(clockText(span.from, meter.zone), clockText(span.to, meter.zone));
    const step = curve.resolution === 0 ? t.raw : t.resolution(duration(curve.resolution));
    setText(note, curve.time.length === 0 ? t.noCurve : `${clocks}. ${step}`);
  }

  /** Only the last one asked for is drawn: zooming quickly starts many. */
  async function fetchCurve(): Promise<void> {
    abort.abort();
    abort = new AbortController();
    const { signal } = abort;
    const series = await api.series(meter.name, view.quantities, span.from, span.to, signal);
    if (!signal.aborted) draw(series);
  }

  async function load(): Promise<void> {
    await guarded(context, place, fetchCurve);
  }

  function choose(next: View): void {
    view = next;
    chart?.close();
    chart = undefined;
    showHover(null);
    showKey();
    void load();
  }

  const key = h('p', { class: 'key' });
  function showKey(): void {
    const items = view.style === 'signed'
      ? [h('span', { class: 'key-import' }, sides.import), h('span', { class: 'key-export' }, sides.export)]
      : view.lines.map((line) => h('span', { class: `key-phase-${line.slice(1)}` }, line));
    fill(key, ...items);
  }

  const choice = h('div', { class: 'choice', role: 'group', 'aria-label': t.quantity }, ...views.map((one) => {
    const button = h('button', {
      type: 'button', 'aria-pressed': String(one === view), 'data-view': one.name,
      click: () => {
        choice.querySelectorAll('button').forEach((other) => other.setAttribute('aria-pressed', String(other === button)));
        choose(one);
      },
    }, t.quantities[one.name]);
    return button;
  }));

  const root = card(t.power, { 'data-role': 'day-curve' },
    h('div', { class: 'row' }, views.length > 1 ? choice : null, key),
    place, legend,
    h('div', { class: 'row' }, note, tools));
  showKey();
  showZoom();

  return {
    root, load, zoom, refresh: fetchCurve,
    name(next) {
      sides = next;
      showKey();
    },
    zoomed: () => !isWhole(),
    close() {
      abort.abort();
      chart?.close();
    },
  };
}
