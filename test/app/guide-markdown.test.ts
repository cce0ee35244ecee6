import { describe, expect, test } from 'vitest';
import { blockOf, type GuideBlock } from '../../app/guide/fence.ts';
import { GuideRenderer, slugOf } from '../../app/guide/markdown.ts';
import { splitGuide } from '../../app/guide/split-guide.ts';
import { imageSource, linkTarget } from '../../app/guide/targets.ts';

function rendered(text: string) {
  const pieces = splitGuide(text);
  const renderer = new GuideRenderer('guide', pieces);
  const parts = pieces.map((piece) => renderer.render(piece));
  return { html: parts.map(({ html }) => html).join(''), blocks: parts.flatMap(({ blocks }) => blocks), parts };
}

describe('hostile Markdown', () => {
  test.each([
    '<script>alert(1)</script>',
    '<img src=x onerror=alert(1)>',
    '<iframe src="https://evil.example/"></iframe>',
    '<svg><script>alert(1)</script></svg>',
    '<a href="https://x.example" onclick="alert(1)">x</a>',
    '<style>body{display:none}</style>',
  ])('%s stands there as text', (text) => {
    const { html } = rendered(`Before\n\n${text}\n\nand inline ${text} after`);
    expect(html).not.toMatch(/<(script|img|iframe|svg|style|a)\b/);
    expect(html).toContain('&lt;');
  });

  test.each([
    '[x](javascript:alert(1))',
    '[x](JaVaScRiPt:alert(1))',
    '[x](java&#x73;cript:alert(1))',
    '[x](&#x1;javascript:alert(1))',
    '[x](vbscript:msgbox)',
    '[x](data:text/html,<script>alert(1)</script>)',
    '[x](file:///etc/passwd)',
    '[x](blob:https://x/1)',
    '[x](//evil.example/)',
    '[x](/etc/passwd)',
    '<javascript:alert(1)>',
    '[x][r]\n\n[r]: javascript:alert(1)',
  ])('%s leads nowhere', (text) => {
    const { html } = rendered(text);
    expect(html).not.toContain('href');
    expect(html).toContain('class="blocked"');
  });

  test('a link to the web opens a window of its own that knows nothing of this one', () => {
    const { html } = rendered('[the manual](https://example.org/a?b=1&c)');
    expect(html).toContain('href="https://example.org/a?b=1&amp;c"');
    expect(html).toContain('target="_blank"');
    expect(html).toContain('rel="noopener noreferrer"');
  });

  test.each([
    'https://evil.example/a.png',
    '//evil.example/a.png',
    'http:/\\evil.example/a.png',
    'data:image/png;base64,AAAA',
  ])('a picture of %s is not loaded, and the guide says so', (address) => {
    const { html } = rendered(`![a map](${address})`);
    expect(html).not.toContain('<img');
    expect(html).not.toContain('src=');
    expect(html).toMatch(/Picture not (loaded|shown)[^<]*a map/);
  });

  test('a picture of the lab is asked for by its path, with what it shows in words', () => {
    expect(rendered('![two "nodes"](pictures/two%20nodes.png)').html).toContain(
      '<img data-image="pictures/two nodes.png" alt="two &quot;nodes&quot;">',
    );
  });

  test('the words of a fence cannot leave their element', () => {
    const { html, blocks } = rendered('```"><script>alert(1)</script>\ncode\n```');
    expect(html).not.toContain('script');
    expect(blocks).toEqual([{ kind: 'code', code: 'code' }]);
  });
});

describe('fences', () => {
  test.each<[string, string, GuideBlock]>([
    ['sh node=host', 'ls\n', { kind: 'run', node: 'host', code: 'ls', line: 3 }],
    ['bash node=r1', 'a\nb\n', { kind: 'run', node: 'r1', code: 'a\nb', line: 3 }],
    ['sh', 'ls\n', { kind: 'code', code: 'ls' }],
    ['text node=host', 'ls\n', { kind: 'code', code: 'ls' }],
    ['sh node=', 'ls\n', { kind: 'code', code: 'ls' }],
    ['packet-flow', 'forward\nPREROUTING nonsense\n', { kind: 'packet-flow', hooks: ['PREROUTING', 'FORWARD'] }],
    ['packet-flow', '', { kind: 'packet-flow', hooks: [] }],
    ['question', 'which-chain\n', { kind: 'question', id: 'which-chain' }],
  ])('```%s', (info, content, block) => {
    expect(blockOf(info, content, 3)).toEqual(block);
  });

  test('a block in a list knows its line', () => {
    const { blocks } = rendered('# A\n\n- first\n\n  ```sh node=host\n  ls\n  ```\n');
    expect(blocks).toEqual([{ kind: 'run', node: 'host', code: 'ls', line: 4 }]);
  });
});

describe('headings', () => {
  test('stand one level below the title of the page, each under a name of its own', () => {
    const { parts } = rendered('# Same `name`\n\n## Same name\n\n## Größe & Maß\n');
    expect(parts.flatMap(({ headings }) => headings)).toEqual([
      { level: 2, text: 'Same name', id: 'guide-same-name' },
      { level: 3, text: 'Same name', id: 'guide-same-name-1' },
      { level: 3, text: 'Größe & Maß', id: 'guide-größe-maß' },
    ]);
  });
  test('without a letter have a name too', () => expect(slugOf('!?')).toBe('section'));
});

describe('a long guide', () => {
  const paragraph = (index: number) => `## Part ${index}\n\n${'word '.repeat(400)}\n\n- one\n\n- two\n\n`;
  const long = Array.from({ length: 40 }, (_, index) => paragraph(index)).join('');

  test('comes in pieces that together are the whole, cut where paragraphs end', () => {
    const pieces = splitGuide(long);
    expect(pieces.length).toBeGreaterThan(5);
    expect(pieces.map(({ text }) => text).join('\n')).toBe(long);
    expect(rendered(long).html).toBe(new GuideRenderer('guide').render({ kind: 'markdown', text: long, line: 0 }).html);
  });

  test('is never cut within a fence or a list', () => {
    const inner = 'Text\n\nmore\n\n'.repeat(2000);
    expect(splitGuide(`# A\n\n\`\`\`text\n${inner}\`\`\`\n`)).toHaveLength(1);
    expect(splitGuide(`# A\n\n${'- item\n\n  more\n\n'.repeat(2000)}`)).toHaveLength(1);
  });

  test('knows the lines of its blocks, and links that are defined elsewhere in it', () => {
    const text = `[far][there]\n\n${long}\`\`\`sh node=host\nls\n\`\`\`\n\n[there]: https://example.org/\n`;
    const { html, blocks } = rendered(text);
    expect(html).toContain('href="https://example.org/"');
    expect(blocks).toMatchObject([{ line: text.split('\n').indexOf('```sh node=host') }]);
  });

  test('without any paragraph is shown as it is written', () => {
    const { html, parts } = rendered('[x](javascript:1)'.repeat(300_000));
    expect(parts.length).toBeGreaterThan(10);
    expect(html).not.toContain('href');
    expect(html).toContain('without any paragraph');
  });
});

describe('addresses', () => {
  test.each([
    ['https://example.org/', 'outside'],
    ['MAILTO:a@example.org', 'outside'],
    ['#write-it', 'within'],
    ['#', 'nowhere'],
    ['other.md', 'nowhere'],
    [' https://example.org/', 'nowhere'],
    ['https://example.org/\u0000', 'nowhere'],
  ])('a link to %j: %s', (href, kind) => expect(linkTarget(href).kind).toBe(kind));

  test.each([
    ['a.png', 'lab'],
    ['../a.png', 'lab'],
    ['HTTPS://example.org/a.png', 'elsewhere'],
    ['%2F%2Fexample.org/a.png', 'elsewhere'],
    ['/a.png', 'odd'],
    ['\\\\example.org\\a.png', 'odd'],
    ['javascript:alert(1)', 'odd'],
    ['%', 'lab'],
    ['', 'odd'],
  ])('a picture of %j: %s', (src, kind) => expect(imageSource(src).kind).toBe(kind));
});
