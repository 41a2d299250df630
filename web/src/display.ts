/** The meter's display beside our register: what was typed, and whether the two agree. */

/** A figure as it was typed: Wh, and how much its last digit stands for. */
export interface Typed {
  readonly wh: number;
  readonly stepWh: number;
}

/**
 * `12127,482`, `12 127.4` or `00012127` in kWh. Displays differ in their decimal sign, so comma and dot are both one;
 * where both stand, the last is. Null: no figure of a meter, at most three decimals.
 */
export function parseKwh(text: string): Typed | null {
  const bare = text.replace(/[\s\u00a0\u202f'’]/g, '').replace(/kwh$/i, '');
  const sign = Math.max(bare.lastIndexOf(','), bare.lastIndexOf('.'));
  const whole = (sign < 0 ? bare : bare.slice(0, sign)).replace(/[.,]/g, '');
  const decimals = sign < 0 ? '' : bare.slice(sign + 1);
  if (!/^\d{1,10}$/.test(whole) || !/^\d{0,3}$/.test(decimals)) return null;
  const stepWh = 10 ** (3 - decimals.length);
  return { wh: Number(whole) * 1000 + Number(decimals.padEnd(3, '0')), stepWh };
}

export type Verdict =
  | { readonly kind: 'agrees' }
  /** The meter counts while people read and type; `ahead`: the display is. */
  | { readonly kind: 'counted-on'; readonly apartWh: number; readonly ahead: boolean }
  | { readonly kind: 'other'; readonly name: string }
  | { readonly kind: 'differs'; readonly apartWh: number; readonly ahead: boolean };

export interface Ours {
  readonly name: string;
  readonly wh: number;
}

/** What a house may draw while somebody reads and types: at least this, W, for so long, s. */
const LEAST_W = 3000;
const PATIENCE_S = 120;

/** Wh by which display and register may be apart because the meter counted on. */
export const slack = (ageS: number, powerW: number): number =>
  Math.ceil((Math.max(powerW, LEAST_W) * (ageS + PATIENCE_S)) / 3600);

/** A display cuts digits off, it does not round: 12 127.482 is shown as 12 127.4. */
const cut = (wh: number, stepWh: number): number => Math.floor(wh / stepWh) * stepWh;

export function compare(typed: Typed, ours: Ours, slackWh: number, others: readonly Ours[]): Verdict {
  const apart = (wh: number) => typed.wh - cut(wh, typed.stepWh);
  const difference = apart(ours.wh);
  if (difference === 0) return { kind: 'agrees' };
  const ahead = difference > 0;
  // Cut to whole kWh, one more or less may be a single Wh.
  const least = Math.max(0, Math.abs(difference) - typed.stepWh + 1);
  if (least <= slackWh) return { kind: 'counted-on', apartWh: Math.abs(difference), ahead };
  const other = others.find((one) => one.name !== ours.name && Math.max(0, Math.abs(apart(one.wh)) - typed.stepWh + 1) <= slackWh);
  if (other) return { kind: 'other', name: other.name };
  return { kind: 'differs', apartWh: Math.abs(difference), ahead };
}
