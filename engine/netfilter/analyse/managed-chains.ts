/** Chains that programs write, by their names. They keep chains in reserve, and rules that only some settings need. */

const writers: readonly (readonly [RegExp, string])[] = [
  [/^ufw6?-/, 'ufw'],
  [/^DOCKER($|-)/, 'Docker'],
  [/^KUBE-/, 'Kubernetes'],
  [/^cali-/, 'Calico'],
  [/^CILIUM_/, 'Cilium'],
  [/^FLANNEL-/, 'Flannel'],
  [/^(f2b|fail2ban)-/, 'fail2ban'],
  [/^LIBVIRT_/, 'libvirt'],
  [/^CNI-/, 'CNI'],
  [/^NETAVARK/, 'Podman'],
  [/^sshguard$/, 'sshguard'],
  [/^ts-(input|forward|postrouting)$/, 'Tailscale'],
];

/** firewalld's names are plain words: they are its own where its zones are dispatched too. */
const firewalld =
  /^((INPUT|FORWARD|OUTPUT|PREROUTING|POSTROUTING)_(direct|ZONES|ZONES_SOURCE|POLICIES_(pre|post))|FORWARD_(IN|OUT)_ZONES(_SOURCE)?|(IN|FWD|FWDI|FWDO|PRE|POST|OUT)_\w+)$/;
const zones = /^(INPUT|FORWARD|FORWARD_IN|PREROUTING|POSTROUTING)_ZONES$/;

/** Tables of nft's own that programs write whole. */
const tableWriters: Readonly<Record<string, string>> = {
  'kube-proxy': 'Kubernetes',
  firewalld: 'firewalld',
  'docker-bridges': 'Docker',
  'f2b-table': 'fail2ban',
  libvirt_network: 'libvirt',
  netavark: 'Podman',
};

/** The program that a chain of that name belongs to, among the other chains of its table; null where the names do not tell. */
export function writerOf(chain: string, others: readonly string[], table: string): string | null {
  const [, plain = ''] = table.split(' ');
  if (Object.hasOwn(tableWriters, plain)) return tableWriters[plain] ?? null;
  const known = writers.find(([pattern]) => pattern.test(chain))?.[1];
  if (known !== undefined) return known;
  return firewalld.test(chain) && others.some((other) => zones.test(other)) ? 'firewalld' : null;
}

/** Chains of programs that hold what people asked for: a rule there that does nothing is somebody's mistake. */
export const isForPeople = (chain: string): boolean =>
  /^(ufw6?-user-(input|forward|output)|DOCKER-USER|(INPUT|FORWARD|OUTPUT)_direct|(IN|FWD|FWDI|FWDO|PRE|POST|OUT)_\w+_(pre|log|deny|allow|post))$/.test(
    chain,
  );
