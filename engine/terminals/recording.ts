import type { TerminalSize } from '../contract/procedures/terminals.ts';
import type { OpenPseudoTerminal } from './pseudo-terminal.ts';

/** Who keeps what a terminal shows. Nothing of it throws: a terminal goes on whatever becomes of its recording. */
export interface TerminalRecording {
  output(data: string): void;
  resize(size: TerminalSize): void;
  end(): void;
}

export const notRecorded: TerminalRecording = {
  output: () => undefined,
  resize: () => undefined,
  end: () => undefined,
};

/** Opens a shell that is recorded from its first output to its end. */
export function recorded(
  open: OpenPseudoTerminal,
  begin: (size: TerminalSize) => TerminalRecording,
): OpenPseudoTerminal {
  return async ({ size, onOutput }) => {
    let recording: TerminalRecording | null = null;
    const shell = await open({
      size,
      onOutput(data) {
        recording ??= begin(size);
        recording.output(data);
        onOutput(data);
      },
    });
    const over = () => recording?.end();
    shell.exited.then(over, over);
    return {
      write: (data) => shell.write(data),
      resize(to) {
        recording?.resize(to);
        shell.resize(to);
      },
      pause: () => shell.pause(),
      resume: () => shell.resume(),
      exited: shell.exited,
      end: () => shell.end(),
    };
  };
}
