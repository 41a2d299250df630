/** The curve: a thin wrapper around uPlot with the meter's time on its axis, gaps shaded and the sign in colour. */
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { h } from './dom';
import type { Curve } from './series';
import { colour, faded, onThemeChange } from './theme';
import { clockText, timeTicks, type Span } from './time';
import { axisFigures, axisRange, axisTicks, axisUnit, type Measure } from './scale';

export interface CurveOptions {
  readonly zone: string;
  readonly measure: Measure;
  /** `signed`: one line in two colours around zero, with a band from lowest to highest; `phases`: up to three lines. */
  readonly style: 'signed' | 'phases';
  readonly label: string;
  readonly height: number;
  readonly onZoom?: (span: Span) => void;
  readonly onHover?: (index: number | null) => void;
  readonly onKey?: (event: KeyboardEvent) => void;
}

export interface CurveChart {
  readonly root: HTMLElement;
  show(curve: Curve, span: Span): void;
  close(): void;
}

/** Room for the figures left of the plot; the bars below use the same, so that hours stand under hours. */
const axisWidth = (): number => parseFloat(getComputedStyle(document.documentElement).getPropertyValue('--axis'));
const AXIS_HEIGHT = 34;
const PHASES = ['phase-1', 'phase-2', 'phase-3'] as const;
const FONT = '12px system-ui, -apple-system, "Segoe UI", Roboto, sans-serif';

/** Import above zero and export below it, switched exactly at the zero line. */
function signedPaint(u: uPlot, alpha: number): CanvasGradient | string {
  const { min, max } = u.scales['y'] ?? {};
  const above = alpha < 1 ? faded('import', alpha) : colour('import');
  const below = alpha < 1 ? faded('export', alpha) : colour('export');
  if (min == null || max == null || min >= 0) return above;
  if (max <= 0) return below;
  const { top, height } = u.bbox;
  const zero = max / (max - min);
  const gradient = u.ctx.createLinearGradient(0, top, 0, top + height);
  gradient.addColorStop(0, above);
  gradient.addColorStop(zero, above);
  gradient.addColorStop(zero, below);
  gradient.addColorStop(1, below);
  return gradient;
}

const hiddenPoints: uPlot.Series.Points = { show: false };

function signedSeries(): { series: uPlot.Series[]; bands: uPlot.Band[] } {
  const edge: uPlot.Series = { stroke: 'transparent', width: 0, points: hiddenPoints };
  return {
    series: [
      {},
      {
        stroke: (u) => signedPaint(u, 1), fill: (u) => signedPaint(u, 0.14), fillTo: () => 0,
        width: 1.5, points: hiddenPoints,
      },
      edge, edge,
    ],
    bands: [{ series: [3, 2], fill: (u) => signedPaint(u, 0.3) as string }],
  };
}

function phaseSeries(count: number): { series: uPlot.Series[]; bands: uPlot.Band[] } {
  const lines = PHASES.slice(0, count).map((name): uPlot.Series => ({
    stroke: () => colour(name), width: 1.5, points: hiddenPoints,
  }));
  return { series: [{}, ...lines], bands: [] };
}

function axes(zone: string, measure: Measure): uPlot.Axis[] {
  const common: uPlot.Axis = {
    font: FONT,
    stroke: () => colour('muted'),
    ticks: { show: false },
  };
  return [
    {
      ...common,
      size: AXIS_HEIGHT,
      gap: 9,
      grid: { stroke: () => colour('line'), width: 1 },
      splits: (u, _axis, from, to) => timeTicks(from, to, zone, Math.max(2, Math.floor(u.bbox.width / uPlot.pxRatio / 56))),
      values: (u, splits) => {
        const { min = 0, max = 0 } = u.scales['x'] ?? {};
        return splits.map((t) => clockText(t, zone, (max ?? 0) - (min ?? 0) < 600));
      },
    },
    {
      ...common,
      size: axisWidth,
      grid: { stroke: () => colour('line'), width: 1 },
      splits: (_u, _axis, min, max) => axisTicks(min, max),
      // Only the topmost figure carries the unit.
      values: (_u, splits) => axisFigures(splits, measure).map((figure, index) =>
        (index === splits.length - 1 ? `${figure} ${axisUnit(splits, measure)}` : figure)),
    },
  ];
}

function shadeBreaks(u: uPlot, curve: Curve | undefined): void {
  if (!curve) return;
  const { left, top, width, height } = u.bbox;
  u.ctx.save();
  u.ctx.fillStyle = faded('muted', 0.16);
  for (const gap of curve.breaks) {
    const from = Math.max(left, u.valToPos(gap.from, 'x', true));
    const to = Math.min(left + width, u.valToPos(gap.to, 'x', true));
    if (to >= left && from <= left + width) u.ctx.fillRect(from, top, Math.max(2, to - from), height);
  }
  u.ctx.restore();
}

function zeroLine(u: uPlot, measure: Measure): void {
  const { min, max } = u.scales['y'] ?? {};
  if (measure !== 'power' || min == null || max == null || min >= 0 || max <= 0) return;
  const y = Math.round(u.valToPos(0, 'y', true)) + 0.5;
  u.ctx.save();
  u.ctx.strokeStyle = colour('muted');
  u.ctx.beginPath();
  u.ctx.moveTo(u.bbox.left, y);
  u.ctx.lineTo(u.bbox.left + u.bbox.width, y);
  u.ctx.stroke();
  u.ctx.restore();
}

/** Facts for assistive tools and tests: what is drawn, and where the line is broken. */
function describe(root: HTMLElement, curve: Curve, span: Span): void {
  Object.assign(root.dataset, {
    points: String(curve.time.length - curve.breaks.length),
    resolution: String(curve.resolution),
    breaks: curve.breaks.map((gap) => `${gap.from}-${gap.to}`).join(' '),
    from: String(span.from),
    to: String(span.to),
  });
}

/** uPlot follows the mouse only; a finger moves the cursor sideways and leaves scrolling to the page. */
function followTouch(u: uPlot): void {
  const move = (event: PointerEvent) => {
    if (event.pointerType === 'mouse') return;
    const box = u.over.getBoundingClientRect();
    u.setCursor({ left: event.clientX - box.left, top: event.clientY - box.top });
  };
  u.over.addEventListener('pointerdown', move);
  u.over.addEventListener('pointermove', move);
}

export function curveChart(options: CurveOptions): CurveChart {
  const root = h('div', { class: 'curve', tabindex: options.onKey ? 0 : undefined, role: 'group', 'aria-label': options.label });
  root.style.height = `${options.height}px`;
  if (options.onKey) root.addEventListener('keydown', options.onKey);
  let plot: uPlot | undefined;
  let curve: Curve | undefined;
  let span: Span = { from: 0, to: 1 };

  const drag = options.onZoom ? { x: true, y: false, setScale: false, dist: 6 } : { x: false, y: false, setScale: false };

  const selected = (u: uPlot) => {
    if (u.select.width < 6 || !options.onZoom) return;
    const from = Math.round(u.posToVal(u.select.left, 'x'));
    const to = Math.round(u.posToVal(u.select.left + u.select.width, 'x'));
    u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
    options.onZoom({ from, to });
  };

  function build(first: Curve): uPlot {
    const { series, bands } = options.style === 'signed' ? signedSeries() : phaseSeries(first.columns.length);
    const built = new uPlot({
      width: Math.max(root.clientWidth, 200),
      height: options.height,
      padding: [12, 20, 0, 0],
      legend: { show: false },
      series,
      bands,
      axes: axes(options.zone, options.measure),
      scales: {
        x: { time: false, range: () => [span.from, span.to] },
        y: { range: (_u, min, max) => axisRange(min, max, options.measure) },
      },
      cursor: {
        y: false,
        drag,
        bind: { dblclick: () => null },
        points: {
          size: (_u, index) => (options.style === 'signed' && index > 1 ? 0 : 9),
          fill: (u, index) => (options.style === 'phases'
            ? colour(PHASES[index - 1] ?? 'ink')
            : colour(Number(u.data[index]?.[u.cursor.idx ?? 0] ?? 0) < 0 ? 'export' : 'import')),
        },
      },
      hooks: {
        drawClear: [(u) => shadeBreaks(u, curve)],
        draw: [(u) => zeroLine(u, options.measure)],
        setSelect: [selected],
        setCursor: [(u) => options.onHover?.((u.cursor.left ?? -1) < 0 ? null : u.cursor.idx ?? null)],
      },
    }, undefined, root);
    followTouch(built);
    return built;
  }

  /** The signed style always has its band's two edges; a raw curve leaves them empty. */
  function data(): uPlot.AlignedData {
    const columns = [...(curve?.columns ?? [])] as (number | null)[][];
    while (options.style === 'signed' && columns.length < 3) columns.push(columns[0]?.map(() => null) ?? []);
    return [[...(curve?.time ?? [])], ...columns];
  }

  const resize = new ResizeObserver(() => {
    if (plot && root.clientWidth > 0 && plot.width !== root.clientWidth) {
      plot.setSize({ width: root.clientWidth, height: options.height });
    }
  });
  resize.observe(root);
  const stopTheme = onThemeChange(() => plot?.redraw(false));

  return {
    root,
    show(next, nextSpan) {
      curve = next;
      span = nextSpan;
      describe(root, curve, span);
      if (!plot) plot = build(curve);
      plot.setData(data());
    },
    close() {
      resize.disconnect();
      stopTheme();
      plot?.destroy();
    },
  };
}
