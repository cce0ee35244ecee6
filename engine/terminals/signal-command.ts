import { constants } from 'node:os';
import type { Container } from '../runtime/container.ts';

/** Marks a command of the outer container, so that it can be found again when a signal is to reach it. */
export function tagged(tag: string, argv: readonly string[]): readonly string[] {
  return ['env', `HOOKPOINT_COMMAND=${tag}`, ...argv];
}

/**
 * runc passes a signal on to its process alone; a terminal's Ctrl-C reaches the whole foreground group. What `runc exec` started is
 * its child and leads a session of its own (libcontainer calls setsid), so its group has its number.
 */
const script = `
for environment in /proc/[0-9]*/environ; do
  folder=\${environment%/environ}
  grep -qz "^HOOKPOINT_COMMAND=$2\\$" "$environment" 2>/dev/null || continue
  process=\${folder#/proc/}
  children=$(cat "$folder"/task/*/children 2>/dev/null)
  if [ "$(cat "$folder/comm")" = runc ] && [ -n "$children" ]; then
    for child in $children; do kill -"$1" -- "-$child" 2>/dev/null || kill -"$1" "$child"; done
  else
    kill -"$1" "$process"
  fi
done
`;

/** Sends a signal to a tagged command; nothing happens where it has already ended. */
export async function signalCommand(container: Container, tag: string, signal: NodeJS.Signals): Promise<void> {
  await container.exec(['bash', '-c', script, 'signal', String(constants.signals[signal]), tag]);
}
