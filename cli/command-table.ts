import type { Command } from 'commander';

/** A command by what help says of it; its code is loaded when it is asked for. */
export interface CommandEntry {
  readonly name: string;
  readonly group: string;
  readonly summary: string;
  readonly load: () => Promise<Command>;
}

export const commandTable: readonly CommandEntry[] = [
  {
    name: 'serve',
    group: 'Labs:',
    summary: 'open the app in a browser',
    load: async () => (await import('./commands/serve.ts')).serveCommand(),
  },
  {
    name: 'labs',
    group: 'Labs:',
    summary: 'list the labs that can be started',
    load: async () => (await import('./commands/labs.ts')).labsCommand(),
  },
  {
    name: 'start',
    group: 'Labs:',
    summary: 'start a lab, or go on with a session that was stopped or lost',
    load: async () => (await import('./commands/start.ts')).startCommand(),
  },
  {
    name: 'sessions',
    group: 'Sessions:',
    summary: 'list sessions',
    load: async () => (await import('./commands/sessions.ts')).sessionsCommand(),
  },
  {
    name: 'shell',
    group: 'Sessions:',
    summary: 'open a shell in a node',
    load: async () => (await import('./commands/shell.ts')).shellCommand(),
  },
  {
    name: 'exec',
    group: 'Sessions:',
    summary: 'run one command in a node',
    load: async () => (await import('./commands/exec.ts')).execCommand(),
  },
  {
    name: 'guide',
    group: 'Sessions:',
    summary: "read the lab's guide with the session's values",
    load: async () => (await import('./commands/guide.ts')).guideCommand(),
  },
  {
    name: 'hint',
    group: 'Sessions:',
    summary: 'open the next hint of the lab',
    load: async () => (await import('./commands/hint.ts')).hintCommand(),
  },
  {
    name: 'answer',
    group: 'Sessions:',
    summary: 'answer a question of the lab',
    load: async () => (await import('./commands/answer.ts')).answerCommand(),
  },
  {
    name: 'check',
    group: 'Sessions:',
    summary: 'grade a session as it stands',
    load: async () => (await import('./commands/check.ts')).checkCommand(),
  },
  {
    name: 'state',
    group: 'Sessions:',
    summary: "print a node's network state, now or at any moment",
    load: async () => (await import('./commands/state.ts')).stateCommand(),
  },
  {
    name: 'timeline',
    group: 'Sessions:',
    summary: 'list what happened in a session, in order and in words',
    load: async () => (await import('./commands/timeline.ts')).timelineCommand(),
  },
  {
    name: 'changes',
    group: 'Sessions:',
    summary: 'say what is otherwise than at the start, and by which commands',
    load: async () => (await import('./commands/changes.ts')).changesCommand(),
  },
  {
    name: 'trace',
    group: 'Sessions:',
    summary: 'send a packet and show its way through every rule it met',
    load: async () => (await import('./commands/trace.ts')).traceCommand(),
  },
  {
    name: 'capture',
    group: 'Sessions:',
    summary: 'show or save the packets of a link or an interface',
    load: async () => (await import('./commands/capture.ts')).captureCommand(),
  },
  {
    name: 'conntrack',
    group: 'Sessions:',
    summary: "list a node's connections, with NAT before and after",
    load: async () => (await import('./commands/conntrack.ts')).conntrackCommand(),
  },
  {
    name: 'checkpoint',
    group: 'Sessions:',
    summary: 'save the state of a session, or list what was saved',
    load: async () => (await import('./commands/checkpoint.ts')).checkpointCommand(),
  },
  {
    name: 'restore',
    group: 'Sessions:',
    summary: 'bring a checkpoint back',
    load: async () => (await import('./commands/restore.ts')).restoreCommand(),
  },
  {
    name: 'reset',
    group: 'Sessions:',
    summary: "put nodes back to the lab's start",
    load: async () => (await import('./commands/reset.ts')).resetCommand(),
  },
  {
    name: 'restart',
    group: 'Sessions:',
    summary: 'turn a node off and on: rules gone, files kept',
    load: async () => (await import('./commands/restart.ts')).restartCommand(),
  },
  {
    name: 'export',
    group: 'Sessions:',
    summary: 'write a session as one file, to hand in or to replay',
    load: async () => (await import('./commands/export.ts')).exportCommand(),
  },
  {
    name: 'replay',
    group: 'Sessions:',
    summary: 'play the terminals of a session file',
    load: async () => (await import('./commands/replay.ts')).replayCommand(),
  },
  {
    name: 'stop',
    group: 'Sessions:',
    summary: 'end a session and remove its container',
    load: async () => (await import('./commands/stop.ts')).stopCommand(),
  },
  {
    name: 'clean',
    group: 'Sessions:',
    summary: 'remove what crashed or lost sessions left behind',
    load: async () => (await import('./commands/clean.ts')).cleanCommand(),
  },
  {
    name: 'rules',
    group: 'Rules:',
    summary: 'parse, print, compare, explain and analyse what iptables-save prints',
    load: async () => (await import('./commands/rules.ts')).rulesCommand(),
  },
  {
    name: 'pack',
    group: 'Teaching:',
    summary: 'lint, test, build, install, list and remove packs of labs',
    load: async () => (await import('./commands/pack.ts')).packCommand(),
  },
  {
    name: 'grade',
    group: 'Teaching:',
    summary: 'run a script, steps or a session file in a fresh lab and print the marks',
    load: async () => (await import('./commands/grade.ts')).gradeCommand(),
  },
  {
    name: 'doctor',
    group: 'Machine:',
    summary: 'say what this machine lacks for labs, and mend it',
    load: async () => (await import('./commands/doctor.ts')).doctorCommand(),
  },
];
