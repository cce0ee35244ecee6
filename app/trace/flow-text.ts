import type { PacketEnds } from '../../engine/contract/procedures/trace.ts';

/** "10.0.0.2:40000 → 10.0.1.2:80". */
export const flowText = ({ source, sourcePort, destination, destinationPort }: PacketEnds): string =>
  `${endText(source, sourcePort)} → ${endText(destination, destinationPort)}`;

function endText(address: string, port: number | null): string {
  if (port === null) return address;
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}
