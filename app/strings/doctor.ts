import { counted } from './counted.ts';

/** What the doctor says. */
export const doctorText = {
  title: 'Doctor',
  lead: 'What this machine has of what labs need.',
  looks: {
    node: 'Node',
    'data-folder': 'Data folder',
    docker: 'Docker',
    image: 'Image of the lab machines',
    kernel: 'Kernel features',
    privileges: 'Privileges',
    'kernel-log': 'Kernel log',
    memory: 'Memory',
    disk: 'Disk',
  } as Readonly<Record<string, string>>,
  status: { ok: 'In order', warning: 'Warning', failed: 'Missing' },
  findings: 'Findings',
  looking: 'Looking…',
  fixing: 'Mending…',
  again: 'Look again',
  fix: 'Fix',
  fixHint: (count: number) => `${counted(count, 'thing')} can be mended from here.`,
  stop: 'Cancel',
  copy: 'Copy report',
  copied: 'The report is in the clipboard.',
  allGood: 'Labs can run on this machine.',
  someWarn: (count: number) => `Labs can run on this machine. ${counted(count, 'thing')} could be better.`,
  someFail: (count: number) => `Labs cannot run yet: ${counted(count, 'thing')} missing.`,
  waiting: 'The engine is out of reach; the examination begins when it is back.',
  reportHead: (version: string) => `Hookpoint ${version}`,
} as const;
