import { layout } from '../../runtime/layout.ts';
import { shellQuote } from '../../runtime/shell-quote.ts';
import { type NodeFiles, restartScript } from '../../topology/index.ts';
import type { SessionRow } from '../store.ts';

/** Where a checkpoint is put together and taken apart, on the session's volume: out of the nodes' reach, and no memory. */
export const folder = `${layout.volume}/checkpoint`;

/** How the last restore went: `running PID`, then its exit code. */
export const statusFile = `${layout.volume}/restore.status`;

/** As new as the last time that everything was saved. */
const stamp = `${layout.volume}/checkpointed`;

/** Of the files in a checkpoint. */
export const checkpointFormat = 1;

const program = `python3 -I -S -B ${layout.programs}/checkpoint.py`;
const sync = `${layout.programs}/recorder-sync`;

/** Bash that saves every node and the timeline into `folder`; the last line it prints is what checkpoint.py prints. */
export function saveScript({ id, instance, image }: SessionRow, time: number): string {
  const manifest = {
    format: checkpointFormat,
    session: id,
    pack: instance.pack,
    lab: instance.id,
    seed: instance.seed,
    image,
    time,
  };
  return [
    `rm -rf ${folder} && mkdir -m 700 ${folder} && cd ${folder} || exit`,
    `printf '%s\\n' ${shellQuote(JSON.stringify(manifest))} >manifest.json || exit`,
    // What the recorder cannot say is a gap that it will write; the state is saved all the same.
    sync,
    `touch ${stamp}.new`,
    `cp ${layout.timeline} timeline.ndjson || exit`,
    `${program} save ${folder} ${Object.keys(instance.topology.nodes).join(' ')} || exit`,
  ].join('\n');
}

/** Bash that notes what `saveScript` saw as saved, once it is kept: of a save that failed nothing is safe. */
export const noteSaved = `mv ${stamp}.new ${stamp}`;

/** Bash that notes the state as one that needs no saving: it is that of the start, or of a checkpoint. */
export const noteUnchanged = `touch ${stamp}`;

/** Bash that ends with 0 where anything happened since the stamp, 1 where nothing did. The recorder writes only when there is news. */
export function lookForChanges(nodes: readonly string[]): string {
  const uppers = nodes.map((node) => `${layout.node(node)}/files/upper`).join(' ');
  return [
    `[ -e ${stamp} ] || exit 0`,
    sync,
    `[ -n "$(find ${layout.timeline} ${uppers} -newer ${stamp} -print -quit 2>/dev/null)" ]`,
  ].join('\n');
}

/** What a restore does, for the timeline. */
export interface RestoreScriptRequest {
  readonly session: SessionRow;
  readonly nodes: readonly string[];
  readonly files: NodeFiles;
  /** The network of the nodes is in `folder` and is put back after they have started. */
  readonly network: boolean;
  readonly detail: string;
}

/**
 * Bash that turns nodes off and on with other files, and puts back their network. It goes on when nobody listens any more: whoever asked may
 * have been killed, and a session must not be left half-done for that. What it printed comes at the end, and `statusFile` has its status.
 */
export function restoreScript({ session, nodes, files, network, detail }: RestoreScriptRequest): string {
  return uninterrupted([
    `${sync} ${shellQuote(JSON.stringify({ name: 'restoring', detail }))}`,
    `( ${restartScript(session.instance.topology, nodes, session.id, files)}\n)`,
    'code=$?',
    ...(network ? [`[ $code != 0 ] || { ${loadNetwork(nodes)}; code=$?; }`] : []),
    `[ $code != 0 ] || { ${sync} ${shellQuote(JSON.stringify({ name: 'restored', detail }))}; ${noteUnchanged}; rm -rf ${folder}; }`,
    '( exit $code )',
  ]);
}

/** A command that puts back the network of nodes which run; exit 1 where rules could not be. */
export const loadNetwork = (nodes: readonly string[]): string => `${program} load ${folder} ${nodes.join(' ')}`;

/** Bash that puts what is left of an earlier life of the session before its timeline, and begins a restore there. */
export function takeUpTimeline(detail: string): string {
  return `${sync} ${shellQuote(JSON.stringify({ name: 'restoring', detail, earlier: `${folder}/timeline.ndjson` }))}`;
}

export function uninterrupted(lines: readonly string[]): string {
  const said = `${layout.volume}/restore.out`;
  return [
    `printf 'running %d\\n' $BASHPID >${statusFile} || exit`,
    '(',
    ...lines,
    `) >${said} 2>${said}.errors </dev/null`,
    'code=$?',
    `printf '%d\\n' $code >${statusFile}`,
    `cat ${said}; cat ${said}.errors >&2`,
    'exit $code',
  ].join('\n');
}

/** Bash that waits for a restore whose master has died, and ends with its status; 255 where it died as well. */
export const restoreEnd = [
  `for (( ; ; )); do`,
  `  read -r word pid <${statusFile} || exit 255`,
  `  [ "$word" = running ] || exit "$word"`,
  // Between the two the script may have ended.
  `  kill -0 "$pid" 2>/dev/null || { read -r word _ <${statusFile}; [ "$word" != running ] || exit 255; exit "$word"; }`,
  '  sleep 0.05',
  'done',
].join('\n');
