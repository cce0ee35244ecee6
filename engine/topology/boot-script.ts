import { layout } from '../runtime/layout.ts';
import { shellQuote } from '../runtime/shell-quote.ts';
import type { NodeSpec, Service, Topology } from './topology.ts';

/**
 * What bash reads in a node when it starts, confined as everything there; its stdout is a pipe to the script outside.
 * `start` writes the files, starts the services and prints `ready`; `provision` follows when every node is that far, so that a
 * provisioning script finds the others there, and prints `done`. Either prints `failed STAGE STATUS` and why instead.
 */
export interface BootScript {
  readonly start: string;
  readonly provision: string;
}

const provisionLog = '/run/.provisioning';

export function bootScript(
  topology: Topology,
  node: string,
  spec: NodeSpec,
  options: { readonly files: boolean; readonly provision: boolean },
): BootScript {
  return {
    start: [
      'umask 022',
      'failed() { printf "failed %s %s\\n" "$1" "$2"; cat; exit 0; }',
      'put() { mkdir -p "$(dirname -- "$1")" && printf %s "$2" >"$1" || failed files $? <<<"cannot write $1"; }',
      ...(options.files ? nodeFiles(topology, node, spec) : []),
      ...startListeners(node, spec.services),
      'echo ready',
      '',
    ].join('\n'),
    provision: [
      ...(spec.provision === undefined || !options.provision ? [] : provisioning(spec.provision)),
      ...spec.services.flatMap((service) => (service.type === 'command' ? [startCommand(service.command)] : [])),
      'echo done; exit',
      '',
    ].join('\n'),
  };
}

function nodeFiles(topology: Topology, node: string, spec: NodeSpec): string[] {
  const files: Record<string, string> = {
    '/etc/hostname': `${node}\n`,
    '/etc/resolv.conf': '',
    '/etc/hosts': hostsFile(topology, node),
    ...spec.files,
  };
  return Object.entries(files).map(([path, text]) => {
    // dirname is a fork; the three of ours need none.
    const ours = path.startsWith('/etc/') && !path.slice(5).includes('/');
    return ours ? `printf %s ${shellQuote(text)} >${path}` : `put ${shellQuote(path)} ${shellQuote(text)}`;
  });
}

/** Every node by name at its first address of each family; a node finds itself at its own, or at 127.0.1.1 as on Debian. */
export function hostsFile(topology: Topology, node: string): string {
  const lines = ['127.0.0.1 localhost', '::1 localhost ip6-localhost ip6-loopback'];
  for (const [name, spec] of Object.entries(topology.nodes)) {
    const addresses = Object.values(spec.interfaces)
      .flatMap((one) => one.addresses)
      .map((cidr) => cidr.replace(/\/.*/, ''));
    const first = [addresses.find((one) => !one.includes(':')), addresses.find((one) => one.includes(':'))];
    const known = first.filter((address) => address !== undefined);
    for (const address of known) lines.push(`${address} ${name}`);
    if (known.length === 0 && name === node) lines.push(`127.0.1.1 ${name}`);
  }
  return `${lines.join('\n')}\n`;
}

/** One Python process serves them all: several would each cost the memory of an interpreter. */
function startListeners(node: string, services: readonly Service[]): string[] {
  const listening = services.filter((service) => service.type !== 'command');
  if (listening.length === 0) return [];
  const words = listening.flatMap((service) => {
    const text = service.type === 'http' && service.text !== undefined ? `=${service.text}` : '';
    return [service.type, String(service.port), service.address ?? '', text].map(shellQuote);
  });
  return [
    `exec 5< <(exec python3 -I -S -B ${layout.programs}/node_services.py ${node} ${words.join(' ')} </dev/null 2>&1)`,
    'read -r line <&5',
    '[ "$line" = ready ] || { printf "%s\\n" "$line"; cat <&5; } | failed service 1',
    '[ "$line" = ready ] || exit',
    'exec 5<&-',
  ];
}

function provisioning(script: string): string[] {
  return [
    `/bin/bash --noprofile --norc -c ${shellQuote(script)} provision </dev/null >${provisionLog} 2>&1 || {`,
    `  status=$?; tail -n 20 ${provisionLog} | failed provision $status; exit; }`,
    `rm -f ${provisionLog}`,
  ];
}

function startCommand(command: string): string {
  return `setsid /bin/bash --noprofile --norc -c ${shellQuote(command)} </dev/null >/dev/null 2>&1 &`;
}
