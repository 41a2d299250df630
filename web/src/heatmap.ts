/** The month's quarter-hours on a canvas: days down, the clock across, darker is more, beyond the reference its own colour. */
import { h } from './dom';
import { beside, COLUMNS, type Cell } from './peaks';
import { colour, faded, onThemeChange } from './theme';

export interface HeatmapOptions {
  /** What the row is called: `23` or nothing. */
  readonly rowLabels: readonly string[];
  readonly label: string;
  readonly words: (cell: Cell) => string;
  /** Null: nothing is pointed at. `kept` stays when the pointer goes. */
  readonly onPoint: (cell: Cell | null, kept: boolean) => void;
  readonly onOpen: (cell: Cell) => void;
}

export interface Heatmap {
  readonly root: HTMLElement;
  /** `full` is the power of the deepest colour, W. */
  show(cells: readonly Cell[], full: number): void;
  close(): void;
}

const FONT = '11px system-ui, -apple-system, "Segoe UI", Roboto, sans-serif';
const LEFT = 26;
const RIGHT = 30;
const TOP = 4;
const BOTTOM = 20;
const HOURS = [0, 3, 6, 9, 12, 15, 18, 21, 24];

export const rowHeight = (): number => (window.matchMedia('(max-width: 760px)').matches ? 11 : 14);

/** Small powers are most of a year; the root keeps them apart without hiding the large ones. */
export const depth = (watts: number, full: number): number => 0.05 + 0.95 * Math.min(1, Math.max(0, watts) / full) ** 0.7;

function hatch(context: CanvasRenderingContext2D): CanvasPattern | string {
  const tile = document.createElement('canvas');
  tile.width = 8;
  tile.height = 8;
  const inner = tile.getContext('2d');
  if (!inner) return faded('muted', 0.3);
  inner.strokeStyle = faded('muted', 0.75);
  inner.lineWidth = 1.3;
  inner.beginPath();
  for (const x of [-8, 0, 8]) {
    inner.moveTo(x, 8);
    inner.lineTo(x + 8, 0);
  }
  inner.stroke();
  return context.createPattern(tile, 'repeat') ?? faded('muted', 0.3);
}

interface Geometry { readonly width: number; readonly plot: number; readonly row: number }

/** Left, top, width and height of a cell. Shared places are halves: the hour that comes twice. */
function box(cell: Cell, { plot, row }: Geometry): [number, number, number, number] {
  const left = LEFT + Math.round((cell.column * plot) / COLUMNS);
  const right = LEFT + Math.round(((cell.column + 1) * plot) / COLUMNS);
  const half = cell.part === 'whole' ? row : row / 2;
  return [left, TOP + cell.row * row + (cell.part === 'second' ? half : 0), right - left, half];
}

export function heatmap(options: HeatmapOptions): Heatmap {
  const rows = options.rowLabels.length;
  const canvas = h('canvas', {
    class: 'heatmap', tabindex: 0, role: 'slider', 'aria-label': options.label, 'aria-valuemin': 0, 'data-role': 'heatmap',
  });
  const root = h('div', { class: 'heatmap-place' }, canvas);
  let cells: readonly Cell[] = [];
  let full = 1;
  let chosen = -1;
  let hovered = -1;
  const height = () => rows * rowHeight() + TOP + BOTTOM;
  root.style.height = `${height()}px`;

  /** Asked for once a drawing, not once a cell. */
  const geometry = (): Geometry => {
    const width = Math.max(root.clientWidth, 200);
    return { width, plot: width - LEFT - RIGHT, row: rowHeight() };
  };

  function drawCell(context: CanvasRenderingContext2D, cell: Cell, place: Geometry, gapFill: CanvasPattern | string): void {
    if (cell.state === 'outside') return;
    const [x, y, width, tall] = box(cell, place);
    // A hair between cells where there is room, so that a day is read as a row.
    const gap = width >= 6 ? 1 : 0;
    if (cell.state === 'gap') {
      context.fillStyle = gapFill;
      context.fillRect(x, y, width, tall - 1);
      return;
    }
    context.fillStyle = cell.beyond > 0 ? colour('failing') : faded('import', depth(cell.watts ?? 0, full));
    context.fillRect(x, y, width - gap, tall - 1);
    if (cell.beyond > 0 && width >= 6 && tall >= 8) {
      // A notch, for eyes that do not tell the colours apart.
      context.fillStyle = colour('surface');
      context.fillRect(x + Math.floor((width - gap) / 2) - 1, y + Math.floor(tall / 2) - 2, 2, 3);
    }
  }

  function drawLabels(context: CanvasRenderingContext2D, { plot, row }: Geometry): void {
    context.font = FONT;
    context.textBaseline = 'middle';
    context.fillStyle = colour('muted');
    context.textAlign = 'right';
    options.rowLabels.forEach((label, index) => context.fillText(label, LEFT - 7, TOP + (index + 0.5) * row));
    context.textAlign = 'center';
    for (const hour of HOURS) context.fillText(String(hour), LEFT + (hour * plot) / 24, TOP + rows * row + 11);
    // How many were beyond, by the day, in figures.
    context.textAlign = 'left';
    context.fillStyle = colour('failing');
    const beyond = options.rowLabels.map((_, index) => cells.filter((cell) => cell.row === index && cell.beyond > 0).length);
    beyond.forEach((count, index) => {
      if (count > 0) context.fillText(`${count}\u00d7`, LEFT + plot + 6, TOP + (index + 0.5) * row);
    });
  }

  function draw(): void {
    const place = geometry();
    const { width } = place;
    const ratio = window.devicePixelRatio || 1;
    const tall = height();
    root.style.height = `${tall}px`;
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(tall * ratio);
    canvas.style.width = `${width}px`;
    canvas.style.height = `${tall}px`;
    const context = canvas.getContext('2d');
    if (!context) return;
    context.scale(ratio, ratio);
    const gapFill = hatch(context);
    for (const cell of cells) drawCell(context, cell, place, gapFill);
    drawLabels(context, place);
    const marked = cells[hovered >= 0 ? hovered : chosen];
    if (!marked) return;
    const [x, y, wide, deep] = box(marked, place);
    context.strokeStyle = colour('ink');
    context.lineWidth = 2;
    context.strokeRect(x - 1, y - 1, wide + 1, deep + 1);
  }

  function tell(): void {
    const cell = cells[chosen];
    canvas.setAttribute('aria-valuemax', String(Math.max(0, cells.length - 1)));
    canvas.setAttribute('aria-valuenow', String(Math.max(0, chosen)));
    canvas.setAttribute('aria-valuetext', cell ? options.words(cell) : '');
  }

  function choose(index: number): void {
    if (!cells[index]) return;
    chosen = index;
    hovered = -1;
    tell();
    draw();
    options.onPoint(cells[index], true);
  }

  /** What nothing is known of because it was not yet, or not any more, is passed over. */
  const visible = (index: number, by: number): number => {
    let next = index + by;
    while (cells[next]?.state === 'outside') next += by;
    return cells[next] ? next : index;
  };

  function at(event: PointerEvent): number {
    const bounds = canvas.getBoundingClientRect();
    const [x, y] = [event.clientX - bounds.left, event.clientY - bounds.top];
    const place = geometry();
    return cells.findIndex((cell) => {
      const [left, top, wide, tall] = box(cell, place);
      return cell.state !== 'outside' && x >= left && x < left + wide && y >= top && y < top + tall;
    });
  }

  function onKey(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const walk = (index: number) => (cells[index]?.state === 'outside' ? chosen : index);
    const steps: Record<string, () => void> = {
      ArrowLeft: () => choose(visible(chosen, -1)), ArrowRight: () => choose(visible(chosen, 1)),
      ArrowUp: () => choose(walk(beside(cells, chosen, -1))), ArrowDown: () => choose(walk(beside(cells, chosen, 1))),
      Home: () => choose(visible(-1, 1)), End: () => choose(visible(cells.length, -1)),
      Enter: () => { if (cells[chosen]) options.onOpen(cells[chosen] as Cell); },
    };
    const step = steps[event.key];
    if (!step) return;
    event.preventDefault();
    event.stopPropagation();
    step();
  }

  canvas.addEventListener('keydown', onKey);
  canvas.addEventListener('focus', () => {
    // By keyboard it begins at the highest; the mouse has said where.
    if (chosen < 0 && canvas.matches(':focus-visible')) choose(cells.reduce((best, cell, index) => ((cell.watts ?? -1) > (cells[best]?.watts ?? -1) ? index : best), 0));
  });
  canvas.addEventListener('pointermove', (event) => {
    const index = at(event);
    if (index === hovered) return;
    hovered = index;
    draw();
    options.onPoint(cells[index >= 0 ? index : chosen] ?? null, index < 0);
  });
  canvas.addEventListener('pointerleave', () => {
    hovered = -1;
    draw();
    options.onPoint(cells[chosen] ?? null, true);
  });
  canvas.addEventListener('pointerup', (event) => choose(at(event)));

  const resize = new ResizeObserver(() => draw());
  resize.observe(root);
  const stopTheme = onThemeChange(draw);

  return {
    root,
    show(next, fullPower) {
      // The same quarter-hour stays chosen while the month grows.
      const start = cells[chosen]?.start;
      cells = next;
      full = Math.max(1, fullPower);
      chosen = start === undefined ? -1 : cells.findIndex((cell) => cell.start === start);
      tell();
      Object.assign(canvas.dataset, {
        cells: String(cells.length), beyond: String(cells.filter((cell) => cell.beyond > 0).length),
        gaps: String(cells.filter((cell) => cell.state === 'gap').length),
      });
      draw();
    },
    close() {
      resize.disconnect();
      stopTheme();
    },
  };
}
