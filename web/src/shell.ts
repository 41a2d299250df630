/** The frame around every page: name, navigation, choice of meter, colours, state of the connection. */
import type { Health, Meter } from './api';
import { add, fill, h, icon, setText } from './dom';
import type { LiveState } from './live';
import { NAVIGATION, routeHash, type PageName, type Route } from './route';
import { texts } from './texts';
import { currentTheme, nextTheme } from './theme';

export interface Shell {
  readonly main: HTMLElement;
  readonly banner: HTMLElement;
  navigation(routes: Record<PageName, Route>, current: PageName, withCosts: boolean): void;
  meters(meters: readonly Meter[], current: string, choose: (name: string) => void): void;
  live(state: LiveState | null): void;
  health(health: Health | null): void;
  loggedIn(logout: (() => void) | null): void;
}

function themeButton(): HTMLElement {
  const button = h('button', { type: 'button', class: 'round', 'data-role': 'theme' });
  const show = () => {
    const theme = currentTheme();
    button.setAttribute('aria-label', texts.theme[theme]);
    button.title = texts.theme[theme];
    fill(button, icon(theme));
  };
  button.addEventListener('click', () => {
    nextTheme();
    show();
  });
  show();
  return button;
}

export function buildShell(host: HTMLElement): Shell {
  const main = h('main', { id: 'content', tabindex: -1 });
  const banner = h('div', { class: 'banner', role: 'status', 'data-role': 'banner' });
  const meterPlace = h('div', { class: 'meter-choice' });
  const state = h('span', { class: 'live', 'data-role': 'live' });
  const logoutPlace = h('span', {});
  const skip = h('a', { class: 'skip', href: '#content' }, texts.skip);
  skip.addEventListener('click', (event) => {
    event.preventDefault(); // the address after # names a page here
    main.focus();
  });

  const badge = h('span', { class: 'nav-badge' });
  const links = new Map<PageName, HTMLAnchorElement>();
  const nav = h('nav', { 'aria-label': texts.nav.label });
  for (const name of NAVIGATION) {
    const anchor: HTMLAnchorElement = h('a', { 'data-nav': name, hidden: name === 'costs' }, icon(name), h('span', {}, texts.nav[name]));
    if (name === 'health') anchor.append(badge);
    links.set(name, anchor);
    nav.append(anchor);
  }

  const header = h('header', { class: 'top' });
  add(header,
    h('div', { class: 'top-inner' },
      h('span', { class: 'brand' }, texts.product),
      nav,
      h('div', { class: 'top-tools' }, meterPlace, state, logoutPlace, themeButton())));
  fill(host, skip, header, banner, main);

  return {
    main,
    banner,
    navigation(routes, current, withCosts) {
      for (const [name, anchor] of links) {
        anchor.href = routeHash(routes[name]);
        anchor.hidden = name === 'costs' && !withCosts;
        if (name === current) anchor.setAttribute('aria-current', 'page');
        else anchor.removeAttribute('aria-current');
      }
    },
    meters(meters, current, choose) {
      if (meters.length < 2) {
        fill(meterPlace);
        return;
      }
      const select = h('select', {
        class: 'field', 'aria-label': texts.meter, 'data-role': 'meter',
        change: (event) => choose((event.target as HTMLSelectElement).value),
      });
      for (const meter of meters) {
        const option = h('option', { value: meter.name }, meter.title);
        option.selected = meter.name === current;
        select.append(option);
      }
      const had = meterPlace.contains(document.activeElement);
      fill(meterPlace, select);
      if (had) select.focus();
    },
    live(next) {
      state.dataset['state'] = next ?? '';
      setText(state, next ? texts.link[next] : '');
    },
    health(health) {
      const bad = health !== null && health.status !== 'ok';
      badge.classList.toggle('is-on', bad);
      setText(badge, bad ? texts.attention : '');
    },
    loggedIn(logout) {
      fill(logoutPlace, logout ? h('button', { type: 'button', class: 'button', 'data-role': 'logout', click: logout }, texts.logout) : null);
    },
  };
}
