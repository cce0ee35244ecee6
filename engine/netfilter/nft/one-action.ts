import type { Action } from '../model.ts';

/** A rule of iptables does one thing. Of nft's rules that do several only "log, then decide" has a name here. */
export function oneAction(actions: readonly Action[]): Action {
  const [first, second, ...more] = actions.filter((action) => action.kind !== 'none');
  if (first === undefined) return { kind: 'none' };
  if (second === undefined) return first;
  const decides = ['accept', 'drop', 'return', 'reject'].includes(second.kind);
  if (first.kind !== 'log' || !decides || more.length > 0) return { kind: 'unseen', target: 'several' };
  const options = [{ name: '--log-prefix', values: [first.prefix], negated: false }];
  return { kind: 'opaque', target: `LOG then ${second.kind.toUpperCase()}`, options };
}
