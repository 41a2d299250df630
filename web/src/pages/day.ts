/** A day: its curve, its hours, its sums and its gaps. */
import { api, type Account, type Meter } from '../api';
import { now } from '../clock';
import { dayCurve } from '../daycurve';
import { dateNav } from '../datenav';
import { deviceDay } from '../devices';
import { card, fill, h } from '../dom';
import { energyBars, type EnergySlot } from '../energybars';
import { gapList } from '../gaps';
import { householdTotals, loadShare } from '../household';
import { guarded, loading, refresh, type Page, type PageContext } from '../page';
import { qualityCard } from '../quality';
import { exports } from '../quantities';
import { sidesOf } from '../sides';
import { texts } from '../texts';
import { clockText, daySpan, hoursIn, localParts, zoneOffset, type Span } from '../time';
import { entryState, totals } from '../totals';
import { emptySpan } from './span';

const t = texts.day;
const REFRESH_S = 60;

/** The hour from `start`, named by the wall clock; in autumn two hours have the same name, and the second says so. */
function hourName(start: number, zone: string): string {
  const name = t.range(clockText(start, zone), clockText(start + 3600, zone));
  const again = zoneOffset(start, zone) < zoneOffset(start - 3600, zone);
  return again ? `${name} (${texts.bars.hourChange})` : name;
}

function hourBars(account: Account, day: Span, meter: Meter, choose: (span: Span) => void): EnergySlot[] {
  const { zone } = meter;
  const byStart = new Map(account.entries.map((entry) => [entry.start, entry]));
  return Array.from({ length: hoursIn(day) }, (_, index): EnergySlot => {
    const start = day.from + index * 3600;
    const entry = byStart.get(start);
    const { hour } = localParts(start, zone);
    const span = { from: start, to: start + 3600 };
    const state = entryState(entry, span, meter, now());
    return {
      label: String(hour),
      shortLabel: hour % 3 === 0 ? String(hour) : '',
      title: hourName(start, zone),
      imported: entry?.energy_import_wh ?? null,
      exported: entry?.energy_export_wh ?? null,
      state,
      ...(state === 'outside' ? {} : { choose: () => choose(span) }),
    };
  });
}

export function dayPage(context: PageContext): Page {
  const { meter } = context;
  const nav = dateNav(context, 'day');
  const day = daySpan(nav.date, meter.zone);
  const abort = new AbortController();
  const curve = dayCurve(context, day, nav.title);
  const sums = h('div', { class: 'stack' });
  const hours = h('div', { class: 'stack' });
  const body = h('div', { class: 'stack' }, loading());
  const root = h('div', { class: 'stack' }, nav.root, body);
  let age = 0;
  let shown = false;

  const unusual = hoursIn(day) === 23 ? texts.date.hours23 : hoursIn(day) === 25 ? texts.date.hours25 : '';

  const chooseHour = (span: Span) => {
    curve.zoom(span);
    curve.root.scrollIntoView({ block: 'nearest', behavior: 'smooth' });
  };

  async function load(): Promise<void> {
    const account = (kind: 'days' | 'hours' | 'quarter-hours') => api.account(meter.name, kind, day.from, day.to, abort.signal);
    const [whole, byHour, quarters, quality, share, devices] = await Promise.all([
      account('days'), account('hours'), account('quarter-hours'), api.quality(meter.name, day.from, day.to, abort.signal),
      loadShare(context, 'days', day.from, day.to, abort.signal),
      deviceDay(context, day, abort.signal),
    ]);
    const sides = sidesOf(meter);
    curve.name(sides);
    const bars = hourBars(byHour, day, meter, chooseHour);
    const entry = whole.entries.find((one) => one.start === day.from);
    if (!entry && bars.every((bar) => bar.imported === null && bar.exported === null)) {
      fill(body, emptySpan(context, day.from > now() ? t.emptyFuture : t.empty));
      return;
    }
    // Quarter-hours see the finer gaps; a gap that only the hours know is still one.
    const gaps = quarters.gaps?.length ? quarters.gaps : byHour.gaps ?? [];
    const peakAt = (unix: number) => texts.now.peakAt(clockText(unix, meter.zone));
    fill(sums,
      totals({ whole: entry, parts: bars.map((bar) => bar.state), unit: texts.totals.hours, exporting: exports(meter), sides, runningHint: texts.totals.runningDay, peakAt }),
      householdTotals(share, texts.totals.runningDay),
      devices,
      unusual ? h('p', { class: 'remark', 'data-role': 'dst' }, unusual) : null);
    fill(hours,
      card(t.hours, {}, energyBars(bars, 'hour', sides)),
      h('div', { class: 'columns' }, qualityCard(quality.find((one) => one.start === day.from)), gapList(gaps, day, meter.zone, true)));
    if (!shown) fill(body, sums, curve.root, hours);
    shown = true;
  }

  async function first(): Promise<void> {
    await Promise.all([guarded(context, body, load), curve.load()]);
  }

  return {
    root,
    title: nav.title,
    ready: first(),
    earlier: nav.earlier,
    later: nav.later,
    tick() {
      age += 1;
      if (nav.isOver()) {
        context.again();
        return;
      }
      if (age < REFRESH_S || nav.date !== nav.present || curve.zoomed() || hours.matches(':focus-within, :hover')) return;
      age = 0;
      void refresh(context, async () => {
        await load();
        await curve.refresh();
      });
    },
    close() {
      abort.abort();
      curve.close();
    },
  };
}
