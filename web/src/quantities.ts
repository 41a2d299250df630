/** Which curves a meter can show, from the quantities it has ever sent. */
import type { Column, Meter, Series } from './api';
import { current, power, voltage } from './format';
import type { Measure } from './scale';
import { difference, netColumns } from './series';
import { texts } from './texts';

export type ViewName = 'net' | 'phases' | 'voltage' | 'current';

export interface View {
  readonly name: ViewName;
  readonly measure: Measure;
  readonly style: 'signed' | 'phases';
  readonly quantities: readonly string[];
  /** A name for each line. */
  readonly lines: readonly string[];
  readonly columns: (series: Series) => Column[];
  readonly text: (value: number) => string;
}

/** A house without sun on its roof has no need of columns that are always empty. */
export const exports = (meter: Meter): boolean =>
  meter.quantities.some(({ name }) => name === 'energy_export_wh' || name === 'power_export_w');

const PHASES = ['1', '2', '3'];

function phasesOf(meter: Meter, name: (phase: string) => string): string[] {
  const sent = new Set(meter.quantities.map((quantity) => quantity.name));
  return PHASES.filter((phase) => sent.has(name(phase)));
}

const means = (series: Series, names: readonly string[]): Column[] =>
  names.map((name) => series.series[name]?.mean ?? series.time.map(() => null));

const phasePowerName = (side: 'import' | 'export') => (phase: string) => `power_${side}_l${phase}_w`;

function phasePower(meter: Meter): View | null {
  const phases = phasesOf(meter, phasePowerName('import'));
  if (phases.length === 0) return null;
  const exporting = phasesOf(meter, phasePowerName('export'));
  return {
    name: 'phases', measure: 'power', style: 'phases',
    quantities: [...phases.map(phasePowerName('import')), ...exporting.map(phasePowerName('export'))],
    lines: phases.map(texts.phases),
    columns: (series) => phases.map((phase) => difference(
      series.series[phasePowerName('import')(phase)]?.mean ?? series.time.map(() => null),
      series.series[phasePowerName('export')(phase)]?.mean,
    )),
    text: power,
  };
}

function perPhase(meter: Meter, name: 'voltage' | 'current', unit: string, text: (value: number) => string): View | null {
  const quantity = (phase: string) => `${name}_l${phase}_${unit}`;
  const phases = phasesOf(meter, quantity);
  if (phases.length === 0) return null;
  const quantities = phases.map(quantity);
  return {
    name, measure: name, style: 'phases', quantities, lines: phases.map(texts.phases),
    columns: (series) => means(series, quantities), text,
  };
}

export function viewsOf(meter: Meter): View[] {
  const net: View = {
    name: 'net', measure: 'power', style: 'signed', quantities: ['power_net_w'],
    lines: [texts.day.quantities.net], columns: netColumns, text: power,
  };
  return [net, phasePower(meter), perPhase(meter, 'voltage', 'mv', voltage), perPhase(meter, 'current', 'ma', current)]
    .filter((view) => view !== null);
}
