/** A year: one bar a month. */
import type { Page, PageContext } from '../page';
import { texts } from '../texts';
import { addMonths, monthsOfYear } from '../time';
import { monthAbbreviation, monthInitial, monthName } from '../words';
import { spanPage } from './span';

export function yearPage(context: PageContext): Page {
  return spanPage(context, {
    kind: 'year',
    whole: 'years',
    parts: 'months',
    when: 'month',
    unit: texts.totals.months,
    heading: texts.year.bars,
    empty: texts.year.empty,
    slots: (year) => monthsOfYear(year).map((month) => ({ key: month, firstDay: `${month}-01`, endDay: `${addMonths(month, 1)}-01` })),
    labels: (month) => ({ label: monthAbbreviation(month), shortLabel: monthInitial(month), title: monthName(month) }),
  });
}
