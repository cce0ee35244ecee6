import { afterAll, beforeAll, expect, test } from 'vitest';
import { arrangementName } from '../../engine/contract/arrangement-name.ts';
import { clientInProcess } from '../../engine/host/carriers.ts';
import { type Host, openHost } from '../../engine/host/host.ts';
import { instantiate } from '../../engine/packs/index.ts';
import { findLab } from '../../engine/sessions/catalog.ts';
import { findHome } from '../../engine/sessions/home.ts';
import { temporaryHome } from '../support/cli.ts';

const home = temporaryHome();
let host: Host;

beforeAll(async () => {
  host = await openHost(findHome({ HOOKPOINT_HOME: home.folder }));
});
afterAll(async () => {
  await host[Symbol.asyncDispose]();
  home[Symbol.dispose]();
});

const change = (name: string, value: string | null) => clientInProcess(host).preferences.change({ name, value });
const names = async () => Object.keys(await clientInProcess(host).preferences.read()).sort();

async function addSession(id: string): Promise<void> {
  const { lab, version, folder: source } = await findLab(host.home, 'netfilter/redirect');
  host.store.addSession({
    id,
    pack: 'netfilter',
    lab: 'redirect',
    seed: 1,
    instance: instantiate(lab, 1),
    source,
    version,
    container: 'none',
    image: 'none',
    created: new Date(),
    hostLog: false,
    baseline: {},
  });
}

test('how terminals stood is forgotten with sessions that have ended, and all else is kept', async () => {
  for (const id of ['redirect-one', 'redirect-two']) {
    await addSession(id);
    await change(arrangementName(id), '{}');
  }
  await change('terminals.screen-reader', 'true');
  host.store.endSession('redirect-one', 'stopped');
  await change('theme', '"dark"');
  expect(await names()).toEqual(['terminals.screen-reader', arrangementName('redirect-two'), 'theme']);
});

test('more than five hundred are not remembered; what is there can still change and be forgotten', async () => {
  const kept = await names();
  for (let number = kept.length; number < 500; number++) await change(`filler.${number}`, '1');
  await expect(change('one.more', '1')).rejects.toMatchObject({
    code: 'LIMIT_REACHED',
    status: 429,
    data: { remedy: expect.stringMatching(/./) },
  });
  await change('theme', '"light"');
  await change('filler.499', null);
  await change('one.more', '1');
  expect(await names()).toHaveLength(500);
});
