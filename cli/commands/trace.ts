import { Command } from 'commander';
import { findSession } from '../../engine/sessions/session.ts';
import { traceSession } from '../../engine/sessions/trace.ts';
import { openWorkspace } from '../../engine/sessions/workspace.ts';
import { interruptSignal } from '../interrupt.ts';
import { coloursFor } from '../output/colour.ts';
import { print, printJson } from '../output/print.ts';
import { readPort } from '../read-port.ts';
import { familyOf, probeOf } from './explain-path.ts';
import { pathJson } from './path-text.ts';
import { type FamilyOptions, withFamily } from './rules-input.ts';
import { traceText } from './trace-text.ts';

interface Options extends FamilyOptions {
  readonly from: string;
  readonly to: string;
  readonly tcp?: number;
  readonly udp?: number;
  readonly icmp?: boolean;
  readonly json?: boolean;
}

export function traceCommand(): Command {
  return withFamily(new Command('trace'), ['send over IPv4', 'send over IPv6'])
    .argument('[session]', 'may be left out where one session is running')
    .requiredOption('--from <node>', 'the node that asks')
    .requiredOption('--to <node>', 'the node, or the address, that is asked')
    .option('--tcp <port>', 'open a connection to this TCP port', readPort)
    .option('--udp <port>', 'send a datagram to this UDP port', readPort)
    .option('--icmp', 'ping')
    .option('--json', 'print the outcome, the packets on every node and the prediction as JSON')
    .addHelpText('after', help)
    .action(async (text: string | undefined, options: Options) => {
      const signal = interruptSignal();
      const probe = probeOf(options);
      const family = familyOf(options);
      await using workspace = await openWorkspace({ signal });
      const session = findSession(workspace.store, text);
      const { from, to } = options;
      const question = { from, to, probe, ...(family === undefined ? {} : { family }) };
      const traced = await traceSession(workspace, session, question, signal);
      if (options.json) printJson({ ...traced, predicted: pathJson(traced.predicted) });
      else print(traceText(traced, coloursFor(process.stdout)));
    });
}

const help = `
Sends real packets and shows what the kernel told of them: each rule that matched on each node, what rewrote them, where they ended. Beside it stands
what the rules should do with them (\`rules explain --from --to\`), where the two part.
Nothing is written into iptables; while it runs, a table of nft's own marks just this flow, and goes with the command.

Exit code: 0 done, whatever became of the packet; 2 bad input, 3 engine or machine fault.

Examples:
  hookpoint trace --from client --to server --tcp 80
  hookpoint trace masquerade-7k2f --from client --to 203.0.113.9 --icmp
  hookpoint trace masquerade-7k2f --from client --to server --udp 53 -6 --json`;
