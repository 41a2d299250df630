// What hangs on the meter's M-Bus: a gas meter that is read once an hour, and a heat meter that came last month.
import { dateParts, localText, midnight, spans } from './calendar.mjs';

const HOUR = 3600;

/** Litres of gas since 2020: more in winter, and some each morning. */
function litres(time) {
  const days = (time - 1_577_836_800) / 86_400;
  const year = (2 * Math.PI) / 365.25;
  return Math.round(3000 * days + (2600 / year) * Math.sin(year * (days + 10)) + 90 * Math.sin(2 * Math.PI * days));
}

const megajoules = (time) => Math.floor((time - 1_577_836_800) / 1234);

const DEVICES = [
  { id: '4730303339303031', title: 'Gas in the cellar', medium: 'gas', device_type: 3, channel: 1, quantity: 'volume_dm3', unit: 'dm³', register: litres, valve: 1, since: 400 },
  { id: '4b414d3030303031', title: 'Heat', medium: 'heat', device_type: 4, channel: 2, quantity: 'energy_mj', unit: 'MJ', register: megajoules, valve: null, since: 30 },
];

export const devicesOf = (meter) => (meter.name === 'home' && meter.withDevices ? DEVICES : []);

export const deviceQuantities = (meter) => devicesOf(meter).map(({ channel }) =>
  ({ name: `mbus${channel}_register`, obis: `0-${channel}:24.2.1`, unit: '', kind: 'register' }));

const readAt = (now) => Math.floor(now / HOUR) * HOUR;

function sinceOf(device, now) {
  const [y, m, d] = dateParts(now);
  return midnight(y, m, d - device.since);
}

/** Used between two moments, as far as it was there and is read. */
const used = (device, from, to, now) => device.register(readAt(Math.min(to, now))) - device.register(Math.max(from, sinceOf(device, now)));

export function devicesBody(meter, now) {
  const [y, m, d] = dateParts(now);
  return devicesOf(meter).map((device) => {
    const { id, title, medium, device_type, channel, quantity, unit, valve } = device;
    const time = readAt(now);
    const part = (name) => quantity.replace('_', `_${name}_`);
    return {
      id, title, medium, device_type, channel, quantity, unit, first_time: sinceOf(device, now), time, local: localText(time), valve,
      [quantity]: device.register(time),
      [part('day')]: used(device, midnight(y, m, d), now, now),
      [part('month')]: used(device, midnight(y, m, 1), now, now),
    };
  });
}

export function deviceSpansBody(meter, id, kind, from, to, now) {
  const device = devicesOf(meter).find((one) => one.id === id);
  if (!device) return null;
  const entries = spans(kind, from, to).filter(([start, end]) => start < now && end > sinceOf(device, now)).map(([start, end]) => ({
    start, end, local: localText(start), complete: start >= sinceOf(device, now) && end <= now,
    [device.quantity]: used(device, start, end, now), ...(end > now ? { running: true } : {}),
  }));
  return { meter: meter.name, device: id, medium: device.medium, quantity: device.quantity, from, to, entries, gaps: [] };
}
