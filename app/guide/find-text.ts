/** Passages of an element that hold a text. */
export interface FoundPassages {
  readonly ranges: readonly Range[];
  /** There are more than can be shown. */
  readonly more: boolean;
}

/** More matches than this help nobody, and each costs the browser something. */
const most = 2000;

const blocks = 'p, li, h2, h3, h4, h5, h6, pre, td, th, blockquote, label, legend, div';
const hidden = '[data-no-find], button, .visually-hidden, script, style';

/** Finds a text below an element, whatever its case, also where emphasis or a link stands in the midst of it; never across paragraphs. */
export function findPassages(root: Element, query: string): FoundPassages {
  const wanted = folded(query.replace(/\s+/g, ' ').trim());
  if (wanted === '') return { ranges: [], more: false };
  const ranges: Range[] = [];
  for (const nodes of textBlocks(root)) {
    addMatches(nodes, wanted, ranges);
    if (ranges.length >= most) return { ranges: ranges.slice(0, most), more: true };
  }
  return { ranges, more: false };
}

/** The text nodes of one paragraph after the other. */
function* textBlocks(root: Element): Generator<readonly Text[]> {
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_ELEMENT | NodeFilter.SHOW_TEXT, (node) =>
    node instanceof Element
      ? node.matches(hidden)
        ? NodeFilter.FILTER_REJECT
        : NodeFilter.FILTER_SKIP
      : NodeFilter.FILTER_ACCEPT,
  );
  let block: Element | null = null;
  let nodes: Text[] = [];
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    if (!(node instanceof Text) || !node.parentElement) continue;
    const own = node.parentElement.closest(blocks);
    if (own !== block && nodes.length > 0) {
      yield nodes;
      nodes = [];
    }
    block = own;
    nodes.push(node);
  }
  if (nodes.length > 0) yield nodes;
}

function addMatches(nodes: readonly Text[], wanted: string, ranges: Range[]): void {
  // Line ends of the source are spaces on the page.
  const text = folded(nodes.map(({ data }) => data).join('')).replace(/\s/g, ' ');
  for (let at = text.indexOf(wanted); at >= 0 && ranges.length < most; at = text.indexOf(wanted, at + wanted.length)) {
    const range = document.createRange();
    const [start, from] = placeOf(nodes, at);
    const [end, to] = placeOf(nodes, at + wanted.length - 1);
    if (!start || !end) return;
    range.setStart(start, from);
    range.setEnd(end, to + 1);
    ranges.push(range);
  }
}

function placeOf(nodes: readonly Text[], offset: number): readonly [Text | undefined, number] {
  let rest = offset;
  for (const node of nodes) {
    if (rest < node.data.length) return [node, rest];
    rest -= node.data.length;
  }
  return [undefined, 0];
}

/** Lower case, as far as that keeps every letter in its place. */
function folded(text: string): string {
  const lower = text.toLowerCase();
  return lower.length === text.length ? lower : text;
}
