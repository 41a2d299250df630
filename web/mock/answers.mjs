// The bodies of the API's answers, from a synthetic house.
import { quarterBody } from './books.mjs';
import { deviceQuantities, devicesBody } from './devices.mjs';
import { powersOf } from './household.mjs';
import { localText, spans, ZONE } from './calendar.mjs';

const STEPS = { raw: 0, '1m': 60, '5m': 300, '15m': 900, '1h': 3600 };
const OBIS = { energy_import_wh: '1-0:1.8.0', energy_export_wh: '1-0:2.8.0', power_import_w: '1-0:1.7.0', power_export_w: '1-0:2.7.0' };

function unitOf(name) {
  const unit = name.split('_').at(-1);
  return { wh: 'Wh', varh: 'varh', w: 'W', mv: 'mV', ma: 'mA' }[unit] ?? unit;
}

/** A group has sums of registers and powers, and no phases. */
function valuesOf({ house, members }, time) {
  const all = Object.entries(house.values(time));
  return Object.fromEntries(members ? all.filter(([name]) => /^(energy|power)_[a-z]+_wh?$/.test(name)) : all);
}

function quantities(meter, now) {
  return Object.keys(valuesOf(meter, now)).map((name) => ({
    name, obis: OBIS[name] ?? null, unit: unitOf(name), kind: name.includes('energy') ? 'register' : 'instant',
    ...(name === 'power_net_w' ? { derived: true } : {}),
  }));
}

export function meterBody(meter, now) {
  const { name, title, role = 'grid', counts, members, house, proof, segments, contract } = meter;
  const last = Math.floor(now / 10) * 10;
  return {
    name, title, role, ...(counts ? { counts } : {}), ...(members ? { members } : {}), tariff: Boolean(contract), zone: ZONE, first_time: house.first, last_time: last, proof,
    segments: segments ?? [{ equipment: 'SAG1030700114004', first_time: house.first }], quantities: [...quantities(meter, now), ...deviceQuantities(meter)],
  };
}

const membersText = ({ add, subtract }) =>
  [...add.map((name) => `+ ${name} SAG1030700114004`), ...subtract.map((name) => `\u2212 ${name} SAG1030700114004`)].join(' ').replace('+ ', '');

const sealed = (proof) => proof === 'tag' || proof === 'crc';

export function lastBody(meter, now, age = 0, quarter = {}) {
  const { name, house, proof } = meter;
  const time = Math.floor(now) - age;
  return {
    meter: name, time, local: localText(time), age_s: age, received: time + 1, proof, equipment: 'SAG1030700114004',
    system_title: sealed(proof) && !meter.members ? '53414735000A1B2C' : null, frame_counter: sealed(proof) && !meter.members ? 370_915 + Math.floor((time - house.first) / 10) : null,
    values: { ...valuesOf(meter, time), ...powersOf(meter, time) }, texts: meter.members ? { members: membersText(meter.members) } : { '0-0:96.13.0': '' }, quarter: quarterBody(meter, time, quarter),
    devices: devicesBody(meter, time),
  };
}

function autoStep(span) {
  if (span <= 6 * 3600) return 'raw';
  if (span <= 3 * 86_400) return '1m';
  return span <= 62 * 86_400 ? '15m' : '1h';
}

export function seriesBody(meter, names, from, to, resolution, now) {
  const { house } = meter;
  const step = STEPS[resolution === 'auto' ? autoStep(to - from) : resolution];
  const end = Math.min(to, now);
  const time = [];
  const series = Object.fromEntries(names.map((name) => [name, step ? { min: [], mean: [], max: [] } : { mean: [] }]));
  const width = step || 10;
  for (let t = Math.ceil(Math.max(from, house.first) / width) * width; t < end; t += width) {
    const samples = [];
    for (let s = t; s < Math.min(t + width, end); s += 10) if (!house.silent(s)) samples.push(house.values(s));
    if (samples.length === 0) continue;
    time.push(t);
    for (const name of names) {
      const list = samples.map((values) => values[name] ?? 0);
      series[name].mean.push(Math.round(list.reduce((a, b) => a + b, 0) / list.length));
      if (!step) continue;
      series[name].min.push(Math.min(...list));
      series[name].max.push(Math.max(...list));
    }
  }
  return { meter: meter.name, from, to, resolution_s: step, time, series };
}

/** Energy of a span: the registers' difference, or the sum of the quarter-hours with both borders measured. */
function energies(house, kind, start, end) {
  const whole = !house.silent(start) && !house.silent(end);
  const sides = house.exporting ? ['imported', 'exported'] : ['imported'];
  const sum = {};
  for (const side of sides) {
    if (whole) sum[side] = house.between(side, start, end);
    else if (kind === 'quarter-hours') sum[side] = null;
    else {
      const known = spans('quarter-hours', start, end).filter(([a, b]) => !house.silent(a) && !house.silent(b));
      sum[side] = known.length === 0 ? null : known.reduce((total, [a, b]) => total + house.between(side, a, b), 0);
    }
  }
  return { whole, ...sum };
}

function entry(house, kind, start, end, now) {
  const until = Math.min(end, now);
  const { whole, imported, exported } = energies(house, kind, start, until);
  const hidden = house.gaps.reduce((total, gap) => total + Math.max(0, Math.min(gap.end, until) - Math.max(gap.start, start)), 0);
  const body = {
    start, end, local: localText(start), energy_import_wh: imported, energy_export_wh: house.exporting ? exported : null,
    telegrams: Math.floor((until - start - hidden) / 10), complete: whole && hidden < 900,
  };
  if (kind === 'quarter-hours') Object.assign(body, { demand_import_w: imported === null ? null : imported * 4 });
  else if (kind !== 'hours') {
    const { watts, time } = house.peak(start, until);
    Object.assign(body, { peak_import_w: watts, peak_time: time, voltage_min_mv: 228_400, voltage_max_mv: 236_100 });
    if (end > now) body.running = true;
  }
  return body;
}

/** A gap inside a single span is counted in it; only one across a border stands for itself. */
const crossesBorder = (kind, gap) => spans(kind, gap.start + 1, gap.end).length > 0;

export function accountBody({ name, house }, kind, from, to, now) {
  const entries = spans(kind, from, to)
    .filter(([start, end]) => start < now && end > house.first && !house.gaps.some((gap) => gap.start <= start && gap.end >= end))
    .map(([start, end]) => entry(house, kind, start, end, now));
  const gaps = house.gaps.filter((gap) => gap.end > from && gap.start < to).map((gap) => {
    const start = Math.floor(gap.start / 900) * 900;
    const end = Math.ceil(gap.end / 900) * 900;
    return {
      start, end, reason: 'no telegrams', energy_import_wh: house.between('imported', start, end),
      energy_export_wh: house.exporting ? house.between('exported', start, end) : null,
    };
  }).filter((gap) => crossesBorder(kind, gap));
  return { meter: name, from, to, entries, gaps };
}

export function healthBody(state, now) {
  const worst = state.problems.some((problem) => problem.severity === 'failing') ? 'failing' : 'attention';
  const status = state.problems.length === 0 ? 'ok' : worst;
  return {
    status, sentence: status === 'ok' ? 'All meters are being read.' : 'One source needs a look; the others are being read.',
    version: '0.1.0', started: Math.floor(state.started), now: Math.floor(now), problems: state.problems,
    sources: state.meters.filter(({ members }) => !members).map(({ name }) => ({
      name: name === 'home' ? 'cable' : `${name}-network`, kind: name === 'home' ? 'serial' : 'tcp',
      target: name === 'home' ? '/dev/ttyUSB0' : '192.0.2.40:2001', state: 'reading',
      last_byte: Math.floor(now) - 1, last_telegram: Math.floor(now) - 4, meters: [name],
      counters: { bytes: 5_590_080, frames: 8641, telegrams: 8640, noise_bytes: 12, abandoned: 1, overflow: 0, tag_mismatch: 0, crc_mismatch: 1 },
    })),
    meters: state.meters.map(({ name, proof }) => ({
      name, last_time: Math.floor(now) - 4, age_s: 4, proof, telegrams: 8640, clock_drift_s: name === 'home' ? 1 : -3,
      counters: { duplicate: 0, replay: 0, quarantined: name === 'home' ? state.quarantine.length : 0, unknown_objects: 0, malformed_objects: 0 },
    })),
    sinks: [{
      name: 'house', kind: 'mqtt', target: '192.0.2.10:1883', state: 'connected', since: Math.floor(now) - 7200, queued: 0,
      counters: { connected: 1, sent: 9_412, acknowledged: 8, live_skipped: 0 },
    }],
    store: { path: 'smartyreader.db', bytes: 25_412_608, readings: 3_153_600, pending: 0, state: 'ok' },
  };
}
