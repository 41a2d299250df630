/** Light, dark, or as the system says; the choice stays in this browser. */

export type Theme = 'auto' | 'light' | 'dark';
const KEY = 'smartyreader-theme';
const ORDER: readonly Theme[] = ['auto', 'light', 'dark'];
const listeners = new Set<() => void>();
const colours = new Map<string, string>();

function stored(): Theme {
  try {
    return ORDER.find((theme) => theme === localStorage.getItem(KEY)) ?? 'auto';
  } catch {
    return 'auto'; // a browser that keeps nothing still has a page
  }
}

let theme: Theme = stored();

function show(): void {
  if (theme === 'auto') delete document.documentElement.dataset['theme'];
  else document.documentElement.dataset['theme'] = theme;
  colours.clear();
  for (const listener of listeners) listener();
}

export const currentTheme = (): Theme => theme;

export function nextTheme(): Theme {
  theme = ORDER[(ORDER.indexOf(theme) + 1) % ORDER.length] ?? 'auto';
  try {
    localStorage.setItem(KEY, theme);
  } catch {
    // as above: the choice then lasts as long as the page
  }
  show();
  return theme;
}

/** Calls back whenever colours change, by choice or by the system; returns how to stop that. */
export function onThemeChange(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

window.matchMedia('(prefers-color-scheme: dark)').addEventListener('change', show);
show();

/** A colour of the style sheet in the form that a canvas understands; asked for at every draw, so remembered. */
export function colour(name: string): string {
  const known = colours.get(name);
  if (known) return known;
  const probe = document.createElement('span');
  probe.style.color = `var(--${name})`;
  document.body.append(probe);
  const value = getComputedStyle(probe).color;
  probe.remove();
  colours.set(name, value);
  return value;
}

export function faded(name: string, alpha: number): string {
  return colour(name).replace(/^rgb\((.*)\)$/, `rgba($1, ${alpha})`);
}
