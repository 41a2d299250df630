/** Devices: the meters behind the meter, each in its own unit and at its own time. */
import { api, type Device, type DeviceSpan } from './api';
import { barChart, type Bar, type Slot } from './bars';
import { now } from './clock';
import { card, fill, h, setText } from './dom';
import { MEASURED } from './energybars';
import { milli } from './format';
import type { PageContext } from './page';
import { pair } from './quarter';
import type { Measure } from './scale';
import { texts } from './texts';
import { clockText, dateOf, type Span } from './time';
import { figure, spanState } from './totals';
import { dayName, mediumDate, monthOf } from './words';

const t = texts.devices;

/** The API's integers are thousandths of what people read. */
const UNITS: Record<string, { measure: Measure; unit: string }> = {
  volume_dm3: { measure: 'cubic', unit: 'm\u00b3' },
  energy_mj: { measure: 'heat', unit: 'GJ' },
  energy_wh: { measure: 'energy', unit: 'kWh' },
};
const unitOf = (device: Device) => UNITS[device.quantity] ?? { measure: 'cubic', unit: '' };

/** Its register, or with a part its use since midnight or the first of the month. */
export function amount(device: Device, part?: 'day' | 'month'): number | null {
  const value = device[part ? device.quantity.replace('_', `_${part}_`) : device.quantity];
  return typeof value === 'number' ? value : null;
}

export const amountText = (device: Device, value: number | null): string =>
  (value === null ? texts.none : `${milli(value)}\u00a0${unitOf(device).unit}`);

const spanAmount = (device: Device, span: DeviceSpan | undefined): number | null => {
  const value = span?.[device.quantity];
  return typeof value === 'number' ? value : null;
};

/** What is known of the devices at a telegram, a card each: of its day and its month. The cards stay while figures change. */
export function deviceCards(zone: string): { root: HTMLElement; show(devices: readonly Device[], at: number): void } {
  const root = h('div', { class: 'columns', 'data-role': 'devices' });
  const shown = new Map<string, (device: Device, at: number) => void>();
  let names = '';

  function build(device: Device): HTMLElement {
    const parts = { today: pair(texts.now.today), month: pair(t.month), register: pair(t.register, 'is-wide') };
    const note = h('p', { class: 'card-foot' });
    shown.set(device.id, (next, at) => {
      setText(parts.today.label, dayName(at, zone));
      setText(parts.month.label, monthOf(at, zone));
      setText(parts.today.value, amountText(next, amount(next, 'day')));
      setText(parts.month.value, amountText(next, amount(next, 'month')));
      setText(parts.register.value, amountText(next, amount(next)));
      const clock = clockText(next.time, zone);
      const today = dateOf(next.time, zone) === dateOf(now(), zone);
      const read = t.readAt(today ? texts.now.at(clock) : `${mediumDate(dateOf(next.time, zone))}, ${clock}`);
      setText(note, [read, next.valve === null ? '' : t.valves[next.valve]].filter(Boolean).join(' '));
    });
    return card(device.title, { 'data-role': `device-${device.medium}` },
      h('dl', { class: 'pairs' }, parts.today.root, parts.month.root, parts.register.root), note);
  }

  return {
    root,
    show(devices, at) {
      const next = devices.map((device) => `${device.id} ${device.title}`).join();
      if (next !== names) {
        shown.clear();
        fill(root, ...devices.map(build));
        names = next;
      }
      for (const device of devices) shown.get(device.id)?.(device, at);
    },
  };
}

/** Whether there is anything behind the meter, as far as the list of quantities tells: no request otherwise. */
const hasDevices = ({ meter }: PageContext): boolean => meter.quantities.some(({ name }) => name.startsWith('mbus'));

/** Each device with one part of its use. */
async function ofEach<T>(context: PageContext, signal: AbortSignal, ask: (device: Device) => Promise<T>): Promise<[Device, T][]> {
  if (!hasDevices(context)) return [];
  const devices = await api.devices(context.meter.name, signal);
  return Promise.all(devices.map(async (device): Promise<[Device, T]> => [device, await ask(device)]));
}

const hintOf = (span: DeviceSpan | undefined, running: string): string =>
  (span?.running ? running : span?.complete === false ? texts.totals.incomplete : '');

/** What each of them used on a day; nothing of one that was not there yet. */
export async function deviceDay(context: PageContext, day: Span, signal: AbortSignal): Promise<HTMLElement | null> {
  const spans = await ofEach(context, signal, (device) => api.deviceSpans(context.meter.name, device.id, 'days', day.from, day.to, signal));
  const known = spans.filter(([, [span]]) => span);
  if (known.length === 0) return null;
  return h('dl', { class: 'totals card', 'data-role': 'device-totals' }, ...known.map(([device, [span]]) =>
    figure(device.title, amountText(device, spanAmount(device, span)), hintOf(span, texts.totals.runningDay))));
}

export interface DeviceSlot extends Omit<Slot, 'state'> { readonly span: Span }

export interface DevicePlan extends Span {
  readonly whole: 'months' | 'years';
  readonly parts: 'days' | 'months';
  readonly slots: readonly DeviceSlot[];
}

function bars(device: Device, entries: readonly DeviceSpan[], plan: DevicePlan): Bar[] {
  const byStart = new Map(entries.map((entry) => [entry.start, entry]));
  return plan.slots.map(({ span, ...slot }): Bar => {
    const entry = byStart.get(span.from);
    const value = spanAmount(device, entry);
    const state = spanState(value !== null, entry?.complete ?? false, span, device.first_time ?? 0, now());
    const words = value === null ? texts.bars.nothing(slot.title) : t.amount(slot.title, amountText(device, value));
    return {
      ...slot, state, up: [{ kind: 'device', value: value ?? 0 }], down: [],
      words: state === 'partial' ? `${words} (${texts.bars.incomplete})` : words,
      cells: [value === null ? texts.none : milli(value), MEASURED[state]],
    };
  });
}

/** What each of them used in a month or year, a card of bars each. */
export async function deviceBars(context: PageContext, plan: DevicePlan, signal: AbortSignal): Promise<HTMLElement[]> {
  const ask = (device: Device, kind: 'days' | 'months' | 'years') =>
    api.deviceSpans(context.meter.name, device.id, kind, plan.from, plan.to, signal);
  const found = await ofEach(context, signal, (device) => Promise.all([ask(device, plan.whole), ask(device, plan.parts)]));
  const when = plan.parts === 'days' ? 'day' : 'month';
  return found.filter(([, [[whole], parts]]) => whole || parts.length > 0).map(([device, [[whole], parts]]) => {
    const unit = unitOf(device);
    const hint = hintOf(whole, texts.totals.running);
    return card((when === 'day' ? t.byDay : t.byMonth)(device.title), { 'data-role': `device-${device.medium}` },
      h('p', { class: 'card-note' }, [amountText(device, spanAmount(device, whole)), hint].filter(Boolean).join(' ')),
      barChart({
        bars: bars(device, parts, plan), when, measure: unit.measure, hint: t.hint, key: [],
        heads: [texts.bars.when[when], unit.unit, texts.bars.complete],
      }));
  });
}
