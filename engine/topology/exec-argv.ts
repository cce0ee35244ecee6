import { layout } from '../runtime/layout.ts';
import { nodeEnvironment } from './node-config.ts';

/** The container's own command: a reaper, and the image's init, which starts the recorder. */
export const outerArgv: readonly string[] = ['/usr/bin/tini', '--', `${layout.programs}/init`];

export const loginShell: readonly string[] = ['/bin/bash', '-l'];

interface NodeExecOptions {
  /** The command gets a pseudo-terminal in the node; the exec of the outer container must have one too. */
  readonly terminal?: boolean;
}

/** What to exec in the outer container so that `argv` runs in a node as root there, confined as the node is. Its exit status is the command's. */
export function execArgv(node: string, argv: readonly string[], options: NodeExecOptions = {}): string[] {
  const env = { ...nodeEnvironment, ...(options.terminal ? { TERM: 'xterm-256color' } : {}) };
  return [
    'runc',
    '--root',
    layout.runc,
    'exec',
    ...(options.terminal ? ['--tty'] : []),
    '--cwd',
    '/root',
    ...Object.entries(env).flatMap(([name, value]) => ['--env', `${name}=${value}`]),
    node,
    ...argv,
  ];
}
