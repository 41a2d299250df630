/** The advisor: what each reference power would cost in a year. */
import type { Advice, PowerClass } from './api';
import { unsure } from './bill';
import { card, h, icon } from './dom';
import { kiloWattHours, milli, moneyFigure, money, power, roundPower } from './format';
import { texts } from './texts';
import { mediumDate } from './words';

const t = texts.advisor;
const QUARTERS_OF_A_DAY = 96;

/**
 * How many classes are worth showing at first: up to the first without exceedance, the own and the cheapest, and
 * one more to see where it goes. Those beyond only cost more.
 */
export function usefulCount({ classes, reference_power_w: own, cheapest_reference_power_w: cheapest }: Advice): number {
  const last = Math.max(
    classes.findIndex((one) => one.exceedance_wh === 0),
    classes.findIndex((one) => one.reference_power_w === own),
    classes.findIndex((one) => one.reference_power_w === cheapest),
  );
  const wanted = last < 0 ? classes.length : Math.min(classes.length, last + 2);
  // One more row is less than the button that hides it.
  return classes.length - wanted <= 1 ? classes.length : wanted;
}

/** With less than this a choice for years would stand on a few evenings. */
const EARLY_DAYS = 28;

function lead(advice: Advice): string {
  if (advice.quarter_hours_known < EARLY_DAYS * QUARTERS_OF_A_DAY) return t.early;
  const { cheapest_reference_power_w: cheapest, reference_power_w: own, saving_micro_eur: saving } = advice;
  if (cheapest === null) return '';
  if (own === null || saving === null) return t.cheapest(roundPower(cheapest));
  return saving > 0 && own !== cheapest ? t.saves(roundPower(cheapest), money(saving), roundPower(own)) : t.best(roundPower(cheapest));
}

/** Days as decimals, in whole days where they are some: "from 312 of 365 days". */
export function basis(advice: Advice): string {
  const days = (quarters: number) => (quarters < QUARTERS_OF_A_DAY ? milli(Math.round((quarters * 1000) / QUARTERS_OF_A_DAY), 1)
    : String(Math.floor(quarters / QUARTERS_OF_A_DAY)));
  return t.basis(days(advice.quarter_hours_known), days(advice.quarter_hours_of_a_year), advice.scaled);
}

function row(one: PowerClass, advice: Advice, most: number): HTMLElement {
  const own = one.reference_power_w === advice.reference_power_w;
  const cheapest = one.reference_power_w === advice.cheapest_reference_power_w;
  const part = (kind: string, amount: number) => {
    const element = h('i', { class: `strip-${kind}` });
    element.style.width = `${Math.min(100, (amount / most) * 100)}%`;
    return element;
  };
  return h('tr', { class: cheapest ? 'is-cheapest' : '', 'data-class': one.reference_power_w, 'data-own': String(own), 'data-cheapest': String(cheapest) },
    h('th', { scope: 'row' }, h('span', { class: 'class-name' }, roundPower(one.reference_power_w)),
      cheapest ? h('span', { class: 'tag is-cheapest' }, icon('check'), t.isCheapest) : null,
      own ? h('span', { class: 'tag' }, t.isYours) : null),
    h('td', { class: 'wide-only class-bar', 'aria-hidden': 'true' }, h('span', {}, part('fixed', one.fixed_micro_eur), part('exceedance', one.exceedance_micro_eur))),
    h('td', {}, moneyFigure(one.fixed_micro_eur)), h('td', {}, moneyFigure(one.exceedance_micro_eur)),
    h('td', { class: 'is-total' }, moneyFigure(one.total_micro_eur)));
}

export function advisorCard(advice: Advice): HTMLElement {
  const shown = usefulCount(advice);
  const most = Math.max(1, ...advice.classes.slice(0, shown).map((one) => one.total_micro_eur));
  const head = (text: string, kind = '') => h('th', { scope: 'col', class: kind }, text);
  const rest = advice.classes.slice(shown).map((one) => row(one, advice, most));
  const body = h('tbody', {}, ...advice.classes.slice(0, shown).map((one) => row(one, advice, most)));
  const more = rest.length === 0 ? null : h('button', {
    type: 'button', class: 'button',
    click: () => {
      body.append(...rest);
      more?.remove();
    },
  }, t.larger(rest.length));
  const evens = advice.classes.slice(0, shown - 1).flatMap((one, index) => {
    const next = advice.classes[index + 1];
    return next && one.break_even_month_wh !== null
      ? [h('li', {}, t.evens(roundPower(one.reference_power_w), kiloWattHours(one.break_even_month_wh), roundPower(next.reference_power_w)))] : [];
  });
  return card(t.heading, { 'data-role': 'advisor' },
    h('p', { class: 'advice' }, lead(advice), advice.certain ? null : unsure(t.uncertain)),
    h('p', { class: 'note' }, [basis(advice), advice.peak_import_w === null ? '' : t.peak(power(advice.peak_import_w)),
      t.prices(mediumDate(advice.prices_of)), advice.certain ? '' : t.uncertain].filter(Boolean).join(' ')),
    advice.classes.length === 0 ? null : h('table', { class: 'classes' },
      h('thead', {}, h('tr', {}, head(t.reference), h('td', { class: 'wide-only' }), head(`${t.fixed} €`), head(`${t.beyond} €`), head(`${t.year} €`))), body),
    more,
    h('ul', { class: 'bill-notes' }, ...evens, ...advice.notes.map((note) => h('li', {}, note))));
}
