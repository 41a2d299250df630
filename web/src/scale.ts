/** Round numbers for axes. */
import { milli } from './format';

/** What figures are, in the API's integers: W, mV or mA; `energy` is Wh, `money` thousandths of a euro. */
export type Measure = 'power' | 'voltage' | 'current' | 'energy' | 'money' | DeviceMeasure | SensorMeasure;
/** Thousandths of m³ and GJ. */
export type DeviceMeasure = 'cubic' | 'heat';
/** Thousandths of the unit: m, l, °C, %, hPa, s. */
export type SensorMeasure = 'length' | 'volume' | 'temperature' | 'humidity' | 'pressure' | 'clock';

const MEASURES: Record<Measure, { small: string | null; big: string; least: number; zero: boolean }> = {
  power: { small: 'W', big: 'kW', least: 100, zero: true },
  energy: { small: 'Wh', big: 'kWh', least: 100, zero: true },
  money: { small: null, big: '€', least: 500, zero: true },
  cubic: { small: null, big: 'm\u00b3', least: 100, zero: true },
  heat: { small: null, big: 'GJ', least: 100, zero: true },
  voltage: { small: null, big: 'V', least: 4000, zero: false },
  current: { small: null, big: 'A', least: 2000, zero: true },
  length: { small: null, big: 'm', least: 100, zero: false },
  volume: { small: null, big: 'l', least: 10_000, zero: true },
  temperature: { small: null, big: '°C', least: 2000, zero: false },
  humidity: { small: null, big: '%', least: 5000, zero: false },
  // Four figures leave no room for a unit; it stands in the heading.
  pressure: { small: null, big: '', least: 5000, zero: false },
  clock: { small: null, big: 's', least: 4000, zero: true },
};

/** The smallest of 1, 2, 5 × 10ⁿ that is at least this. */
export function niceStep(least: number): number {
  const power = 10 ** Math.floor(Math.log10(least));
  return ([1, 2, 5, 10].find((factor) => factor * power >= least * 0.999_999) ?? 10) * power;
}

/** A range with air around the figures, on whole steps; never so narrow that noise looks like a mountain. */
export function axisRange(low: number | null, high: number | null, measure: Measure): [number, number] {
  const { least, zero } = MEASURES[measure];
  let min = low ?? 0;
  let max = high ?? least;
  if (zero) [min, max] = [Math.min(min, 0), Math.max(max, 0)];
  const missing = least - (max - min);
  if (missing > 0) [min, max] = [zero ? min : min - missing / 2, max + (zero ? missing : missing / 2)];
  const step = niceStep((max - min) / 5);
  const air = (max - min) * 0.04;
  return [
    zero && min === 0 ? 0 : Math.floor((min - air) / step) * step,
    zero && max === 0 ? 0 : Math.ceil((max + air) / step) * step,
  ];
}

export function axisTicks(min: number, max: number, about = 5): number[] {
  const step = niceStep((max - min) / about);
  const ticks: number[] = [];
  for (let n = Math.ceil(min / step); n * step <= max + step / 1000; n += 1) ticks.push(n * step);
  return ticks;
}

const inThousands = (ticks: readonly number[], measure: Measure): boolean =>
  MEASURES[measure].small === null || ticks.some((tick) => Math.abs(tick) >= 1000);

/** The unit that the figures of `axisFigures` are in. */
export function axisUnit(ticks: readonly number[], measure: Measure): string {
  const { small, big } = MEASURES[measure];
  return inThousands(ticks, measure) || small === null ? big : small;
}

/** Figures for the marks of an axis, all with the same decimals. */
export function axisFigures(ticks: readonly number[], measure: Measure): string[] {
  const step = ticks.length > 1 ? Math.abs((ticks[1] ?? 0) - (ticks[0] ?? 0)) : 1000;
  const decimals = step % 1000 === 0 ? 0 : step % 100 === 0 ? 1 : step % 10 === 0 ? 2 : 3;
  const thousands = inThousands(ticks, measure);
  return ticks.map((tick) => (thousands ? milli(tick, decimals) : milli(tick * 1000, 0)));
}
