import MarkdownIt, { type Env, type Token } from 'markdown-it';
import { guideText } from '../strings/guide.ts';
import { blockOf, type GuideBlock } from './fence.ts';
import type { Piece } from './split-guide.ts';
import { imageSource, linkTarget } from './targets.ts';

export interface Heading {
  readonly level: number;
  readonly text: string;
  /** The element's id. */
  readonly id: string;
}

/** A piece as HTML. Its blocks stand in it as empty elements: `<div data-block="0">` is the first. */
export interface RenderedPiece {
  readonly html: string;
  readonly blocks: readonly GuideBlock[];
  readonly headings: readonly Heading[];
}

/** What is gathered while a piece is rendered. */
interface Gathered {
  readonly prefix: string;
  readonly slugs: Map<string, number>;
  /** Of the piece in the text. */
  readonly line: number;
  readonly blocks: GuideBlock[];
  readonly headings: Heading[];
}

declare module 'markdown-it' {
  interface Env {
    guide?: Gathered;
  }
}

/** Renders the pieces of one text, in their order. `prefix` begins every id, so that two texts of a page never share one. */
export class GuideRenderer {
  readonly #prefix: string;
  readonly #slugs = new Map<string, number>();
  readonly #references: Pick<Env, 'references'> = {};

  constructor(prefix: string, pieces: readonly Piece[] = []) {
    this.#prefix = prefix;
    // A link may be defined in another piece than the one that uses it.
    for (const { kind, text } of pieces) {
      if (kind === 'markdown' && definition.test(text)) markdown.block.parse(text, markdown, this.#references, []);
    }
  }

  render({ kind, text, line }: Piece): RenderedPiece {
    if (kind === 'plain') {
      return {
        html: `<p>${escapeHtml(guideText.tooLong)}</p><pre>${escapeHtml(text)}</pre>`,
        blocks: [],
        headings: [],
      };
    }
    const guide: Gathered = { prefix: this.#prefix, slugs: this.#slugs, line, blocks: [], headings: [] };
    const html = markdown.render(text, { ...this.#references, guide });
    return { html, blocks: guide.blocks, headings: guide.headings };
  }
}

const definition = /^ {0,3}\[[^\]\n]+\]:/m;

/** The id under which a heading stands. */
export function slugOf(text: string): string {
  const slug = text
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, '-')
    .replace(/^-|-$/g, '');
  return slug === '' ? 'section' : slug.slice(0, 80);
}

const markdown = new MarkdownIt({ html: false, linkify: false, typographer: false });
const escapeHtml = markdown.utils.escapeHtml;

// Refusing an address here would leave its whole text standing, megabytes of it for a data: image. The rules below make it inert.
markdown.validateLink = () => true;

markdown.core.ruler.push('guide', (state) => {
  const { guide } = state.env;
  if (!guide) return;
  for (const [index, token] of state.tokens.entries()) {
    if (token.level === 0 && token.map && token.nesting >= 0)
      token.attrSet('data-line', String(token.map[0] + guide.line));
    if (token.type === 'heading_open' || token.type === 'heading_close') demote(token);
    if (token.type === 'heading_open') nameHeading(token, state.tokens[index + 1], guide);
    if (token.type === 'th_open' || token.type === 'td_open') alignCell(token);
    if (token.type === 'inline') tameLinks(token.children ?? []);
  }
});

/** The page's first heading is the lab's title. */
function demote(token: Token): void {
  token.tag = `h${Math.min(6, Number(token.tag.slice(1)) + 1)}`;
}

function nameHeading(token: Token, inline: Token | undefined, guide: Gathered): void {
  const text = (inline?.children ?? []).map(({ content }) => content).join('');
  const slug = slugOf(text);
  const times = guide.slugs.get(slug) ?? 0;
  guide.slugs.set(slug, times + 1);
  const id = `${guide.prefix}-${slug}${times === 0 ? '' : `-${times}`}`;
  token.attrSet('id', id);
  guide.headings.push({ level: Number(token.tag.slice(1)), text, id });
}

function alignCell(token: Token): void {
  const align = /text-align:(\w+)/.exec(String(token.attrGet('style') ?? ''))?.[1];
  token.attrs = align === undefined ? [] : [['data-align', align]];
}

function tameLinks(tokens: readonly Token[]): void {
  let tag = 'a';
  for (const token of tokens) {
    if (token.type === 'link_open') {
      const target = linkTarget(String(token.attrGet('href') ?? ''));
      tag = target.kind === 'nowhere' ? 'span' : 'a';
      if (target.kind === 'outside') {
        token.attrs = [
          ['href', target.address],
          ['target', '_blank'],
          ['rel', 'noopener noreferrer'],
          ['title', `${target.address} (${guideText.newWindow})`],
        ];
      } else if (target.kind === 'within') {
        token.attrs = [
          ['href', '#'],
          ['data-within', target.name],
        ];
      } else {
        token.attrs = [
          ['class', 'blocked'],
          ['title', guideText.linkBlocked(target.address.slice(0, 200))],
        ];
      }
    }
    if (token.type === 'link_open' || token.type === 'link_close') token.tag = tag;
  }
}

markdown.renderer.rules.image = (tokens, index) => {
  const token = tokens[index];
  const alt = token?.content ?? '';
  const source = imageSource(String(token?.attrGet('src') ?? ''));
  if (source.kind === 'lab') return `<img data-image="${escapeHtml(source.path)}" alt="${escapeHtml(alt)}">`;
  const note =
    source.kind === 'elsewhere' ? guideText.imageElsewhere(alt, source.address.slice(0, 200)) : guideText.imageOdd(alt);
  return `<span class="blocked">${escapeHtml(note)}</span>`;
};

markdown.renderer.rules.fence = (tokens, index, _options, env) => placeholder(tokens[index], env?.guide);
markdown.renderer.rules.code_block = (tokens, index, _options, env) => placeholder(tokens[index], env?.guide);

function placeholder(token: Token | undefined, guide: Gathered | undefined): string {
  if (!token || !guide) return '';
  const line = guide.line + (token.map?.[0] ?? 0);
  guide.blocks.push(blockOf(token.info, token.content, line));
  return `<div data-block="${guide.blocks.length - 1}" data-line="${line}"></div>\n`;
}
