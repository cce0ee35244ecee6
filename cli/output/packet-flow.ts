import type { Colours } from './colour.ts';

/** The five hooks with their tables, in the order in which packets meet them. */
const drawing = `
arrives
   |
PREROUTING  raw, mangle, nat
   |
routing decision  -- for another machine -->  FORWARD  mangle, filter
   | for this machine                            |
INPUT  mangle, filter, nat                       |
   |                                             |
programs of this machine                         |
   | what they send is routed first              |
OUTPUT  raw, mangle, nat, filter                 |
   |                                             |
POSTROUTING  mangle, nat  <----------------------+
   |
leaves`.trim();

const hooks = /\b(PREROUTING|INPUT|FORWARD|OUTPUT|POSTROUTING)\b/g;

/** The diagram that a guide's fence `packet-flow` stands for; the hooks that its lines name are marked. */
export function packetFlowText(fence: string, colours: Colours): string {
  const marked = new Set(fence.match(hooks));
  return drawing.replace(hooks, (hook) => (marked.has(hook) ? colours.bold(colours.cyan(hook)) : hook));
}
