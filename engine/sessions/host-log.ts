import { asHookpointError, type HookpointError } from '../contract/error.ts';
import { applyKernelLogSetting, type KernelLogSetting, readKernelLogSetting } from '../observe/kernel-log.ts';
import { labels } from './labels.ts';
import { lock } from './lock.ts';
import type { Store } from './store.ts';
import type { Workspace } from './workspace.ts';

/** What the host's setting was before us; there while we have changed it. */
const formerSetting = 'host-log.former';
const lockName = 'host-log';
const consentSetting = 'host-log.consent';

/** What the user answered when asked whether labs may change the setting; null where nobody asked yet. */
export function hostLogConsent(store: Store): boolean | null {
  const kept = store.setting(consentSetting);
  return kept === null ? null : kept === 'yes';
}

export function keepHostLogConsent(store: Store, allowed: boolean): void {
  store.changeSetting(consentSetting, allowed ? 'yes' : 'no');
}

/**
 * Lets LOG rules in containers reach the host's kernel log. The former value is stored before anything is changed. Where it cannot be
 * done the reason is the result, since the rest of the lab works all the same; an abort throws.
 */
export async function allowHostLog(workspace: Workspace, signal?: AbortSignal): Promise<HookpointError | null> {
  const { home, store, runtime } = workspace;
  using _held = await lock(home, lockName, { signal });
  try {
    const now = await readKernelLogSetting(runtime, signal);
    if (store.setting(formerSetting) === null) store.changeSetting(formerSetting, now);
    if (now !== '1') await applyKernelLogSetting(runtime, '1', signal);
    return null;
  } catch (error) {
    signal?.throwIfAborted();
    return asHookpointError(error);
  }
}

/** Puts the former value back once no session is left, of any home, that reads the kernel log. True where it was put back. */
export async function restoreHostLog(workspace: Workspace, signal?: AbortSignal): Promise<boolean> {
  const { home, store, runtime } = workspace;
  if (store.setting(formerSetting) === null) return false;
  using _held = await lock(home, lockName, { signal });
  const former = store.setting(formerSetting);
  if (former === null) return false;
  const reading = await runtime.list({ [labels.log]: true }, signal);
  if (reading.some(({ status }) => status !== 'stopped')) return false;
  await applyKernelLogSetting(runtime, isSetting(former) ? former : '0', signal);
  store.changeSetting(formerSetting, null);
  return true;
}

const isSetting = (text: string): text is KernelLogSetting => text === '0' || text === '1';
