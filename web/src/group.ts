/** Group: what it sums, in words. */
import type { Meter } from './api';
import { texts } from './texts';

/** "Flat 1 + Flat 2 − Heat pump", by the titles of its members; empty for what is no group. */
export function membersText(meter: Meter, meters: readonly Meter[]): string {
  const titleOf = (name: string) => meters.find((one) => one.name === name)?.title ?? name;
  const { add, subtract } = meter.members ?? { add: [], subtract: [] };
  return [add.map(titleOf).join(' + '), ...subtract.map(titleOf)].join(' \u2212 ').trim();
}

/** What is said of a group's registers: sums are those of the displays, differences are its own. */
export const registersHint = (meter: Meter): string =>
  (meter.members?.subtract.length ? texts.now.ownHint : texts.now.sumHint);
