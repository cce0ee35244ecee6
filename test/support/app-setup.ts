import { buildApp } from '../../scripts/build-app.ts';

/** Before the tests in a window: its pages are those of the sources. */
export default function setup(): void {
  buildApp();
}
