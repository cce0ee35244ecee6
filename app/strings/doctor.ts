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
  fixHint: (names: readonly string[]) => `Can be mended from here: ${names.join(', ')}.`,
  stop: 'Cancel',
  copy: 'Copy report',
  copied: 'The report is in the clipboard.',
  imageFirst:
    'The image of the lab machines comes first: what labs need of the kernel is looked at in it. The first start of a lab builds it, too.',
  allGood: 'Labs can run on this machine.',
  someWarn: (count: number) => `Labs can run on this machine. ${counted(count, 'thing')} could be better.`,
  someFail: (count: number) => `Labs cannot run yet: ${counted(count, 'thing')} missing.`,
  waiting: 'The engine is out of reach; the examination begins when it is back.',
  reportHead: (version: string) => `Hookpoint ${version}`,
} as const;
