/** Check: the meter's display against our registers, and the registers against the sum of all days. */
import { api, type Check, type CheckedRegister, type Reading } from '../api';
import { monotonic } from '../clock';
import { compare, parseKwh, slack, type Ours, type Typed, type Verdict } from '../display';
import { card, fill, h, icon, setText } from '../dom';
import { duration, milli } from '../format';
import { guarded, link, loading, refresh, type Page, type PageContext } from '../page';
import { texts } from '../texts';
import { clockText, dateOf } from '../time';
import { mediumDate, registerName } from '../words';

const t = texts.check;
const REFRESH_S = 60;

const unitOf = (name: string): string => (name.endsWith('_varh') ? 'kvarh' : 'kWh');
const amount = (name: string, value: number): string => `${milli(value)}\u00a0${unitOf(name)}`;

interface Line { readonly name: string; readonly obis: string; readonly part: boolean }

/** Each register, and under it its tariffs. */
const linesOf = (check: Check): Line[] => check.registers.flatMap(({ name, obis, tariffs }) => [
  { name, obis, part: false }, ...tariffs.map((tariff) => ({ name: tariff.name, obis: tariff.obis, part: true })),
]);

/** The codes on the display leave out medium and channel: `1.8.0`. */
const displayCode = (obis: string): string => obis.replace(/^.*:/, '');

export function checkPage(context: PageContext): Page {
  const { meter } = context;
  const { zone } = meter;
  const abort = new AbortController();
  const ours = new Map<string, { wh: number; cell: HTMLElement }>();
  const asOf = h('p', { class: 'note', 'data-role': 'as-of' });
  const sums = h('div', { class: 'stack' });
  const body = h('div', { class: 'stack' }, loading());
  const root = h('div', { class: 'stack' }, h('h1', { class: 'page-title', tabindex: -1 }, t.title), body);
  let time = 0;
  let power = 0;
  let ageThen = 0;
  let heard = monotonic();
  let age = 0;
  let shown = false;

  const ageNow = (): number => ageThen + monotonic() - heard;

  function showAge(): void {
    if (time > 0) setText(asOf, t.ofTelegram(clockText(time, zone, true), duration(ageNow())));
  }

  function verdictWords(verdict: Verdict, name: string, typed: Typed): string {
    switch (verdict.kind) {
      case 'agrees': return typed.stepWh === 1 ? t.agrees : t.agreesInPart;
      case 'counted-on': return verdict.ahead ? t.ahead(duration(ageNow()), amount(name, verdict.apartWh)) : t.behind(amount(name, verdict.apartWh));
      case 'other': return t.other(registerName(verdict.name));
      case 'differs': return t.differs(amount(name, verdict.apartWh), verdict.ahead);
    }
  }

  /** Compared at the moment of typing: later telegrams do not turn a right figure into a wrong one. */
  function judge(name: string, text: string, place: HTMLElement): void {
    const own = ours.get(name);
    place.className = 'verdict';
    if (text.trim() === '' || !own) {
      fill(place);
      return;
    }
    const typed = parseKwh(text);
    if (!typed) {
      fill(place, t.unreadable);
      return;
    }
    const others: Ours[] = [...ours].map(([other, one]) => ({ name: other, wh: one.wh }));
    const verdict = compare(typed, { name, wh: own.wh }, slack(ageNow(), power), others);
    const good = verdict.kind === 'agrees' || verdict.kind === 'counted-on';
    place.classList.add(good ? 'is-good' : 'is-bad');
    fill(place, icon(good ? 'check' : 'warning'), verdictWords(verdict, name, typed));
  }

  function displayRow({ name, obis, part }: Line): HTMLElement {
    const cell = h('span', { class: 'check-ours', 'data-ours': name });
    const verdict = h('p', { class: 'verdict', role: 'status' });
    ours.set(name, { wh: 0, cell });
    const id = `display-${name}`;
    return h('li', { class: part ? 'is-part' : '', 'data-register': name },
      h('label', { for: id }, h('span', {}, registerName(name)), h('small', {}, displayCode(obis))),
      h('div', { class: 'check-pair' },
        h('div', {}, h('small', {}, t.ours(unitOf(name))), cell),
        h('div', {}, h('small', { 'aria-hidden': 'true' }, t.yours(unitOf(name))),
          h('input', {
            id, type: 'text', inputmode: 'decimal', autocomplete: 'off', class: 'field', 'aria-label': t.field(registerName(name), unitOf(name)),
            input: (event) => judge(name, (event.target as HTMLInputElement).value, verdict),
          }))),
      verdict);
  }

  function setOurs(name: string, wh: number | null | undefined): void {
    const one = ours.get(name);
    if (!one || wh == null) return;
    one.wh = wh;
    setText(one.cell, milli(wh));
  }

  function follow(reading: Reading): void {
    time = reading.time;
    ageThen = reading.age_s;
    heard = monotonic();
    power = Math.abs(reading.values['power_net_w'] ?? 0);
    for (const [name] of ours) setOurs(name, reading.values[name]);
    showAge();
  }

  function sumRow(register: CheckedRegister): HTMLElement {
    const off = register.off_wh !== 0;
    return h('tr', { 'data-sum': register.name },
      h('th', { scope: 'row' }, registerName(register.name),
        h('small', { class: 'narrow-only' }, t.split(milli(register.days_wh), milli(register.gaps_wh)))),
      h('td', {}, milli(register.difference_wh)),
      h('td', { class: 'wide-only' }, milli(register.days_wh)), h('td', { class: 'wide-only' }, milli(register.gaps_wh)),
      h('td', { class: off ? 'is-bad' : '' }, milli(register.off_wh), ' ', icon(off ? 'warning' : 'check')));
  }

  function segmentCard({ segments }: Check): HTMLElement {
    const when = (unix: number) => mediumDate(dateOf(unix, zone));
    return card(t.segments, { 'data-role': 'segments' },
      h('dl', { class: 'pairs is-facts' }, ...segments.map((segment, index) => {
        const next = segments[index + 1];
        return h('div', { class: 'pair' }, h('dt', {}, segment.equipment || texts.none),
          h('dd', {}, next ? t.segment(when(segment.first_time), when(next.first_time)) : t.segmentSince(when(segment.first_time))));
      })),
      segments.length > 1 ? h('p', { class: 'note' }, t.swapped(segments.length - 1)) : null);
  }

  function showSums(check: Check): void {
    const good = check.registers.every((register) => register.off_wh === 0);
    const head = (text: string, kind = '') => h('th', { scope: 'col', class: kind }, text);
    const since = check.registers[0]?.first_time;
    fill(sums,
      card(t.sums, { 'data-role': 'sums' },
        h('p', { class: `check-sentence ${good ? 'is-good' : 'is-bad'}` }, icon(good ? 'check' : 'warning'), check.sentence),
        since === undefined ? null : h('p', { class: 'note' }, t.since(mediumDate(dateOf(since, zone)))),
        h('table', { class: 'sums' },
          h('thead', {}, h('tr', {}, head(t.register), head(t.rose), head(t.days, 'wide-only'), head(t.gaps, 'wide-only'), head(t.off))),
          h('tbody', {}, ...check.registers.map(sumRow)))),
      segmentCard(check));
  }

  async function load(): Promise<void> {
    // Nothing yet: no meter to compare with.
    const last = await api.last(meter.name, abort.signal);
    if (!last) {
      fill(body, h('div', { class: 'card empty' }, h('p', { class: 'empty-title' }, t.waiting), h('a', { class: 'button', href: link(context.to('health')) }, t.back)));
      return;
    }
    const check = await api.check(meter.name, abort.signal);
    if (!shown) {
      fill(body,
        card(t.display, { 'data-role': 'display' }, h('p', {}, t.displayHint), h('ul', { class: 'check-list' }, ...linesOf(check).map(displayRow)), asOf),
        sums);
      shown = true;
    }
    for (const register of check.registers) {
      setOurs(register.name, register.value_wh);
      for (const tariff of register.tariffs) setOurs(tariff.name, tariff.value_wh);
    }
    follow(last);
    showSums(check);
  }

  return {
    root,
    title: t.title,
    ready: guarded(context, body, load),
    reading(next) {
      if (shown) follow(next);
    },
    tick() {
      showAge();
      age += 1;
      if (age < REFRESH_S || !shown) return;
      age = 0;
      void refresh(context, load);
    },
    close: () => abort.abort(),
  };
}
