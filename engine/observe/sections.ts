import { parseAddresses, parsePolicyRules, parseRoutes } from './parse/iproute.ts';
import { parseIpsets } from './parse/ipset.ts';
import type { Sections } from './records.ts';
import type { NodeSnapshot, SnapshotSection } from './snapshot.ts';

/** What iproute2 and ipset printed, by the names that the image's programs give it. */
export type SectionTexts = Pick<Sections, 'addresses' | 'routes4' | 'routes6' | 'rules4' | 'rules6' | 'ipset'>;

type ParsedSections = Pick<NodeSnapshot, 'links' | 'addresses' | 'routes' | 'policyRules' | 'ipsets'>;

type SectionProblem = NodeSnapshot['problems'][number];

/** Parses each section by itself: one that cannot be read is empty and has a problem. */
export function parseSections(texts: SectionTexts): {
  readonly parsed: ParsedSections;
  readonly problems: readonly SectionProblem[];
} {
  const problems: SectionProblem[] = [];
  const read = <T>(section: SnapshotSection, text: string | undefined, parse: (text: string) => T, nothing: T): T => {
    if (text === undefined) return nothing;
    try {
      return parse(text);
    } catch (error) {
      problems.push({ section, message: error instanceof Error ? error.message : String(error) });
      return nothing;
    }
  };
  const interfaces = read('links', texts.addresses, parseAddresses, { links: [], addresses: [] });
  const parsed = {
    links: interfaces.links,
    addresses: interfaces.addresses,
    routes: [
      ...read('routes', texts.routes4, (text) => parseRoutes(text, 'ipv4'), []),
      ...read('routes', texts.routes6, (text) => parseRoutes(text, 'ipv6'), []),
    ],
    policyRules: [
      ...read('policy-rules', texts.rules4, (text) => parsePolicyRules(text, 'ipv4'), []),
      ...read('policy-rules', texts.rules6, (text) => parsePolicyRules(text, 'ipv6'), []),
    ],
    ipsets: read('ipset', texts.ipset, parseIpsets, []),
  };
  return { parsed, problems };
}
