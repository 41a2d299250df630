// A stand-in for the daemon: serves the built page and the API with synthetic data, for development and browser tests.
import { createServer } from 'node:http';
import { readFile } from 'node:fs/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { accountBody, healthBody, lastBody, meterBody, seriesBody } from './answers.mjs';
import { alertsBody, checkBody, pastAlerts, qualityBody } from './books.mjs';
import { clockChanges, dateParts, dateText, midnight } from './calendar.mjs';
import { advisorBody, billBody, costListBody } from './costs.mjs';
import { deviceSpansBody, devicesBody } from './devices.mjs';
import { House, netPower, roofPower } from './house.mjs';
import { sharesBody } from './household.mjs';

const DIST = new URL('../dist/', import.meta.url);
const TYPES = { html: 'text/html; charset=utf-8', js: 'text/javascript', css: 'text/css', svg: 'image/svg+xml' };
const POLICY = "default-src 'self'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'";
const ACCOUNTS = new Set(['quarter-hours', 'hours', 'days', 'months', 'years']);

export const SAMPLE_PROBLEM = {
  code: 'silent-source', severity: 'failing', subject: 'source garage-network', since: 0, count: 42,
  sentence: 'The network adapter at 192.0.2.40 has said nothing for 12 minutes.',
  advice: 'Check that the adapter has power and that its cable sits firmly in the meter\u2019s P1 port.',
};

/** Yesterday has a long gap and a short one; forty days back the computer was off for two days and a half. */
function gapsBefore(now) {
  const [y, m, d] = dateParts(now);
  const yesterday = midnight(y, m, d - 1);
  const off = midnight(y, m, d - 40);
  return [
    { start: off + 36_000, end: off + 36_000 + 216_000 },
    { start: yesterday + 50_820, end: yesterday + 54_120 },
    { start: yesterday + 72_600, end: yesterday + 72_790 },
  ];
}

function makeState({ shift, withMeters, intervalMs, historyDays }) {
  const now = () => Date.now() / 1000 + shift;
  const started = now() - 90_000;
  const begun = historyDays === undefined ? {} : { historyDays };
  const gaps = begun.historyDays ? [] : gapsBefore(now());
  const house = (options) => new House({ now: now(), gaps: [], ...options, ...begun });
  const roof = { name: 'roof', title: 'Roof', role: 'production', counts: 'export', proof: 'tag', contract: null, house: house({ watts: roofPower, firstImport: 61_000, firstExport: 9_412_000 }) };
  const meters = [
    { name: 'home', title: 'Home', proof: 'tag', house: house({ gaps }), contract: { kw: 3 }, production: [roof], withDevices: true },
    { name: 'garage', title: 'Garage', role: 'consumption', proof: 'crc', house: house({ exporting: false, scale: 0.3 }), contract: null },
    roof,
    { name: 'rest', title: 'Without the garage', role: 'group', proof: 'crc', contract: null, members: { add: ['home'], subtract: ['garage'] },
      house: house({ gaps, watts: (t) => netPower(t) - Math.abs(netPower(t) * 0.3) }) },
  ];
  return {
    now, started, intervalMs, meters: withMeters ? meters : [], problems: [], down: false, silentFor: 0, nothingYet: false, reports: true, quarter: {}, tariffError: '',
    alerts: { open: [], recent: pastAlerts(now()) },
    needsLogin: false, loggedIn: false, password: 'sunshine', streams: new Set(),
    quarantine: [{
      id: 7, quantity: 'energy_import_wh', time: Math.floor(now()) - 7200, value: 354_000_000, previous: 6_695_120,
      reason: 'went up by 347 305 kWh in 10 s; the connection can carry at most 0.1 kWh',
    }],
  };
}

function send(response, status, body) {
  response.writeHead(status, { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' });
  response.end(body === undefined ? undefined : JSON.stringify(body));
}

const fail = (response, status, error) => send(response, status, { error });

async function sendFile(response, path) {
  const name = path === '/' ? 'index.html' : path.slice(1);
  try {
    const file = new URL(name, DIST);
    if (!file.pathname.startsWith(DIST.pathname)) throw new Error('outside');
    const body = await readFile(file);
    response.writeHead(200, { 'Content-Type': TYPES[name.split('.').at(-1)] ?? 'application/octet-stream', 'Content-Security-Policy': POLICY });
    response.end(body);
  } catch {
    fail(response, 404, 'There is nothing here.');
  }
}

function live(state, meter, request, response) {
  response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' });
  const say = (event, body) => response.write(`event: ${event}\ndata: ${JSON.stringify(body)}\n\n`);
  const health = () => say('health', healthBody(state, state.now()));
  health();
  const timer = setInterval(() => {
    if (state.silentFor || state.nothingYet) return;
    for (const one of state.meters) if (!meter || one.name === meter) say('reading', lastBody(one, state.now(), 0, state.quarter));
  }, state.intervalMs);
  const alert = (one) => (!meter || one.meter === meter) && say('alert', one);
  const stream = { health, alert, end: () => response.destroy() };
  state.streams.add(stream);
  request.on('close', () => {
    clearInterval(timer);
    state.streams.delete(stream);
  });
}

async function session(state, request, response) {
  if (request.method === 'GET') return send(response, 200, { needs_login: state.needsLogin, logged_in: state.loggedIn });
  if (request.method === 'DELETE') {
    state.loggedIn = false;
    return send(response, 204);
  }
  let text = '';
  for await (const chunk of request) text += chunk;
  if (JSON.parse(text).password !== state.password) return fail(response, 401, 'That is not the password.');
  state.loggedIn = true;
  return send(response, 204);
}

function costs(state, meter, [what, kind], [from, to], response) {
  if (!meter.contract) {
    return fail(response, 404, `Meter ${meter.name} has no tariff; a section [tariff] or [meter.${meter.name}.tariff] says what its energy costs.`);
  }
  if (state.tariffError) return fail(response, 503, state.tariffError);
  if (what === 'advisor') return send(response, 200, advisorBody(meter, state.now()));
  return send(response, 200, kind ? costListBody(meter, kind, from, to, state.now()) : billBody(meter, from, to, state.now()));
}

const instant = (text) => Date.parse(text) / 1000;

function ofMeter(state, meter, rest, url, response) {
  const get = (name) => url.searchParams.get(name);
  const [from, to] = [instant(get('from')), instant(get('to'))];
  if (rest[0] === 'last') {
    if (state.nothingYet) return fail(response, 404, 'Nothing was heard of it yet.');
    // A silent meter's last telegram is as old as the silence.
    return send(response, 200, lastBody(meter, state.now(), state.silentFor, state.quarter));
  }
  if (rest[0] === 'series') return send(response, 200, seriesBody(meter, get('quantity').split(','), from, to, get('resolution') ?? 'auto', state.now()));
  if (ACCOUNTS.has(rest[0])) return send(response, 200, accountBody(meter, rest[0], from, to, state.now()));
  if (rest[0] === 'self-consumption') {
    if (!meter.production) return fail(response, 404, `Nothing is made behind meter ${meter.name}; a meter with role = "production" is what counts it.`);
    return send(response, 200, sharesBody(meter, rest[1], from, to, state.now()));
  }
  if (rest[0] === 'devices') {
    if (rest.length === 1) return send(response, 200, { meter: meter.name, devices: devicesBody(meter, state.now()) });
    const body = deviceSpansBody(meter, rest[1], rest[2], from, to, state.now());
    return body ? send(response, 200, body) : fail(response, 404, `There is no device "${rest[1]}" behind meter ${meter.name}.`);
  }
  if (rest[0] === 'check') return send(response, 200, checkBody(meter, Math.floor(state.now()) - state.silentFor));
  if (rest[0] === 'quality') return send(response, 200, qualityBody(meter, from, to, state.now()));
  if (rest[0] === 'costs' || rest[0] === 'advisor') return costs(state, meter, rest, [from, to], response);
  if (rest[0] === 'telegram') {
    if (meter.members) return fail(response, 404, `Meter ${meter.name} is a group: what it says is worked out, and there is no telegram.`);
    response.writeHead(200, { 'Content-Type': 'text/plain; charset=utf-8' });
    return response.end('/Lux5\\253663629_D\r\n\r\n1-3:0.2.8(42)\r\n!0000\r\n');
  }
  if (rest[0] === 'quarantine' && rest.length === 1) return send(response, 200, { entries: meter.name === 'home' ? state.quarantine : [] });
  if (rest[0] === 'quarantine') {
    state.quarantine = state.quarantine.filter((entry) => entry.id !== Number(rest[1]));
    return send(response, 204);
  }
  return fail(response, 404, 'There is no such path.');
}

function handle(state, request, response) {
  const url = new URL(request.url, 'http://mock');
  if (!url.pathname.startsWith('/api/v1/')) return sendFile(response, url.pathname);
  if (state.down) return request.socket.destroy();
  const path = url.pathname.slice('/api/v1/'.length).split('/').map(decodeURIComponent);
  if (path[0] === 'session') return session(state, request, response);
  if (state.needsLogin && !state.loggedIn) return fail(response, 401, 'Log in first.');
  const now = state.now();
  if (path[0] === 'meters' && path.length === 1) return send(response, 200, {
    now: Math.floor(now), reports: state.reports, meters: state.meters.map((meter) => meterBody(meter, now)),
  });
  if (path[0] === 'alerts') return send(response, 200, alertsBody(state, url.searchParams.get('meter')));
  if (path[0] === 'health') return send(response, 200, healthBody(state, now));
  if (path[0] === 'live') return live(state, url.searchParams.get('meter'), request, response);
  const meter = state.meters.find(({ name }) => name === path[1]);
  if (path[0] !== 'meters' || !meter) return fail(response, 404, 'There is no such meter.');
  return ofMeter(state, meter, path.slice(2), url, response);
}

/** Starts on a free port unless one is given; `state` may be changed while it runs, `tell()` sends health to all. */
export async function startMock({ port = 0, shift = 0, withMeters = true, intervalMs = 1000, historyDays } = {}) {
  const state = makeState({ shift, withMeters, intervalMs, historyDays });
  const server = createServer((request, response) => void handle(state, request, response));
  await new Promise((done) => server.listen(port, '127.0.0.1', done));
  const changes = clockChanges(state.now());
  const [y, m, d] = dateParts(state.now());
  return {
    state,
    url: `http://127.0.0.1:${server.address().port}/`,
    meta: { meter: 'home', otherMeter: 'garage', gapDay: dateText(midnight(y, m, d - 1)), dstSpring: changes.spring, dstAutumn: changes.autumn },
    tell: () => state.streams.forEach((stream) => stream.health()),
    /** An alert as the daemon says it: into the list, and to every page that listens. */
    alert: (one) => {
      const { open, recent } = state.alerts;
      const rest = open.filter((other) => other.meter !== one.meter || other.code !== one.code || other.phase !== one.phase);
      state.alerts = { open: one.state === 'over' ? rest : [...rest, one], recent: [one, ...recent] };
      state.streams.forEach((stream) => stream.alert(one));
    },
    close: () => new Promise((done) => {
      state.streams.forEach((stream) => stream.end());
      server.closeAllConnections();
      server.close(done);
    }),
  };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const mock = await startMock({ port: Number(process.env.PORT ?? 5199), shift: Number(process.env.SHIFT ?? 0) });
  process.stdout.write(`Mock daemon with the page of ${fileURLToPath(DIST)} at ${mock.url}\n`);
}
