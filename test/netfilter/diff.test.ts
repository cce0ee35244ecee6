import { describe, expect, it } from 'vitest';
import { compareRulesets, diffRulesets, parseSave } from '../../engine/netfilter/index.ts';

function input(...rules: string[]): ReturnType<typeof parseSave> {
  return parseSave(
    ['*filter', ':INPUT ACCEPT [0:0]', ...rules.map((rule) => `-A INPUT ${rule}`), 'COMMIT', ''].join('\n'),
  );
}
const short = (edits: ReturnType<typeof diffRulesets>) =>
  edits.map((edit) => [edit.kind, 'from' in edit ? edit.from : null, 'to' in edit ? edit.to : null]);

const ssh = '-p tcp --dport 22 -j ACCEPT';
const web = '-p tcp --dport 80 -j ACCEPT';
const lo = '-i lo -j ACCEPT';

describe('the edits between two rulesets', () => {
  it('are none where only the spelling differs', () => {
    expect(diffRulesets(input(ssh), input('-p 6 -m multiport --dports ssh --jump ACCEPT'))).toEqual([]);
  });

  it('name an added and a removed rule by their positions', () => {
    expect(short(diffRulesets(input(ssh, web), input(ssh, lo, web)))).toEqual([['added', null, 2]]);
    expect(short(diffRulesets(input(ssh, lo, web), input(ssh, web)))).toEqual([['removed', 2, null]]);
  });

  it('call a rule that changed its place moved, and no other', () => {
    expect(short(diffRulesets(input(ssh, web, lo), input(lo, ssh, web)))).toEqual([['moved', 3, 1]]);
  });

  it('call a rule of which most stayed changed', () => {
    expect(short(diffRulesets(input(lo, ssh), input(lo, '-p tcp --dport 2222 -j ACCEPT')))).toEqual([
      ['changed', 2, 2],
    ]);
  });

  it('tell of counters apart, as no difference in meaning', () => {
    const a = parseSave(`*filter\n:INPUT ACCEPT [0:0]\n[1:60] -A INPUT ${ssh}\nCOMMIT\n`);
    const b = parseSave(`*filter\n:INPUT ACCEPT [0:0]\n[2:120] -A INPUT ${ssh}\nCOMMIT\n`);
    expect(diffRulesets(a, b)).toMatchObject([{ kind: 'counters', before: { packets: 1 }, after: { packets: 2 } }]);
    expect(compareRulesets(a, b).same).toBe(true);
  });

  it('tell of policies, and of chains that came and went', () => {
    const a = parseSave('*filter\n:INPUT ACCEPT [0:0]\n:old - [0:0]\n-A old -j DROP\nCOMMIT\n');
    const b = parseSave('*filter\n:INPUT DROP [0:0]\n:new - [0:0]\nCOMMIT\n');
    expect(diffRulesets(a, b).map(({ kind }) => kind)).toEqual(['policy', 'chain-removed', 'removed', 'chain-added']);
  });

  it('match repeated rules one to one', () => {
    expect(short(diffRulesets(input(ssh, ssh, ssh), input(ssh, ssh)))).toEqual([['removed', 3, null]]);
  });
});

describe('comparing rulesets', () => {
  it('takes a missing table for one that accepts everything', () => {
    expect(compareRulesets(parseSave(''), parseSave('*nat\n:PREROUTING ACCEPT [0:0]\nCOMMIT\n')).same).toBe(true);
    expect(compareRulesets(parseSave(''), parseSave('*filter\n:INPUT DROP [0:0]\nCOMMIT\n')).same).toBe(false);
  });

  it('minds the order of rules and names the first place where they part', () => {
    const { differences } = compareRulesets(input(ssh, web), input(web, ssh));
    expect(differences).toMatchObject([{ kind: 'rule', table: 'filter', chain: 'INPUT', position: 1 }]);
  });

  it('never calls a table the same that could not be read', () => {
    const text = "# Table `filter' is incompatible, use 'nft' tool.\n";
    expect(compareRulesets(parseSave(text), parseSave(text)).same).toBe(false);
  });
});
