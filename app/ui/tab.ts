import type { Component } from 'svelte';

/** Of @lucide/svelte. */
export type TabIcon = Component<{ size?: number | string; 'aria-hidden'?: 'true' }>;

export interface Tab {
  readonly id: string;
  readonly label: string;
  /** Stands for the label where the tabs do not all fit beside each other with their names. */
  readonly icon: TabIcon;
}
