/** What the network operator writes to the householder through the meter. */
import type { Reading } from './api';

/** Messages travel as pairs of hexadecimal digits; one that does not is shown as it is. */
export function readableMessage(text: string): string {
  if (!/^([0-9a-f]{2})+$/i.test(text)) return text.trim();
  const octets = Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));
  const decoded = new TextDecoder().decode(octets);
  return /[\u0000-\u0008\ufffd]/.test(decoded) ? text : decoded.trim();
}

export function operatorMessage(reading: Reading): string {
  return Object.entries(reading.texts ?? {})
    .filter(([code]) => code.startsWith('0-0:96.13.'))
    .map(([, text]) => readableMessage(text))
    .filter((text) => text !== '')
    .join(' ');
}
