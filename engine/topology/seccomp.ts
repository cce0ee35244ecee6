/**
 * System calls that root in a node cannot make: what Docker's default profile keeps from a container with these capabilities
 * (https://docs.docker.com/engine/security/seccomp/), written as what is refused because that filter is small and quick to load:
 * runc compiles it at each start and exec.
 */
const needSysAdmin =
  'fanotify_init fsconfig fsmount fsopen fspick mount mount_setattr move_mount open_tree quotactl quotactl_fd ' +
  'setdomainname sethostname setns umount2 unshare';
const never =
  'acct add_key bpf clock_settime create_module delete_module finit_module get_kernel_syms get_mempolicy init_module ' +
  'io_uring_enter io_uring_register io_uring_setup ioperm iopl kcmp kexec_file_load kexec_load keyctl lookup_dcookie ' +
  'mbind migrate_pages move_pages nfsservctl open_by_handle_at perf_event_open pidfd_getfd pivot_root process_madvise ' +
  'query_module reboot request_key set_mempolicy set_mempolicy_home_node settimeofday swapoff swapon sysfs _sysctl ' +
  'uselib userfaultfd ustat vhangup vm86 vm86old';

const eperm = 1;
/** glibc then falls back to clone, whose flags a filter can see. */
const enosys = 38;

/** CLONE_NEW* of clone(2): namespaces are not for a node to make; a user namespace would give it every capability inside. */
const newNamespaceFlags = [0x00020000, 0x02000000, 0x04000000, 0x08000000, 0x10000000, 0x20000000, 0x40000000];

/** syslog(2) types that change the host's log or console instead of reading: READ, READ_CLEAR, CLEAR, CONSOLE_OFF, _ON, _LEVEL. */
const syslogChanges = [2, 4, 5, 6, 7, 8];

/** Address families whose other side is outside every network namespace (AF_VSOCK) or needless kernel surface (AF_ALG). */
const refusedFamilies = [38, 40];

const architectures: Readonly<Record<string, readonly string[]>> = {
  x64: ['SCMP_ARCH_X86_64', 'SCMP_ARCH_X86', 'SCMP_ARCH_X32'],
  arm64: ['SCMP_ARCH_AARCH64', 'SCMP_ARCH_ARM'],
};

/** The `linux.seccomp` part of a node's config.json. Both architectures are named: the engine need not run where the node does. */
export function seccompProfile(options: { sysAdmin: boolean }): unknown {
  const refused = options.sysAdmin ? never : `${never} ${needSysAdmin}`;
  const refuse = { action: 'SCMP_ACT_ERRNO', errnoRet: eperm };
  const onArgument = (name: string, arg: object) => ({ names: [name], ...refuse, args: [arg] });
  const namespaces = options.sysAdmin
    ? []
    : [
        { names: ['clone3'], action: 'SCMP_ACT_ERRNO', errnoRet: enosys },
        ...newNamespaceFlags.map((flag) =>
          onArgument('clone', { index: 0, value: flag, valueTwo: flag, op: 'SCMP_CMP_MASKED_EQ' }),
        ),
      ];
  return {
    defaultAction: 'SCMP_ACT_ALLOW',
    architectures: Object.values(architectures).flat(),
    syscalls: [
      { names: refused.split(' '), ...refuse },
      ...namespaces,
      ...syslogChanges.map((type) => onArgument('syslog', { index: 0, value: type, op: 'SCMP_CMP_EQ' })),
      ...refusedFamilies.map((family) => onArgument('socket', { index: 0, value: family, op: 'SCMP_CMP_EQ' })),
    ],
  };
}
