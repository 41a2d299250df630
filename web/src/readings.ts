/** The tables under the large number: phases, registers, and where the figures come from. */
import { api, type Meter, type Reading } from './api';
import { card, fill, h, icon } from './dom';
import { count, current, milli, power, voltage } from './format';
import { registersHint } from './group';
import { operatorMessage } from './message';
import { texts } from './texts';
import { clockText, dateOf } from './time';
import { mediumDate, registerName } from './words';

const t = texts.now;
const PHASES = ['1', '2', '3'];

function phasePower(reading: Reading, phase: string): HTMLElement | null {
  const taken = reading.values[`power_import_l${phase}_w`];
  const given = reading.values[`power_export_l${phase}_w`];
  if (taken == null && given == null) return null;
  const net = (taken ?? 0) - (given ?? 0);
  const side = net < 0 ? 'export' : 'import';
  return h('span', { class: `is-${side}` }, net === 0 ? null : icon(side),
    h('span', { class: 'unseen' }, net === 0 ? '' : `${texts[side]} `), power(Math.abs(net)));
}

/** Only the phases and the columns that the meter sends. */
export function phaseTable(reading: Reading): HTMLElement | null {
  const rows = PHASES.map((phase) => ({
    phase,
    power: phasePower(reading, phase),
    voltage: reading.values[`voltage_l${phase}_mv`],
    current: reading.values[`current_l${phase}_ma`],
  })).filter((row) => row.power !== null || row.voltage != null || row.current != null);
  if (rows.length === 0) return null;
  const has = {
    power: rows.some((row) => row.power), voltage: rows.some((row) => row.voltage != null), current: rows.some((row) => row.current != null),
  };
  const head = (text: string) => h('th', { scope: 'col' }, text);
  return card(t.phases, { 'data-role': 'phases' }, h('div', { class: 'scroll' }, h('table', {},
    h('thead', {}, h('tr', {}, head(t.phase), has.power && head(t.power), has.voltage && head(t.voltage), has.current && head(t.current))),
    h('tbody', {}, ...rows.map((row) => h('tr', {},
      h('th', { scope: 'row' }, texts.phases(row.phase)),
      has.power && h('td', {}, row.power ?? texts.none),
      has.voltage && h('td', {}, row.voltage == null ? texts.none : voltage(row.voltage)),
      has.current && h('td', {}, row.current == null ? texts.none : current(row.current))))))));
}

function registerText(unit: string, value: number): [string, string] {
  if (unit === 'Wh') return [milli(value), 'kWh'];
  if (unit === 'varh') return [milli(value), 'kvarh'];
  return [count(value), unit];
}

export function registerTable(meter: Meter, reading: Reading, checkHref: string): HTMLElement | null {
  // The meters behind it have cards of their own.
  const rows = meter.quantities.filter(({ kind, name }) => kind === 'register' && !name.startsWith('mbus') && reading.values[name] != null);
  if (rows.length === 0) return null;
  return card(t.registers, { 'data-role': 'registers' },
    h('table', {}, h('tbody', {}, ...rows.map((quantity) => {
      const [figure, unit] = registerText(quantity.unit, reading.values[quantity.name] ?? 0);
      return h('tr', {},
        h('th', { scope: 'row', title: quantity.obis ?? undefined }, registerName(quantity.name)),
        h('td', {}, figure), h('td', { class: 'unit' }, unit));
    }))),
    h('p', { class: 'note' }, meter.role === 'group' ? registersHint(meter) : t.registersHint),
    // No display shows a group.
    meter.role === 'group' ? null : h('p', { class: 'card-foot' }, h('a', { href: checkHref, 'data-key': 'to-check' }, t.toCheck)));
}

export function proofBadge(proof: Reading['proof'] | null | undefined): HTMLElement | null {
  if (!proof) return null;
  return h('span', { class: `badge is-${proof}`, 'data-role': 'proof' },
    proof === 'tag' ? icon('check') : null, texts.proof[proof].short);
}

export function details(place: HTMLElement, meter: Meter, reading: Reading): void {
  const message = operatorMessage(reading);
  const isGroup = meter.role === 'group';
  const members = isGroup ? reading.texts?.['members'] : undefined;
  const fact = (label: string, value: string) => h('div', { class: 'pair' }, h('dt', {}, label), h('dd', {}, value));
  const measured = `${mediumDate(dateOf(reading.time, meter.zone))}, ${clockText(reading.time, meter.zone, true)}`;
  const focused = place.contains(document.activeElement);
  fill(place, card(t.proven, { 'data-role': 'facts' },
    proofBadge(reading.proof),
    h('p', { class: 'note' }, isGroup ? texts.sumProof[reading.proof] : texts.proof[reading.proof].long),
    h('dl', { class: 'pairs is-facts' },
      members ? fact(t.members, members) : null,
      reading.equipment && !isGroup ? fact(t.equipment, reading.equipment) : null,
      fact(t.received, measured),
      reading.frame_counter != null ? fact(t.counter, count(reading.frame_counter)) : null),
    message ? h('p', { class: 'message' }, h('strong', {}, t.message), ` ${message}`) : null,
    // Published values and sums come without a telegram.
    reading.proof === 'published' || isGroup ? null
      : h('p', { class: 'card-foot' }, h('a', { href: api.telegramUrl(meter.name), target: '_blank', rel: 'noopener' }, t.raw))));
  // The link is built anew with each telegram; whoever stood on it stays on it.
  if (focused) place.querySelector<HTMLElement>('a')?.focus();
}
