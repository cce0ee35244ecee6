import { once } from 'node:events';
import { Command } from 'commander';
import { HookpointError } from '../../engine/contract/error.ts';
import { openHost } from '../../engine/host/host.ts';
import { serve } from '../../engine/host/serve.ts';
import { interruptSignal } from '../interrupt.ts';
import { print, printJson } from '../output/print.ts';
import { readPort } from '../read-port.ts';

export function serveCommand(): Command {
  return new Command('serve')
    .option('--port <n>', 'the port on 127.0.0.1; any that is free where it is left out', readPort)
    .option('--json', 'print the address as JSON')
    .addHelpText(
      'after',
      `
The app in a browser, on this machine only. The address carries a token, a fresh one for each run: keep it to yourself.
HOOKPOINT_SERVE_TOKEN gives another, of at least 32 letters, digits, - and _: windows then come back after a restart on the same port.
Ctrl-C ends it; labs go on.

Examples:
  hookpoint serve
  hookpoint serve --port 4670
  HOOKPOINT_SERVE_TOKEN=$(openssl rand -hex 24) hookpoint serve --port 4670`,
    )
    .action(async (options: { port?: number; json?: boolean }) => {
      const signal = interruptSignal();
      const token = givenToken();
      await using host = await openHost();
      await using served = await serve(host, {
        ...(options.port === undefined ? {} : { port: options.port }),
        ...(token === undefined ? {} : { token }),
      });
      if (options.json) printJson({ url: served.url, port: served.port });
      else print(`Hookpoint is at ${served.url}\nCtrl-C ends it; labs that run go on.`);
      if (!signal.aborted) await once(signal, 'abort');
    });
}

function givenToken(): string | undefined {
  const token = process.env.HOOKPOINT_SERVE_TOKEN;
  if (token === undefined || token === '') return undefined;
  if (/^[\w-]{32,200}$/.test(token)) return token;
  throw new HookpointError('BAD_INPUT', 'HOOKPOINT_SERVE_TOKEN is no token.', {
    remedy: 'Give at least 32 letters, digits, - and _; `openssl rand -hex 24` makes one.',
  });
}
