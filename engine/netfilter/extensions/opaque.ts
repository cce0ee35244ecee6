/** Options of extensions without a typed meaning, in one order and one spelling. */

import { canonicalAddress } from '../addresses.ts';
import type { Option } from '../model.ts';

/** An opaque condition's or action's options, for `given` whose form for comparison is `form`. */
export function opaqueOptions(
  given: readonly Option[],
  form: readonly Option[] = given,
): { options: Option[]; written?: Option[] } {
  const options = plainOptions(form);
  const written = given.map(({ name, values, negated }) => ({ name, values, negated }));
  return sameOptions(options, written) ? { options } : { options, written };
}

function sameOptions(a: readonly Option[], b: readonly Option[]): boolean {
  if (a.length !== b.length) return false;
  return a.every((option, index) => {
    const other = b[index];
    if (option.name !== other?.name || option.negated !== other.negated) return false;
    return (
      option.values.length === other.values.length && option.values.every((value, at) => value === other.values[at])
    );
  });
}

/** The options sorted by name, their values normalised; where they stood is forgotten. */
function plainOptions(options: readonly Option[]): Option[] {
  const plain = options.map(({ name, values, negated }) => ({ name, values: values.map(normaliseValue), negated }));
  // -m policy: what stands between two --next belongs together.
  const next = plain.findIndex((option) => option.name === '--next');
  if (next < 0) return sorted(plain);
  return [...sorted(plain.slice(0, next)), ...plain.slice(next, next + 1), ...plainOptions(plain.slice(next + 1))];
}

function sorted(options: readonly Option[]): Option[] {
  return [...options].sort(
    (a, b) => compareText(a.name, b.name) || compareText(a.values.join(' '), b.values.join(' ')),
  );
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** One spelling for a value: hexadecimal numbers decimal, IPv6 addresses canonical, a host's full prefix left out. */
export function normaliseValue(text: string): string {
  if (text.length > 100) return text;
  if (/^0x[0-9a-f]+(\/0x[0-9a-f]+)?$/i.test(text)) return text.split('/').map(decimal).join('/');
  if (/^0[0-9]+$/.test(text)) return text.replace(/^0+(?=\d)/, '');
  if (/0x/i.test(text) && /^[0-9a-fx&=:@<>, ]+$/i.test(text)) {
    // u32's expressions, and lists of numbers.
    return text.replace(/ /g, '').replace(/0x[0-9a-f]+/gi, decimal);
  }
  const slash = text.indexOf('/');
  const head = slash < 0 ? text : text.slice(0, slash);
  const tail = slash < 0 ? '' : text.slice(slash);
  const dotted = head.split('.').length === 4 ? canonicalAddress(head, 'ipv4') : null;
  if (dotted !== null) return tail === '/32' || tail === '/255.255.255.255' ? dotted : dotted + tail;
  const six = head.includes(':') ? canonicalAddress(head, 'ipv6') : null;
  if (six !== null) return tail === '/128' ? six : six + tail;
  return text;
}

function decimal(text: string): string {
  return BigInt(text).toString();
}
