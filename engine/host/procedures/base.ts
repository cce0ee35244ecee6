import { implement } from '@orpc/server';
import { contract } from '../../contract/contract.ts';
import type { CallContext } from '../call-context.ts';

/** Where every implementation begins: the contract, and the host that does the work. */
export const implementer = implement(contract).$context<CallContext>();
