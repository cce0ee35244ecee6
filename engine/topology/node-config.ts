import { layout } from '../runtime/layout.ts';
import { seccompProfile } from './seccomp.ts';
import type { NodeSpec } from './topology.ts';

/** Stands in `linux.readonlyPaths` for every folder of /proc/sys but net; the script that writes the file knows their names. */
export const procSysPlaceholder = '@proc-sys@';

export const nodeEnvironment: Readonly<Record<string, string>> = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  HOME: '/root',
  LANG: 'C.UTF-8',
};

const capabilities = [
  'CAP_CHOWN',
  'CAP_DAC_OVERRIDE',
  'CAP_FOWNER',
  'CAP_FSETID',
  'CAP_KILL',
  'CAP_SETGID',
  'CAP_SETUID',
  'CAP_NET_BIND_SERVICE',
  'CAP_NET_ADMIN',
  'CAP_NET_RAW',
  'CAP_SYSLOG',
  'CAP_SYS_CHROOT',
  'CAP_AUDIT_WRITE',
];

/**
 * What runs as a node's first process. bash takes the boot script from stdin; then sleep stays as PID 1. The kernel delivers no
 * signal to a PID 1 that has no handler for it from within its namespace (pid_namespaces(7)), so `kill -9 -1` leaves the
 * node there, which a tini over a pause would not; with SIGCHLD ignored the kernel reaps its orphans (sigaction(2)).
 */
const firstProcess =
  'exec 2>/dev/null 3<&0 </dev/null; /bin/bash --noprofile --norc -s <&3 3<&- & exec env --ignore-signal=CHLD sleep infinity >/dev/null 3<&-';

/** The OCI runtime configuration of one node: everything that keeps its root from being root of the machine. */
export function nodeConfig(node: string, spec: NodeSpec): unknown {
  const caps = spec.sysAdmin ? [...capabilities, 'CAP_SYS_ADMIN'] : capabilities;
  const tun = { path: '/dev/net/tun', type: 'c', major: 10, minor: 200, fileMode: 0o666, uid: 0, gid: 0 };
  return {
    ociVersion: '1.0.2',
    hostname: node,
    root: { path: `${layout.node(node)}/root`, readonly: false },
    process: {
      terminal: false,
      user: { uid: 0, gid: 0 },
      cwd: '/root',
      args: ['/bin/sh', '-c', firstProcess],
      env: Object.entries(nodeEnvironment).map(([name, value]) => `${name}=${value}`),
      capabilities: { bounding: caps, effective: caps, permitted: caps },
      noNewPrivileges: false,
    },
    mounts: mounts(),
    linux: {
      namespaces: [
        { type: 'network', path: layout.netns(node) },
        ...['pid', 'mount', 'ipc', 'uts', 'cgroup'].map((type) => ({ type })),
      ],
      cgroupsPath: `/hookpoint/${node}`,
      resources: {
        devices: [
          { allow: false, access: 'rwm' },
          ...(spec.tun ? [{ allow: true, type: 'c', major: 10, minor: 200, access: 'rw' }] : []),
        ],
        memory: { limit: spec.memoryMegabytes * 1024 * 1024 },
        pids: { limit: spec.pids },
      },
      devices: spec.tun ? [tun] : [],
      maskedPaths: [
        '/proc/acpi',
        '/proc/asound',
        '/proc/interrupts',
        '/proc/kcore',
        '/proc/keys',
        '/proc/latency_stats',
        '/proc/sched_debug',
        '/proc/scsi',
        '/proc/timer_list',
        '/proc/timer_stats',
        '/sys/devices/virtual/powercap',
        '/sys/firmware',
      ],
      readonlyPaths: ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sysrq-trigger', procSysPlaceholder],
      seccomp: seccompProfile({ sysAdmin: spec.sysAdmin }),
    },
  };
}

function mounts(): unknown[] {
  const mount = (destination: string, type: string, options: string, source = type) => ({
    destination,
    type,
    source,
    options: options.split(','),
  });
  return [
    mount('/proc', 'proc', 'nosuid,noexec,nodev'),
    mount('/dev', 'tmpfs', 'nosuid,noexec,strictatime,mode=755,size=64k,nr_inodes=1000'),
    mount('/dev/pts', 'devpts', 'nosuid,noexec,newinstance,ptmxmode=0666,mode=0620,gid=5'),
    mount('/dev/shm', 'tmpfs', 'nosuid,noexec,nodev,mode=1777,size=8m,nr_inodes=1000'),
    mount('/dev/mqueue', 'mqueue', 'nosuid,noexec,nodev'),
    mount('/sys', 'sysfs', 'nosuid,noexec,nodev,ro'),
    mount('/run', 'tmpfs', 'nosuid,nodev,mode=755,size=8m,nr_inodes=2000'),
  ];
}
