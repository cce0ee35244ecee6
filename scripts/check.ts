/** `npm run check`: every check of the sources, to the end of the list; exit status 1 with the names of those that failed. */
import { checks } from './checks.ts';
import { runStep } from './run-step.ts';

const failed = checks.filter(([name, command]) => runStep(name, command) !== 0).map(([name]) => name);
if (failed.length > 0) console.log(`\nFAILED: ${failed.join(', ')}`);
process.exitCode = failed.length > 0 ? 1 : 0;
