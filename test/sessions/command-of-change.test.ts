import { expect, test } from 'vitest';
import { CommandFinder } from '../../engine/sessions/command-of-change.ts';
import type { CommandRow } from '../../engine/sessions/store.ts';

let number = 0;
function ran(text: string | null, begun: number, ended: number | null, more: Partial<CommandRow> = {}): CommandRow {
  number += 1;
  return { number, node: 'host', terminal: 't', text, begun, ended, exitCode: 0, ...more };
}

const made = (
  commands: readonly CommandRow[],
  ...changes: readonly (readonly [time: number, process?: string | null])[]
) => {
  const finder = new CommandFinder(commands);
  return changes.map(([time, process = 'iptables']) => {
    const found = finder.find({ node: 'host', time, process });
    return found && (found.certain ? found.command.text : `perhaps ${found.command.text}`);
  });
};

test('a change is of the command that ran then on that node and names the process', () => {
  const commands = [
    ran('iptables -F', 1, 1.1),
    ran('iptables -A INPUT', 2, 2.1, { node: 'other', terminal: 'u' }),
    ran('/usr/sbin/iptables-restore < file', 3, 3.1),
    ran('sudo iptables -A INPUT -j DROP', 4, 4.1),
  ];
  expect(made(commands, [1.05], [2.05], [3.05, 'iptables-restor'], [4.02], [9])).toEqual([
    'iptables -F',
    null,
    '/usr/sbin/iptables-restore < file',
    'sudo iptables -A INPUT -j DROP',
    null,
  ]);
});

test('commands close together get one change each, in their order, though changes are seen late', () => {
  const commands = [
    ran('iptables -A INPUT -s 10.0.0.1', 1, 1.004),
    ran('iptables -A FORWRD', 1.005, 1.007, { exitCode: 1 }),
    ran('iptables -L -n | head -3', 1.008, 1.012),
    ran('iptables -A INPUT -s 10.0.0.2', 1.013, 1.016),
  ];
  expect(made(commands, [1.01], [1.02])).toEqual(['iptables -A INPUT -s 10.0.0.1', 'iptables -A INPUT -s 10.0.0.2']);
});

test('the end of a loop is not the next command that only lists', () => {
  const loop = 'for i in $(seq 9); do iptables -A INPUT; done';
  expect(made([ran(loop, 1, 2), ran('iptables -nvL; date', 2.01, 2.2)], [1.5], [2.1])).toEqual([loop, loop]);
});

test('a script may have made it, a program that looks has not', () => {
  expect(made([ran('bash setup.sh', 1, 2)], [1.5])).toEqual(['perhaps bash setup.sh']);
  expect(made([ran(null, 1, 2)], [1.5])).toEqual(['perhaps null']);
  expect(made([ran('tcpdump -ni eth0', 1, 9)], [1.5])).toEqual([null]);
  expect(made([ran('watch -n1 iptables -nvL', 1, 9), ran('iptables -F', 4, 4.1, { terminal: 'u' })], [4.05])).toEqual([
    'iptables -F',
  ]);
});

test('what has no events is of a command that can change it, seen a second later', () => {
  const commands = [ran('sysctl -w net.ipv4.ip_forward=1', 1, 1.1), ran('ls', 1.5, 1.6)];
  expect(made(commands, [2, null])).toEqual(['sysctl -w net.ipv4.ip_forward=1']);
});

test('one whose end nobody saw ran until the next began in its terminal', () => {
  const commands = [ran('bash one.sh', 1, null), ran('ls', 5, 6)];
  expect(made(commands, [4], [7])).toEqual(['perhaps bash one.sh', null]);
});

test('ten thousand commands and changes take no time worth speaking of', () => {
  const commands = Array.from({ length: 10_000 }, (_, index) => ran('iptables -A INPUT', index, index + 0.5));
  const finder = new CommandFinder(commands);
  const begin = performance.now();
  let found = 0;
  for (let time = 0; time < 10_000; time += 1)
    if (finder.find({ node: 'host', time: time + 0.1, process: 'iptables' })) found += 1;
  expect(found).toBe(10_000);
  expect(performance.now() - begin).toBeLessThan(2000);
});
