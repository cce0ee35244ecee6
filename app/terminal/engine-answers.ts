import type { Terminal } from '@xterm/xterm';

/**
 * Programs ask a terminal what it is and where its cursor stands. The engine's own screen answers, once and also where no window is
 * attached; a second answer from here would be read as typed.
 *
 * Sequences: https://invisible-island.net/xterm/ctlseqs/ctlseqs.html (DA, DSR, DECRQM, DECRQSS)
 */
export function leaveAnswersToTheEngine({ parser }: Terminal): void {
  const silent = () => true;
  parser.registerCsiHandler({ final: 'c' }, silent);
  parser.registerCsiHandler({ prefix: '>', final: 'c' }, silent);
  parser.registerCsiHandler({ final: 'n' }, silent);
  parser.registerCsiHandler({ prefix: '?', final: 'n' }, silent);
  parser.registerCsiHandler({ intermediates: '$', final: 'p' }, silent);
  parser.registerCsiHandler({ prefix: '?', intermediates: '$', final: 'p' }, silent);
  parser.registerDcsHandler({ intermediates: '$', final: 'q' }, silent);
  for (const colour of [10, 11, 12]) parser.registerOscHandler(colour, silent);
}
