import fc from 'fast-check';

/**
 * Property tests try the same cases in every run, so that a change is told by what it breaks and not by luck. PROPERTY_SEED takes others:
 * a number, or `random`.
 */
const asked = process.env.PROPERTY_SEED ?? '20261121';
if (asked !== 'random') fc.configureGlobal({ seed: Number(asked) });
