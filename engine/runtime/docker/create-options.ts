import type Docker from 'dockerode';
import { type ContainerSpec, helperLabel } from '../container.ts';

export type Privileges = 'privileged' | 'cap-add';

/** How a container gets what it needs to run nodes: `--privileged`, or where that is refused all that this host can give. */
export function privilegeOptions(privileges: Privileges): Docker.HostConfig {
  if (privileges === 'privileged') return { Privileged: true };
  return {
    CapAdd: ['ALL'],
    // The capability that nested machines lack; asking for it makes runc fail with "unable to apply caps".
    CapDrop: ['SYS_RESOURCE'],
    SecurityOpt: ['seccomp=unconfined', 'apparmor=unconfined'],
    // What the docker command sends for systempaths=unconfined.
    MaskedPaths: [],
    ReadonlyPaths: [],
    // The recorder reads the kernel log; `--privileged` has every device anyway. No node ever has it.
    Devices: [{ PathOnHost: '/dev/kmsg', PathInContainer: '/dev/kmsg', CgroupPermissions: 'rw' }],
  };
}

export function createOptions(spec: ContainerSpec, privileges: Privileges): Docker.ContainerCreateOptions {
  const tmpfs = Object.entries(spec.tmpfs).map(([path, { megabytes, exec }]) => [
    path,
    `rw,nosuid,nodev,${exec === true ? 'exec' : 'noexec'},size=${megabytes}m`,
  ]);
  const memory = spec.limits.memoryMegabytes * 1024 * 1024;
  return {
    name: spec.name,
    Image: spec.image,
    Cmd: [...spec.argv],
    Entrypoint: [],
    Hostname: spec.hostname,
    Labels: { ...spec.labels },
    Volumes: Object.fromEntries(spec.volumes.map((path) => [path, {}])),
    HostConfig: {
      ...privilegeOptions(privileges),
      // A helper ends by itself after a while: it is gone then, even where whoever started it was killed.
      ...(helperLabel in spec.labels ? { AutoRemove: true } : {}),
      NetworkMode: 'none',
      ReadonlyRootfs: true,
      Tmpfs: Object.fromEntries(tmpfs),
      Memory: memory,
      MemorySwap: memory,
      PidsLimit: spec.limits.pids,
      NanoCpus: Math.round(spec.limits.cpus * 1e9),
      LogConfig: { Type: 'local', Config: { 'max-size': '1m', 'max-file': '2' } },
    },
  };
}
