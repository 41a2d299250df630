import { describe, expect, it } from 'vitest';
import { readableMessage } from '../src/message';
import { entryState } from '../src/totals';
import type { Entry, Meter } from '../src/api';

describe('messages of the network operator', () => {
  it('reads pairs of hexadecimal digits', () => {
    expect(readableMessage('48C3A4')).toBe('H\u00e4');
  });

  it('leaves what is no hexadecimal text as it is', () => {
    expect(readableMessage('setP1_extended_3ph')).toBe('setP1_extended_3ph');
    expect(readableMessage('(3)')).toBe('(3)');
    expect(readableMessage('00FF')).toBe('00FF');
    expect(readableMessage('')).toBe('');
  });
});

describe('how much of an hour was measured', () => {
  const meter: Meter = { name: 'home', title: 'Home', tariff: false, zone: 'UTC', first_time: 10_000, proof: 'tag', quantities: [] };
  const span = { from: 36_000, to: 39_600 };
  const entry: Entry = { start: span.from, end: span.to, energy_import_wh: 0, energy_export_wh: null, complete: true };

  it('takes nothing for granted that was not measured', () => {
    expect(entryState(entry, span, meter, 50_000)).toBe('complete');
    expect(entryState({ ...entry, complete: false }, span, meter, 50_000)).toBe('partial');
    expect(entryState({ ...entry, energy_import_wh: null }, span, meter, 50_000)).toBe('missing');
    expect(entryState(undefined, span, meter, 50_000)).toBe('missing');
  });

  it('counts neither the future nor the time before the meter as a hole', () => {
    expect(entryState(undefined, span, meter, 30_000)).toBe('outside');
    expect(entryState(undefined, { from: 0, to: 3600 }, meter, 50_000)).toBe('outside');
    expect(entryState({ ...entry, complete: false }, span, meter, 37_000)).toBe('running');
  });
});
