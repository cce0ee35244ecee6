import type { RunScript } from '../runtime/container.ts';
import { layout } from '../runtime/layout.ts';
import { shellQuote } from '../runtime/shell-quote.ts';
import type { NodeFile, Observed } from './evidence.ts';

/** More than any ruleset of a lab; a learner's file never fills the grader's memory. */
const mostBytes = 4 * 1024 * 1024;

export interface FileRequest {
  readonly node: string;
  readonly path: string;
}

/**
 * Reads files of nodes from outside: through the node's merged root, which no program of the node has a hand in. Paths and symbolic
 * links are resolved inside that root (node_file.py), so a link to the outer container's files leads to the node's own or nowhere.
 */
export async function readNodeFile(
  run: RunScript,
  request: FileRequest,
  options: { readonly signal?: AbortSignal } = {},
): Promise<Observed<NodeFile>> {
  const root = `${layout.node(request.node)}/root`;
  const json = JSON.stringify({ root, path: request.path, mostBytes });
  const result = await run(`exec python3 -I -S -B ${layout.programs}/node_file.py ${shellQuote(json)}`, {
    timeout: 10_000,
    ...options,
  });
  if (result.exitCode !== 0) {
    return {
      failure: `${request.path} of ${request.node} could not be read: ${result.stderr.trim().split('\n').at(-1) ?? ''}.`,
    };
  }
  return { value: JSON.parse(result.stdout) as NodeFile };
}
