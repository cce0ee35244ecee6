import { scoreText } from './score.ts';
import { sessionStates } from './session-states.ts';

/** What the frame around every screen says. */
export const frameText = {
  product: 'Hookpoint',
  navigation: 'Screens',
  skip: 'Skip to content',
  library: 'Library',
  results: 'Results',
  packs: 'Packs',
  doctor: 'Doctor',
  running: 'Running labs',
  status: sessionStates,
  score: scoreText.outOf,
  scoreInWords: scoreText.named,
  notChecked: 'Not checked yet',
  connecting: 'Reaching the engine…',
  engineLost: 'The engine does not answer. Your labs go on running; this window comes back by itself.',
  engineRefused:
    'Hookpoint was started anew and does not know this window. Open the address that `hookpoint serve` printed last.',
  dockerLost: 'Docker cannot be reached. Labs come back by themselves when it does.',
  toDoctor: 'Open Doctor',
  engineVersion: (version: string) => `Version ${version}`,
  dockerOut: sessionStates.unknown,
  dockerAsked: 'Asking for Docker…',
  theme: 'Theme',
  themeIs: (name: string) => `Theme: ${name}`,
  themes: { system: 'As the system', light: 'Light', dark: 'Dark' },
  title: (screen: string) => `${screen} – Hookpoint`,
} as const;
