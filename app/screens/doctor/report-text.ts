import type { DoctorFinding } from '../../../engine/contract/procedures/doctor.ts';

/** The findings as text for a message to somebody who helps. */
export function reportText(head: string, findings: readonly DoctorFinding[]): string {
  const lines = findings.flatMap(({ id, status, message, remedy }) => [
    `${status.padEnd(7)}  ${id.padEnd(11)}  ${message}`,
    ...(remedy === null ? [] : [`${' '.repeat(22)}${remedy}`]),
  ]);
  return `${[head, ...lines].join('\n')}\n`;
}
