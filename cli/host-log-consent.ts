import { HookpointError } from '../engine/contract/error.ts';
import { hostLogNotice, hostLogQuestion } from '../engine/contract/host-log-question.ts';
import { hostLogConsent, keepHostLogConsent } from '../engine/sessions/host-log.ts';
import type { Store } from '../engine/sessions/store.ts';
import { noteInterrupt } from './interrupt.ts';
import { notice } from './output/print.ts';
import { textWidth, wrap } from './output/text.ts';

/**
 * Whether the host's kernel log may hear containers: as the option or HOOKPOINT_HOST_LOG says, else as was answered once, else asked on
 * a terminal; without one it is done and said.
 */
export async function consentToHostLog(
  store: Store,
  needs: readonly string[],
  option: boolean | undefined,
): Promise<boolean> {
  if (!needs.includes('log')) return false;
  const said = option ?? fromEnvironment(process.env.HOOKPOINT_HOST_LOG);
  if (said !== undefined) return said;
  const kept = hostLogConsent(store);
  if (kept === true) return true;
  if (kept === false) {
    notice('Criteria on log lines cannot be checked: you did not allow it. `--host-log` does.');
    return false;
  }
  if (process.stdin.isTTY && process.stderr.isTTY) return ask(store);
  notice(
    'This lab reads the kernel log: net.netfilter.nf_log_all_netns is set to 1 on the Docker host while it runs, and put back\n' +
      'afterwards. --no-host-log or HOOKPOINT_HOST_LOG=0 forbids it.',
  );
  return true;
}

async function ask(store: Store): Promise<boolean> {
  const { confirm, isCancel } = await import('@clack/prompts');
  notice(wrap(hostLogNotice, textWidth(process.stderr)));
  const answer = await confirm({ message: hostLogQuestion, output: process.stderr });
  if (isCancel(answer)) {
    noteInterrupt();
    throw new HookpointError('CANCELLED', 'Nothing was started.', {
      remedy: '`--host-log` and `--no-host-log` answer the question beforehand.',
    });
  }
  keepHostLogConsent(store, answer);
  return answer;
}

function fromEnvironment(text: string | undefined): boolean | undefined {
  if (text === undefined || text === '') return undefined;
  return text !== '0';
}
