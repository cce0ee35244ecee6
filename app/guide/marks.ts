/** Names under which base styles draw them: see GuideView.svelte. */
const all = 'guide-find';
const current = 'guide-find-current';

/** Marks passages on the page, one of them as the current one. Without the browser's highlights the current one is selected. */
export function markPassages(ranges: readonly Range[], chosen: Range | null): void {
  if ('highlights' in CSS) {
    CSS.highlights.set(all, new Highlight(...ranges));
    if (chosen) CSS.highlights.set(current, new Highlight(chosen));
    else CSS.highlights.delete(current);
    return;
  }
  const selection = document.getSelection();
  selection?.removeAllRanges();
  if (chosen) selection?.addRange(chosen);
}

export function unmarkPassages(): void {
  if ('highlights' in CSS) {
    CSS.highlights.delete(all);
    CSS.highlights.delete(current);
  }
}
