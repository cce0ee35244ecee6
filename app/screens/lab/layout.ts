/** A part of the lab's screen. */
export type LabView = 'guide' | 'terminals' | 'criteria' | 'topology' | 'netfilter' | 'packet' | 'traffic' | 'timeline';

/** How wide the screen is for the size of its text: how many columns stand side by side. */
export type Tier = 'wide' | 'medium' | 'small';

export interface LabColumn {
  readonly id: string;
  /** More than one: tabs. */
  readonly views: readonly LabView[];
  /** In percent of the width, as long as nobody has moved anything. */
  readonly size: number;
  readonly least: number;
  readonly collapsible: boolean;
}

/** By the width in rem, so that larger text has the same effect as a narrower window. */
export function tierOf(rems: number): Tier {
  return rems >= 62 ? 'wide' : rems >= 44 ? 'medium' : 'small';
}

export const columns: Readonly<Record<Tier, readonly LabColumn[]>> = {
  wide: [
    { id: 'guide', views: ['guide'], size: 30, least: 16, collapsible: true },
    { id: 'terminals', views: ['terminals'], size: 42, least: 20, collapsible: false },
    {
      id: 'side',
      views: ['criteria', 'topology', 'netfilter', 'packet', 'traffic', 'timeline'],
      size: 28,
      least: 16,
      collapsible: true,
    },
  ],
  medium: [
    {
      id: 'guide',
      views: ['guide', 'criteria', 'topology', 'netfilter', 'packet', 'traffic', 'timeline'],
      size: 45,
      least: 25,
      collapsible: true,
    },
    { id: 'terminals', views: ['terminals'], size: 55, least: 25, collapsible: false },
  ],
  small: [
    {
      id: 'all',
      views: ['guide', 'terminals', 'criteria', 'topology', 'netfilter', 'packet', 'traffic', 'timeline'],
      size: 100,
      least: 100,
      collapsible: false,
    },
  ],
};
