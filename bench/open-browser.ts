import { type Browser, chromium } from 'playwright-core';
import { findChromium } from '../test/support/find-chromium.ts';

/** A Chromium without a window. Fails where none is installed. */
export function openBrowser(...words: readonly string[]): Promise<Browser> {
  const executablePath = findChromium();
  if (executablePath === null) throw new Error('there is no Chromium: install one, or name it in HOOKPOINT_CHROMIUM');
  return chromium.launch({
    executablePath,
    args: ['--no-sandbox', '--disable-gpu', ...words],
    // The bench ends all that it started by itself; Playwright would end the bench before that.
    handleSIGHUP: false,
    handleSIGINT: false,
    handleSIGTERM: false,
  });
}
