/** Numbers for people. Inputs are the API's integers; every figure shown is exact, only its unit is chosen. */

const NARROW_SPACE = '\u202f';
const MINUS = '\u2212';

export interface Figure {
  readonly number: string;
  readonly unit: string;
}

/** Groups of three digits, with a space that neither breaks nor looks like a decimal sign. */
export function grouped(digits: string): string {
  return digits.replace(/\B(?=(\d{3})+$)/g, NARROW_SPACE);
}

/** An integer of thousandths as a decimal: 12345 → `12.345`; `decimals` rounds for coarse displays. */
export function milli(value: number, decimals = 3): string {
  const scale = 10 ** (3 - decimals);
  const rounded = Math.round(Math.abs(value) / scale);
  const base = 10 ** decimals;
  const whole = grouped(String(Math.floor(rounded / base)));
  const sign = value < 0 && rounded !== 0 ? MINUS : '';
  if (decimals === 0) return sign + whole;
  return `${sign}${whole}.${String(rounded % base).padStart(decimals, '0')}`;
}

/** Small amounts in the unit itself, from a thousand on in the kilo unit with every digit kept. */
function scaled(value: number, unit: string): Figure {
  if (Math.abs(value) < 1000) return { number: `${value < 0 ? MINUS : ''}${Math.abs(value)}`, unit };
  return { number: milli(value), unit: `k${unit}` };
}

const joined = (figure: Figure): string => `${figure.number}\u00a0${figure.unit}`;

export const powerFigure = (watts: number): Figure => scaled(Math.round(watts), 'W');
export const power = (watts: number): string => joined(powerFigure(watts));
export const energy = (wattHours: number): string => joined(scaled(wattHours, 'Wh'));

/** Always kWh with three decimals, as in columns of figures and on the meter's own display. */
export const kiloWattHours = (wattHours: number): string => `${milli(wattHours)}\u00a0kWh`;

/** One decimal is what the meters send: `231.0 V`. */
export const voltage = (millivolts: number): string => `${milli(millivolts, 1)}\u00a0V`;

/** Luxembourg's meters send whole amperes; others have finer ones, and those keep their digits. */
export function current(milliamperes: number): string {
  const decimals = milliamperes % 1000 === 0 ? 0 : milliamperes % 10 === 0 ? 2 : 3;
  return `${milli(milliamperes, decimals)}\u00a0A`;
}

export const count = (value: number): string => grouped(String(value));

/** `4 s`, `2 min 10 s`, `3 h 5 min`, `2 d 4 h`: two units at most. */
export function duration(seconds: number): string {
  const s = Math.max(0, Math.floor(seconds));
  const pair = (big: number, bigUnit: string, small: number, smallUnit: string) =>
    `${big}\u00a0${bigUnit}${small ? ` ${small}\u00a0${smallUnit}` : ''}`;
  if (s < 60) return `${s}\u00a0s`;
  if (s < 3600) return pair(Math.floor(s / 60), 'min', s % 60, 's');
  if (s < 86_400) return pair(Math.floor(s / 3600), 'h', Math.floor((s % 3600) / 60), 'min');
  return pair(Math.floor(s / 86_400), 'd', Math.floor((s % 86_400) / 3600), 'h');
}

export function bytes(value: number): string {
  if (value < 1000) return `${value}\u00a0B`;
  if (value < 1_000_000) return `${milli(value, 1)}\u00a0kB`;
  if (value < 1_000_000_000) return `${milli(value / 1000, 1)}\u00a0MB`;
  return `${milli(value / 1_000_000, 2)}\u00a0GB`;
}

/** Any quantity by the unit that its name ends with. */
export function quantityText(value: number, unit: string): string {
  switch (unit) {
    case 'W': return power(value);
    case 'Wh': return kiloWattHours(value);
    case 'varh': return `${milli(value)}\u00a0kvarh`;
    case 'mV': return voltage(value);
    case 'mA': return current(value);
    case 'mHz': return `${milli(value)}\u00a0Hz`;
    default: return unit ? `${count(value)}\u00a0${unit}` : count(value);
  }
}

/** A reference power as people say it: `3 kW`, `3.5 kW`. */
export const roundPower = (watts: number): string => `${milli(watts).replace(/\.?0+$/, '')}\u00a0kW`;

/** A power that is allowed: coarse, and never more than it is. */
export function allowance(watts: number): string {
  if (watts >= 10_000) return `${milli(Math.floor(watts / 1000) * 1000, 0)}\u00a0kW`;
  if (watts >= 1000) return `${milli(Math.floor(watts / 100) * 100, 1)}\u00a0kW`;
  return `${Math.floor(watts / 10) * 10}\u00a0W`;
}

/** Millionths of a euro as euro and cent, rounded once; half a cent goes away from zero. */
export const moneyFigure = (microEuro: number): string => milli(Math.round(Math.abs(microEuro) / 10_000) * (microEuro < 0 ? -10 : 10), 2);
export const money = (microEuro: number): string => `${moneyFigure(microEuro)}\u00a0€`;

/** A price with all its digits: cents for a kWh (`12.29 ct`), euro for a month or year (`7.42 €`). */
export function price(nanoEuro: number, unit: string): string {
  const perKwh = unit === 'kWh';
  const one = perKwh ? 10_000_000 : 1_000_000_000;
  const digits = perKwh ? 7 : 9;
  const amount = Math.abs(nanoEuro);
  const part = String(amount % one).padStart(digits, '0').replace(/0+$/, '').padEnd(2, '0');
  return `${nanoEuro < 0 ? MINUS : ''}${grouped(String(Math.floor(amount / one)))}.${part}\u00a0${perKwh ? 'ct' : '€'}`;
}

/** A count of thousandths without needless zeros: `1`, `0.767`. */
export const thousandths = (value: number): string => milli(value).replace(/\.?0+$/, '');

export const percent = (basisPoints: number): string => `${thousandths(basisPoints * 10)}\u00a0%`;

/** Whole watts, so that figures beside each other have one unit. */
export const watts = (value: number): string => `${milli(value * 1000, 0)}\u00a0W`;

/** A share in whole percent; all and nothing are said only of all and nothing. */
export function wholePercent(basisPoints: number): string {
  const rounded = Math.round(basisPoints / 100);
  const inside = basisPoints > 0 && basisPoints < 10_000;
  return `${inside ? Math.min(99, Math.max(1, rounded)) : rounded}\u00a0%`;
}
