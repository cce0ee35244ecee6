import { lexer, type MarkedToken, type Token, type Tokens } from 'marked';
import type { Colours } from './colour.ts';
import { packetFlowText } from './packet-flow.ts';
import { table } from './table.ts';
import { plain, wrap } from './text.ts';

interface Page {
  readonly colours: Colours;
  readonly width: number;
}

/**
 * Markdown for a terminal: text wrapped to the width, headings and code set off by colour alone. Code keeps its lines and begins in the
 * first column, so that it can be pasted.
 */
export function markdownText(markdown: string, page: Page): string {
  return blocks(lexer(plain(markdown)), page);
}

function blocks(tokens: readonly Token[], page: Page, between = '\n\n'): string {
  return tokens
    .map((token) => block(token as MarkedToken, page))
    .filter((text) => text !== '')
    .join(between);
}

function block(token: MarkedToken, page: Page): string {
  const { colours, width } = page;
  switch (token.type) {
    case 'heading':
      return colours.bold(
        paragraph(token.tokens, page, (text) => (token.depth === 1 ? colours.underline(text) : text)),
      );
    case 'paragraph':
      return paragraph(token.tokens, page);
    case 'text':
      return token.tokens ? paragraph(token.tokens, page) : wrap(joined(token.text), width);
    case 'code':
      return code(token, colours);
    case 'list':
      return token.items
        .map((item, index) => listItem(item, token.ordered ? `${Number(token.start || 1) + index}.` : '-', page))
        .join(token.loose ? '\n\n' : '\n');
    case 'blockquote':
      return indented(blocks(token.tokens, { ...page, width: width - 2 }), '  ', '  ');
    case 'table':
      return table([token.header, ...token.rows].map((row) => row.map((cell) => spaced(inline(cell.tokens, colours)))));
    case 'hr':
      return colours.dim('-'.repeat(Math.min(width, 20)));
    case 'space':
    case 'def':
      return '';
    default:
      return token.raw.trimEnd();
  }
}

/** ```sh node=host is told as the node that it is meant for; ```packet-flow is the drawing that it stands for. */
function code({ lang, text }: Tokens.Code, colours: Colours): string {
  if (lang === 'packet-flow') return packetFlowText(text, colours);
  const node = /\bnode=(\S+)/.exec(lang ?? '')?.[1];
  const lines = text.split('\n').map((line) => (line === '' ? '' : colours.cyan(line)));
  return [...(node ? [colours.dim(`on ${node}:`)] : []), ...lines].join('\n');
}

function listItem(item: Tokens.ListItem, mark: string, page: Page): string {
  const first = `${mark} `;
  const indent = ' '.repeat(first.length);
  const body = blocks(item.tokens, { ...page, width: page.width - first.length }, item.loose ? '\n\n' : '\n');
  return indented(body, first, indent);
}

function indented(text: string, first: string, indent: string): string {
  return text
    .split('\n')
    .map((line, index) => `${index === 0 ? first : indent}${line}`.trimEnd())
    .join('\n');
}

function paragraph(tokens: readonly Token[], page: Page, paint = (text: string): string => text): string {
  return spaced(wrap(paint(inline(tokens, page.colours)), page.width));
}

function inline(tokens: readonly Token[], colours: Colours): string {
  return tokens.map((token) => span(token as MarkedToken, colours)).join('');
}

function span(token: MarkedToken, colours: Colours): string {
  switch (token.type) {
    case 'strong':
      return colours.bold(inline(token.tokens, colours));
    case 'em':
      return colours.italic(inline(token.tokens, colours));
    case 'del':
      return colours.strikethrough(inline(token.tokens, colours));
    case 'codespan':
      // A command is not broken in the middle.
      return codeSpan(token.text.replaceAll(' ', keptSpace), colours);
    case 'link': {
      const text = inline(token.tokens, colours);
      return text === token.href ? text : `${text} (${token.href})`;
    }
    case 'image':
      return `${token.text} (${token.href})`;
    case 'br':
      return '\n';
    case 'text':
      return token.tokens ? inline(token.tokens, colours) : joined(token.text);
    case 'escape':
      return token.text;
    default:
      return joined(token.raw);
  }
}

/** Without colours the marks stay, or nobody would see where it ends. */
const codeSpan = (text: string, colours: Colours): string =>
  colours.isColorSupported ? colours.cyan(text) : `\`${text}\``;

/** A private-use character stands for a space that no line may break at, until the lines are made. */
const keptSpace = '\ue000';
const spaced = (text: string): string => text.replaceAll(keptSpace, ' ');

/** Lines of a paragraph as they stand in the file are no lines of the screen. */
const joined = (text: string): string => text.replaceAll(/\s*\n\s*/g, ' ');
