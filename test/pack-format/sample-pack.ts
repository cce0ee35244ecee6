import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** A sound pack with one lab, file by file; tests change one line of it. */
export const sample: Readonly<Record<string, string>> = {
  'pack.yaml': `id: sample
version: 1.0.0
title: A sample
authors: [Somebody]
licence: Apache-2.0
labs: [first]
`,
  'first/lab.yaml': `id: first
title: The first lab
level: beginner
minutes: 5
summary: One node, one rule.
parameters:
  lan: { subnet: { from: 10.0.0.0/8, prefix: 24 } }
  port: { integer: { from: 2000, to: 2999 } }
topology:
  nodes:
    host:
      interfaces:
        eth0: { link: lan, addresses: ['{{lan.1}}/{{lan.prefix}}'] }
      services:
        - { type: http, port: '{{port}}' }
    peer:
      interfaces:
        eth0: { link: lan, addresses: ['{{lan.2}}/{{lan.prefix}}'] }
questions:
  - id: policy
    ask: What is the policy of INPUT?
    kind: policy
    truth: { policy: { node: host, table: filter, chain: INPUT } }
criteria:
  - id: policy
    title: The policy is known
    points: 10
    all: [{ answer: { question: policy } }]
  - id: blocked
    title: The port is blocked
    points: 10
    after: [policy]
    all:
      - rule: { node: host, chain: INPUT, spec: '-p tcp --dport {{port}} -j DROP' }
`,
  'first/guide.md': `# First

\`\`\`sh node=host
iptables -A INPUT -p tcp --dport {{port}} -j DROP
\`\`\`
`,
  'first/solutions/append.yaml': `title: Appended
steps:
  - { run: 'iptables -A INPUT -p tcp --dport {{port}} -j DROP', node: host }
  - { answer: policy, value: ACCEPT }
`,
  'first/solutions/insert.yaml': `title: Inserted
steps:
  - { run: 'iptables -I INPUT -p tcp --dport {{port}} -j DROP', node: host }
  - { answer: policy, value: accept }
`,
  'first/mistakes/nothing.yaml': `title: Nothing done
fails: [policy, blocked]
steps: []
`,
};

/** A folder that is gone when the test is over. */
export interface PackFolder extends AsyncDisposable {
  readonly folder: string;
}

/** Writes a pack: the sample with some of its files in another form. null leaves a file out. */
export async function writePack(changes: Readonly<Record<string, string | null>> = {}): Promise<PackFolder> {
  const folder = await mkdtemp(join(tmpdir(), 'hookpoint-pack-'));
  for (const [path, text] of Object.entries({ ...sample, ...changes })) {
    if (text === null) continue;
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
  }
  return { folder, [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }) };
}

/** One of the sample's files with a piece of text replaced; the piece must be there. */
export function edited(path: string, from: string, to: string): Record<string, string> {
  const text = sample[path] ?? '';
  if (!text.includes(from)) throw new Error(`${path} has no ${JSON.stringify(from)}`);
  return { [path]: text.replace(from, to) };
}
