import { Activity, BookOpen, Funnel, History, ListChecks, Network, Route, SquareTerminal } from '@lucide/svelte';
import type { TabIcon } from '../../ui/tab.ts';
import type { LabView } from './layout.ts';

/** What a tab shows beside its name where there is little room. */
export const viewIcons: Readonly<Record<LabView, TabIcon>> = {
  guide: BookOpen,
  terminals: SquareTerminal,
  criteria: ListChecks,
  topology: Network,
  netfilter: Funnel,
  packet: Route,
  traffic: Activity,
  timeline: History,
};
