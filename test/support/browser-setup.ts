import { ensureChromium } from './find-chromium.ts';

/** Before the tests in a browser: there is one, where it may be installed. */
export default ensureChromium;
