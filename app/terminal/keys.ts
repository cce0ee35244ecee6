/** What a key may ask of the window while a terminal has the keyboard; every other key is the shell's. */
export type TerminalCommand =
  | 'new'
  | 'split-right'
  | 'split-down'
  | 'close'
  | 'next-tab'
  | 'previous-tab'
  | 'next-group'
  | 'previous-group'
  | 'find'
  | 'copy'
  | 'leave';

const mac = /Mac/.test(navigator.platform);

/**
 * The keys are those of VS Code where a browser leaves them to a page. Pasting is the browser's own (Ctrl-Shift-V, Cmd-V): it gives the
 * terminal the text without a permission.
 */
const keys: readonly { readonly command: TerminalCommand; readonly code: string; readonly with: string }[] = [
  { command: 'new', code: 'Backquote', with: 'ctrl shift' },
  { command: 'split-right', code: 'Digit5', with: 'ctrl shift' },
  { command: 'split-down', code: 'Digit6', with: 'ctrl shift' },
  { command: 'close', code: 'Backspace', with: 'ctrl shift' },
  { command: 'next-tab', code: 'PageDown', with: 'alt' },
  { command: 'previous-tab', code: 'PageUp', with: 'alt' },
  { command: 'next-group', code: 'ArrowRight', with: 'alt' },
  { command: 'previous-group', code: 'ArrowLeft', with: 'alt' },
  { command: 'find', code: 'KeyF', with: mac ? 'meta' : 'ctrl shift' },
  { command: 'copy', code: 'KeyC', with: mac ? 'meta' : 'ctrl shift' },
  { command: 'leave', code: 'F6', with: '' },
];

export function commandOf({ code, ctrlKey, shiftKey, altKey, metaKey }: KeyboardEvent): TerminalCommand | null {
  const held = [ctrlKey && 'ctrl', shiftKey && 'shift', altKey && 'alt', metaKey && 'meta'].filter(Boolean).join(' ');
  return keys.find((key) => key.code === code && key.with === held)?.command ?? null;
}

const names: Readonly<Record<string, string>> = {
  Backquote: '`',
  Digit5: '5',
  Digit6: '6',
  KeyF: 'F',
  KeyC: 'C',
  ctrl: 'Ctrl',
  shift: 'Shift',
  alt: mac ? 'Option' : 'Alt',
  meta: 'Cmd',
};

/** A command's keys for people: "Ctrl+Shift+5". */
export function keysFor(command: TerminalCommand): string {
  const key = keys.find((one) => one.command === command);
  if (!key) return '';
  return [...key.with.split(' ').filter(Boolean), key.code].map((part) => names[part] ?? part).join('+');
}
