import type { Component } from 'svelte';

/** One line of a menu, or a group of lines of which one is chosen. */
export type MenuEntry =
  | {
      readonly kind: 'action';
      readonly label: string;
      readonly icon?: Component<{ size?: number | string; 'aria-hidden'?: 'true' }>;
      /** A key that does the same, as it is shown. */
      readonly shortcut?: string;
      readonly danger?: boolean;
      readonly disabled?: boolean;
      readonly run: () => void;
    }
  | {
      readonly kind: 'choice';
      readonly heading: string;
      readonly value: string;
      readonly options: readonly { readonly value: string; readonly label: string }[];
      readonly choose: (value: string) => void;
    }
  | { readonly kind: 'separator' };
