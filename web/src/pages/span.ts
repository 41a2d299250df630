/** Month and year are one page: totals, bars, and the way deeper. */
import { api, type Entry, type Quality } from '../api';
import type { Slot } from '../bars';
import { now } from '../clock';
import { dateNav, shifted } from '../datenav';
import { deviceBars, type DeviceSlot } from '../devices';
import { card, fill, h } from '../dom';
import { energyBars, type EnergySlot } from '../energybars';
import { gapList } from '../gaps';
import { householdTotals, loadShare } from '../household';
import { guarded, link, loading, refresh, type Page, type PageContext } from '../page';
import { QUARTER_S } from '../peaks';
import { peaksCard } from '../peakscard';
import { markOf, qualityLine } from '../quality';
import { exports } from '../quantities';
import { sidesOf } from '../sides';
import { texts } from '../texts';
import { clockText, dateOf, dayStart } from '../time';
import { entryState, totals } from '../totals';
import { mediumDate, shortDate } from '../words';

export interface SpanPlan {
  readonly kind: 'month' | 'year';
  readonly whole: 'months' | 'years';
  readonly parts: 'days' | 'months';
  readonly when: 'day' | 'month';
  readonly unit: { one: string; many: string };
  readonly heading: string;
  readonly empty: string;
  /** The parts of this month or year, each with its first day and the day after its last. */
  readonly slots: (date: string) => { key: string; firstDay: string; endDay: string }[];
  readonly labels: (key: string) => Pick<Slot, 'label' | 'shortLabel' | 'title' | 'weekend'>;
}

const REFRESH_S = 60;

export function spanPage(context: PageContext, plan: SpanPlan): Page {
  const { meter } = context;
  const nav = dateNav(context, plan.kind);
  const body = h('div', { class: 'stack' }, loading());
  const root = h('div', { class: 'stack' }, nav.root, body);
  const abort = new AbortController();
  const dayOf = (date: string) => (plan.kind === 'month' ? `${date}-01` : `${date}-01-01`);
  const from = dayStart(dayOf(nav.date), meter.zone);
  const to = dayStart(dayOf(shifted(nav.date, plan.kind, 1)), meter.zone);
  const peaks = plan.kind === 'month' ? peaksCard(context, nav.date, { from, to }, abort.signal) : null;
  let age = 0;
  let quarter = Math.floor(now() / QUARTER_S);

  const deviceSlots = (): DeviceSlot[] => plan.slots(nav.date).map(({ key, firstDay, endDay }) =>
    ({ ...plan.labels(key), span: { from: dayStart(firstDay, meter.zone), to: dayStart(endDay, meter.zone) } }));

  function bars(entries: readonly Entry[], quality: readonly Quality[]): EnergySlot[] {
    const byStart = new Map(entries.map((entry) => [entry.start, entry]));
    const qualityOf = new Map(quality.map((day) => [day.start, day]));
    return plan.slots(nav.date).map(({ key, firstDay, endDay }): EnergySlot => {
      const start = dayStart(firstDay, meter.zone);
      const end = dayStart(endDay, meter.zone);
      const entry = byStart.get(start);
      const day = qualityOf.get(start);
      const state = entryState(entry, { from: start, to: end }, meter, now());
      return {
        ...plan.labels(key),
        imported: entry?.energy_import_wh ?? null,
        exported: entry?.energy_export_wh ?? null,
        peak: entry?.peak_import_w ?? null,
        state,
        ...(day ? { mark: markOf(day) } : {}),
        ...(state === 'outside' ? {} : { href: link(context.to(plan.when, key)) }),
      };
    });
  }

  async function load(): Promise<void> {
    const [whole, parts, quality, share, devices] = await Promise.all([
      api.account(meter.name, plan.whole, from, to, abort.signal),
      api.account(meter.name, plan.parts, from, to, abort.signal),
      // A year has too many days for a mark each.
      plan.kind === 'month' ? api.quality(meter.name, from, to, abort.signal) : [],
      loadShare(context, plan.whole, from, to, abort.signal),
      deviceBars(context, { from, to, whole: plan.whole, parts: plan.parts, slots: deviceSlots() }, abort.signal),
    ]);
    const sides = sidesOf(meter);
    const list = bars(parts.entries, quality);
    const entry = whole.entries.find((one) => one.start === from);
    if (!entry && list.every((bar) => bar.imported === null && bar.exported === null)) {
      fill(body, emptySpan(context, plan.empty));
      return;
    }
    const peakAt = (unix: number) => `${shortDate(dateOf(unix, meter.zone))}, ${clockText(unix, meter.zone)}`;
    fill(body,
      totals({ whole: entry, parts: list.map((bar) => bar.state), unit: plan.unit, exporting: exports(meter), sides, runningHint: texts.totals.running, peakAt }),
      householdTotals(share, texts.totals.running),
      card(plan.heading, {}, energyBars(list, plan.when, sides, qualityLine(quality))),
      peaks?.root,
      ...devices,
      gapList(parts.gaps ?? [], { from, to }, meter.zone, false));
  }

  return {
    root,
    title: nav.title,
    ready: Promise.all([guarded(context, body, load), peaks?.load()]).then(() => undefined),
    earlier: nav.earlier,
    later: nav.later,
    tick() {
      age += 1;
      if (nav.isOver()) {
        context.again();
        return;
      }
      // Not under the user's hand: new bars would take the focus and the open table away.
      if (age < REFRESH_S || nav.date !== nav.present || body.matches(':focus-within, :hover')) return;
      age = 0;
      void refresh(context, load);
      // A quarter-hour more every fifteen minutes is worth no more than that.
      const present = Math.floor(now() / QUARTER_S);
      if (present !== quarter && peaks) void refresh(context, peaks.refresh);
      quarter = present;
    },
    close() {
      abort.abort();
      peaks?.close();
    },
  };
}

/** An empty month, year or day names the last place that has figures. */
export function emptySpan(context: PageContext, sentence: string): HTMLElement {
  const { last_time: lastTime, zone } = context.meter;
  const last = context.reading()?.time ?? lastTime;
  const date = last == null ? null : dateOf(last, zone);
  return h('div', { class: 'card empty' },
    h('p', { class: 'empty-title' }, sentence),
    date ? h('a', { class: 'button', href: link(context.to('day', date)) }, texts.day.goLast(mediumDate(date)))
      : h('p', {}, texts.now.waitingHint));
}
