/** What the primitives of app/ui say by themselves. */
export const uiText = {
  close: 'Close',
  cancel: 'Cancel',
  dismiss: 'Dismiss',
  working: 'Working…',
  notices: 'Notices',
} as const;
