/** Sides: what the two directions of a meter are called. */
import { api, type Meter, type Reading } from './api';
import type { PageContext } from './page';
import { texts } from './texts';

export type Side = 'import' | 'export';
export type Sides = Readonly<Record<Side, string>>;

/** Which register of a production meter counts what is made: the one that has counted more. The other is its own use. */
export const madeSide = ({ values }: Reading): Side =>
  ((values['energy_import_wh'] ?? 0) > (values['energy_export_wh'] ?? 0) ? 'import' : 'export');

/** For a page of the past: which side is which, its registers tell as they stand. */
export async function loadSides(context: PageContext, signal: AbortSignal): Promise<Sides> {
  const { meter } = context;
  if (meter.role !== 'production') return texts;
  const reading = context.reading() ?? await api.last(meter.name, signal);
  return reading ? sidesOf(meter, reading) : texts;
}

export function sidesOf(meter: Meter, reading: Reading): Sides {
  if (meter.role !== 'production') return texts;
  const { made, own } = texts.making;
  return madeSide(reading) === 'export' ? { import: own, export: made } : { import: made, export: own };
}
