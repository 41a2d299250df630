// A household with sun on the roof: the same seconds always give the same watts.
import { dateParts, midnight } from './calendar.mjs';

const MINUTE = 60;
const QUARTER = 900;
const HISTORY_DAYS = 420;

function hash(n) {
  let x = (n * 2654435761) >>> 0;
  x = Math.imul(x ^ (x >>> 15), 2246822519) >>> 0;
  x = Math.imul(x ^ (x >>> 13), 3266489917) >>> 0;
  return ((x ^ (x >>> 16)) >>> 0) / 2 ** 32;
}

/** Smooth noise between 0 and 1 with knots every `step` seconds. */
function smooth(t, step, seed) {
  const knot = Math.floor(t / step);
  const f = (t - knot * step) / step;
  const ease = f * f * (3 - 2 * f);
  return hash(knot + seed) * (1 - ease) + hash(knot + 1 + seed) * ease;
}

const bump = (hour, at, width) => Math.exp(-(((hour - at) / width) ** 2));

function sun(t, hour, season) {
  const length = 6 + 2.1 * season;
  const angle = Math.cos(((hour - 12.6) / length) * (Math.PI / 2));
  if (angle <= 0 || Math.abs(hour - 12.6) > length) return 0;
  const sky = 0.25 + 0.75 * hash(Math.floor(t / 86_400) + 77);
  const clouds = sky > 0.75 ? 0.9 + 0.1 * smooth(t, 1800, 5) : sky * (0.35 + 0.65 * smooth(t, 420, 9));
  return 6400 * (0.42 + 0.29 * (season + 1)) * angle ** 1.3 * clouds;
}

const hourOf = (t) => ((t + 3600) % 86_400) / 3600;
const seasonOf = (t) => -Math.cos(((t / 86_400 - 10) / 365.25) * 2 * Math.PI);

/** What the meter of the roof sees, W: what is made flows out of it, and at night its inverter takes a little. */
export const roofPower = (t) => -Math.round(sun(t, hourOf(t), seasonOf(t))) || 4;

/** Net power in W: positive from the grid. */
export function netPower(t) {
  const hour = hourOf(t);
  const season = seasonOf(t);
  const day = Math.floor(t / 86_400);
  const fridge = (t % 2700) < 900 ? 95 : 0;
  const cooking = (1800 * bump(hour, 12.2, 0.35) + 2600 * bump(hour, 18.9, 0.5)) * (0.4 + 0.6 * hash(day + 3)) * (smooth(t, 240, 21) > 0.42 ? 1 : 0.15);
  const evening = 320 * bump(hour, 20.5, 2.2) + 160 * bump(hour, 7.2, 0.9);
  const heating = season < 0.1 ? (smooth(t, 3000, 31) > 0.58 ? 1450 * (0.5 - season * 0.5) : 0) : 0;
  const car = hash(day + 11) > 0.68 && hour > 1.2 && hour < 4.6 ? 3680 : 0;
  const noise = (hash(Math.floor(t)) - 0.5) * 24;
  return Math.round(165 + fridge + cooking + evening + heating + car + noise + 70 * smooth(t, 300, 41) - sun(t, hour, season));
}

/** A meter's whole past, with registers that add up minute by minute. */
export class House {
  constructor({ now, gaps, exporting = true, scale = 1, watts = netPower, historyDays = HISTORY_DAYS, firstImport = 6_695_000, firstExport = 2_104_000 }) {
    const [y, m, d] = dateParts(now);
    // A meter that began today began some quarter-hours ago, in the middle of one.
    this.first = historyDays < 1 ? Math.floor((now - historyDays * 86_400) / MINUTE) * MINUTE : midnight(y, m, d - historyDays);
    this.gaps = gaps;
    this.exporting = exporting;
    this.scale = scale;
    this.watts = watts;
    this.minutes = Math.ceil((now + 86_400 - this.first) / MINUTE);
    this.imported = new Float64Array(this.minutes + 1).fill(firstImport);
    this.exported = new Float64Array(this.minutes + 1).fill(firstExport);
    for (let i = 0; i < this.minutes; i += 1) {
      const watts = this.power(this.first + i * MINUTE + 30);
      this.imported[i + 1] = this.imported[i] + Math.max(0, watts) / 60;
      this.exported[i + 1] = this.exported[i] + Math.max(0, -watts) / 60;
    }
  }

  power(t) {
    const watts = Math.round(this.watts(t) * this.scale);
    return this.exporting ? watts : Math.abs(watts);
  }

  silent(t) {
    return t < this.first || this.gaps.some((gap) => t > gap.start && t < gap.end);
  }

  register(side, t) {
    const at = Math.min(Math.max((t - this.first) / MINUTE, 0), this.minutes);
    const i = Math.min(Math.floor(at), this.minutes - 1);
    const list = this[side];
    return Math.floor(list[i] + (list[i + 1] - list[i]) * (at - i));
  }

  between(side, from, to) {
    return this.register(side, to) - this.register(side, from);
  }

  /** The highest quarter-hour demand between two instants, and when it began. */
  peak(from, to) {
    let best = { watts: null, time: null };
    for (let t = Math.ceil(Math.max(from, this.first) / QUARTER) * QUARTER; t + QUARTER <= to; t += QUARTER) {
      if (this.silent(t) || this.silent(t + QUARTER)) continue;
      const watts = this.between('imported', t, t + QUARTER) * 4;
      if (best.watts === null || watts > best.watts) best = { watts, time: t };
    }
    return best;
  }

  /** All values of one telegram. */
  values(t) {
    const net = this.power(t);
    const values = {
      energy_import_wh: this.register('imported', t),
      power_import_w: Math.max(0, net),
      power_net_w: net,
      voltage_l1_mv: this.voltage(t, 1),
      current_l1_ma: Math.round(Math.abs(net) / 3 / 232) * 1000,
    };
    if (!this.exporting) return values;
    const shares = [0.46 + 0.1 * smooth(t, 600, 51), 0.3, 0.24 - 0.1 * smooth(t, 600, 51)];
    shares.forEach((share, index) => {
      const watts = Math.round(net * share);
      values[`power_import_l${index + 1}_w`] = Math.max(0, watts);
      values[`power_export_l${index + 1}_w`] = Math.max(0, -watts);
      values[`voltage_l${index + 1}_mv`] = this.voltage(t, index + 1);
      values[`current_l${index + 1}_ma`] = Math.round(Math.abs(watts) / 232) * 1000;
    });
    return {
      ...values,
      energy_export_wh: this.register('exported', t),
      reactive_energy_import_varh: Math.floor(this.register('imported', t) / 31),
      reactive_energy_export_varh: Math.floor(this.register('imported', t) / 9),
      power_export_w: Math.max(0, -net),
    };
  }

  voltage(t, phase) {
    const raw = 229 + 5 * smooth(t, 1500, phase * 100) + 1.5 * smooth(t, 60, phase * 7);
    return Math.round(raw * 10) * 100;
  }
}
