import { describe, expect, it } from 'vitest';
import { parseRoute, routeHash } from '../src/route';
import { axisRange, axisTicks, niceStep } from '../src/scale';
import { difference, withBreaks } from '../src/series';

describe('breaks in a curve', () => {
  it('leaves raw readings joined up to sixty seconds', () => {
    expect(withBreaks(0, [0, 10, 70], [[1, 2, 3]]).breaks).toEqual([]);
  });

  it('breaks raw readings that are further apart', () => {
    const curve = withBreaks(0, [0, 10, 71, 81], [[1, 2, 3, 4]]);
    expect(curve.breaks).toEqual([{ from: 10, to: 71 }]);
    expect(curve.columns[0]).toEqual([1, 2, null, 3, 4]);
    expect(curve.time).toHaveLength(5);
  });

  it('breaks where a step is missing', () => {
    const curve = withBreaks(60, [0, 60, 180], [[1, 2, 3], [0, 1, 2]]);
    expect(curve.breaks).toEqual([{ from: 120, to: 180 }]);
    expect(curve.columns[1]).toEqual([0, 1, null, 2]);
  });

  /** What is heard every `pace` seconds, from a moment on. */
  const heard = (pace: number, count: number, from = 0): number[] => Array.from({ length: count }, (_, index) => from + index * pace);
  const breaksOf = (resolution: number, time: number[]) => withBreaks(resolution, time, [time]).breaks;

  it('leaves what is heard at a slower pace joined, up to a quarter of an hour', () => {
    for (const pace of [10, 60, 120, 300, 600, 900]) {
      for (const resolution of pace < 60 ? [0] : [0, 60]) expect([pace, breaksOf(resolution, heard(pace, 12))]).toEqual([pace, []]);
    }
    // A few seconds more or less, and the borders of the steps, are no silence.
    expect(breaksOf(60, [0, 300, 540, 900, 1200])).toEqual([]);
    expect(breaksOf(0, heard(3600, 5))).toHaveLength(4);
  });

  it('breaks where a slow meter was silent for longer than is usual of it', () => {
    const time = [...heard(300, 6), ...heard(300, 6, 2100)];
    expect(breaksOf(0, time)).toEqual([{ from: 1500, to: 2100 }]);
    expect(breaksOf(60, time)).toEqual([{ from: 1560, to: 2100 }]);
    // Two far silences do not make a quick meter slow.
    expect(breaksOf(0, [...heard(10, 6), ...heard(10, 6, 500), ...heard(10, 6, 5000)])).toHaveLength(2);
  });

  it('keeps the unknown unknown in a difference', () => {
    expect(difference([5, null, 0], [2, 1, 7])).toEqual([3, null, -7]);
    expect(difference([5], undefined)).toEqual([5]);
  });
});

describe('axes', () => {
  it('chooses round steps', () => {
    expect([0.7, 1, 3, 180, 420].map(niceStep)).toEqual([1, 1, 5, 200, 500]);
  });

  it('always has zero in a range of power, and air above', () => {
    const [min, max] = axisRange(250, 1980, 'power');
    expect(min).toBe(0);
    expect(max).toBeGreaterThan(1980);
    expect(axisRange(null, null, 'power')).toEqual([0, 120]);
    expect(axisTicks(-2000, 6000)).toEqual([-2000, 0, 2000, 4000, 6000]);
  });
});

describe('addresses', () => {
  it('reads and writes the same', () => {
    for (const hash of ['#/now', '#/day/2026-11-23', '#/month/2026-11?meter=home', '#/year/2026', '#/health?meter=a%20b']) {
      expect(routeHash(parseRoute(hash))).toBe(hash);
    }
  });

  it('leads anything unknown to a page', () => {
    expect(parseRoute('')).toEqual({ page: 'now' });
    expect(parseRoute('#/nonsense/1')).toEqual({ page: 'now' });
    expect(parseRoute('#/day/2026-02-31')).toEqual({ page: 'day' });
  });
});
