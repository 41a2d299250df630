/** Bars of energy: import above the line, export below it, each bar a link or button that leads deeper. */
import { add, fill, h, setText } from './dom';
import { energy, milli } from './format';
import { axisFigures, axisRange, axisTicks, axisUnit } from './scale';
import { texts } from './texts';

export type BarState = 'complete' | 'partial' | 'missing' | 'running' | 'outside';

export interface Bar {
  /** Under the bar, short; empty for a bar that goes unlabelled. */
  readonly label: string;
  /** On a narrow screen, where that differs. */
  readonly shortLabel?: string;
  /** In the legend and for those who listen. */
  readonly title: string;
  readonly imported: number | null;
  readonly exported: number | null;
  readonly peak?: number | null;
  readonly state: BarState;
  readonly weekend?: boolean;
  readonly href?: string;
  readonly choose?: () => void;
}

export interface BarsOptions {
  readonly bars: readonly Bar[];
  readonly when: 'hour' | 'day' | 'month';
}

const t = texts.bars;

function words(bar: Bar): string {
  if (bar.imported === null && bar.exported === null) return t.nothing(bar.title);
  const text = t.values(bar.title, energy(bar.imported ?? 0), energy(bar.exported ?? 0));
  return bar.state === 'partial' ? `${text} (${t.incomplete})` : text;
}

/** Heights are shares of the plot; the style sheet draws the rest. */
function column(bar: Bar, min: number, max: number): HTMLElement {
  const share = (value: number) => `${(value / (max - min)) * 100}%`;
  const up = h('i', { class: 'bar-import' });
  const down = h('i', { class: 'bar-export' });
  up.style.height = share(bar.imported ?? 0);
  up.style.bottom = share(-min);
  down.style.height = share(bar.exported ?? 0);
  down.style.top = share(max);
  const attributes = { class: `bar is-${bar.state}`, 'aria-label': words(bar), 'data-state': bar.state };
  if (bar.href) return h('a', { ...attributes, href: bar.href }, up, down);
  if (bar.choose) {
    const { choose } = bar;
    return h('button', { ...attributes, type: 'button', click: () => choose() }, up, down);
  }
  return h('span', { ...attributes, role: 'img' }, up, down);
}

function axis(min: number, max: number): HTMLElement {
  const element = h('div', { class: 'bars-axis', 'aria-hidden': 'true' });
  const ticks = axisTicks(min, max, 4);
  const figures = axisFigures(ticks.map(Math.abs), 'energy');
  ticks.forEach((tick, index) => {
    const mark = h('span', { class: tick === 0 ? 'bars-tick is-zero' : 'bars-tick' }, h('b', {}, figures[index]));
    mark.style.top = `${((max - tick) / (max - min)) * 100}%`;
    element.append(mark);
  });
  return element;
}

function labels(bars: readonly Bar[]): HTMLElement {
  return h('div', { class: 'bars-labels', 'aria-hidden': 'true' }, ...bars.map((bar) =>
    h('span', { class: bar.weekend ? 'is-weekend' : '' },
      h('span', { class: 'wide-only' }, bar.label),
      h('span', { class: 'narrow-only' }, bar.shortLabel ?? bar.label))));
}

const MEASURED: Record<BarState, string> = {
  complete: t.yes, partial: t.part, missing: t.missing, running: texts.now.soFar, outside: '',
};

function table({ bars, when }: BarsOptions): HTMLElement {
  const withPeak = bars.some((bar) => bar.peak != null);
  const heads = [t.when[when], `${texts.import} ${t.kwh}`, `${texts.export} ${t.kwh}`,
    ...(withPeak ? [`${t.peak} kW`] : []), t.complete];
  const figure = (value: number | null | undefined) => (value == null ? texts.none : milli(value));
  return h('details', { class: 'numbers' },
    h('summary', {}, t.table),
    h('div', { class: 'scroll' }, h('table', {},
      h('thead', {}, h('tr', {}, ...heads.map((head) => h('th', { scope: 'col' }, head)))),
      h('tbody', {}, ...bars.filter((bar) => bar.state !== 'outside').map((bar) => h('tr', {},
        h('th', { scope: 'row' }, bar.title),
        h('td', {}, figure(bar.imported)),
        h('td', {}, figure(bar.exported)),
        withPeak && h('td', {}, figure(bar.peak)),
        h('td', { class: 'is-words' }, MEASURED[bar.state])))))));
}

export function barChart(options: BarsOptions): HTMLElement {
  const { bars, when } = options;
  const highest = Math.max(0, ...bars.map((bar) => bar.imported ?? 0));
  const lowest = -Math.max(0, ...bars.map((bar) => bar.exported ?? 0));
  const [min, max] = axisRange(lowest, highest, 'energy');
  const legend = h('p', { class: 'legend' }, t.hint[when]);
  const columns = h('div', { class: 'bars-columns' });
  for (const bar of bars) {
    const element = column(bar, min, max);
    const show = () => setText(legend, words(bar));
    const hide = () => setText(legend, t.hint[when]);
    element.addEventListener('pointerenter', show);
    element.addEventListener('pointerleave', hide);
    element.addEventListener('focus', show);
    element.addEventListener('blur', hide);
    columns.append(element);
  }
  const chart = h('div', { class: 'bars', 'data-bars': bars.length, 'data-when': when });
  add(chart, h('div', { class: 'bars-plot' }, axis(min, max), columns), labels(bars));
  const key = h('p', { class: 'key', 'aria-hidden': 'true' });
  fill(key, h('span', { class: 'key-import' }, texts.import),
    lowest < 0 && h('span', { class: 'key-export' }, texts.export),
    bars.some((bar) => bar.state === 'partial') && h('span', { class: 'key-partial' }, t.incomplete),
    h('span', { class: 'key-unit' }, axisUnit(axisTicks(min, max, 4), 'energy')));
  return h('div', { class: 'bars-frame' }, key, chart, legend, table(options));
}
