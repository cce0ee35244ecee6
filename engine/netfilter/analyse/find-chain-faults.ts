/** Chains that nobody calls or that are empty, and jumps that iptables-restore would refuse. */

import type { Finding } from './finding.ts';
import { causePhrase, findingOf, referenceTo, type Subject } from './subject.ts';

export function findChainFaults(subject: Subject): Finding[] {
  const findings: Finding[] = [];
  for (const { from, index, why } of subject.flow.broken) {
    const effect = from.rules[index]?.effect;
    const chain = effect?.kind === 'call' ? effect.chain : '';
    const message =
      why === 'missing'
        ? `There is no chain ${chain} in ${subject.flow.table.name}, so the ruleset cannot be loaded.`
        : `The chains call each other in a circle through ${chain}, so the ruleset cannot be loaded.`;
    findings.push(findingOf(subject, { code: 'broken-jump', severity: 'error', chain: from, rules: [index], message }));
  }
  for (const chain of subject.flow.chains) {
    if (chain.base !== null || chain.chain.policy !== null) continue;
    if (chain.callers.length === 0) {
      const message = `No rule calls chain ${chain.name}${chain.rules.length === 0 ? ', and it is empty' : ''}.`;
      const severity = chain.rules.length === 0 ? 'note' : 'warning';
      findings.push(findingOf(subject, { code: 'unused-chain', severity, chain, rules: [], message }));
    } else if (chain.rules.length === 0) {
      const causes = chain.callers.map(({ from, index }) => referenceTo(subject, from, index));
      const message = `Chain ${chain.name} is empty, but ${causePhrase(causes, '')} ${causes.length === 1 ? 'calls' : 'call'} it.`;
      findings.push(findingOf(subject, { code: 'empty-chain', severity: 'note', chain, rules: [], causes, message }));
    }
  }
  return findings;
}
