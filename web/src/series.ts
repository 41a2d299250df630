/** Curves as lists: where a line must break, because nothing was heard. */
import type { Column, Series } from './api';

/** Raw readings further apart than this may have a gap between them, s. */
export const RAW_GAP_S = 60;

export interface Break { readonly from: number; readonly to: number }

export interface Curve {
  readonly resolution: number;
  readonly time: readonly number[];
  readonly columns: readonly Column[];
  readonly breaks: readonly Break[];
}

/** What comes less often than this is no curve, s. */
const SLOWEST_S = 900;

/** Times further apart than this have a gap between them, s: a board that publishes every five minutes has none after each. */
function longest(resolution: number, time: readonly number[]): number {
  const distances = time.slice(1).map((t, index) => t - (time[index] ?? t)).sort((a, b) => a - b);
  const usual = Math.min(distances[(distances.length - 1) >> 1] ?? 0, SLOWEST_S);
  return Math.max(resolution || RAW_GAP_S, 1.5 * usual);
}

/** Puts an empty step into every gap, so that no line is drawn across it. */
export function withBreaks(resolution: number, time: readonly number[], columns: readonly Column[]): Curve {
  const outTime: number[] = [];
  const out: (number | null)[][] = columns.map(() => []);
  const breaks: Break[] = [];
  const limit = longest(resolution, time);
  time.forEach((t, index) => {
    const previous = index > 0 ? time[index - 1] : undefined;
    if (previous !== undefined && t - previous > limit) {
      // The first moment without data, and the next with it.
      const gap = { from: previous + resolution, to: t };
      breaks.push(gap);
      outTime.push((gap.from + gap.to) / 2);
      out.forEach((column) => column.push(null));
    }
    outTime.push(t);
    columns.forEach((column, c) => out[c]?.push(column[index] ?? null));
  });
  return { resolution, time: outTime, columns: out, breaks };
}

/** The difference of two columns, where both are known. */
export function difference(a: Column, b: Column | undefined): Column {
  return a.map((value, index) => (value === null ? null : value - (b?.[index] ?? 0)));
}

/** Net power as [mean, min, max]; a raw curve has only its values. */
export function netColumns(series: Series): Column[] {
  const net = series.series['power_net_w'];
  if (!net) return [];
  return series.resolution_s > 0 && net.min && net.max ? [net.mean, net.min, net.max] : [net.mean];
}
