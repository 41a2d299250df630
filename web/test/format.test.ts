import { describe, expect, it } from 'vitest';
import { bytes, current, duration, energy, kiloWattHours, milli, power, quantityText, voltage } from '../src/format';

/** Spaces of all kinds as plain ones, so that the expectations can be read. */
const plain = (text: string): string => text.replace(/[\u00a0\u202f]/g, ' ');

describe('figures', () => {
  it('keeps every digit', () => {
    expect(plain(power(412))).toBe('412 W');
    expect(plain(power(999))).toBe('999 W');
    expect(plain(power(1000))).toBe('1.000 kW');
    expect(plain(power(12_345))).toBe('12.345 kW');
    expect(plain(power(-1205))).toBe('\u22121.205 kW');
    expect(plain(energy(103))).toBe('103 Wh');
    expect(plain(kiloWattHours(5))).toBe('0.005 kWh');
    expect(plain(kiloWattHours(12_345_678))).toBe('12 345.678 kWh');
  });

  it('never shows a minus before zero', () => {
    expect(power(0)).not.toContain('\u2212');
    expect(milli(-0)).toBe('0.000');
    expect(milli(-4, 1)).toBe('0.0');
  });

  it('rounds only where a coarser figure is asked for', () => {
    expect(milli(1999, 1)).toBe('2.0');
    expect(milli(999_999, 0)).toBe(`1\u202f000`);
    expect(plain(voltage(231_000))).toBe('231.0 V');
    expect(plain(current(4000))).toBe('4 A');
    expect(plain(current(4120))).toBe('4.12 A');
    expect(plain(current(4123))).toBe('4.123 A');
  });

  it('says durations in two units at most', () => {
    expect(plain(duration(4.9))).toBe('4 s');
    expect(plain(duration(130))).toBe('2 min 10 s');
    expect(plain(duration(3600))).toBe('1 h');
    expect(plain(duration(11_100))).toBe('3 h 5 min');
    expect(plain(duration(2 * 86_400 + 4 * 3600 + 59))).toBe('2 d 4 h');
    expect(plain(duration(-3))).toBe('0 s');
  });

  it('names sizes and quantities with their units', () => {
    expect(plain(bytes(25_412_608))).toBe('25.4 MB');
    expect(plain(bytes(999))).toBe('999 B');
    expect(plain(quantityText(6695, 'Wh'))).toBe('6.695 kWh');
    expect(plain(quantityText(50_010, 'mHz'))).toBe('50.010 Hz');
    expect(plain(quantityText(1234, 'VA'))).toBe('1 234 VA');
  });
});
