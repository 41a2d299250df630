/** Sides: what the two directions of a meter are called. */
import type { Meter } from './api';
import { texts } from './texts';

export type Side = 'import' | 'export';
export type Sides = Readonly<Record<Side, string>>;

/** Which register of a production meter counts what is made, as it was set; the other is its own use. Null of any other meter. */
export const madeSide = ({ role, counts }: Meter): Side | null => (role === 'production' ? counts ?? 'export' : null);

export function sidesOf(meter: Meter): Sides {
  const side = madeSide(meter);
  if (!side) return texts;
  const { made, own } = texts.making;
  return side === 'export' ? { import: own, export: made } : { import: made, export: own };
}
