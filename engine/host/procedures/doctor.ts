import type { DoctorEvent } from '../../contract/procedures/doctor.ts';
import type { Progress } from '../../runtime/container.ts';
import { examine } from '../doctor/examine.ts';
import { canFix, fix } from '../doctor/fix.ts';
import type { Host } from '../host.ts';
import { streamOf } from '../stream-of.ts';
import { implementer } from './base.ts';

type Emit = (event: DoctorEvent) => void;

const progressTo =
  (emit: Emit): Progress =>
  (event) =>
    emit({ kind: 'progress', ...event });

async function tell(emit: Emit, signal: AbortSignal, buildImage: boolean): Promise<void> {
  for await (const finding of examine({ progress: progressTo(emit), signal, buildImage })) {
    const { id, status, message, remedy } = finding;
    emit({ kind: 'finding', id, status, message, remedy: remedy ?? null, fixable: await canFix(finding) });
  }
}

async function mend({ changes }: Host, emit: Emit, signal: AbortSignal): Promise<void> {
  try {
    await fix(progressTo(emit), signal);
    await tell(emit, signal, true);
  } finally {
    // The image may be there now, which no event of Docker's containers tells.
    changes.fire();
  }
}

export const doctor = {
  examine: implementer.doctor.examine.handler(({ signal }) =>
    streamOf<DoctorEvent>(signal, (emit, stop) => tell(emit, stop, false)),
  ),
  fix: implementer.doctor.fix.handler(({ context: { host }, signal }) =>
    streamOf<DoctorEvent>(signal, (emit, stop) => mend(host, emit, stop)),
  ),
};
