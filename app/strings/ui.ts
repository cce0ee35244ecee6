/** What the primitives of app/ui say by themselves. */
export const uiText = {
  close: 'Close',
  cancel: 'Cancel',
  dismiss: 'Dismiss',
  notices: 'Notices',
  clipboardRefused: 'The clipboard cannot be written here.',
  hostLog: {
    title: 'The kernel log of this machine',
    without: 'Without it the lab starts too, and its criteria on log lines cannot be checked.',
    allow: 'Allow',
    forbid: 'Do not allow',
  },
} as const;
