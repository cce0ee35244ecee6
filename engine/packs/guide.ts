/** A fenced block of a guide that a click can run: ```sh node=host */
export interface GuideBlock {
  readonly node: string;
  readonly code: string;
  /** Of the fence's first line, 1-based. */
  readonly line: number;
}

export interface GuideProblem {
  readonly line: number;
  readonly column: number;
  readonly message: string;
  readonly expected: string;
}

const fence = /^( {0,3})(`{3,}|~{3,})\s*(.*)$/;

/** The runnable blocks of a guide, and fences that are not closed or ask for what there is not. */
export function readGuide(text: string): { blocks: readonly GuideBlock[]; problems: readonly GuideProblem[] } {
  const blocks: GuideBlock[] = [];
  const problems: GuideProblem[] = [];
  let open: { mark: string; line: number; node: string | null; code: string[] } | null = null;
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    const found = fence.exec(line);
    if (open) {
      const mark = found?.[2] ?? '';
      if (mark.startsWith(open.mark) && (found?.[3] ?? '').trim() === '') {
        if (open.node !== null) blocks.push({ node: open.node, code: `${open.code.join('\n')}\n`, line: open.line });
        open = null;
      } else {
        open.code.push(line);
      }
    } else if (found) {
      const info = readInfo(found[3] ?? '', index + 1, line, problems);
      open = { mark: found[2] ?? '```', line: index + 1, node: info, code: [] };
    }
  }
  if (open) {
    problems.push({
      line: open.line,
      column: 1,
      message: 'This block is never closed.',
      expected: `a line with ${open.mark}`,
    });
  }
  return { blocks, problems };
}

/** `sh node=host`: the node, or null for a block that is only read. */
function readInfo(info: string, line: number, text: string, problems: GuideProblem[]): string | null {
  const [language, ...attributes] = info.trim().split(/\s+/).filter(Boolean);
  let node: string | null = null;
  for (const attribute of attributes) {
    const column = text.indexOf(attribute) + 1;
    const [key, value] = attribute.split('=');
    if (key !== 'node' || !value) {
      problems.push({ line, column, message: `'${attribute}' is no attribute of a block.`, expected: 'node=NAME' });
    } else if (language !== 'sh' && language !== 'bash') {
      problems.push({ line, column, message: 'Only shell blocks can be run.', expected: 'sh node=NAME' });
    } else {
      node = value;
    }
  }
  return node;
}
