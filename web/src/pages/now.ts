/** Now: the power, large; the rest within reach. */
import { withAlert, showNotices } from '../alerts';
import { api, type Alert, type Entry, type Reading } from '../api';
import { curveChart } from '../chart';
import { monotonic, now } from '../clock';
import { deviceCards } from '../devices';
import { card, fill, h, icon, retitle, setText, withCode } from '../dom';
import { duration, kiloWattHours, power, powerFigure } from '../format';
import { membersText } from '../group';
import { householdCard } from '../household';
import { guarded, link, loading, refresh, type Page, type PageContext } from '../page';
import { exports } from '../quantities';
import { pair, quarterCard } from '../quarter';
import { details, phaseTable, registerTable } from '../readings';
import { RAW_GAP_S, withBreaks } from '../series';
import { madeSide, sidesOf, type Side } from '../sides';
import { texts } from '../texts';
import { clockText, dateOf, daySpan } from '../time';
import { dayName } from '../words';

const t = texts.now;
const HOUR_S = 3600;
/** A meter sends every ten seconds; after six missed telegrams the figures are called old. */
const OLD_S = 60;
/** What another program publishes comes once a minute or less often. */
const OLD_PUBLISHED_S = 300;
const TODAY_REFRESH_S = 60;
const SPEAK_EVERY_S = 60;

/** As tall as what stands beside it; on a phone nothing does. */
const HOUR_HEIGHT = window.matchMedia('(max-width: 900px)').matches ? 190 : 240;

type Direction = 'import' | 'export' | 'balanced';

const directionOf = (net: number): Direction => (net > 0 ? 'import' : net < 0 ? 'export' : 'balanced');

interface Shown { readonly side: Direction; readonly words: string; readonly watts: number }

const atGrid = (net: number): Shown => ({ side: directionOf(net), words: texts.direction[directionOf(net)], watts: Math.abs(net) });

/** Of a meter that counts what is made, this is the large figure, and never what it takes. */
function making(net: number, made: Side): Shown {
  const watts = Math.max(0, made === 'export' ? -net : net);
  return watts > 0 ? { side: 'export', words: texts.making.some, watts } : { side: 'balanced', words: texts.making.nothing, watts };
}

export function nowPage(context: PageContext): Page {
  const { meter } = context;
  const abort = new AbortController();
  let reading: Reading | null = null;
  let arrived = 0;
  let spokenAt = -Infinity;
  let spokenDirection: Direction | null = null;
  let todayAge = 0;
  let open: readonly Alert[] = [];
  let saidMeanwhile: Alert[] = [];
  let times: number[] = [];
  let powers: (number | null)[] = [];

  const exporting = exports(meter);
  const isGroup = meter.role === 'group';
  const made = madeSide(meter);
  const isMaking = made !== null;
  const sides = sidesOf(meter);
  const chart = curveChart({ zone: meter.zone, measure: 'power', style: 'signed', label: t.lastHour, height: HOUR_HEIGHT, onHover: showHover });
  const hover = h('p', { class: 'legend' });
  const key = { import: h('span', { class: 'key-import' }, sides.import), export: h('span', { class: 'key-export' }, sides.export) };
  const hour = h('div', { class: 'hero-hour', 'data-role': 'last-hour' },
    h('div', { class: 'row' }, h('h2', {}, t.lastHour),
      h('p', { class: 'key', 'aria-hidden': 'true' },
        key.import, exporting && key.export)),
    chart.root, hover);

  const number = h('span', { class: 'hero-number', 'data-role': 'net' }, texts.none);
  const unit = h('span', { class: 'hero-unit' }, 'W');
  const direction = h('span', { 'data-role': 'direction' });
  const arrow = h('span', { class: 'hero-arrow' });
  const own = h('p', { class: 'hero-own', 'data-role': 'own-use' });
  const age = h('p', { class: 'hero-age', 'data-role': 'age' });
  const spoken = h('p', { class: 'unseen', 'aria-live': 'polite', 'data-role': 'spoken' });
  const hero = h('section', { class: 'card hero', 'data-direction': 'balanced', 'aria-label': t.title },
    h('p', { class: 'hero-direction' }, arrow, direction),
    h('p', { class: 'hero-power' }, number, unit),
    isMaking && own, age, spoken, hour);

  const quarter = quarterCard(meter.zone, exporting, !isMaking);
  const notices = h('div', { class: 'notices', role: 'status', 'data-role': 'alerts' });

  const today = { import: pair(sides.import, 'is-import'), export: pair(sides.export, 'is-export'), peak: pair(t.peak, 'is-wide') };
  const toDay = h('a', { href: link(context.to('day')), 'data-key': 'to-day' }, t.toDay);
  const todayCard = card(t.today, { 'data-role': 'today' },
    h('dl', { class: 'pairs' }, today.import.root, exporting && today.export.root, !isMaking && today.peak.root),
    h('p', { class: 'card-foot' },
      toDay,
      // Not a page of this one: the daemon writes them.
      context.reports && h('a', { href: new URL('reports/', document.baseURI).href, 'data-role': 'reports' }, t.reports)));

  const household = householdCard();
  const devices = deviceCards(meter.zone);
  const phases = h('div', {});
  const registers = h('div', {});
  const facts = h('div', {});
  const alive = h('div', { class: 'stack', 'data-made': made ?? undefined },
    notices,
    h('div', { class: 'now-top' }, hero, h('div', { class: 'now-side' }, quarter.root, todayCard)),
    household.root,
    devices.root,
    h('div', { class: 'columns is-now' }, phases, registers, facts));
  const body = h('div', { class: 'stack' }, loading());
  const root = h('div', { class: 'stack' }, isGroup
    ? h('div', {}, h('h1', { class: 'page-title', tabindex: -1 }, meter.title), h('p', { class: 'note', 'data-role': 'members' }, membersText(meter, context.meters)))
    : h('h1', { class: 'unseen', tabindex: -1 }, t.title), body);

  function showHover(index: number | null): void {
    const time = index === null ? undefined : times[index];
    const value = index === null ? undefined : powers[index];
    if (time === undefined || value == null) setText(hover, '');
    else {
      const side = value === 0 ? '' : sides[directionOf(value) as Side];
      setText(hover, `${clockText(time, meter.zone, true)}  ${side} ${power(Math.abs(value))}`);
    }
  }

  const ageNow = (): number => (reading ? reading.age_s + monotonic() - arrived : 0);

  const isOld = (): boolean => ageNow() > (reading?.proof === 'published' ? OLD_PUBLISHED_S : OLD_S);

  function showAge(): void {
    if (!reading) return;
    const seconds = ageNow();
    const old = isOld();
    hero.classList.toggle('is-old', old);
    const [fresh, stale] = isGroup ? [t.sumAge, t.sumOld] : [t.age, t.old];
    setText(age, old ? stale(duration(seconds)) : `${fresh(duration(seconds))}, ${t.at(clockText(reading.time, meter.zone, true))}`);
  }

  function showPower(net: number | null | undefined): void {
    if (net == null) {
      setText(number, texts.none);
      return;
    }
    const { side, words, watts } = made ? making(net, made) : atGrid(net);
    const figure = powerFigure(watts);
    setText(number, figure.number);
    setText(unit, figure.unit);
    setText(direction, words);
    if (made) {
      setText(own, texts.making.takes(power(Math.max(0, made === 'export' ? net : -net))));
    }
    if (hero.dataset['direction'] !== side || !arrow.firstChild) fill(arrow, icon(isMaking && side === 'export' ? 'light' : side));
    hero.dataset['direction'] = side;
    speak(side, words, watts);
  }

  /** Said aloud when the direction turns, else once a minute: a screen reader must stay usable. */
  function speak(side: Direction, words: string, watts: number): void {
    if (side === spokenDirection && monotonic() - spokenAt < SPEAK_EVERY_S) return;
    spokenDirection = side;
    spokenAt = monotonic();
    setText(spoken, t.spoken(words, power(watts)));
  }

  function showQuarter(): void {
    if (reading?.quarter) quarter.show(reading.quarter, reading.time, reading.time + ageNow(), sides);
  }

  function showAlerts(): void {
    showNotices(notices, open, { zone: meter.zone, now: now(), titleOf: () => '' });
  }

  async function loadAlerts(): Promise<void> {
    saidMeanwhile = [];
    const answer = await api.alerts(meter.name, abort.signal);
    // What was said while the answer was on its way may not be in it.
    open = saidMeanwhile.reduce(withAlert, [...answer.open]);
    showAlerts();
  }

  function showToday(entry: Entry | undefined): void {
    setText(today.import.value, entry?.energy_import_wh == null ? texts.none : kiloWattHours(entry.energy_import_wh));
    setText(today.export.value, entry?.energy_export_wh == null ? texts.none : kiloWattHours(entry.energy_export_wh));
    setText(today.peak.value, entry?.peak_import_w == null ? texts.none : power(entry.peak_import_w));
    const at = entry?.peak_import_w != null && entry.peak_time != null ? t.peakAt(clockText(entry.peak_time, meter.zone)) : '';
    if (at) today.peak.value.append(h('small', {}, at));
  }

  function drawHour(): void {
    if (!reading) return;
    // A meter that fell silent shows its silence; one replayed from a file shows its own last hour.
    const end = ageNow() < HOUR_S ? Math.max(reading.time, reading.time + ageNow()) : reading.time;
    const from = end - HOUR_S;
    const first = times.findIndex((time) => time >= from);
    if (first > 0) [times, powers] = [times.slice(first), powers.slice(first)];
    chart.show(withBreaks(0, times, [powers]), { from, to: end });
  }

  function show(next: Reading): void {
    if (!reading) fill(body, alive);
    reading = next;
    arrived = monotonic();
    showPower(next.values['power_net_w']);
    showAge();
    showQuarter();
    household.show(next);
    if (next.devices) devices.show(next.devices, next.time);
    fill(phases, phaseTable(next));
    fill(registers, registerTable(meter, next, link(context.to('check'))));
    details(facts, meter, next);
  }

  function append(next: Reading): void {
    const last = times.at(-1) ?? -Infinity;
    if (next.time <= last) return;
    // After a lost connection the daemon knows what this page missed.
    if (next.time - last > RAW_GAP_S && times.length > 0) void refresh(context, () => loadHour(next.time));
    times.push(next.time);
    powers.push(next.values['power_net_w'] ?? null);
    drawHour();
  }

  async function loadToday(): Promise<void> {
    // The day of the last telegram, under its own name once another has begun.
    const time = reading?.time ?? now();
    const date = dateOf(time, meter.zone);
    const span = daySpan(date, meter.zone);
    const days = await api.account(meter.name, 'days', span.from, span.to, abort.signal);
    retitle(todayCard, dayName(time, meter.zone));
    toDay.href = link(context.to('day', date === dateOf(now(), meter.zone) ? undefined : date));
    showToday(days.entries[0]);
  }

  /** The hour up to `end`, with what arrived since then kept behind it. */
  async function loadHour(end: number): Promise<void> {
    const answer = await api.series(meter.name, ['power_net_w'], end - HOUR_S, end + 1, abort.signal);
    const newer = times.map((time, index) => ({ time, value: powers[index] ?? null })).filter((one) => one.time > end);
    times = [...answer.time, ...newer.map((one) => one.time)];
    powers = [...(answer.series['power_net_w']?.mean ?? []), ...newer.map((one) => one.value)];
    drawHour();
  }

  async function load(): Promise<void> {
    const last = await api.last(meter.name, abort.signal);
    if (!last) {
      fill(body, h('div', { class: 'card empty' },
        h('p', { class: 'empty-title' }, isGroup ? t.sumWaiting : t.waiting),
        isGroup ? h('p', {}, t.sumWaitingHint) : h('ol', { class: 'steps' }, ...t.waitingSteps.map((step) => h('li', {}, ...withCode(step)))),
        h('a', { class: 'button', href: link(context.to('health')) }, texts.nav.health)));
      return;
    }
    if (!reading || reading.time < last.time) show(last);
    await loadHour(last.time);
    // Power is shown with or without alerts.
    await Promise.all([loadToday(), refresh(context, loadAlerts)]);
  }

  return {
    root,
    title: t.title,
    ready: guarded(context, body, load),
    reading(next) {
      show(next);
      append(next);
    },
    alert(said) {
      saidMeanwhile.push(said);
      open = withAlert(open, said);
      showAlerts();
    },
    tick() {
      showAge();
      showQuarter();
      if (isOld()) drawHour();
      todayAge += 1;
      if (todayAge < TODAY_REFRESH_S || !reading) return;
      todayAge = 0;
      void refresh(context, loadToday);
      // Midnight may have passed since it was heard.
      if (reading.devices) devices.show(reading.devices, reading.time);
      // What was said while the line was lost.
      void refresh(context, loadAlerts);
    },
    close() {
      abort.abort();
      chart.close();
    },
  };
}
