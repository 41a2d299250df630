/**
 * The daemon's clock as this page knows it. The browser's own may be wrong by hours (a tablet on the wall), so ages
 * and "today" are counted from what the daemon said last, carried on by a counter that never jumps.
 */

let base = Date.now() / 1000;
let mark = performance.now();

export function syncClock(daemonNow: number): void {
  base = daemonNow;
  mark = performance.now();
}

export const now = (): number => base + (performance.now() - mark) / 1000;

/** Seconds on a counter that nothing sets: for ages between two moments on this page. */
export const monotonic = (): number => performance.now() / 1000;
