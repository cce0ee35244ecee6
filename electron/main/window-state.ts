import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/** In device-independent pixels, as Electron has them. */
export interface Rectangle {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** Where a window is. Without a place the system chooses one. */
export interface WindowState {
  readonly width: number;
  readonly height: number;
  readonly x?: number;
  readonly y?: number;
  readonly maximised: boolean;
}

export const smallest = { width: 720, height: 480 } as const;
const initial: WindowState = { width: 1280, height: 800, maximised: false };

/** What was kept, or how a first window is. A file that does not fit is as good as none. */
export function readWindowState(file: string): WindowState {
  let kept: unknown;
  try {
    kept = JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return initial; // the first start, or a file that somebody damaged
  }
  return isWindowState(kept) ? kept : initial;
}

function isWindowState(value: unknown): value is WindowState {
  if (typeof value !== 'object' || value === null) return false;
  const { x, y, width, height, maximised } = value as Record<string, unknown>;
  const place = (x === undefined && y === undefined) || (Number.isInteger(x) && Number.isInteger(y));
  return place && Number.isInteger(width) && Number.isInteger(height) && typeof maximised === 'boolean';
}

/** Whole or not at all: the window may be closed by a machine that shuts down. */
export function writeWindowState(file: string, state: WindowState): void {
  mkdirSync(dirname(file), { recursive: true });
  const fresh = `${file}.new`;
  writeFileSync(fresh, JSON.stringify(state));
  renameSync(fresh, file);
}

/**
 * A state that can be seen and reached with the displays there are now: no larger than the display it is mostly on, all of it on that
 * display; where its display is gone the system chooses the place.
 */
export function fitToDisplays(state: WindowState, workAreas: readonly Rectangle[]): WindowState {
  const { x, y, maximised } = state;
  const wanted = { width: Math.max(state.width, smallest.width), height: Math.max(state.height, smallest.height) };
  const [first] = workAreas;
  if (!first) return { ...wanted, maximised };
  const shared = (area: Rectangle) => (x === undefined || y === undefined ? 0 : overlap({ x, y, ...wanted }, area));
  const area = workAreas.reduce((best, one) => (shared(one) > shared(best) ? one : best), first);
  const width = Math.min(wanted.width, area.width);
  const height = Math.min(wanted.height, area.height);
  if (x === undefined || y === undefined || shared(area) === 0) return { width, height, maximised };
  return {
    x: Math.max(area.x, Math.min(x, area.x + area.width - width)),
    y: Math.max(area.y, Math.min(y, area.y + area.height - height)),
    width,
    height,
    maximised,
  };
}

/** Square pixels that two rectangles share. */
function overlap(one: Rectangle, other: Rectangle): number {
  const width = Math.min(one.x + one.width, other.x + other.width) - Math.max(one.x, other.x);
  const height = Math.min(one.y + one.height, other.y + other.height) - Math.max(one.y, other.y);
  return Math.max(0, width) * Math.max(0, height);
}
