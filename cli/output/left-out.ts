import { plain } from './text.ts';

/** Lines that say, by node, what a checkpoint could not keep or give back. */
export function leftText(what: string, left: Readonly<Record<string, readonly string[]>>): readonly string[] {
  return Object.entries(left).map(([node, things]) => `${what}, on ${node}: ${things.map(plain).join('; ')}.`);
}
