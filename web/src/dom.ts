/** The little that a page needs to build elements: no templates, no inline styles (the page's policy forbids them). */

type Child = Node | string | null | undefined | false;
type Attributes = Record<string, string | number | boolean | undefined | ((event: Event) => void)>;

function apply(element: Element, attributes: Attributes): void {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'function') element.addEventListener(name, value);
    else if (value === true) element.setAttribute(name, '');
    else if (value !== undefined && value !== false) element.setAttribute(name, String(value));
  }
}

/** An element with attributes; a function is a listener for the event of that name. */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K, attributes: Attributes = {}, ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  apply(element, attributes);
  add(element, ...children);
  return element;
}

export function add(element: Element, ...children: Child[]): void {
  for (const child of children) if (child) element.append(child);
}

/** A sentence of the daemon's, in which what is typed stands between backticks. */
export function withCode(sentence: string): Child[] {
  return sentence.split('`').map((piece, index) => (index % 2 === 1 ? h('code', {}, piece) : piece));
}

/** Replaces what is inside. */
export function fill(element: Element, ...children: Child[]): void {
  element.replaceChildren();
  add(element, ...children);
}

/** Writes a text only when it changed, so that nothing is laid out or announced in vain. */
export function setText(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

const SVG = 'http://www.w3.org/2000/svg';

const ICON_PATHS = {
  now: 'M13 3 5 13.5h6L10.5 21 19 10h-6.2z',
  day: 'M3 12h4l3-7 4 14 3-7h4',
  month: 'M4 6h16v14H4zM4 10h16M8 3v4M16 3v4',
  year: 'M5 20v-7M10 20V8M15 20v-9M20 20V5',
  costs: 'M18 6.6a7 7 0 1 0 0 10.8M4 10.2h9.5M4 13.8h8.5',
  bell: 'M6 17V11a6 6 0 0 1 12 0v6l1.5 1.5h-15zM10.5 21h3',
  unsure: 'M12 3.5a8.5 8.5 0 1 0 0 17 8.5 8.5 0 0 0 0-17zM9.6 9.6a2.5 2.5 0 1 1 3.6 2.2c-.8.4-1.2.9-1.2 1.8M12 16.8v.2',
  health: 'M12 20s-8-4.7-8-10.5A4.5 4.5 0 0 1 12 7a4.5 4.5 0 0 1 8 2.5C20 15.3 12 20 12 20z',
  left: 'm14 6-6 6 6 6',
  right: 'm10 6 6 6-6 6',
  import: 'M12 4v15m-6-6 6 6 6-6',
  export: 'M12 20V5m-6 6 6-6 6 6',
  balanced: 'M5 9h14M5 15h14',
  light: 'M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM12 2v2M12 20v2M2 12h2M20 12h2M5 5l1.4 1.4M17.6 17.6 19 19M5 19l1.4-1.4M17.6 6.4 19 5',
  dark: 'M20 14.5A8 8 0 0 1 9.5 4 8 8 0 1 0 20 14.5z',
  auto: 'M12 3a9 9 0 1 0 0 18zM12 3a9 9 0 0 1 0 18',
  plus: 'M12 6v12M6 12h12',
  minus: 'M6 12h12',
  warning: 'M12 4 2.5 20h19zM12 10v4.5M12 17v.2',
  check: 'm5 12.5 4.5 4.5L19 7',
} as const;

export type IconName = keyof typeof ICON_PATHS;

/** Icons are decoration: the words beside them carry the meaning. */
export function icon(name: IconName): SVGSVGElement {
  const svg = document.createElementNS(SVG, 'svg');
  apply(svg, { viewBox: '0 0 24 24', class: `icon icon-${name}`, 'aria-hidden': 'true', focusable: 'false' });
  const path = document.createElementNS(SVG, 'path');
  path.setAttribute('d', ICON_PATHS[name]);
  svg.append(path);
  return svg;
}

/** A card with a heading: the page's one kind of box. */
export function card(title: string, attributes: Attributes, ...children: Child[]): HTMLElement {
  const { class: extra, ...rest } = attributes;
  return h('section', { class: `card${extra ? ` ${String(extra)}` : ''}`, 'aria-label': title, ...rest },
    h('h2', {}, title), ...children);
}

/** Another heading for a card. */
export function retitle(section: HTMLElement, title: string): void {
  section.setAttribute('aria-label', title);
  const heading = section.querySelector('h2');
  if (heading) setText(heading, title);
}

/** True while the user types or chooses in a form field. */
export function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|SELECT|TEXTAREA)$/.test(target.tagName));
}
