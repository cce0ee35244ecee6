import { checkpoints } from './procedures/checkpoints.ts';
import { doctor } from './procedures/doctor.ts';
import { engine } from './procedures/engine.ts';
import { lab } from './procedures/lab.ts';
import { library } from './procedures/library.ts';
import { netfilter } from './procedures/netfilter.ts';
import { packs } from './procedures/packs.ts';
import { preferences } from './procedures/preferences.ts';
import { results } from './procedures/results.ts';
import { sessions } from './procedures/sessions.ts';
import { terminals } from './procedures/terminals.ts';
import { timeline } from './procedures/timeline.ts';
import { topology } from './procedures/topology.ts';
import { trace } from './procedures/trace.ts';
import { traffic } from './procedures/traffic.ts';

/** The contract's procedures with the host behind them. */
export const router = {
  engine,
  library,
  sessions,
  checkpoints,
  lab,
  terminals,
  timeline,
  topology,
  netfilter,
  trace,
  traffic,
  results,
  packs,
  doctor,
  preferences,
};
