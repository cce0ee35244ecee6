/** Writes one line or block to stdout. */
export function print(text: string): void {
  process.stdout.write(text.endsWith('\n') ? text : `${text}\n`);
}

export function printJson(value: unknown): void {
  print(JSON.stringify(value, null, 2));
}

/** A remark for people that is no result: stderr, so that it never mixes with what is piped on. */
export function notice(text: string): void {
  process.stderr.write(`${text}\n`);
}
