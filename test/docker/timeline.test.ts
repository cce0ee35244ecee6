import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { compareRulesets, parseSave, type Ruleset } from '../../engine/netfilter/index.ts';
import { readTimeline, writeMark } from '../../engine/observe/read-timeline.ts';
import type { NodeSnapshot } from '../../engine/observe/snapshot.ts';
import { snapshotNodes } from '../../engine/observe/snapshot-nodes.ts';
import type { TimelineState } from '../../engine/observe/timeline.ts';
import { netChanges } from '../../engine/sessions/net-changes.ts';
import type { CommandRow } from '../../engine/sessions/store.ts';
import { changeEntries } from '../../engine/sessions/timeline-entries.ts';
import { TerminalHub } from '../../engine/terminals/hub.ts';
import { untilRecorderListens } from '../support/lab-container.ts';
import { type RunningLab, startRunningLab } from '../support/running-lab.ts';
import { openTerminalWindow } from '../support/terminal-window.ts';

/** What is typed into a real shell of a node, against what the recorder saw of it. */

let lab: RunningLab;
let hub: TerminalHub;
const commands: CommandRow[] = [];
beforeAll(async () => {
  lab = await startRunningLab({ client: {}, server: {} });
  await untilRecorderListens(lab.shell.run);
  await writeMark(lab.shell.run, { name: 'provisioned' });
  hub = new TerminalHub(
    () => undefined,
    ({ node, id: terminal }) => ({
      begun({ text, begun }) {
        commands.push({ number: commands.length + 1, node, terminal, text, begun, ended: null, exitCode: null });
      },
      ended({ time, exitCode }) {
        Object.assign(commands.at(-1) ?? {}, { ended: time, exitCode });
      },
    }),
  );
});
afterAll(async () => {
  await hub[Symbol.asyncDispose]();
  await lab[Symbol.asyncDispose]();
});

/** Types into a terminal of the client and waits for the next prompt. */
async function typing(use: (run: (line: string) => Promise<void>) => Promise<void>): Promise<void> {
  await hub.open({
    id: 'a',
    session: 'lab',
    node: 'client',
    container: lab.container,
    size: { columns: 200, rows: 30 },
  });
  const left = new AbortController();
  const terminal = hub.find('a');
  {
    await using window = await openTerminalWindow(terminal.attach(left.signal), () => left.abort(), {
      acknowledge: terminal.acknowledge.bind(terminal),
    });
    await window.shows(/# $/);
    let number = 0;
    await use(async (line) => {
      number += 1;
      terminal.write(`PS1='${number}# '; ${line}\r`);
      await window.shows(new RegExp(`\\n${number}# $`));
    });
  }
  await hub.close('a');
}

async function entriesSince(begin: number) {
  const timeline = await readTimeline(lab.shell.run);
  return changeEntries(timeline, commands).flatMap((entry) =>
    entry.kind === 'change' && entry.time >= begin && entry.node === 'client' && entry.process !== null ? [entry] : [],
  );
}

const textOf = (text: string | null | undefined) => text?.replace(/^PS1='\d+# '; /, '');

test('a script of eight calls gives eight changes of the command that ran it', async () => {
  const begin = Date.now() / 1000;
  const script = [
    'iptables -N WEB',
    'iptables -A WEB -p tcp --dport 80 -j ACCEPT',
    'iptables -A WEB -p tcp --dport 443 -j ACCEPT',
    'iptables -A FORWARD -j WEB',
    'iptables -D FORWARD -j WEB',
    'iptables -P FORWARD DROP',
    'iptables -F WEB',
    'iptables -X WEB',
  ];
  const encoded = Buffer.from(script.join('\n')).toString('base64');
  await typing(async (run) => {
    await run(`base64 -d <<<${encoded} >/tmp/web.sh; bash /tmp/web.sh; (exit 3)`);
    await run('iptables -P FORWARD ACCEPT');
  });
  const [made, put, ...more] = await entriesSince(begin);
  expect(more).toEqual([]);
  expect(made).toMatchObject({ steps: 8, listedSingly: true, process: 'iptables', by: { command: { exitCode: 3 } } });
  expect(made?.by?.command.text).toContain('bash /tmp/web.sh');
  expect(made?.changes.map(({ what }) => what)).toEqual([
    'made chain WEB in filter',
    'added rule 1 to filter WEB',
    'added rule 2 to filter WEB',
    'added rule 1 to filter FORWARD',
    'removed rule 1 from filter FORWARD',
    'set the policy of filter FORWARD to DROP (it was ACCEPT)',
    'removed rule 1 from filter WEB',
    'removed rule 2 from filter WEB',
    'removed chain WEB from filter',
  ]);
  expect(textOf(put?.by?.command.text)).toBe('iptables -P FORWARD ACCEPT');
  expect(put).toMatchObject({ steps: 1, by: { certain: true, command: { exitCode: 0 } } });
});

test('iptables-restore of 5,000 rules is one change, a loop one entry of many', async () => {
  const begin = Date.now() / 1000;
  await typing(async (run) => {
    await run(
      `{ echo '*raw'; for i in {1..5000}; do echo "-A PREROUTING -s 10.1.$((i / 250)).$((i % 250)) -j ACCEPT"; done; echo COMMIT; } | iptables-restore -n`,
    );
    await run('for i in {1..100}; do iptables -A INPUT -p tcp --dport $i -j ACCEPT; done');
  });
  const [restored, looped, ...more] = await entriesSince(begin);
  expect(more).toEqual([]);
  expect(restored).toMatchObject({ steps: 1, total: 5000, summary: '5,000 rules added in raw' });
  expect(restored?.changes.length).toBeLessThan(20);
  expect(looped).toMatchObject({ steps: 100, total: 100, listedSingly: false });
  expect(looped?.summary).toBe('100 changes: 100 rules added in filter');
  await lab.inNode('client', 'iptables -t raw -F; iptables -F');
});

/** Random edits by random writers; each is one transaction. */
const chain = fc.constantFrom('INPUT', 'FORWARD', 'OUTPUT');
const port = fc.integer({ min: 1, max: 9 });
const edit = fc.oneof(
  fc.tuple(chain, port).map(([name, to]) => `iptables -A ${name} -p tcp --dport ${to} -j ACCEPT`),
  fc.tuple(chain, port, port).map(([name, at, to]) => `iptables -I ${name} ${at} -p udp --dport ${to} -j DROP`),
  fc.tuple(chain, port).map(([name, at]) => `iptables -D ${name} ${at}`),
  fc.tuple(chain, port, port).map(([name, at, to]) => `iptables -R ${name} ${at} -s 10.0.0.${to} -j RETURN`),
  chain.map((name) => `iptables -F ${name}`),
  fc.tuple(chain, fc.constantFrom('ACCEPT', 'DROP')).map(([name, policy]) => `iptables -P ${name} ${policy}`),
  fc
    .tuple(chain, port)
    .map(
      ([name, to]) =>
        `printf '*filter\\n-A ${name} -p tcp --sport ${to} -j LOG\\n-A ${name} -p icmp -j ACCEPT\\nCOMMIT\\n' | iptables-restore -n`,
    ),
  fc.tuple(chain, port).map(([name, to]) => `nft add rule ip filter ${name} tcp dport ${to} counter accept`),
);

const filterOf = (node: NodeSnapshot | undefined): Ruleset | undefined => {
  const ruleset = node?.rulesets.find(({ family, backend }) => family === 'ipv4' && backend === 'nft')?.ruleset;
  return ruleset && { ...ruleset, tables: ruleset.tables.filter(({ name }) => name === 'filter') };
};

test('whatever is edited, each state between two commands is there, and the last is what iptables-save prints', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(edit, { minLength: 3, maxLength: 12 }), async (edits) => {
      await lab.inNode(
        'server',
        'iptables -P INPUT ACCEPT; iptables -P FORWARD ACCEPT; iptables -P OUTPUT ACCEPT; iptables -F',
      );
      const begin = (await readTimeline(lab.shell.run)).states.length;
      const script = edits.map((one) => `{ ${one}; } 2>/dev/null; iptables-save -t filter; echo '#'`).join('\n');
      const { stdout } = await lab.inNode('server', script, 60_000);
      const between = stdout
        .split('\n#\n')
        .slice(0, -1)
        .map((text) => parseSave(text, { family: 'ipv4' }));
      const { states } = await readTimeline(lab.shell.run);
      const own = states.slice(Math.max(0, begin - 1)).filter(({ node }) => node === 'server' || begin === 0);
      expectInOrder(own, between, edits);
      const last = filterOf(states.at(-1)?.nodes.server);
      const saved = between.at(-1);
      if (!last || !saved) throw new Error('no rules');
      expect(compareRulesets(last, saved)).toMatchObject({ same: true });
    }),
    { numRuns: 12 },
  );
});

/** Each of the saved rulesets is that of a state, later than or the same as the one before it. */
function expectInOrder(states: readonly TimelineState[], saved: readonly Ruleset[], edits: readonly string[]): void {
  let at = 0;
  for (const [index, ruleset] of saved.entries()) {
    while (at < states.length) {
      const there = filterOf(states[at]?.nodes.server);
      if (there && compareRulesets(there, ruleset).same) break;
      at += 1;
    }
    expect(at, `no state after ${edits[index]}`).toBeLessThan(states.length);
  }
}

test('the commands of what changed make the same of the node as it was before', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(
        edit.filter((one) => !one.startsWith('nft')),
        { minLength: 2, maxLength: 10 },
      ),
      async (edits) => {
        const reset =
          'iptables -P INPUT ACCEPT; iptables -P FORWARD ACCEPT; iptables -P OUTPUT ACCEPT; iptables -F; iptables -A INPUT -p tcp --dport 3 -j ACCEPT; iptables -A INPUT -s 10.0.0.1 -j DROP';
        const read = async () => snapshotNodes(lab.shell.run, ['server']);
        await lab.inNode('server', reset);
        const before = await read();
        await lab.inNode('server', `${edits.join('\n')}\ntrue`);
        const now = await read();
        const [node] = netChanges(before, now).nodes;
        await lab.inNode('server', reset);
        const { exitCode, stderr } = await lab.inNode('server', `set -e\n${(node?.commands ?? []).join('\n')}\ntrue`);
        expect(exitCode, stderr).toBe(0);
        expect(netChanges(now, await read()).nodes).toEqual([]);
      },
    ),
    { numRuns: 12 },
  );
});
