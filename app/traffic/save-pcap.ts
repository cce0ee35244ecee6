import type { Client } from '../../engine/contract/contract.ts';

/** Fetches what was captured so far and hands it to the browser as a file to keep. */
export async function savePcap(client: Client, capture: string, name: string): Promise<void> {
  const parts: BlobPart[] = [];
  for (let offset = 0; ; ) {
    const { base64 } = await client.traffic.pcap({ capture, offset });
    if (base64 === '') break;
    const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
    offset += bytes.length;
    parts.push(bytes);
  }
  const address = URL.createObjectURL(new Blob(parts, { type: 'application/vnd.tcpdump.pcap' }));
  const link = document.createElement('a');
  link.href = address;
  link.download = name;
  link.click();
  // The browser has taken it up by then.
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}
