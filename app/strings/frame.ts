/** What the frame around every screen says. */
export const frameText = {
  product: 'Hookpoint',
  navigation: 'Screens',
  library: 'Library',
  results: 'Results',
  packs: 'Packs',
  doctor: 'Doctor',
  running: 'Running labs',
  connecting: 'Reaching the engine…',
  engineLost: 'The engine does not answer. Your labs go on running; this window comes back by itself.',
  dockerLost: 'Docker cannot be reached. Labs come back by themselves when it does.',
  theme: 'Theme',
  themes: { system: 'As the system', light: 'Light', dark: 'Dark' },
} as const;
