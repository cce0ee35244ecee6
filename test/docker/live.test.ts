import { afterAll, beforeAll, expect, test } from 'vitest';
import type { StandingCriterion } from '../../engine/contract/procedures/lab.ts';
import { clientInProcess } from '../../engine/host/carriers.ts';
import { type Host, openHost } from '../../engine/host/host.ts';
import { runCli, temporaryHome } from '../support/cli.ts';
import { containersOf, startSession } from '../support/session-containers.ts';

const home = temporaryHome();
let host: Host;
let client: ReturnType<typeof clientInProcess>;
let session: string;

beforeAll(async () => {
  process.env.HOOKPOINT_HOME = home.folder;
  session = await startSession(home.folder, 'netfilter/redirect', '--seed', '1');
  host = await openHost();
  client = clientInProcess(host);
});

afterAll(async () => {
  await host?.[Symbol.asyncDispose]();
  await runCli(['clean', '--all'], { home: home.folder });
  home[Symbol.dispose]();
});

async function inNode(script: string): Promise<void> {
  const words = ['exec', session, 'host', '--', 'bash', '-ec', script];
  const { exitCode, stderr } = await runCli(words, { home: home.folder });
  expect(exitCode, stderr).toBe(0);
}

const standingsOf = (standings: ReadonlyMap<string, StandingCriterion>) =>
  Object.fromEntries([...standings].map(([id, { standing }]) => [id, standing]));

/** Follows the criteria until they stand so. */
async function untilStanding(wanted: Readonly<Record<string, StandingCriterion['standing']>>): Promise<void> {
  const left = new AbortController();
  const known = new Map<string, StandingCriterion>();
  for await (const news of await client.lab.live({ session }, { signal: left.signal })) {
    for (const one of news) known.set(one.id, one);
    const now = standingsOf(known);
    if (Object.entries(wanted).every(([id, standing]) => now[id] === standing)) {
      left.abort();
      return;
    }
  }
  expect(standingsOf(known)).toMatchObject(wanted);
}

async function follow() {
  const [state] = await containersOf(await host.docker.require(), home.folder);
  const left = new AbortController();
  const stream = await client.lab.live({ session }, { signal: left.signal });
  return { left, stream, container: (await host.docker.require()).container(state?.id ?? '') };
}

const redirect = '-t nat -A OUTPUT -p tcp --dport 8888 -j REDIRECT --to-port 80';

test('criteria turn by themselves, in the order of what is done in the node', async () => {
  await untilStanding({ redirected: 'open', 'counter-moved': 'open', 'right-chain': 'open', removed: 'open' });
  await client.lab.answer({ session, question: 'right-chain', value: 'OUTPUT' });
  await untilStanding({ 'right-chain': 'met', redirected: 'open' });
  await inNode(`iptables ${redirect}; curl -s -o /dev/null http://127.0.0.1:8888/`);
  await untilStanding({ redirected: 'met', 'counter-moved': 'met', removed: 'open' });
  await inNode(`iptables ${redirect.replace('-A', '-D')}`);
  await untilStanding({ redirected: 'met', 'counter-moved': 'met', 'right-chain': 'met', removed: 'met' });
  await inNode('iptables -A INPUT -p tcp --dport 23 -j DROP');
  await untilStanding({ redirected: 'met', removed: 'open' });
});

test('what stands in the window is what a check says', async () => {
  await inNode('iptables -D INPUT -p tcp --dport 23 -j DROP');
  await untilStanding({ removed: 'met' });
  const report = await client.lab.check({ session });
  expect(report.criteria.map(({ verdict }) => verdict)).toEqual(['passed', 'passed', 'passed', 'passed']);
});

test('a timeline that the recorder has written anew is followed on', async () => {
  const { left, container, stream } = await follow();
  await stream.next();
  const replaced = await container.exec([
    'bash',
    '-c',
    'cd /var/lib/hookpoint && cp timeline.ndjson x && mv x timeline.ndjson',
  ]);
  expect(replaced.exitCode).toBe(0);
  // The recorder goes on with the file that it has open: what it writes now nobody reads, and what stands in the new one still holds.
  await container.exec(['bash', '-c', 'kill "$(cat /run/hookpoint/recorder.pid)"']);
  await inNode('iptables -A INPUT -p tcp --dport 24 -j DROP');
  await untilStanding({ redirected: 'met', removed: 'open' });
  await inNode('iptables -D INPUT -p tcp --dport 24 -j DROP');
  await untilStanding({ removed: 'met' });
  left.abort();
});

test('nobody follows any more when the last window has left', async () => {
  const { left, container, stream } = await follow();
  const followers = async () =>
    (await container.exec(['bash', '-c', 'pgrep -fc [t]imeline_follow || true'])).stdout.trim();
  await stream.next();
  expect(await followers()).toBe('1');
  left.abort();
  await expect.poll(followers, { timeout: 10_000 }).toBe('0');
});
