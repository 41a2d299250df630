// What is made behind a meter of the synthetic house, used at home, and used in all.
import { localText, spans } from './calendar.mjs';

const share = (part, whole) => (whole <= 0 ? null : Math.round(Math.min(1, Math.max(0, part / whole)) * 10_000));
const of = (imported, exported, produced) => ({ produced, selfConsumed: produced - exported, used: imported + produced - exported });

/** The powers of this moment; empty for a meter without production, or where what is made is `quiet`. */
export function powersOf({ house, production }, time) {
  if (!production || production.some(({ quiet }) => quiet)) return {};
  const net = house.power(time);
  const produced = production.reduce((sum, maker) => sum + Math.max(0, -maker.house.power(time)), 0);
  const { selfConsumed, used } = of(Math.max(0, net), Math.max(0, -net), produced);
  return { power_produced_w: produced, power_self_consumed_w: selfConsumed, power_used_w: used };
}

function row({ house, production }, start, end, now) {
  const until = Math.min(end, now);
  const first = Math.max(start, house.first);
  // In one piece where all was measured, else quarter-hour by quarter-hour.
  const whole = !house.gaps.some((gap) => gap.end > first && gap.start < until);
  const pieces = whole ? [[first, until]] : spans('quarter-hours', first, until).filter(([a, b]) => b <= until && !house.silent(a) && !house.silent(b));
  const sum = (one, side) => pieces.reduce((total, [a, b]) => total + one.between(side, a, b), 0);
  const energies = of(sum(house, 'imported'), sum(house, 'exported'), production.reduce((total, maker) => total + sum(maker.house, 'exported'), 0));
  const known = pieces.length > 0;
  return {
    start, end, local: localText(start),
    energy_produced_wh: known ? energies.produced : null, energy_self_consumed_wh: known ? energies.selfConsumed : null, energy_used_wh: known ? energies.used : null,
    self_consumption_bp: known ? share(energies.selfConsumed, energies.produced) : null, autarky_bp: known ? share(energies.selfConsumed, energies.used) : null,
    complete: whole && start >= house.first, ...(end > now ? { running: true } : {}),
  };
}

export function sharesBody(meter, kind, from, to, now) {
  const entries = spans(kind, from, to).filter(([start, end]) => start < now && end > meter.house.first).map(([start, end]) => row(meter, start, end, now));
  return { meter: meter.name, production: meter.production.map(({ name }) => name), from, to, entries };
}
