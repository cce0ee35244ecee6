/** `node scripts/write-icons.ts`: the app's icon in every size that packages ask for, drawn from its SVG by Chromium. */
import { mkdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { chromium } from 'playwright-core';

const root = dirname(import.meta.dirname);
const svg = readFileSync(join(root, 'app/public/icon.svg'), 'utf8');
const folder = join(root, 'electron/icons');
mkdirSync(folder, { recursive: true });

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu'],
});
try {
  const page = await browser.newPage();
  for (const size of [16, 32, 48, 64, 128, 256, 512, 1024]) {
    await page.setViewportSize({ width: size, height: size });
    await page.setContent(
      `<style>body { margin: 0 } svg { display: block; width: ${size}px; height: ${size}px }</style>${svg}`,
    );
    await page.screenshot({ path: join(folder, `${size}x${size}.png`), omitBackground: true });
  }
} finally {
  await browser.close();
}
