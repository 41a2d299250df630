/** A bill: its sum, what it is made of as a strip, and line by line with who says each price. */
import type { Bill, BillLine } from './api';
import { caveats } from './costbars';
import { card, h, icon } from './dom';
import { energy, kiloWattHours, money, percent, price, roundPower, thousandths } from './format';
import { texts } from './texts';
import { addDays } from './time';
import { mediumDate } from './words';

const t = texts.costs;

export const GROUPS = ['energy', 'network', 'exceedance', 'fixed', 'tax', 'off'] as const;
export type Group = (typeof GROUPS)[number];

const GROUP_OF: Record<string, Group> = {
  energy: 'energy', 'network-volumetric': 'network', 'network-fixed': 'fixed', metering: 'fixed', 'supplier-fixed': 'fixed', exceedance: 'exceedance',
};

/** Amounts with tax by what they are for; what is taken off is a group of its own, below zero. */
export function groups(lines: readonly BillLine[]): Map<Group, number> {
  const found = new Map<Group, number>();
  for (const line of lines) {
    const amount = line.net_micro_eur + line.vat_micro_eur;
    if (amount === 0) continue;
    const group = amount < 0 ? 'off' : GROUP_OF[line.component] ?? 'tax';
    found.set(group, (found.get(group) ?? 0) + amount);
  }
  return found;
}

/** The whole width is what is to be paid; what is taken off lies under its end. */
function strip(lines: readonly BillLine[]): HTMLElement | null {
  const amounts = groups(lines);
  const paid = [...amounts.values()].filter((amount) => amount > 0).reduce((sum, amount) => sum + amount, 0);
  if (paid <= 0) return null;
  const piece = (group: Group) => {
    const element = h('i', { class: `strip-${group}` });
    element.style.width = `${(Math.abs(amounts.get(group) ?? 0) / paid) * 100}%`;
    return element;
  };
  const shown = GROUPS.filter((group) => amounts.has(group));
  const above = shown.filter((group) => group !== 'off');
  return h('div', { class: 'strip' },
    h('div', { class: 'strip-bar', 'aria-hidden': 'true' }, ...above.map(piece)),
    amounts.has('off') ? h('div', { class: 'strip-bar is-off', 'aria-hidden': 'true' }, piece('off')) : null,
    h('ul', { class: 'strip-key' }, ...shown.map((group) => h('li', { class: `strip-${group}` },
      h('span', {}, t.groups[group]), h('strong', {}, money(amounts.get(group) ?? 0))))));
}

/** An amount that stands on a price that is not certain, for the eye and for the ear. */
export function unsure(words: string): HTMLElement {
  return h('span', { class: 'unsure', title: words || undefined }, icon('unsure'), words ? h('span', { class: 'unseen' }, words) : null);
}

const nameOf = (line: BillLine): string => {
  const base = t.components[line.component] ?? line.component;
  return line.name ? `${base}: ${line.name}` : base;
};

const quantityOf = (line: BillLine): string => (line.unit === 'kWh' ? kiloWattHours(line.quantity_milli)
  : `${thousandths(line.quantity_milli)}\u00a0${t.units(line.unit, line.quantity_milli === 1000)}`);

const priceOf = (line: BillLine): string => (line.price_nano_eur === null ? texts.none : price(line.price_nano_eur, line.unit));

/** Addresses are links; what stands behind one stays as it is. */
function sourceOf(text: string): (Node | string)[] {
  const [address = '', ...rest] = text.split(' ');
  if (!/^https:\/\//.test(address)) return [text];
  return [h('a', { href: address, target: '_blank', rel: 'noopener noreferrer' }, address), rest.length > 0 ? ` ${rest.join(' ')}` : ''];
}

function moreOf(line: BillLine, first: string, last: string): HTMLElement {
  const sentences = [
    line.reason,
    line.lower_bound && t.lower,
    line.gap_wh > 0 && t.gapWh(energy(line.gap_wh)),
    line.from > first || line.to < last ? t.days(mediumDate(line.from), mediumDate(addDays(line.to, -1))) : null,
    line.window && t.window(line.window),
    line.reference_power_w !== null && t.reference(roundPower(line.reference_power_w)),
    line.mean_price && t.mean,
    line.price_includes_vat && t.includesVat,
  ].filter(Boolean);
  return h('div', { class: 'bill-more' },
    h('p', { class: 'narrow-only' }, t.reckoned(money(line.net_micro_eur), percent(line.vat_basis_points), money(line.vat_micro_eur))),
    sentences.length > 0 ? h('p', {}, sentences.join(' ')) : null,
    h('p', {}, `${t.source}: `, ...sourceOf(line.source)));
}

let serial = 0;

/** A line, and under it what there is to know of its price, closed until it is asked for. */
function rows(line: BillLine, first: string, last: string): HTMLElement[] {
  serial += 1;
  const id = `bill-more-${serial}`;
  const more = h('tr', { id, class: 'bill-more-row', hidden: true }, h('td', { colspan: 6 }, moreOf(line, first, last)));
  const button = h('button', {
    type: 'button', class: 'disclose', 'aria-expanded': 'false', 'aria-controls': id,
    click: () => {
      more.hidden = !more.hidden;
      button.setAttribute('aria-expanded', String(!more.hidden));
    },
  }, h('span', {}, nameOf(line)), line.certain ? null : unsure(t.uncertain));
  const amount = money(line.net_micro_eur + line.vat_micro_eur);
  return [
    h('tr', { 'data-component': line.component, 'data-certain': String(line.certain) },
      h('th', { scope: 'row' }, button,
        h('span', { class: 'narrow-only bill-times' }, t.times(quantityOf(line), priceOf(line)))),
      h('td', { class: 'wide-only' }, quantityOf(line)),
      h('td', { class: 'wide-only' }, priceOf(line)),
      h('td', { class: 'wide-only' }, money(line.net_micro_eur)),
      h('td', { class: 'wide-only' }, money(line.vat_micro_eur)),
      h('td', {}, line.lower_bound ? h('small', {}, `${t.atLeast} `) : null, amount)),
    more,
  ];
}

function table(bill: Bill): HTMLElement {
  const head = (text: string, kind = 'wide-only') => h('th', { scope: 'col', class: kind }, text);
  // Days are said where a line has others than the bill: of what is not over, that is so far for all.
  const first = bill.lines.reduce((least, line) => (line.from < least ? line.from : least), '9999');
  const last = bill.lines.reduce((most, line) => (line.to > most ? line.to : most), '');
  const rates = bill.vat.filter((rate) => rate.vat_micro_eur !== 0);
  return h('table', { class: 'bill' },
    h('thead', {}, h('tr', {}, head(t.component, ''), head(t.quantity), head(t.price), head(t.net), head(t.vat), head(t.total, ''))),
    h('tbody', {}, ...bill.lines.flatMap((line) => rows(line, first, last))),
    h('tfoot', {},
      h('tr', { class: 'bill-total' }, h('th', { scope: 'row' }, t.total),
        h('td', { class: 'wide-only', colspan: 2 }), h('td', { class: 'wide-only' }, money(bill.net_micro_eur)),
        h('td', { class: 'wide-only' }, money(bill.vat_micro_eur)), h('td', {}, money(bill.total_micro_eur))),
      ...rates.map((rate) => h('tr', { class: 'bill-vat' },
        h('th', { scope: 'row', colspan: 5, class: 'wide-only' }, t.ofVat(percent(rate.basis_points))),
        h('th', { scope: 'row', class: 'narrow-only' }, t.ofVat(percent(rate.basis_points))),
        h('td', {}, money(rate.vat_micro_eur))))));
}

export function billCard(bill: Bill, span: string, foot: HTMLElement, withSum: boolean): HTMLElement {
  const words = caveats(bill);
  if (bill.lines.length === 0) return card(t.lines(span), { 'data-role': 'bill' }, h('p', {}, t.empty), foot);
  // What is not over is said in the words beside the sum.
  const notes = bill.notes.filter((note) => note.code !== 'running');
  return card(t.lines(span), { 'data-role': 'bill' },
    withSum && h('p', { class: 'bill-sum' }, h('strong', {}, money(bill.total_micro_eur)), words ? h('span', {}, words) : null),
    strip(bill.lines),
    table(bill),
    notes.length > 0 ? h('ul', { class: 'bill-notes' }, ...notes.map((note) => h('li', {}, note.sentence))) : null,
    h('p', { class: 'note' }, bill.certain ? null : unsure(''), bill.certain ? '' : ` ${t.uncertainLine} `, t.by(bill.tariffs.join('; '))),
    foot);
}
