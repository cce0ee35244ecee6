/**
 * nf_tables expressions as plain data: what images/lab-node/programs/nftables_netlink.py writes for each expression of a rule. Numbers are
 * numbers; data of registers and the parameters of xt extensions are hex text, byte for byte as the kernel holds them.
 */

export interface NftExpression {
  readonly name: string;
  readonly [field: string]: unknown;
}

/** A field that should be a number; null where it is not there. */
export function numberIn(expression: NftExpression, field: string): number | null {
  const value = expression[field];
  return typeof value === 'number' ? value : null;
}

export function textIn(expression: NftExpression, field: string): string | null {
  const value = expression[field];
  return typeof value === 'string' ? value : null;
}

export interface NftVerdict {
  readonly code: number;
  readonly chain: string | null;
}

/** The verdict of an immediate expression, null where it loads data. */
export function verdictIn(expression: NftExpression): NftVerdict | null {
  const { data } = expression;
  if (typeof data !== 'object' || data === null || !('code' in data) || typeof data.code !== 'number') return null;
  return { code: data.code, chain: 'chain' in data && typeof data.chain === 'string' ? data.chain : null };
}
