/** A site's firewall as iptables-save prints it: a blocklist, services of its own, and a chain of rules for each of twenty networks. */

const networks = 20;
const ports = [22, 80, 443, 8080, 3306, 5432, 25, 53, 993, 389];

/** `count` rules, the same for the same count. */
export function firewallRules(count: number): string {
  const draw = numbers(count);
  const pick = <T>(list: readonly T[], fallback: T): T => list[draw(list.length)] ?? fallback;
  const zones = Array.from({ length: networks }, (_, index) => `net${index}`);
  const rules = [
    '-A INPUT -i lo -j ACCEPT',
    '-A INPUT -m conntrack --ctstate INVALID -j DROP',
    '-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT',
    '-A INPUT -j blocklist',
    '-A INPUT -j services',
    '-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT',
    '-A FORWARD -j blocklist',
    ...zones.map((zone, index) => `-A FORWARD -i vlan${index} -j ${zone}`),
  ];
  while (rules.length < count) {
    const source = `10.${draw(64)}.${draw(256)}.0/${pick([24, 24, 24, 16, 28], 24)}`;
    const host = `172.16.${draw(32)}.${draw(256)}/32`;
    const port = draw(3) === 0 ? 1024 + draw(60_000) : pick(ports, 80);
    const zone = pick(zones, 'net0');
    const kind = draw(10);
    if (kind < 3) {
      rules.push(`-A blocklist -s ${1 + draw(222)}.${draw(256)}.${draw(256)}.${draw(256)}/32 -j DROP`);
    } else if (kind < 4) rules.push(`-A services -s ${source} -p tcp -m tcp --dport ${port} -j ACCEPT`);
    else if (kind < 8) rules.push(`-A ${zone} -s ${source} -d ${host} -p tcp -m tcp --dport ${port} -j ACCEPT`);
    else if (kind < 9) rules.push(`-A ${zone} -d ${host} -p udp -m multiport --dports ${port},5060:5090 -j ACCEPT`);
    else rules.push(`-A ${zone} -s ${source} -o vlan${draw(networks)} -p tcp -m tcp --dport ${port} -j REJECT`);
  }
  const chains = ['blocklist', 'services', ...zones].map((name) => `:${name} - [0:0]`);
  const policies = [':INPUT DROP [0:0]', ':FORWARD DROP [0:0]', ':OUTPUT ACCEPT [0:0]'];
  return ['*filter', ...policies, ...chains, ...rules, 'COMMIT', ''].join('\n');
}

/** xorshift32 (G. Marsaglia, "Xorshift RNGs", 2003). */
function numbers(seed: number): (below: number) => number {
  let state = (seed * 2654435761) >>> 0 || 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}
