import { describe, expect, test } from 'vitest';
import { lintPack } from '../../engine/packs/index.ts';
import { edited, sample, writePack } from '../pack-format/sample-pack.ts';

async function problemsOf(changes: Record<string, string | null>): Promise<string[]> {
  await using pack = await writePack(changes);
  return (await lintPack(pack.folder)).map(
    ({ message, place, expected }) => `${place?.line}:${place?.column} ${message} [${expected}]`,
  );
}

const guide = (more: string) => ({ 'first/guide.md': `${sample['first/guide.md']}\n${more}\n` });

describe('what a guide names has to be there', () => {
  test.each([
    ['```question\nnosuch\n```', /^8:1 There is no question 'nosuch'\. \[one of policy\]/],
    ['![two nodes](two.png)', /^7:1 There is no picture 'two\.png'/],
    ['See [above](#nowhere).', /^7:5 The guide has no heading or question '#nowhere'\. \[one of .*#first/],
    ['See [it](#question-nosuch).', /no heading or question '#question-nosuch'/],
    ['```packet-flow\nOUTPUT, POSTROUTNG\n```', /^8:9 There is no hook 'POSTROUTNG'/],
  ])('%j', async (text, expected) => {
    const problems = await problemsOf(guide(text));
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(expected);
  });

  test('what is there, what is code, and what a parameter is part of is let be', async () => {
    const sound = [
      '[above](#first) [it](#question-policy) [the web](https://example.org/#x) `![not](a-picture.png)`',
      '![a picture](pictures/two.png)',
      '```question\npolicy\n```',
      '```packet-flow\nINPUT, output\n```',
      '```\n![no picture](x.png) [no link](#y)\n```',
    ].join('\n\n');
    expect(await problemsOf({ ...guide(sound), 'first/pictures/two.png': 'png' })).toEqual([]);
  });
});

test('a key that is off by a letter is answered with the one that was meant', async () => {
  const problems = await problemsOf(edited('first/lab.yaml', 'summary: One', 'sumary: One'));
  expect(problems.join('\n')).toContain("'sumary' is not a key of the document. Did you mean 'summary'?");
});

test('an unknown check is told once, with the one that was meant', async () => {
  const problems = await problemsOf(edited('first/lab.yaml', '- rule: {', '- rul: {'));
  expect(problems.filter((one) => !one.includes('parameter'))).toEqual([
    expect.stringMatching(/'rul' is not a key .* Did you mean 'rule'\?/),
  ]);
});

test('a parameter in the summary is told: lists show it before any value is drawn', async () => {
  const drawn = await problemsOf(edited('first/lab.yaml', 'summary: One node, one rule.', "summary: 'Open {{port}}.'"));
  expect(drawn).toEqual([expect.stringMatching(/^5:10 The summary has \{\{port\}\} in it/)]);
});
