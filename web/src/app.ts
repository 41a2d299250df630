/** From an address to a page: starts the page, follows the live stream, and keeps trying when nobody answers. */
import { api, ApiError, type Health, type Meter, type Reading, type Session } from './api';
import { monotonic, syncClock } from './clock';
import { fill, h, isTyping, setText } from './dom';
import { HOUSEHOLD_POWERS } from './household';
import { openLive, type Live } from './live';
import { link, type Page, type PageContext } from './page';
import { checkPage } from './pages/check';
import { costsPage } from './pages/costs';
import { dayPage } from './pages/day';
import { healthPage } from './pages/health';
import { loginPage } from './pages/login';
import { monthPage } from './pages/month';
import { nowPage } from './pages/now';
import { sensorPage } from './pages/sensor';
import { yearPage } from './pages/year';
import { problemBanner } from './problems';
import { PAGE_NAMES, parseRoute, type PageName, type Route } from './route';
import { buildShell } from './shell';
import { texts } from './texts';

const PAGES: Record<PageName, (context: PageContext) => Page> = {
  now: nowPage, day: dayPage, month: monthPage, year: yearPage, costs: costsPage, health: healthPage, check: checkPage,
};
/** A page that takes longer than this to load shows its empty frame meanwhile. */
const PATIENCE_MS = 400;
const RETRY_S = [2, 4, 8, 15];
const NO_METER_RETRY_MS = 5000;
/** New quantities are rare; a value that the list of quantities never names must not reload the page for ever. */
const RENEW_S = 60;

/** Stands in for a meter on the health page while there is none. */
const NOBODY: Meter = { name: '', title: '', tariff: false, zone: 'Europe/Luxembourg', proof: null, quantities: [] };

export function startApp(host: HTMLElement): void {
  const shell = buildShell(host);
  let meters: readonly Meter[] = [];
  let reports = false;
  let session: Session | null = null;
  let health: Health | null = null;
  let reading: Reading | null = null;
  let live: Live | null = null;
  let liveMeter = '';
  let page: Page | null = null;
  let turn = 0;
  let failures = 0;
  let timer = 0;
  let renewedAt = -Infinity;

  const later = (ms: number, act: () => void) => {
    window.clearTimeout(timer);
    timer = window.setTimeout(act, ms);
  };

  function leave(): void {
    turn += 1;
    page?.close();
    page = null;
  }

  function stopLive(): void {
    live?.close();
    live = null;
    shell.live(null);
  }

  /** Shows something that is not a page: the login, or why there is no page. */
  function showInstead(element: HTMLElement): void {
    leave();
    stopLive();
    fill(shell.main, element);
  }

  function lost(error: unknown): boolean {
    if (!(error instanceof ApiError) || (error.status !== 0 && error.status !== 401)) return false;
    if (error.status === 401) void boot();
    else unreachable();
    return true;
  }

  /** Tries again by itself, ever more slowly, and says when. */
  function unreachable(): void {
    let wait = RETRY_S[Math.min(failures, RETRY_S.length - 1)] ?? 15;
    failures += 1;
    const hint = h('p', { 'data-role': 'retry' }, texts.empty.unreachableHint(wait));
    showInstead(h('div', { class: 'card empty', role: 'alert' },
      h('p', { class: 'empty-title' }, texts.empty.unreachable), hint,
      h('button', { type: 'button', class: 'button', click: () => void boot() }, texts.empty.tryNow)));
    const countDown = () => {
      wait -= 1;
      if (wait <= 0) void boot();
      else {
        setText(hint, texts.empty.unreachableHint(wait));
        later(1000, countDown);
      }
    };
    later(1000, countDown);
  }

  function setHealth(next: Health): void {
    health = next;
    syncClock(next.now);
    shell.health(health);
    showBanner();
    page?.health?.(next);
  }

  /** The health page tells the problems itself, at length. */
  function showBanner(): void {
    const onHealth = parseRoute(location.hash).page === 'health';
    problemBanner(shell.banner, onHealth ? null : health, link(routeTo('health')));
  }

  function follow(meter: string): void {
    if (live && liveMeter === meter) return;
    live?.close();
    liveMeter = meter;
    reading = null;
    live = openLive(meter || undefined, {
      reading(next) {
        if (isNews(next)) void renew();
        if (next.meter !== meter) return;
        reading = next;
        page?.reading?.(next);
      },
      health: setHealth,
      alert(said) {
        if (said.meter === meter) page?.alert?.(said);
      },
      state: (state) => shell.live(state),
    });
  }

  /** A meter that was not heard before, or sends more than it did: what it can show has changed. */
  function isNews(next: Reading): boolean {
    const known = new Set(meters.find((one) => one.name === next.meter)?.quantities.map((quantity) => quantity.name));
    return Object.keys(next.values).some((name) => !known.has(name) && !HOUSEHOLD_POWERS.has(name));
  }

  async function renew(): Promise<void> {
    if (monotonic() - renewedAt < RENEW_S) return;
    renewedAt = monotonic();
    try {
      meters = (await api.meters()).meters;
      await show();
    } catch (error) {
      lost(error);
    }
  }

  function routeTo(name: PageName, date?: string): Route {
    const { meter } = parseRoute(location.hash);
    return { page: name, ...(date ? { date } : {}), ...(meter && meters.length > 1 ? { meter } : {}) };
  }

  function showFrame(route: Route, meter: Meter): void {
    const routes = Object.fromEntries(PAGE_NAMES.map((name) => [name, routeTo(name)])) as Record<PageName, Route>;
    shell.navigation(routes, route.page, meter.tariff);
    shell.meters(meters, meter.name, (name) => { location.hash = link({ ...route, meter: name }); });
    shell.loggedIn(session?.needs_login ? () => void api.logout().catch(() => undefined).then(boot) : null);
    showBanner();
  }

  function unknownMeter(name: string, first: Meter): void {
    leave();
    fill(shell.main, h('div', { class: 'card empty' },
      h('p', { class: 'empty-title' }, texts.empty.unknownMeter(name)),
      h('a', { class: 'button', href: link({ page: 'now', meter: first.name }) }, texts.empty.unknownMeterGo(first.title))));
  }

  async function show(): Promise<void> {
    window.clearTimeout(timer);
    const route = parseRoute(location.hash);
    // A house shows its meter at the grid first, not a sum or a sensor that comes before it in the alphabet.
    const first = meters.find((one) => one.role === 'grid') ?? meters[0];
    const meter = route.meter ? meters.find((one) => one.name === route.meter) : first;
    showFrame(route, meter ?? first ?? NOBODY);
    if (!first && route.page !== 'health') {
      noMeter();
      return;
    }
    if (first && !meter) {
      unknownMeter(route.meter ?? '', first);
      return;
    }
    follow(meter?.name ?? '');
    await turnTo(route, meter ?? NOBODY);
  }

  async function turnTo(route: Route, meter: Meter): Promise<void> {
    const before = page;
    const beforeName = shell.main.dataset['page'];
    const mine = ++turn;
    const build = meter.role === 'sensor' && route.page !== 'health' ? sensorPage : PAGES[route.page];
    const next = build({
      meter, meters, route, reading: () => reading, health: () => health,
      reports, to: routeTo, lost, again: () => void show(),
    });
    page = next;
    before?.close();
    await Promise.race([next.ready, new Promise((done) => setTimeout(done, PATIENCE_MS))]);
    if (turn !== mine) {
      next.close();
      return;
    }
    place(next, route.page, beforeName);
  }

  /** Puts a page in, keeping the place of whoever walks by keyboard from day to day. */
  function place(next: Page, name: PageName, beforeName: string | undefined): void {
    const key = shell.main.contains(document.activeElement) ? document.activeElement?.getAttribute('data-key') : null;
    const hadFocus = shell.main.contains(document.activeElement);
    fill(shell.main, next.root);
    shell.main.dataset['page'] = name;
    document.title = `${next.title} \u2013 ${texts.product}`;
    if (name !== beforeName) window.scrollTo(0, 0);
    if (!hadFocus) return;
    const same = key ? next.root.querySelector<HTMLElement>(`[data-key="${key}"]`) : null;
    (same ?? next.root.querySelector<HTMLElement>('h1'))?.focus({ preventScroll: true });
  }

  function noMeter(): void {
    showInstead(h('div', { class: 'card empty' },
      h('p', { class: 'empty-title' }, texts.empty.noMeter), h('p', {}, texts.empty.noMeterHint),
      h('a', { class: 'button', href: link({ page: 'health' }) }, texts.nav.health)));
    later(NO_METER_RETRY_MS, () => void boot());
  }

  async function boot(): Promise<void> {
    window.clearTimeout(timer);
    try {
      session = await api.session();
      if (session.needs_login && !session.logged_in) {
        shell.loggedIn(null);
        showInstead(loginPage(() => void boot()));
        return;
      }
      const answer = await api.meters();
      syncClock(answer.now);
      meters = answer.meters;
      reports = answer.reports === true;
      failures = 0;
    } catch (error) {
      if (!lost(error)) unreachable();
      return;
    }
    await show();
  }

  function onKey(event: KeyboardEvent): void {
    if (isTyping(event.target) || event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const route = event.key === 'ArrowLeft' ? page?.earlier : event.key === 'ArrowRight' ? page?.later : null;
    if (!route) return;
    event.preventDefault();
    location.hash = link(route);
  }

  window.addEventListener('hashchange', () => {
    if (session && (!session.needs_login || session.logged_in)) void show();
  });
  window.addEventListener('keydown', onKey);
  window.setInterval(() => page?.tick?.(), 1000);
  void boot();
}
