import { type FileHandle, open } from 'node:fs/promises';
import { HookpointError } from '../../engine/contract/error.ts';
import { writeFailure } from '../../engine/contract/write-failure.ts';

/** Where a pcap goes as it comes; `write` waits where what reads is slow. */
export interface PcapOutput extends AsyncDisposable {
  readonly isStdout: boolean;
  write(bytes: Buffer): Promise<void>;
}

/** A file, or `-` for stdout, which must not be a terminal. USAGE, BAD_INPUT, DISK_FULL. */
export async function openPcapOutput(file: string): Promise<PcapOutput> {
  if (file === '-') return overStdout();
  let handle: FileHandle;
  try {
    handle = await open(file, 'w');
  } catch (error) {
    throw writeFailure(file, error);
  }
  return {
    isStdout: false,
    async write(bytes) {
      try {
        await handle.writeFile(bytes);
      } catch (error) {
        throw writeFailure(file, error);
      }
    },
    [Symbol.asyncDispose]: () => handle.close(),
  };
}

function overStdout(): PcapOutput {
  if (process.stdout.isTTY) {
    throw new HookpointError('USAGE', 'A pcap is nothing to read on a terminal.', {
      remedy: 'Pipe it on: `| wireshark -k -i -`. Or name a file, or leave -w out to see the packets.',
    });
  }
  return {
    isStdout: true,
    async write(bytes) {
      const { stdout } = process;
      if (!stdout.writable || stdout.write(bytes)) return;
      await new Promise<void>((resolve) => {
        const ends = ['drain', 'close', 'error'] as const;
        const done = () => {
          for (const end of ends) stdout.off(end, done);
          resolve();
        };
        for (const end of ends) stdout.on(end, done);
      });
    },
    [Symbol.asyncDispose]: async () => undefined,
  };
}
