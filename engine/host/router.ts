import { engine } from './procedures/engine.ts';
import { lab } from './procedures/lab.ts';
import { library } from './procedures/library.ts';
import { preferences } from './procedures/preferences.ts';
import { sessions } from './procedures/sessions.ts';

/** The contract's procedures with the host behind them. */
export const router = { engine, library, sessions, lab, preferences };
