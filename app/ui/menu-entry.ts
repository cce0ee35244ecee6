import type { Component } from 'svelte';

/** One line of a menu, or a group of lines of which one is chosen. */
export type MenuEntry =
  | {
      readonly kind: 'action';
      readonly label: string;
      readonly icon?: Component<{ size?: number | string; 'aria-hidden'?: 'true' }>;
      /** Keys that do the same, as they are shown. */
      readonly shortcut?: string;
      readonly run: () => void;
    }
  | {
      readonly kind: 'toggle';
      readonly label: string;
      readonly on: boolean;
      readonly turn: (on: boolean) => void;
    }
  | {
      readonly kind: 'choice';
      readonly heading: string;
      readonly value: string;
      readonly options: readonly { readonly value: string; readonly label: string }[];
      readonly choose: (value: string) => void;
    }
  | { readonly kind: 'separator' };
