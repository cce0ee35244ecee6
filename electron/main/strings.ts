/** Everything that the shell says by itself; the screens' words stand with the app. */
export const text = {
  product: 'Hookpoint',
  go: 'Go',
  screens: [
    { label: 'Library', place: '#/library' },
    { label: 'Results', place: '#/results' },
    { label: 'Packs', place: '#/packs' },
    { label: 'Doctor', place: '#/doctor' },
  ],
  logs: 'Open the Folder with Logs',
  quit: 'Quit Hookpoint',
  engineEnded: {
    title: 'The engine of Hookpoint ends again and again',
    detail: (log: string) =>
      `Your labs are containers and go on running without it. What it said last is in ${log}. "hookpoint doctor" on a command line looks for what is missing.`,
    again: 'Try Again',
    logs: 'Open the Folder with Logs',
    quit: 'Quit',
  },
  attachFailed: 'Hookpoint cannot attach',
} as const;
