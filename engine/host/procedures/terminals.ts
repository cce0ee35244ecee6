import { findNode, findSession, runningContainer } from '../../sessions/session.ts';
import { watchValue } from '../changes.ts';
import { implementer } from './base.ts';

const never = new AbortController().signal;

export const terminals = {
  list: implementer.terminals.list.handler(async ({ context: { host }, input }) => [
    ...(await host.terminals()).list(input.session),
  ]),
  watch: implementer.terminals.watch.handler(({ context: { host }, input, signal }) =>
    watchValue(host.changes, signal, async () => [...(await host.terminals()).list(input.session)]),
  ),
  open: implementer.terminals.open.handler(async ({ context: { host }, input, signal }) => {
    const { terminal: id, columns, rows } = input;
    const session = findSession(host.store, input.session);
    const node = findNode(session, input.node);
    const container = await runningContainer(await host.docker.require(), session, signal);
    await (await host.terminals()).open({ id, session: session.id, node, container, size: { columns, rows } });
  }),
  attach: implementer.terminals.attach.handler(async ({ context: { host }, input, signal }) =>
    (await host.terminals()).find(input.terminal).attach(signal ?? never),
  ),
  acknowledge: implementer.terminals.acknowledge.handler(async ({ context: { host }, input }) =>
    (await host.terminals()).find(input.terminal).acknowledge(input.attachment, input.characters),
  ),
  write: implementer.terminals.write.handler(async ({ context: { host }, input }) =>
    (await host.terminals()).find(input.terminal).write(input.data),
  ),
  resize: implementer.terminals.resize.handler(async ({ context: { host }, input }) => {
    const { terminal, attachment, columns, rows } = input;
    (await host.terminals()).find(terminal).resize(attachment, { columns, rows });
  }),
  close: implementer.terminals.close.handler(async ({ context: { host }, input }) =>
    (await host.terminals()).close(input.terminal),
  ),
};
