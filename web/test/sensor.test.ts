import { describe, expect, it } from 'vitest';
import type { Meter } from '../src/api';
import { sensorFigure, sensorViews } from '../src/sensor';

const meter = (...names: string[]): Meter => ({
  name: 'tank', title: 'Tank', zone: 'Europe/Luxembourg', proof: 'measured', role: 'sensor', tariff: false,
  quantities: names.map((name) => ({ name, obis: null, unit: '', kind: 'instant' })),
});

describe('a sensor', () => {
  it('shows what it measures, what is in the tank first', () => {
    const views = sensorViews(meter('distance_mm', 'level_mm', 'volume_ml', 'unknown'));
    expect(views.map((one) => one.name)).toEqual(['volume_ml', 'level_mm', 'distance_mm']);
    expect(sensorViews(meter())).toEqual([]);
  });

  it('in units that people use', () => {
    const figures = [1_476_549, 470, 1230, -4250, 494, 101_325, -70];
    const views = sensorViews(meter('volume_ml', 'level_mm', 'distance_mm', 'temperature_mc', 'humidity_permille', 'pressure_pa', 'clock_offset_s'));
    expect(views.map((one, index) => sensorFigure(one, figures[index] ?? 0).replace('\u00a0', ' '))).toEqual(
      ['1\u202f477 l', '0.47 m', '1.23 m', '\u22124.3 °C', '49.4 %', '1\u202f013.3 hPa', '\u221270 s'],
    );
  });
});
