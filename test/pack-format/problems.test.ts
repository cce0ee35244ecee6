import { symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { HookpointError } from '../../engine/contract/error.ts';
import { lintPack, loadPack } from '../../engine/packs/index.ts';
import { edited, sample, writePack } from './sample-pack.ts';

const lab = 'first/lab.yaml';

/** Problems as FILE:LINE:COLUMN MESSAGE [EXPECTED], files from the pack's folder on. */
async function problemsOf(changes: Record<string, string | null>): Promise<string[]> {
  await using pack = await writePack(changes);
  const problems = await lintPack(pack.folder);
  return problems.map(({ message, place, expected }) => {
    const file = place?.file.split(`${pack.folder.split('/').at(-1)}/`).at(-1);
    return `${file}:${place?.line}:${place?.column} ${message} [${expected}]`;
  });
}

test('a sound pack has no problems', async () => {
  expect(await problemsOf({})).toEqual([]);
});

describe('each bad input has its line, column and what was expected', () => {
  const cases: [string, Record<string, string | null>, RegExp][] = [
    [
      'a wrong key',
      edited(lab, 'minutes: 5', 'minutes: 5\nminuets: 6'),
      /^first\/lab\.yaml:5:1 'minuets' is not a key .*\[one of the keys id, title, level, minutes/,
    ],
    [
      'a wrong key deep inside',
      edited(lab, 'chain: INPUT, spec', 'chian: INPUT, chain: INPUT, spec'),
      /^first\/lab\.yaml:34:29 'chian' is not a key .*\[one of the keys node, family, table, chain, spec/,
    ],
    [
      'a wrong type',
      edited(lab, 'minutes: 5', 'minutes: five'),
      /^first\/lab\.yaml:4:10 Minutes is 'five', a text\. \[a (whole )?number\]/,
    ],
    [
      'a wrong word',
      edited(lab, 'level: beginner', 'level: easy'),
      /^first\/lab\.yaml:3:8 Level cannot be 'easy'\. \[one of 'beginner', 'intermediate', 'advanced'\]/,
    ],
    [
      'a missing key',
      edited(lab, 'title: The first lab\n', ''),
      /^first\/lab\.yaml:1:1 'title' is missing in the document\. \[title: a text\]/,
    ],
    [
      'an unknown node in a check',
      edited(lab, 'rule: { node: host', 'rule: { node: hots'),
      /^first\/lab\.yaml:34:23 There is no node 'hots'\. \[one of host, peer\]/,
    ],
    [
      'an unknown node in a question',
      edited(lab, 'policy: { node: host', 'policy: { node: nobody'),
      /^first\/lab\.yaml:23:30 There is no node 'nobody'/,
    ],
    [
      'an unknown node in a step',
      edited('first/solutions/append.yaml', 'node: host', 'node: hots'),
      /^first\/solutions\/append\.yaml:3:71 There is no node 'hots'/,
    ],
    [
      'an unknown node in the guide',
      edited('first/guide.md', 'node=host', 'node=hots'),
      /^first\/guide\.md:3:7 There is no node 'hots'/,
    ],
    [
      'an address outside its subnet',
      edited(lab, '{{lan.2}}/{{lan.prefix}}', '192.168.1.1/24'),
      /^first\/lab\.yaml:18:40 192\.168\.1\.1\/24 is outside the subnet of the link lan/,
    ],
    [
      'a gateway outside every subnet',
      edited(
        lab,
        "{{lan.2}}/{{lan.prefix}}'] }",
        "{{lan.2}}/{{lan.prefix}}'] }\n      routes: [{ to: default, via: 192.0.2.1 }]",
      ),
      /^first\/lab\.yaml:19:36 /,
    ],
    ['a duplicate id', edited(lab, '- id: blocked', '- id: policy'), /^first\/lab\.yaml:29:9 The id 'policy' is taken/],
    [
      'a duplicate key',
      edited(lab, 'minutes: 5', 'minutes: 5\nminutes: 6'),
      /^first\/lab\.yaml:5:1 This key stands twice/,
    ],
    [
      'a circle of criteria',
      edited(lab, 'points: 10\n    all: [{ answer', 'points: 10\n    after: [blocked]\n    all: [{ answer'),
      /These criteria wait for each other: policy -> blocked -> policy\./,
    ],
    [
      'a criterion after an unknown one',
      edited(lab, 'after: [policy]', 'after: [polizy]'),
      /^first\/lab\.yaml:32:13 There is no criterion 'polizy'/,
    ],
    [
      'a lab after an unknown one',
      edited(lab, 'minutes: 5', 'minutes: 5\nafter: [zeroth]'),
      /^first\/lab\.yaml:5:9 There is no lab 'zeroth'/,
    ],
    [
      'a lab after itself',
      edited(lab, 'minutes: 5', 'minutes: 5\nafter: [first]'),
      /^first\/lab\.yaml:5:9 These labs wait for each other: first -> first/,
    ],
    [
      'an unknown parameter',
      edited(lab, '--dport {{port}}', '--dport {{prot}}'),
      /^first\/lab\.yaml:34:49 There is no parameter 'prot'\. \[one of \{\{lan\}\}, \{\{port\}\}\]/,
    ],
    [
      'an unknown parameter in the guide',
      edited('first/guide.md', '{{port}}', '{{prot}}'),
      /^first\/guide\.md:4:34 There is no parameter 'prot'/,
    ],
    [
      'a host that the subnet does not have',
      edited(lab, '{{lan.2}}', '{{lan.256}}'),
      /^first\/lab\.yaml:18:40 The subnet 10\.[\d.]+\/24 has no host 256/,
    ],
    [
      'an unused parameter',
      edited(lab, '  port: {', '  spare: { integer: { from: 1, to: 2 } }\n  port: {'),
      /^first\/lab\.yaml:8:3 Nothing uses the parameter 'spare'/,
    ],
    [
      'hosts of a subnet, told with the ones that it has',
      edited(lab, '{{lan.2}}', '{{lan.300}}'),
      /has no host 300\. \[\{\{lan\.prefix\}\}, \{\{lan\.network\}\} or \{\{lan\.1\}\} to \{\{lan\.255\}\}\]/,
    ],
    [
      'a question that no criterion grades',
      edited(lab, '- id: policy\n    ask', '- id: policies\n    ask'),
      /^first\/lab\.yaml:20:9 No criterion grades the question 'policies'/,
    ],
    [
      'a criterion that no mistake makes fail',
      edited('first/mistakes/nothing.yaml', 'policy, blocked', 'policy'),
      /^first\/lab\.yaml:29:9 No mistake makes the criterion 'blocked' fail/,
    ],
    ['one solution only', { 'first/solutions/insert.yaml': null }, /^first\/lab\.yaml:1:1 The lab has one solution/],
    ['no guide', { 'first/guide.md': null }, /^first\/guide\.md:1:1 The lab has no guide\.md/],
    [
      'an id that is not the folder',
      edited(lab, 'id: first', 'id: erste'),
      /^first\/lab\.yaml:1:5 The lab 'erste' lies in the folder first/,
    ],
    [
      'a lab that is not there',
      edited('pack.yaml', '[first]', '[first, second]'),
      /^pack\.yaml:6:15 There is no lab 'second'/,
    ],
    [
      'a version that is none',
      edited('pack.yaml', '1.0.0', 'one'),
      /^pack\.yaml:2:10 Version cannot be 'one'\. \[a version as MAJOR\.MINOR\.PATCH\]/,
    ],
    ['no pack.yaml', { 'pack.yaml': null }, /^pack\.yaml:1:1 The pack has no pack\.yaml/],
    [
      'a step of no form',
      edited('first/solutions/append.yaml', '{ answer: policy, value: ACCEPT }', '{ think: hard }'),
      /^first\/solutions\/append\.yaml:4:5 .*\[one of the keys run, node, answer, value, wait, check, restart\]/,
    ],
    [
      'a step that waits for nothing',
      edited(
        'first/solutions/append.yaml',
        '{ answer: policy, value: ACCEPT }',
        '{ wait: { node: host, seconds: 1 } }',
      ),
      /^first\/solutions\/append\.yaml:4:13 'for' is missing/,
    ],
    [
      'an unknown question in a step',
      edited('first/solutions/append.yaml', 'answer: policy', 'answer: polizei'),
      /^first\/solutions\/append\.yaml:4:15 There is no question 'polizei'/,
    ],
    [
      'a mistake that fails an unknown criterion',
      edited('first/mistakes/nothing.yaml', 'blocked', 'blokked'),
      /^first\/mistakes\/nothing\.yaml:2:17 There is no criterion 'blokked'/,
    ],
    ['no YAML at all', { [lab]: 'id: [first\n' }, /^first\/lab\.yaml:\d+:\d+ .*\[YAML 1\.2\]/],
    [
      'a rule that iptables would not take',
      edited(lab, "-p tcp --dport {{port}} -j DROP' }\n", "--dport {{port}} --no-such-option x -j DROP' }\n"),
      /^first\/lab\.yaml:34:49 /,
    ],
  ];
  test.each(cases)('%s', async (_, changes, expected) => {
    const problems = await problemsOf(changes);
    expect(
      problems.some((problem) => expected.test(problem)),
      problems.join('\n'),
    ).toBe(true);
  });
});

test('all problems are told at once, of all files', async () => {
  const problems = await problemsOf({
    ...edited('pack.yaml', 'licence', 'license'),
    ...edited('first/guide.md', 'node=host', 'node=nobody'),
    [lab]: (sample[lab] ?? '')
      .replace('minutes: 5', 'minutes: -1')
      .replace('id: blocked', 'id: policy')
      .replace('rule: { node: host', 'rule: { node: nobody'),
  });
  expect(problems.map((problem) => problem.split(' ')[0])).toEqual(
    expect.arrayContaining([
      'pack.yaml:5:1',
      'first/guide.md:3:7',
      'first/lab.yaml:4:10',
      'first/lab.yaml:29:9',
      'first/lab.yaml:34:23',
    ]),
  );
});

test('loading a wrong pack is PACK_INVALID with the problems', async () => {
  await using pack = await writePack(edited(lab, 'minutes: 5', 'minuets: 5'));
  const failure = await loadPack(pack.folder).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(HookpointError);
  expect(failure).toMatchObject({ code: 'PACK_INVALID', exitCode: 2 });
  expect((failure as HookpointError).problems.length).toBeGreaterThan(0);
});

test('a lab that lacks mistakes can be loaded, though not handed out', async () => {
  await using pack = await writePack({ 'first/mistakes/nothing.yaml': null });
  expect((await loadPack(pack.folder)).labs.map((one) => one.id)).toEqual(['first']);
});

describe('hostile packs', () => {
  test('a bomb of aliases is refused', async () => {
    const bomb = [
      'a: &a [x, x, x, x, x, x, x, x, x]',
      ...'bcdefgh'
        .split('')
        .map((name, index) => `${name}: &${name} [${Array(9).fill(`*${'abcdefgh'[index]}`).join(', ')}]`),
    ].join('\n');
    expect((await problemsOf({ [lab]: bomb })).join('\n')).toMatch(/first\/lab\.yaml:1:1 Excessive alias count/);
  });

  test('bottomless nesting is refused', async () => {
    expect((await problemsOf({ [lab]: '['.repeat(50_000) })).join('\n')).toMatch(
      /first\/lab\.yaml:1:65 The file nests too deeply/,
    );
    expect((await problemsOf({ [lab]: `a:\n${'- '.repeat(5_000)}x` })).join('\n')).toMatch(
      /first\/lab\.yaml:2:1 The file nests too deeply/,
    );
  });

  test('a huge file is refused', async () => {
    expect((await problemsOf({ [lab]: `# ${'x'.repeat(300_000)}` })).join('\n')).toMatch(
      /first\/lab\.yaml:1:1 The file has 300002 bytes\. \[at most 262144 bytes\]/,
    );
  });

  test('a symbolic link is refused', async () => {
    await using pack = await writePack({ 'first/guide.md': null });
    await symlink('/etc/passwd', join(pack.folder, 'first/guide.md'));
    const problems = await lintPack(pack.folder);
    expect(problems[0]?.message).toBe('This is a symbolic link.');
  });

  test('__proto__ is a key like any other', async () => {
    const problems = await problemsOf(edited(lab, 'minutes: 5', 'minutes: 5\n__proto__: { polluted: true }'));
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
    expect(problems.join('\n')).toMatch(/first\/lab\.yaml:5:1 '__proto__' is not a key/);
  });
});

test('a reference without quotes is named as that, once, and as nothing else', async () => {
  const problems = await problemsOf(edited(lab, "'{{port}}'", '{{port}}'));
  expect(problems).toEqual([
    expect.stringMatching(/\{\{port\}\} without quotes is a mapping to YAML\. \['\{\{port\}\}', in quotes\]$/),
  ]);
});

test('a type of service that there is not is told with those that there are', async () => {
  const problems = await problemsOf(edited(lab, 'type: http', 'type: tcpecho'));
  expect(problems[0]).toMatch(
    /type cannot be 'tcpecho'\. \[one of 'http', 'tcp-echo', 'udp-echo', 'tcp-mute', 'command'\]$/,
  );
});

test('a right answer that is no choice', async () => {
  const question =
    'questions:\n  - { id: way, ask: Which?, kind: choice, choices: [left, right], truth: { value: up } }';
  const problems = await problemsOf(edited(lab, 'questions:', question));
  expect(problems).toContainEqual(
    expect.stringMatching(/The truth 'up' is not among the choices\. \[one of left, right\]$/),
  );
  expect(problems).toContainEqual(expect.stringContaining('[a criterion with the check answer: { question: way }]'));
});

test('a question may be graded by a criterion of another name', async () => {
  const problems = await problemsOf(edited(lab, 'id: policy\n    title', 'id: rule-of-house\n    title'));
  expect(problems.filter((one) => one.includes('question'))).toEqual([]);
});
