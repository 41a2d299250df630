// What the synthetic house's books say of themselves: the running quarter-hour, checks, quality, alerts.
import { localText, spans } from './calendar.mjs';

const QUARTER = 900;

/** The running quarter-hour at `time`; `over` replaces what a test wants otherwise. */
export function quarterBody({ house, contract }, time, over = {}) {
  const start = Math.floor(time / QUARTER) * QUARTER;
  const end = start + QUARTER;
  const imported = over.energy_import_wh ?? house.between('imported', start, time);
  const power = over.power_w ?? house.between('imported', time - 180, time) * 20;
  const reference = contract ? contract.kw * 1000 : null;
  const left = end - time;
  const spare = reference === null ? null : reference / 4 - imported;
  return {
    start, end, energy_import_wh: imported, energy_export_wh: house.between('exported', start, time), complete: over.complete ?? true,
    demand_import_projected_w: Math.round((imported + (power * left) / 3600) * 4),
    reference_power_w: reference, power_allowed_w: spare === null ? null : Math.max(0, Math.floor((spare * 3600) / left)),
    exceedance_wh: spare === null ? null : Math.max(0, Math.ceil(-spare)),
  };
}

const REGISTERS = [
  ['energy_import_wh', '1-0:1.8.0', 'imported', 1], ['energy_export_wh', '1-0:2.8.0', 'exported', 1],
  ['reactive_energy_import_varh', '1-0:3.8.0', 'imported', 31], ['reactive_energy_export_varh', '1-0:4.8.0', 'imported', 9],
];

export function checkBody({ name, house, tariffs = false, segments }, time) {
  const values = house.values(time);
  const registers = REGISTERS.filter(([register]) => values[register] != null).map(([register, obis, side, part]) => {
    const value = values[register];
    const first = Math.floor(house.register(side, house.first) / part);
    const off = house.gaps.filter((gap) => spans('days', gap.start + 1, gap.end).length > 0);
    const gaps = off.reduce((sum, gap) => sum + Math.floor(house.register(side, gap.end) / part) - Math.floor(house.register(side, gap.start) / part), 0);
    const two = Math.floor(value * 0.38);
    const part1 = register.replace('_wh', '_t1_wh');
    const part2 = register.replace('_wh', '_t2_wh');
    return {
      name: register, obis, value_wh: value,
      tariffs: tariffs && register === 'energy_import_wh'
        ? [{ name: part1, obis: '1-0:1.8.1', value_wh: value - two }, { name: part2, obis: '1-0:1.8.2', value_wh: two }] : [],
      first_time: house.first, difference_wh: value - first, days_wh: value - first - gaps, gaps_wh: gaps, off_wh: 0,
    };
  });
  return {
    meter: name, time, local: localText(time), registers, segments: segments ?? [{ equipment: 'SAG1030700114004', first_time: house.first }],
    sentence: 'All registers and days agree to the watt-hour.',
  };
}

const count = (n, one, many) => `${n} ${n === 1 ? one : many}`;

function qualityOf(house, start, end, now) {
  const until = Math.min(end, now);
  const quarters = spans('quarter-hours', Math.max(start, house.first), until).filter(([, to]) => to <= until);
  const measured = quarters.filter(([from, to]) => !house.silent(from) && !house.silent(to)).length;
  const gaps = house.gaps.filter((gap) => gap.end > start && gap.start < until);
  const hidden = gaps.reduce((sum, gap) => sum + Math.min(gap.end, until) - Math.max(gap.start, start), 0);
  const all = (end - start) / QUARTER;
  const sentences = [];
  if (measured === quarters.length) sentences.push(end > now ? `All ${measured} quarter-hours so far were measured.` : `All ${measured} quarter-hours were measured.`);
  else if (measured === 0) sentences.push('Nothing was measured on this day.');
  else sentences.push(`${measured} of ${quarters.length} quarter-hours were measured; ${count(gaps.length, 'gap', 'gaps')}, ${Math.round(hidden / 60)} minutes in all.`);
  if (measured > 0) sentences.push('The meter\u2019s clock was right.');
  return {
    start, end, local: localText(start), running: end > now, telegrams: Math.floor((until - Math.max(start, house.first) - hidden) / 10),
    quarter_hours: end > now ? quarters.length : all, quarter_hours_measured: measured, gaps: gaps.length, complete: measured === quarters.length && start >= house.first, sentences,
  };
}

export function qualityBody({ name, house }, from, to, now) {
  const entries = spans('days', from, to).filter(([start, end]) => start < now && end > house.first)
    .map(([start, end]) => qualityOf(house, start, end, now));
  return { meter: name, from, to, entries };
}

export function alertsBody(state, meter) {
  const mine = (one) => !meter || one.meter === meter;
  return { open: state.alerts.open.filter(mine), recent: state.alerts.recent.filter(mine) };
}

/** A few alerts of the last two days, newest first, as they are said: over after begin. */
export function pastAlerts(now) {
  const at = (ago) => Math.floor(now - ago);
  const one = (code, phase, state, time, since, sentence, figures) => ({ meter: 'home', code, phase, state, time, since, sentence, figures });
  return [
    one('voltage-high', 2, 'over', at(7_400), at(8_100), 'The voltage of L2 is right again, 250 V, after 11 minutes; the highest was 254.8 V.', { voltage_mv: 250_000, limit_mv: 253_000, voltage_max_mv: 254_800 }),
    one('voltage-high', 2, 'begin', at(8_100), at(8_100), 'The voltage of L2 is 254 V, above 253 V.', { voltage_mv: 254_000, limit_mv: 253_000, voltage_max_mv: 254_000 }),
    one('no-telegrams', null, 'over', at(90_000), at(93_300), 'Telegrams come again, after 55 minutes without one.', { age_s: 3300 }),
    one('no-telegrams', null, 'begin', at(93_300), at(93_300), 'No telegram for 10 minutes.', { age_s: 600 }),
  ];
}

export const SAMPLE_ALERT = {
  meter: 'home', code: 'voltage-low', phase: 2, state: 'begin', sentence: 'The voltage of L2 is 204 V, below 207 V.',
  figures: { voltage_mv: 204_000, limit_mv: 207_000, voltage_min_mv: 203_000 },
};
