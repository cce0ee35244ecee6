import { Command } from 'commander';
import { HookpointError } from '../../engine/contract/error.ts';
import type { Capture, CaptureEnd } from '../../engine/observe/capture.ts';
import {
  findPlace,
  largestSnaplen,
  macNames,
  openSessionCapture,
  usualBytes,
  usualSnaplen,
} from '../../engine/sessions/capture.ts';
import { findSession } from '../../engine/sessions/session.ts';
import { openWorkspace } from '../../engine/sessions/workspace.ts';
import { interruptSignal } from '../interrupt.ts';
import { coloursFor } from '../output/colour.ts';
import { notice, print } from '../output/print.ts';
import { wholeNumber } from '../whole-number.ts';
import { captureEndText, packetJson, packetText } from './capture-text.ts';
import { openPcapOutput } from './pcap-output.ts';

interface Options {
  readonly write?: string;
  readonly count?: number;
  readonly seconds?: number;
  readonly megabytes?: number;
  readonly snaplen?: number;
  readonly json?: boolean;
}

export function captureCommand(): Command {
  return new Command('capture')
    .argument('<session>', 'its id, or what begins it')
    .argument('<place>', "a link of the lab, or a node's interface as NODE:INTERFACE")
    .argument('[filter...]', 'as tcpdump takes it (pcap-filter(7))')
    .option('-w, --write <file>', 'save the packets as pcap instead of showing them; - for stdout')
    .option('-c, --count <n>', 'end after so many packets', wholeNumber)
    .option('--seconds <n>', 'end after so many seconds', wholeNumber)
    .option('--megabytes <n>', 'end when the file is that large; 64 where it is left out', wholeNumber)
    .option('--snaplen <bytes>', `keep so much of each packet; ${usualSnaplen} where it is left out`, wholeNumber)
    .option('--json', 'print packets as JSON, one a line')
    .addHelpText('after', help)
    .action(async (sessionText: string, placeText: string, filter: string[], options: Options) => {
      const signal = interruptSignal();
      await using workspace = await openWorkspace({ signal });
      const session = findSession(workspace.store, sessionText);
      const place = findPlace(session, placeText);
      await using pcap = options.write === undefined ? null : await openPcapOutput(options.write);
      const request = { ...limitsOf(options), filter: filter.join(' ') };
      await using capture = await openSessionCapture(workspace, session, place, request, signal);
      signal.addEventListener('abort', () => capture.stop());
      notice(`Capturing on ${placeText}. Ctrl-C ends it.`);
      const colours = coloursFor(process.stdout);
      const names = macNames(session);
      const end = await untilEnd(capture, {
        packet: (packet) =>
          print(options.json ? JSON.stringify(packetJson(packet, names)) : packetText(packet, names, colours)),
        bytes: (bytes) => pcap?.write(bytes),
      });
      notice(captureEndText(end, options.write));
      if (options.json && pcap && !pcap.isStdout) print(JSON.stringify(end));
      failUnlessWhole(end, placeText);
    });
}

function limitsOf({ write, count, seconds, megabytes, snaplen = usualSnaplen }: Options) {
  if (count === 0 || seconds === 0 || megabytes === 0) throw outOfRange('A limit is at least 1.');
  if (snaplen < 64 || snaplen > largestSnaplen) throw outOfRange(`--snaplen is from 64 to ${largestSnaplen}.`);
  const usual = write === undefined || write === '-' ? null : usualBytes;
  return {
    snaplen,
    count: count ?? null,
    seconds: seconds ?? null,
    bytes: megabytes === undefined ? usual : megabytes * 1024 * 1024,
    lines: write === undefined ? 0 : null,
    pcap: write === undefined ? null : ('relay' as const),
  };
}

const outOfRange = (message: string): HookpointError => new HookpointError('USAGE', message);

interface Sink {
  packet(packet: Parameters<typeof packetText>[0]): void;
  bytes(bytes: Buffer): Promise<void> | undefined;
}

/** Hands on what comes, in order, waiting where somebody is slow. */
async function untilEnd(capture: Capture, sink: Sink): Promise<CaptureEnd> {
  for await (const event of capture.events) {
    if (event.kind === 'packets') for (const packet of event.packets) sink.packet(packet);
    else if (event.kind === 'pcap') await sink.bytes(event.bytes);
    else if (event.kind === 'ended') return event.end;
  }
  throw new Error('the capture ended without a word');
}

/** What ended it from outside is a failure; its packets were written all the same. */
function failUnlessWhole({ reason, message }: CaptureEnd, place: string): void {
  if (reason !== 'interface') return;
  throw new HookpointError('NODE_FAILED', `The capture on ${place} broke off: ${message}.`, {
    remedy: 'The interface went down or away: bring it up, or capture at the other end of the link.',
  });
}

const help = `
tcpdump in the lab's outer container captures on that link alone; nothing of it is in a node. A filter is checked before it begins. Packets that came
while a check or a trace of Hookpoint sent its own are marked "probe".
Without -w it shows a line for each packet. A file is at most 64 MB where nothing else is said. What nobody took in time the kernel drops, and the last
line says how many. Ctrl-C ends it, with all that was captured.

Exit code: 0 done, 2 bad input or a bad filter, 3 engine or machine fault, or the interface went away.

Examples:
  hookpoint capture masquerade-7k2f lan
  hookpoint capture masquerade-7k2f router:wan --count 10 tcp port 80
  hookpoint capture masquerade-7k2f wan -w wan.pcap --seconds 30 'not arp'
  hookpoint capture masquerade-7k2f lan -w - | wireshark -k -i -`;
