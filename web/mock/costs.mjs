// Bills of the synthetic house. Money is kept in euro as numbers and rounded once, in the answer.
import { dateParts, dateText, localText, midnight, spans } from './calendar.mjs';
import { CLASSES, EXCEEDANCE_2026, prices, VAT_SOURCE } from './tariff.mjs';

const QUARTER = 900;
const micro = (euro) => Math.round(euro * 1e6);
const startOf = (date) => midnight(...date.split('-').map(Number));

/** What a span used: energies with the gaps that lie in it whole, and what went beyond the reference power. */
function usage(house, from, to, referenceW) {
  const found = { imported: 0, exported: 0, beyond: 0, quarters: 0, known: 0, gap: 0, crossing: 0 };
  const begin = Math.max(from, house.first);
  let open = begin > from || !house.silent(begin) ? begin : null;
  for (let t = begin; t < to; t += QUARTER) {
    const end = Math.min(t + QUARTER, to);
    found.quarters += 1;
    if (house.silent(end)) continue;
    if (open === null) found.crossing += house.between('imported', begin, end);
    else {
      const imported = house.between('imported', open, end);
      found.imported += imported;
      found.exported += house.exporting ? house.between('exported', open, end) : 0;
      if (open === t) {
        found.known += 1;
        if (end - t === QUARTER) found.beyond += Math.max(0, imported - referenceW / 4);
      } else found.gap += imported;
    }
    open = end;
  }
  return found;
}

const memory = new WeakMap();

function remembered(house, from, to, referenceW) {
  if (!memory.has(house)) memory.set(house, new Map());
  const known = memory.get(house);
  const key = `${from} ${to} ${referenceW}`;
  if (!known.has(key)) known.set(key, usage(house, from, to, referenceW));
  return known.get(key);
}

/** Months as a number: each day is its share of its month. */
function months(from, to) {
  return spans('days', from, to).reduce((sum, [start]) => {
    const [y, m] = dateParts(start);
    return sum + 1 / new Date(Date.UTC(y, m, 0)).getUTCDate();
  }, 0);
}

function quantity(price, used, from, to) {
  switch (price.per) {
    case 'kWh': return used.imported / 1000;
    case 'kWh-exported': return used.exported / 1000;
    case 'beyond': return used.beyond / 1000;
    case 'month': return months(from, to);
    default: return months(from, to) / 12;
  }
}

function line(house, price, from, to, referenceW) {
  const begin = Math.max(from, price.from ? startOf(price.from) : from);
  const end = Math.min(to, price.to ? startOf(price.to) : to);
  if (begin >= end) return null;
  const used = remembered(house, begin, end, referenceW);
  const much = quantity(price, used, begin, end);
  if (price.per === 'kWh-exported' && !house.exporting) return null;
  const vat = price.vat ?? 800;
  const net = much * price.price;
  const fixed = price.per === 'month' || price.per === 'year';
  return {
    component: price.component, name: price.name ?? null, window: null, from: dateText(begin), to: dateText(end - 1 + 86_400),
    quantity_milli: Math.round(much * 1000), unit: fixed ? price.per : 'kWh', price_nano_eur: Math.round(price.price * 1e9), mean_price: false,
    price_includes_vat: false, reference_power_w: price.class ? referenceW : null, net, vat_basis_points: vat, tax: (net * vat) / 10_000,
    gap_wh: price.per === 'kWh' ? used.gap : 0, lower_bound: price.per === 'beyond' && used.known < used.quarters,
    source: price.source ?? 'your configuration', certain: price.certain ?? true, reason: price.reason ?? null,
  };
}

function notesOf(used, from, to, until, now) {
  const notes = [];
  if (from < startOf('2026-01-01')) {
    notes.push({ code: 'price-missing', sentence: 'The price of compensation in 2025 is missing: it was negative for up to 25 000 kWh a year, but no source says how much.' });
  }
  if (used.crossing > 0) {
    notes.push({ code: 'gap-across-border', sentence: `A gap reaches beyond this bill: ${(used.crossing / 1000).toFixed(3)} kWh of it are not counted, for nobody knows on which side they fell.` });
  }
  if (used.known < used.quarters) {
    notes.push({
      code: 'demand-unknown',
      sentence: `From ${dateText(from)} up to ${dateText(until - 1 + 86_400)} the demand of ${used.quarters - used.known} of ${used.quarters} quarter-hours is not known: what went beyond the reference power may be more.`,
    });
  }
  if (to > now) notes.push({ code: 'running', sentence: 'This is not over yet: it is counted so far.' });
  return notes;
}

function bill({ house, contract }, from, to, now) {
  const until = Math.min(to, now);
  const begin = Math.max(from, house.first);
  const lines = begin >= until ? [] : prices(contract.kw).map((price) => line(house, price, begin, until, contract.kw * 1000)).filter(Boolean);
  const used = begin >= until ? usage(house, until, until, 0) : remembered(house, begin, until, contract.kw * 1000);
  return { from, to, until, lines, used, notes: begin >= until ? [] : notesOf(used, begin, to, until, now) };
}

const total = ({ lines }) => lines.reduce((sum, one) => sum + one.net + one.tax, 0);
const isCertain = ({ lines, notes }) => lines.every((one) => one.certain) && notes.every(({ code }) => code !== 'price-missing');
const isLowerBound = ({ notes }) => notes.some(({ code }) => code === 'gap-across-border' || code === 'demand-unknown');

export function billBody(meter, from, to, now) {
  const made = bill(meter, from, to, Math.floor(now / 10) * 10);
  const net = made.lines.reduce((sum, one) => sum + one.net, 0);
  const rates = [...new Set(made.lines.map((one) => one.vat_basis_points))];
  const years = [...new Set([dateParts(from)[0], dateParts(Math.max(from, made.until - 1))[0]])];
  return {
    meter: meter.name, from, to, until: made.until, running: to > now, currency: 'EUR',
    tariffs: years.map((year) => `Luxembourg, low voltage, ${year}`), reference_power_w: meter.contract.kw * 1000,
    energy_import_wh: made.used.imported, energy_export_wh: meter.house.exporting ? made.used.exported : null,
    quarter_hours: made.used.quarters, quarter_hours_known: made.used.known,
    net_micro_eur: micro(net), vat_micro_eur: micro(total(made) - net), total_micro_eur: micro(total(made)), total_cent: Math.round(total(made) * 100),
    certain: isCertain(made), lower_bound: isLowerBound(made),
    lines: made.lines.map(({ net: amount, tax, ...rest }) => ({ ...rest, net_micro_eur: micro(amount), vat_micro_eur: micro(tax) })),
    vat: rates.map((rate) => {
      const of = made.lines.filter((one) => one.vat_basis_points === rate);
      return {
        basis_points: rate, net_micro_eur: micro(of.reduce((sum, one) => sum + one.net, 0)),
        vat_micro_eur: micro(of.reduce((sum, one) => sum + one.tax, 0)), source: rate ? VAT_SOURCE : 'your configuration', certain: true,
      };
    }),
    notes: made.notes,
  };
}

export function costListBody(meter, kind, from, to, now) {
  const entries = spans(kind, from, to).filter(([start, end]) => start < now && end > meter.house.first).map(([start, end]) => {
    const made = bill(meter, start, end, Math.floor(now / 10) * 10);
    const components = {};
    for (const one of made.lines) components[one.component] = (components[one.component] ?? 0) + one.net + one.tax;
    return {
      start, end, local: localText(start), running: end > now, energy_import_wh: made.used.imported,
      energy_export_wh: meter.house.exporting ? made.used.exported : null, exceedance_wh: Math.round(made.used.beyond),
      quarter_hours: made.used.quarters, quarter_hours_known: made.used.known, total_micro_eur: micro(total(made)),
      components: Object.fromEntries(Object.entries(components).map(([name, amount]) => [name, micro(amount)])),
      certain: isCertain(made), lower_bound: isLowerBound(made),
    };
  });
  return { meter: meter.name, from, to, currency: 'EUR', entries };
}

export function advisorBody({ name, house, contract }, now) {
  const to = Math.floor(now / QUARTER) * QUARTER;
  const from = Math.max(house.first, to - 365 * 86_400);
  const list = Object.entries(CLASSES[2026]).map(([kw, month]) => ({ w: Number(kw) * 1000, month, used: remembered(house, from, to, Number(kw) * 1000) }));
  const known = list[0].used.known;
  const scale = known === 0 ? 0 : 35_040 / known;
  const classes = list.map(({ w, month, used }, index) => {
    const fixed = month * 12 * 1.08;
    const beyond = (used.beyond / 1000) * scale * EXCEEDANCE_2026 * 1.08;
    const next = list[index + 1];
    return {
      reference_power_w: w, fixed_month_nano_eur: Math.round(month * 1e9), fixed_micro_eur: micro(fixed), exceedance_wh: Math.round(used.beyond * scale),
      exceedance_micro_eur: micro(beyond), total_micro_eur: micro(fixed + beyond),
      break_even_month_wh: next ? Math.round(((next.month - month) / EXCEEDANCE_2026) * 1000) : null,
    };
  });
  const cheapest = classes.reduce((best, one) => (one.total_micro_eur < best.total_micro_eur ? one : best));
  const own = classes.find((one) => one.reference_power_w === contract.kw * 1000);
  const scaled = known < 35_040;
  return {
    meter: name, from, to, currency: 'EUR', prices_of: dateText(now), quarter_hours_of_a_year: 35_040, quarter_hours_known: known, scaled,
    peak_import_w: house.peak(from, to).watts, exceedance_price_nano_eur: EXCEEDANCE_2026 * 1e9, vat_basis_points: 800, exceedance_vat_basis_points: 800,
    reference_power_w: contract.kw * 1000, cheapest_reference_power_w: cheapest.reference_power_w,
    saving_micro_eur: own.total_micro_eur - cheapest.total_micro_eur, certain: false, classes,
    notes: [
      ...(scaled ? [`The demand of ${known} of the 35040 quarter-hours of a year is known. What went beyond was multiplied to a year; seasons that are missing may be different.`] : []),
      'The network operator assigns the reference power from the consumption of the year before. Whether and when a customer may choose another is not written in any source that was found; ask the operator.',
    ],
  };
}
