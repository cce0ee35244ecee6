import { InvalidArgumentError } from 'commander';
import type { SessionMoment } from '../engine/sessions/moment.ts';

export const momentForms = 'a state (12), a time (16:02, 16:02:11.5, 2026-11-21T16:02), or how long ago (90s, 5m, 2h)';

const units = { s: 1, m: 60, h: 3600 } as const;

/** A moment as people type it. A time of day is the latest such time that has passed. */
export function readMoment(text: string, now = new Date()): SessionMoment {
  const typed = text.trim();
  if (/^\d{1,8}$/.test(typed)) return { state: Number(typed) };
  const unix = /^\d{9,11}(?:\.\d+)?$/.test(typed) ? Number(typed) : null;
  if (unix !== null) return { time: unix };
  const ago = /^(\d{1,6}(?:\.\d+)?)\s*([smh])$/.exec(typed);
  if (ago) return { time: now.getTime() / 1000 - Number(ago[1]) * units[ago[2] as keyof typeof units] };
  const clock = /^(\d{1,2}):(\d{2})(?::(\d{2}(?:\.\d{1,6})?))?$/.exec(typed);
  if (clock && Number(clock[1]) < 24 && Number(clock[2]) < 60 && Number(clock[3] ?? 0) < 60) {
    const at = new Date(now);
    at.setHours(Number(clock[1]), Number(clock[2]), 0, Number(clock[3] ?? 0) * 1000);
    if (at > now) at.setDate(at.getDate() - 1);
    return { time: at.getTime() / 1000 };
  }
  const date = /^\d{4}-\d{2}-\d{2}/.test(typed) ? new Date(typed) : null;
  if (date && !Number.isNaN(date.getTime())) return { time: date.getTime() / 1000 };
  throw new InvalidArgumentError(`It takes ${momentForms}.`);
}
