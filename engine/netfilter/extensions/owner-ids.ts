/** Users and groups that every Debian has under these numbers (base-passwd's passwd.master and group.master); others are the host's to say. */

const both: readonly (readonly [string, number])[] = [
  ['root', 0],
  ['daemon', 1],
  ['bin', 2],
  ['sys', 3],
  ['man', 6],
  ['lp', 7],
  ['mail', 8],
  ['news', 9],
  ['uucp', 10],
  ['proxy', 13],
  ['www-data', 33],
  ['backup', 34],
  ['list', 38],
  ['irc', 39],
];

const idsOf = (more: readonly (readonly [string, number])[]): ReadonlyMap<string, string> =>
  new Map([...both, ...more].map(([name, id]) => [name, String(id)]));

export const userIds = idsOf([
  ['sync', 4],
  ['games', 5],
  ['_apt', 42],
  ['nobody', 65534],
]);

export const groupIds = idsOf([
  ['adm', 4],
  ['tty', 5],
  ['disk', 6],
  ['sudo', 27],
  ['staff', 50],
  ['games', 60],
  ['users', 100],
  ['nogroup', 65534],
]);
