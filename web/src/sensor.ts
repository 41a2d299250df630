/** What a sensor measures, and in which units people read it. */
import type { Meter } from './api';
import { milli } from './format';
import type { Measure } from './scale';

/** How a quantity is shown: its integers times `factor` are thousandths of the unit. */
export interface Shown {
  readonly name: string;
  readonly measure: Measure;
  readonly factor: number;
  readonly unit: string;
  readonly decimals: number;
}

const SHOWN: readonly Shown[] = [
  { name: 'volume_ml', measure: 'volume', factor: 1, unit: 'l', decimals: 0 },
  { name: 'level_mm', measure: 'length', factor: 1, unit: 'm', decimals: 2 },
  { name: 'distance_mm', measure: 'length', factor: 1, unit: 'm', decimals: 2 },
  { name: 'temperature_mc', measure: 'temperature', factor: 1, unit: '°C', decimals: 1 },
  { name: 'humidity_permille', measure: 'humidity', factor: 100, unit: '%', decimals: 1 },
  { name: 'pressure_pa', measure: 'pressure', factor: 10, unit: 'hPa', decimals: 1 },
  { name: 'clock_offset_s', measure: 'clock', factor: 1000, unit: 's', decimals: 0 },
];

export function sensorViews(meter: Meter): Shown[] {
  const sent = new Set(meter.quantities.map((quantity) => quantity.name));
  return SHOWN.filter((one) => sent.has(one.name));
}

export const sensorFigure = (one: Shown, value: number): string => `${milli(value * one.factor, one.decimals)}\u00a0${one.unit}`;
