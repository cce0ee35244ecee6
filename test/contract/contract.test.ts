import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { failureOf } from '../../app/client/failure.ts';
import type { Client } from '../../engine/contract/contract.ts';
import type { Failure } from '../../engine/contract/failures.ts';
import type { StartEvent } from '../../engine/contract/procedures/sessions.ts';
import { type Host, openHost } from '../../engine/host/host.ts';
import type { ContainerRuntime } from '../../engine/runtime/container.ts';
import { connectDocker } from '../../engine/runtime/docker/connect.ts';
import { findHome } from '../../engine/sessions/home.ts';
import { lock } from '../../engine/sessions/lock.ts';
import { runCli, temporaryHome } from '../support/cli.ts';
import { containersOf } from '../support/session-containers.ts';
import { type CarriedClient, type Carrier, carriers } from './carried-clients.ts';
import { firstOf } from './first-of.ts';

const lab = 'netfilter/redirect';

/** What a call was refused with, in the app's eyes. */
async function failureOfCall(call: Promise<unknown>): Promise<Failure> {
  try {
    await call;
  } catch (thrown) {
    return failureOf(thrown);
  }
  throw new Error('the call was answered');
}

/** Starts a lab and reads its events to the end; the session's id. */
async function startLab(client: Client): Promise<{ readonly id: string; readonly events: readonly StartEvent[] }> {
  const events: StartEvent[] = [];
  for await (const event of await client.sessions.start({ lab, seed: 1, hostLog: false })) events.push(event);
  const last = events.at(-1);
  if (last?.kind !== 'started') throw new Error('the start ended without a session');
  return { id: last.session, events };
}

describe.each(Object.entries(carriers))('the contract %s', (name, begin) => {
  const home = temporaryHome();
  let runtime: ContainerRuntime;
  let host: Host;
  let carrier: Carrier;
  let first: CarriedClient;
  let second: CarriedClient;

  beforeAll(async () => {
    runtime = await connectDocker();
    host = await openHost(findHome({ HOOKPOINT_HOME: home.folder }));
    carrier = await begin(host);
    first = await carrier.open();
    second = await carrier.open();
  });
  afterAll(async () => {
    await runCli(['clean', '--all'], { home: home.folder });
    await carrier?.[Symbol.asyncDispose]();
    await host?.[Symbol.asyncDispose]();
    await runtime?.[Symbol.asyncDispose]();
    home[Symbol.dispose]();
  });

  const watchSessions = (client: Client) => (signal: AbortSignal) => client.sessions.watch({}, { signal });

  test('a call is answered', async () => {
    const { version, runtime: description, failure } = await first.client.engine.status();
    expect(version).toMatch(/^\d+\.\d+\.\d+/);
    expect(description).toContain('Docker');
    expect(failure).toBeNull();
  });

  test('what fails has a code of the closed set and says what to do', async () => {
    const failure = await failureOfCall(first.client.lab.get({ session: 'redirect-none' }));
    expect(failure.code).toBe('NOT_FOUND');
    expect(failure.message).toContain('redirect-none');
    expect(failure.remedy).toBeTruthy();
  });

  test('a stream that fails at its beginning says so in the same way', async () => {
    const failure = await failureOfCall(
      (async () => {
        for await (const _ of await first.client.lab.watch({ session: 'redirect-none' }));
      })(),
    );
    expect(failure.code).toBe('NOT_FOUND');
    expect(failure.remedy).toBeTruthy();
  });

  test('input that fits no schema is BAD_INPUT and names the place', async () => {
    const call = first.client.preferences.change({ name: 'No Such Name', value: 7 } as never);
    const failure = await failureOfCall(call);
    expect(failure.code).toBe('BAD_INPUT');
    expect(failure.problems.map(({ message }) => message.split(':')[0])).toEqual(['name', 'value']);
  });

  if (name !== 'in process')
    test('a procedure that is not there is NOT_FOUND', async () => {
      const { nothing } = first.client as unknown as { nothing: { here(): Promise<unknown> } };
      const failure = await failureOfCall(nothing.here());
      expect(failure.code).toBe('NOT_FOUND');
      expect(failure.message).toContain('nothing.here');
      expect(failure.remedy).toContain('versions');
    });

  test('a watch gives the value at once and ends on both sides when it is left', async () => {
    const before = host.changes.followers;
    const left = new AbortController();
    const stream = await first.client.sessions.watch({}, { signal: left.signal });
    for await (const { sessions } of stream) {
      expect(sessions).toEqual([]);
      expect(host.changes.followers).toBe(before + 1);
      break;
    }
    left.abort();
    await expect.poll(() => host.changes.followers).toBe(before);
  });

  test('a watch that is given up in the turn in which it was asked for is not left running', async () => {
    const before = host.changes.followers;
    const given: Promise<unknown>[] = [];
    for (let number = 0; number < 50; number++) {
      const left = new AbortController();
      const opening = first.client.sessions.watch({}, { signal: left.signal });
      given.push(
        opening.then(async (stream) => {
          for await (const _ of stream);
        }),
      );
      left.abort();
    }
    await Promise.allSettled(given);
    await first.client.engine.status();
    await expect.poll(() => host.changes.followers).toBe(before);
  });

  test('a start tells its progress in order and ends; others see the lab come and go', async () => {
    const appeared = firstOf(watchSessions(second.client), ({ sessions }) => sessions[0]?.status === 'running');
    const { id, events } = await startLab(first.client);
    expect(events.slice(0, -1).map(({ kind }) => kind)).toContain('progress');
    const { sessions } = await appeared;
    expect(sessions.map((session) => session.id)).toEqual([id]);
    const gone = firstOf(watchSessions(second.client), (list) => list.sessions.length === 0);
    await first.client.sessions.stop({ session: id });
    await gone;
    expect(await containersOf(runtime, home.folder)).toEqual([]);
  });

  test('what one client answers the other one sees', async () => {
    const { id } = await startLab(first.client);
    const answered = firstOf(
      (signal) => second.client.lab.watch({ session: id }, { signal }),
      ({ questions }) => questions[0]?.answer !== null,
    );
    await first.client.lab.answer({ session: id, question: 'right-chain', value: 'OUTPUT' });
    expect((await answered).questions[0]?.answer?.value).toBe('OUTPUT');
    await first.client.sessions.stop({ session: id });
  });

  test('what the command line does shows at once', async () => {
    const cli = (...words: string[]) => runCli(words, { home: home.folder });
    const started = firstOf(watchSessions(first.client), ({ sessions }) => sessions.length > 0);
    expect((await cli('start', lab, '--seed', '1')).exitCode).toBe(0);
    const id = (await started).sessions[0]?.id ?? '';
    const answered = firstOf(
      (signal) => first.client.lab.watch({ session: id }, { signal }),
      ({ questions }) => questions[0]?.answer !== null,
    );
    expect((await cli('answer', id, 'right-chain', 'OUTPUT')).exitCode).toBe(0);
    await answered;
    const stopped = firstOf(watchSessions(first.client), ({ sessions }) => sessions.length === 0);
    expect((await cli('stop', id)).exitCode).toBe(0);
    await stopped;
  });

  test('a start that is given up leaves nothing', async () => {
    const left = new AbortController();
    const stream = await first.client.sessions.start({ lab, hostLog: false }, { signal: left.signal });
    const events: StartEvent[] = [];
    try {
      for await (const event of stream) {
        events.push(event);
        if (event.kind === 'progress' && event.stage === 'Building the lab') left.abort();
      }
    } catch (thrown) {
      expect(left.signal.aborted, String(thrown)).toBe(true);
    }
    expect(events.some(({ kind }) => kind === 'started')).toBe(false);
    await expect.poll(() => containersOf(runtime, home.folder), { timeout: 20_000 }).toEqual([]);
    expect((await first.client.sessions.list({ all: false })).sessions).toEqual([]);
  });

  if (name !== 'in process')
    test('a client that vanishes leaves nothing running', async () => {
      const before = host.changes.followers;
      const third = await carrier.open();
      const watching = firstOf(watchSessions(third.client), () => false);
      await expect.poll(() => host.changes.followers).toBe(before + 1);
      const starting = (async () => {
        for await (const event of await third.client.sessions.start({ lab, hostLog: false })) {
          if (event.kind === 'progress' && event.stage === 'Building the lab') third.vanish();
        }
      })();
      await Promise.allSettled([watching, starting]);
      await expect.poll(() => host.changes.followers).toBe(before);
      await expect.poll(() => containersOf(runtime, home.folder), { timeout: 20_000 }).toEqual([]);
      expect((await first.client.sessions.list({ all: false })).sessions).toEqual([]);
    });

  test('a call that is given up does not go on behind the back', async () => {
    const { id } = await startLab(first.client);
    const left = new AbortController();
    {
      // Somebody else works on the session: to stop it has to wait for that.
      using _held = await lock(host.home, id);
      const call = first.client.sessions.stop({ session: id }, { signal: left.signal });
      const refused = expect(call).rejects.toThrow();
      await first.client.engine.status(); // the call before has been delivered
      left.abort();
      await refused;
      await first.client.engine.status();
    }
    // Each takes the same lock, and far longer than a stop that still waited for it would need to come in between.
    expect((await first.client.lab.check({ session: id })).session).toBe(id);
    expect((await first.client.lab.check({ session: id })).session).toBe(id);
    await first.client.sessions.stop({ session: id });
  });
});
