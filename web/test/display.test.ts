import { describe, expect, it } from 'vitest';
import { compare, parseKwh, slack } from '../src/display';

const typed = (text: string) => {
  const found = parseKwh(text);
  if (!found) throw new Error(`not read: ${text}`);
  return found;
};

describe('what was typed', () => {
  it('is read with comma, dot, spaces and leading zeros', () => {
    expect(parseKwh('12127,482')).toEqual({ wh: 12_127_482, stepWh: 1 });
    expect(parseKwh(' 12 127.48 kWh')).toEqual({ wh: 12_127_480, stepWh: 10 });
    expect(parseKwh('00012127')).toEqual({ wh: 12_127_000, stepWh: 1000 });
    expect(parseKwh('12.127,5')).toEqual({ wh: 12_127_500, stepWh: 100 });
    expect(parseKwh('12127.')).toEqual({ wh: 12_127_000, stepWh: 1000 });
  });

  it('is refused where it is no figure of a meter', () => {
    for (const wrong of ['', 'abc', '-5', '1.2345', ',5', '1e5', '12345678901']) expect(parseKwh(wrong), wrong).toBeNull();
  });
});

describe('display and register', () => {
  const ours = { name: 'import', wh: 12_127_482 };
  const other = { name: 'export', wh: 3_000_100 };
  const judge = (text: string, slackWh = slack(4, 500)) => compare(typed(text), ours, slackWh, [ours, other]);

  it('agree in the digits that were typed, cut as a display cuts', () => {
    for (const text of ['12127.482', '12127.48', '12127.4', '12127']) expect(judge(text), text).toEqual({ kind: 'agrees' });
    expect(judge('12127.5', 0).kind).not.toBe('agrees');
  });

  it('may be apart by what a house draws while somebody reads and types', () => {
    expect(judge('12127.485')).toEqual({ kind: 'counted-on', apartWh: 3, ahead: true });
    expect(judge('12127.480')).toEqual({ kind: 'counted-on', apartWh: 2, ahead: false });
    // 12127.999 and 12128 are one Wh apart.
    expect(compare(typed('12128'), { name: 'import', wh: 12_127_999 }, 1, [])).toMatchObject({ kind: 'counted-on' });
    expect(slack(4, 500)).toBe(104);
    expect(slack(0, 11_000)).toBeGreaterThan(slack(0, 500));
  });

  it('differ where no house draws that much, and another register is named', () => {
    expect(judge('12137.482')).toEqual({ kind: 'differs', apartWh: 10_000, ahead: true });
    expect(judge('3000.1')).toEqual({ kind: 'other', name: 'export' });
  });
});
