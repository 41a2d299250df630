/** Bars around a line: pieces stacked above and below it, each bar a link or button that leads deeper. */
import { add, fill, h, setText } from './dom';
import type { Mark } from './quality';
import { axisFigures, axisRange, axisTicks, axisUnit, type Measure } from './scale';
import { texts } from './texts';

export type BarState = 'complete' | 'partial' | 'missing' | 'running' | 'outside';

/** Part of a bar, in the measure's integers; its colour is that of its kind in the style sheet. */
export interface Piece { readonly kind: 'import' | 'export' | 'cost' | 'exceedance' | 'device'; readonly value: number }

/** What a bar needs besides its figures. */
export interface Slot {
  /** Under the bar, short; empty for a bar that goes unlabelled. */
  readonly label: string;
  /** On a narrow screen, where that differs. */
  readonly shortLabel?: string;
  /** In the legend and for those who listen. */
  readonly title: string;
  readonly state: BarState;
  readonly weekend?: boolean;
  readonly href?: string;
  readonly choose?: () => void;
  /** Under the label: how well it was measured. */
  readonly mark?: Mark;
}

export interface Bar extends Slot {
  /** From the line on, upwards and downwards. */
  readonly up: readonly Piece[];
  readonly down: readonly Piece[];
  /** Where up and down together come out, if that is worth a line. */
  readonly level?: number;
  readonly words: string;
  /** Its row of the table, without the title. */
  readonly cells: readonly string[];
}

export interface BarsOptions {
  readonly bars: readonly Bar[];
  readonly when: 'hour' | 'day' | 'month';
  readonly measure: Measure;
  readonly hint: string;
  readonly key: readonly (HTMLElement | null)[];
  /** Of the table; the last column holds words. */
  readonly heads: readonly string[];
  /** A line in sum under the bars. */
  readonly note?: HTMLElement | null;
}

const TICKS = 6;

const sum = (pieces: readonly Piece[]): number => pieces.reduce((total, piece) => total + piece.value, 0);

/** Heights are shares of the plot; the style sheet draws the rest. */
function column(bar: Bar, min: number, max: number): HTMLElement {
  const share = (value: number) => `${(value / (max - min)) * 100}%`;
  const stack = (pieces: readonly Piece[], side: 'bottom' | 'top', line: number) => {
    let reached = line;
    return pieces.map((piece, index) => {
      const element = h('i', { class: `bar-${piece.kind}${index === pieces.length - 1 ? ' is-end' : ''}` });
      element.style.height = share(piece.value);
      element.style[side] = share(reached);
      reached += piece.value;
      return element;
    });
  };
  const pieces = [...stack(bar.up.filter((piece) => piece.value > 0), 'bottom', -min), ...stack(bar.down.filter((piece) => piece.value > 0), 'top', max)];
  if (bar.level !== undefined && bar.down.some((piece) => piece.value > 0)) {
    const level = h('i', { class: 'bar-level' });
    level.style.bottom = share(bar.level - min);
    pieces.push(level);
  }
  const attributes = { class: `bar is-${bar.state}`, 'aria-label': bar.words, 'data-state': bar.state };
  if (bar.href) return h('a', { ...attributes, href: bar.href }, ...pieces);
  if (bar.choose) {
    const { choose } = bar;
    return h('button', { ...attributes, type: 'button', click: () => choose() }, ...pieces);
  }
  return h('span', { ...attributes, role: 'img' }, ...pieces);
}

function axis(min: number, max: number, measure: Measure): HTMLElement {
  const element = h('div', { class: 'bars-axis', 'aria-hidden': 'true' });
  const ticks = axisTicks(min, max, TICKS);
  // Below the line it is export or what is taken off, named in words; money keeps its sign.
  const figures = axisFigures(measure === 'money' ? ticks : ticks.map(Math.abs), measure);
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

/** The words of each mark are the bar's own: no further stop for the keyboard. */
function marks(bars: readonly Bar[]): HTMLElement | null {
  if (!bars.some((bar) => bar.mark)) return null;
  return h('div', { class: 'bars-marks', 'aria-hidden': 'true' }, ...bars.map((bar) =>
    h('span', bar.mark ? { class: `mark is-${bar.mark.level}`, title: `${bar.title}: ${bar.mark.words}`, 'data-level': bar.mark.level } : {})));
}

function table({ bars, heads }: BarsOptions): HTMLElement {
  const last = heads.length - 2;
  return h('details', { class: 'numbers' },
    h('summary', {}, texts.bars.table),
    h('div', { class: 'scroll' }, h('table', {},
      h('thead', {}, h('tr', {}, ...heads.map((head) => h('th', { scope: 'col' }, head)))),
      h('tbody', {}, ...bars.filter((bar) => bar.state !== 'outside').map((bar) => h('tr', {},
        h('th', { scope: 'row' }, bar.title),
        ...bar.cells.map((cell, index) => h('td', { class: index === last ? 'is-words' : '' }, cell))))))));
}

export function barChart(options: BarsOptions): HTMLElement {
  const { bars, when, measure, hint } = options;
  const top = Math.max(0, ...bars.map((bar) => sum(bar.up)));
  const bottom = -Math.max(0, ...bars.map((bar) => sum(bar.down)));
  const [min, max] = axisRange(bottom, top, measure);
  const legend = h('p', { class: 'legend' }, hint);
  const columns = h('div', { class: 'bars-columns' });
  for (const bar of bars) {
    const element = column(bar, min, max);
    const show = () => setText(legend, bar.words);
    const hide = () => setText(legend, hint);
    element.addEventListener('pointerenter', show);
    element.addEventListener('pointerleave', hide);
    element.addEventListener('focus', show);
    element.addEventListener('blur', hide);
    columns.append(element);
  }
  const chart = h('div', { class: 'bars', 'data-bars': bars.length, 'data-when': when });
  add(chart, h('div', { class: 'bars-plot' }, axis(min, max, measure), columns), labels(bars), marks(bars));
  const key = h('p', { class: 'key', 'aria-hidden': 'true' });
  fill(key, ...options.key, h('span', { class: 'key-unit' }, axisUnit(axisTicks(min, max, TICKS), measure)));
  return h('div', { class: 'bars-frame' }, key, chart, legend, options.note, table(options));
}
