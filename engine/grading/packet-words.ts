import { remembered } from './remembered.ts';

/**
 * A packet's text (`proto=tcp src=.. dport=..`) as one says it: "tcp 10.0.0.9:40000 → 10.0.0.1:80 (in eth0, new)". Keys that
 * are not known here are told as they are.
 */
export const packetWords = remembered((text): string => {
  const words = new Map(
    text
      .trim()
      .split(/\s+/)
      .map((word) => {
        const equals = word.indexOf('=');
        return [word.slice(0, equals), word.slice(equals + 1)] as const;
      }),
  );
  const take = (key: string): string | undefined => {
    const value = words.get(key);
    words.delete(key);
    return value;
  };
  const protocol = take('proto') ?? 'packet';
  const icmp = ['icmp-type', 'icmp-code'].flatMap((key) => take(key) ?? []).join('/');
  const from = endpoint(take('src'), take('sport'));
  const to = endpoint(take('dst'), take('dport'));
  const rest = [...words].map(([key, value]) => (bare.has(key) ? value : `${key} ${value}`));
  return [
    icmp === '' ? protocol : `${protocol} ${icmp}`,
    ...(from === '' && to === '' ? [] : [`${from || 'anywhere'} → ${to || 'anywhere'}`]),
    ...(rest.length === 0 ? [] : [`(${rest.join(', ')})`]),
  ].join(' ');
});

/** Keys whose value says what it is. */
const bare: ReadonlySet<string> = new Set(['flags', 'state']);

function endpoint(address: string | undefined, port: string | undefined): string {
  if (port === undefined) return address ?? '';
  if (address === undefined) return `port ${port}`;
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}
