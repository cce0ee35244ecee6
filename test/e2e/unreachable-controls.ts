import type { Page } from 'playwright-core';

/**
 * What a person who needs large text could not get at: controls of the page that are outside of what can be scrolled to, or that something
 * else covers where they stand. Each as the start of its markup. What stands in a drawing that can be moved, or in a terminal, is left out.
 */
export function unreachableControls(page: Page): Promise<readonly string[]> {
  return page.evaluate(() => {
    const found: string[] = [];
    const controls = document.querySelectorAll<HTMLElement>(
      'button, a[href], input, textarea, select, summary, [role="tab"], [role="menuitem"], [role="switch"], [tabindex="0"]',
    );
    const apart =
      '[inert], [aria-hidden="true"], .visually-hidden, .xterm, .svelte-flow__viewport, .svelte-flow__attribution';
    const nameOf = (element: Element) => element.outerHTML.replace(/\s+/g, ' ').slice(0, 160);
    for (const control of controls) {
      if (control.closest(apart) || control.matches('input[type="file"]')) continue;
      if (!control.checkVisibility({ checkOpacity: false, checkVisibilityCSS: true })) continue;
      // Some show themselves to the keyboard alone; a tab that gets it would be another panel.
      if (!control.matches('[role="tab"]')) control.focus({ preventScroll: true });
      control.scrollIntoView({ block: 'nearest', inline: 'nearest' });
      // A page can scroll what a person cannot.
      for (let around = control.parentElement; around; around = around.parentElement) {
        const { overflowX, overflowY } = getComputedStyle(around);
        const moved =
          (overflowX === 'hidden' && around.scrollLeft !== 0) || (overflowY === 'hidden' && around.scrollTop !== 0);
        if (moved) {
          found.push(`moved out of sight: ${nameOf(control)}`);
          around.scrollLeft = 0;
          around.scrollTop = 0;
        }
      }
      // What is larger than its room (a region that scrolls) is there if its first corner is.
      const { left, top, width, height } = control.getBoundingClientRect();
      const there = document.elementFromPoint(left + Math.min(width, 24) / 2, top + Math.min(height, 24) / 2);
      if (!there) found.push(`outside: ${nameOf(control)}`);
      else if (!control.contains(there) && !there.contains(control) && !there.closest('label')?.contains(control)) {
        found.push(`under ${nameOf(there)}: ${nameOf(control)}`);
      }
    }
    return found;
  });
}

/** How many pixels of the page stand beside the window. */
export const pixelsBeside = (page: Page): Promise<number> =>
  page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
