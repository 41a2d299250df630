/** A month: one bar a day. */
import type { Page, PageContext } from '../page';
import { texts } from '../texts';
import { addDays, daysOfMonth } from '../time';
import { isWeekend, shortDate } from '../words';
import { spanPage } from './span';

export function monthPage(context: PageContext): Page {
  return spanPage(context, {
    kind: 'month',
    whole: 'months',
    parts: 'days',
    when: 'day',
    unit: texts.totals.days,
    heading: texts.month.bars,
    empty: texts.month.empty,
    slots: (month) => daysOfMonth(month).map((date) => ({ key: date, firstDay: date, endDay: addDays(date, 1) })),
    labels: (date) => {
      const day = Number(date.slice(8));
      // Thirty-one figures do not fit under the bars of a phone.
      return { label: String(day), shortLabel: day === 1 || day % 5 === 0 ? String(day) : '', title: shortDate(date), weekend: isWeekend(date) };
    },
  });
}
