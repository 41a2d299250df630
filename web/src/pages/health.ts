/** Health: every source, meter and counter in words, and the figures that were set aside. */
import { alertCard, withAlert } from '../alerts';
import { api, type Alerts, type Counters, type Health, type MeterHealth, type Quarantined, type Sink, type Source } from '../api';
import { now } from '../clock';
import { card, fill, h, icon } from '../dom';
import { bytes, count, duration, quantityText } from '../format';
import { guarded, link, loading, refresh, type Page, type PageContext } from '../page';
import { problemBox, problemFacts } from '../problems';
import { proofBadge } from '../readings';
import { texts } from '../texts';
import { clockText, dateOf } from '../time';
import { mediumDate, plainName, registerName } from '../words';

const t = texts.health;
const REFRESH_S = 10;
const UNITS: Record<string, string> = { wh: 'Wh', varh: 'varh', w: 'W', mv: 'mV', ma: 'mA' };

const fact = (label: string, value: string, kind: '' | 'is-bad' | 'is-notable' = ''): HTMLElement =>
  h('div', { class: `pair ${kind}` }, h('dt', {}, label), h('dd', {}, value));

const ago = (unix: number | null | undefined): string => (unix == null ? t.never : t.ago(duration(now() - unix)));

/** What is counted in the good case; any other counter above zero stands out, without alarm. */
const GOOD = new Set(['opened', 'bytes', 'frames', 'telegrams', 'messages', 'fields', 'announcements', 'connected', 'sent', 'acknowledged', 'clients', 'served', 'lines']);

function counterList(counters: Counters): HTMLElement[] {
  return Object.entries(counters).map(([name, value]) =>
    fact(t.counters[name] ?? plainName(name), count(value), value > 0 && !GOOD.has(name) ? 'is-notable' : ''));
}

function sourceCard(source: Source, titleOf: (meter: string) => string): HTMLElement {
  return card(source.name, { class: 'is-part', 'data-source': source.name },
    h('span', { class: `badge is-${source.state}` }, t.states[source.state] ?? source.state),
    h('dl', { class: 'pairs is-facts' },
      fact(t.target, `${source.target} (${t.kinds[source.kind] ?? source.kind})`),
      fact(t.readsMeters, source.meters.map(titleOf).join(', ') || texts.none),
      fact(t.lastByte, ago(source.last_byte)),
      fact(t.lastTelegram, ago(source.last_telegram)),
      ...counterList(source.counters)));
}

function sinkCard(sink: Sink): HTMLElement {
  return card(sink.name, { class: 'is-part', 'data-sink': sink.name },
    h('span', { class: `badge is-${sink.state}` }, t.states[sink.state] ?? sink.state),
    h('dl', { class: 'pairs is-facts' },
      fact(t.target, `${sink.target} (${t.kinds[sink.kind] ?? sink.kind})`),
      fact(t.sinceState, duration(now() - sink.since)),
      fact(t.queued, count(sink.queued)),
      ...counterList(sink.counters)));
}

function meterCard(meter: MeterHealth, title: string): HTMLElement {
  return card(title, { class: 'is-part', 'data-meter': meter.name },
    proofBadge(meter.proof),
    h('dl', { class: 'pairs is-facts' },
      fact(t.lastTelegram, meter.last_time == null ? t.never : t.ago(duration(meter.age_s ?? now() - meter.last_time))),
      fact(t.telegrams, count(meter.telegrams)),
      meter.clock_drift_s != null ? fact(t.drift, t.driftText(meter.clock_drift_s), Math.abs(meter.clock_drift_s) > 30 ? 'is-bad' : '') : null,
      ...counterList(meter.counters)));
}

function quarantineRow(context: PageContext, meter: string, entry: Quarantined, reload: () => void): HTMLElement {
  const zone = context.meters.find((one) => one.name === meter)?.zone ?? context.meter.zone;
  const unit = UNITS[entry.quantity.split('_').at(-1) ?? ''] ?? '';
  const actions = h('div', { class: 'tools' });
  const row = h('li', { 'data-quarantine': entry.id });
  const judge = (verdict: 'accept' | 'dismiss') => void guarded(context, row, async () => {
    await api.judge(meter, entry.id, verdict);
    reload();
  });
  const button = (text: string, act: () => void, kind = '') => h('button', { type: 'button', class: `button ${kind}`, click: act }, text);
  const ask = () => {
    const yes = button(t.yes, () => judge('accept'), 'is-main');
    fill(actions, h('span', {}, t.acceptSure), yes, button(t.cancel, offer));
    yes.focus();
  };
  const offer = () => fill(actions, button(t.accept, ask), button(t.dismiss, () => judge('dismiss')));
  offer();
  const when = `${mediumDate(dateOf(entry.time, zone))}, ${clockText(entry.time, zone, true)}`;
  const before = entry.previous == null ? '' : ` (${t.before(quantityText(entry.previous, unit))})`;
  fill(row,
    h('p', {}, h('strong', {}, `${registerName(entry.quantity)}: ${quantityText(entry.value, unit)}`), before),
    h('p', { class: 'note' }, `${when}: ${entry.reason}`), actions);
  return row;
}

export function healthPage(context: PageContext): Page {
  const titleOf = (name: string) => context.meters.find((meter) => meter.name === name)?.title ?? name;
  const status = h('div', {}, loading());
  const parts = h('div', { class: 'stack' });
  const quarantine = h('div', {});
  const alerts = h('div', {});
  const root = h('div', { class: 'stack' }, h('h1', { class: 'page-title', tabindex: -1 }, t.title), status, alerts, quarantine, parts);
  let age = 0;

  const moment = (unix: number) => `${mediumDate(dateOf(unix, context.meter.zone))}, ${clockText(unix, context.meter.zone)}`;

  function show(health: Health): void {
    fill(status, h('section', { class: `card status is-${health.status}`, 'data-role': 'status' },
      h('p', { class: 'status-word' }, icon(health.status === 'ok' ? 'check' : 'warning'), t.status[health.status]),
      h('p', {}, health.sentence),
      context.meter.name ? h('p', { class: 'card-foot' }, h('a', { href: link(context.to('check')), 'data-key': 'to-check' }, texts.check.open)) : null,
      ...health.problems.map((problem) => problemBox(problem, problemFacts(problem, moment(problem.since))))));
    const { store } = health;
    fill(parts,
      h('h2', { class: 'group' }, t.meters), h('div', { class: 'columns' }, ...health.meters.map((meter) => meterCard(meter, titleOf(meter.name)))),
      h('h2', { class: 'group' }, t.sources), h('div', { class: 'columns' }, ...health.sources.map((source) => sourceCard(source, titleOf))),
      ...(health.sinks.length === 0 ? []
        : [h('h2', { class: 'group' }, t.sinks), h('div', { class: 'columns' }, ...health.sinks.map((sink) => sinkCard(sink)))]),
      h('div', { class: 'columns' },
        card(t.store, { 'data-role': 'store' }, h('dl', { class: 'pairs is-facts' },
          fact(t.state, t.storeStates[store.state] ?? store.state, store.state === 'ok' ? '' : 'is-bad'), fact(t.storePath, store.path),
          fact(t.size, bytes(store.bytes)), fact(t.readings, count(store.readings)), fact(t.pending, count(store.pending)),
          store.dropped ? fact(t.dropped, count(store.dropped), 'is-bad') : null)),
        card(t.program, {}, h('dl', { class: 'pairs is-facts' },
          fact(t.version, health.version), fact(t.started, moment(health.started))))));
  }

  async function loadQuarantine(): Promise<void> {
    const lists = await Promise.all(context.meters.map(async (meter) =>
      (await api.quarantine(meter.name)).entries.map((entry) => ({ meter: meter.name, entry }))));
    const rows = lists.flat().map(({ meter, entry }) => quarantineRow(context, meter, entry, () => void guarded(context, quarantine, loadQuarantine)));
    if (rows.length === 0) fill(quarantine);
    else fill(quarantine, card(t.quarantine, { 'data-role': 'quarantine' }, h('p', {}, t.quarantineHint), h('ul', { class: 'rows' }, ...rows)));
  }

  let told: Alerts = { open: [], recent: [] };
  function showAlerts(): void {
    fill(alerts, alertCard(told, {
      zone: context.meter.zone, now: now(), titleOf: (name) => (context.meters.length > 1 ? titleOf(name) : ''),
    }));
  }

  async function loadAlerts(): Promise<void> {
    const next = await api.alerts(undefined);
    // Built anew only where something was said: a list that somebody has opened stays open.
    if (alerts.firstChild && JSON.stringify(next) === JSON.stringify(told)) return;
    told = next;
    showAlerts();
  }

  const loadHealth = async () => show(await api.health());
  const load = async () => {
    await Promise.all([guarded(context, status, loadHealth), guarded(context, alerts, loadAlerts), guarded(context, quarantine, loadQuarantine)]);
  };

  return {
    root,
    title: t.title,
    ready: load(),
    health: show,
    alert(said) {
      told = { open: withAlert(told.open, said), recent: [said, ...told.recent] };
      showAlerts();
    },
    tick() {
      age += 1;
      if (age < REFRESH_S) return;
      age = 0;
      void refresh(context, loadHealth);
      void refresh(context, loadAlerts);
    },
    close: () => undefined,
  };
}
