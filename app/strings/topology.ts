/** What the drawing of a lab's network says. */
export const topologyText = {
  title: 'Network',
  drawing: 'Drawing of the network: arrow keys move it, plus and minus change its size, 0 shows all of it',
  enlarge: 'Enlarge the drawing',
  fit: 'Show all of it',
  zoomIn: 'Larger',
  zoomOut: 'Smaller',
  waiting: 'Reading the network…',
  stale: 'The network cannot be read now. What is shown is how it last was.',
  /** A card's name for a screen reader begins so. */
  openTerminal: 'Open a terminal on',
  noInterface: 'no interface',
  noAddress: 'no address',
  down: 'down',
  up: 'up',
  unknown: 'state unknown',
  links: 'Links',
  /** Of a link's ends, for a list: "lan, wire: client eth0, router lan (up)". */
  wire: 'wire',
  segment: 'segment',
} as const;
