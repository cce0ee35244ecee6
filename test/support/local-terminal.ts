import { spawn } from 'node-pty';
import type { OpenPseudoTerminal } from '../../engine/terminals/pseudo-terminal.ts';

/** A program of this machine on a real terminal, for tests of what stands above terminals. */
export function onLocalTerminal(program: string, ...argv: string[]): OpenPseudoTerminal {
  return async ({ size, onOutput }) => {
    const pty = spawn(program, argv, { cols: size.columns, rows: size.rows, name: 'xterm-256color' });
    pty.onData(onOutput);
    const exited = new Promise<number>((resolve) => pty.onExit(({ exitCode }) => resolve(exitCode)));
    return {
      write: (data) => pty.write(data),
      resize: ({ columns, rows }) => pty.resize(columns, rows),
      pause: () => pty.pause(),
      resume: () => pty.resume(),
      exited,
      async end() {
        pty.resume();
        pty.kill('SIGKILL');
        await exited;
      },
    };
  };
}
