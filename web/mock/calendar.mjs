// Just enough of a zone's calendar for synthetic data.

export const ZONE = 'Europe/Luxembourg';
const format = new Intl.DateTimeFormat('en-US', {
  timeZone: ZONE, hourCycle: 'h23', year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric', second: 'numeric',
});

export function wall(unix) {
  const p = Object.fromEntries(format.formatToParts(unix * 1000).map((part) => [part.type, Number(part.value)]));
  return Date.UTC(p.year, p.month - 1, p.day, p.hour, p.minute, p.second) / 1000;
}

/** Unix seconds of local midnight of a year, month and day; overflowing numbers carry as in Date.UTC. */
export function midnight(year, month, day) {
  const utc = Date.UTC(year, month - 1, day) / 1000;
  const guess = utc - (wall(utc) - utc);
  return guess - (wall(guess) - utc);
}

export function dateParts(unix) {
  const date = new Date(wall(unix) * 1000);
  return [date.getUTCFullYear(), date.getUTCMonth() + 1, date.getUTCDate()];
}

export function dateText(unix) {
  return new Date(wall(unix) * 1000).toISOString().slice(0, 10);
}

export function localText(unix) {
  const offset = wall(unix) - unix;
  const two = (n) => String(Math.floor(n)).padStart(2, '0');
  return `${new Date(wall(unix) * 1000).toISOString().slice(0, 19)}+${two(offset / 3600)}:${two((offset % 3600) / 60)}`;
}

const floorTo = { days: ([y, m, d]) => [y, m, d], months: ([y, m]) => [y, m, 1], years: ([y]) => [y, 1, 1] };
const next = { days: ([y, m, d]) => [y, m, d + 1], months: ([y, m]) => [y, m + 1, 1], years: ([y]) => [y + 1, 1, 1] };
const steps = { 'quarter-hours': 900, hours: 3600 };

/** The spans of one kind that begin in [from, to). */
export function spans(kind, from, to) {
  const found = [];
  if (steps[kind]) {
    for (let t = Math.ceil(from / steps[kind]) * steps[kind]; t < to; t += steps[kind]) found.push([t, t + steps[kind]]);
    return found;
  }
  let parts = floorTo[kind](dateParts(from));
  for (let start = midnight(...parts); start < to;) {
    parts = dateParts(midnight(...next[kind](parts)));
    const end = midnight(...parts);
    if (start >= from) found.push([start, end]);
    start = end;
  }
  return found;
}

/** The last days on which the clocks went forward and back before `now`. */
export function clockChanges(now) {
  const found = {};
  let day = dateParts(now);
  while (!found.spring || !found.autumn) {
    const start = midnight(...day);
    const hours = (midnight(day[0], day[1], day[2] + 1) - start) / 3600;
    if (hours === 23) found.spring ??= dateText(start);
    if (hours === 25) found.autumn ??= dateText(start);
    day = dateParts(start - 43_200);
  }
  return found;
}
