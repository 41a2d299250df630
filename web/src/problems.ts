/** What is wrong, each with a sentence and advice: as a banner on every page, in full on the health page. */
import type { Health, Problem } from './api';
import { h, icon, withCode } from './dom';
import { count } from './format';
import { texts } from './texts';

const t = texts.health;

export function problemBox(problem: Problem, extra: string): HTMLElement {
  return h('div', { class: `problem is-${problem.severity}`, 'data-code': problem.code },
    icon('warning'),
    h('div', {},
      h('p', { class: 'problem-sentence' },
        h('span', { class: 'unseen' }, `${t.status[problem.severity]}: `), ...withCode(problem.sentence)),
      problem.advice ? h('p', {}, ...withCode(problem.advice)) : null,
      extra ? h('p', { class: 'note' }, extra) : null));
}

export function problemFacts(problem: Problem, since: string): string {
  const times = problem.count > 1 ? `, ${t.times(count(problem.count))}` : '';
  return `${problem.subject}, ${t.since(since)}${times}`;
}

/** The banner is rebuilt only when its words change, so that it neither flickers nor speaks again and again. */
export function problemBanner(place: HTMLElement, health: Health | null, healthHref: string): void {
  const problems = health?.problems ?? [];
  const words = JSON.stringify([healthHref, problems.map(({ code, sentence, advice, severity }) => [code, sentence, advice, severity])]);
  if (place.dataset['words'] === words) return;
  place.dataset['words'] = words;
  place.replaceChildren(...problems.map((problem) => problemBox(problem, '')));
  if (problems.length > 0) place.append(h('a', { class: 'problem-more', href: healthHref }, t.open));
}
