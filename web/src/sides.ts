/** Sides: what the two directions of a meter are called. */
import type { Meter, Reading } from './api';
import { texts } from './texts';

export type Side = 'import' | 'export';
export type Sides = Readonly<Record<Side, string>>;

/** Which register of a production meter counts what is made: the one that has counted more. The other is its own use. */
export const madeSide = ({ values }: Reading): Side =>
  ((values['energy_import_wh'] ?? 0) > (values['energy_export_wh'] ?? 0) ? 'import' : 'export');

export function sidesOf(meter: Meter, reading: Reading): Sides {
  if (meter.role !== 'production') return texts;
  const { made, own } = texts.making;
  return madeSide(reading) === 'export' ? { import: own, export: made } : { import: made, export: own };
}
