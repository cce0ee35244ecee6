/** Bytes of registers and of the kernel's structs. */

import { writeIPv4, writeIPv6 } from '../addresses.ts';
import type { Family } from '../model.ts';

/** Reads numbers at offsets. Past the end there are zeros: older revisions of a struct are shorter. */
export class Bytes {
  readonly #bytes: Uint8Array;
  readonly length: number;

  constructor(hex: string) {
    const pairs = hex.match(/[0-9a-f]{2}/gi) ?? [];
    this.#bytes = Uint8Array.from(pairs, (pair) => Number.parseInt(pair, 16));
    this.length = this.#bytes.length;
  }

  u8(offset: number): number {
    return this.#bytes[offset] ?? 0;
  }

  /** In the byte order of the machines that Hookpoint runs on (amd64, arm64). */
  u16(offset: number): number {
    return this.u8(offset) | (this.u8(offset + 1) << 8);
  }

  u32(offset: number): number {
    return (this.u16(offset) | (this.u16(offset + 2) << 16)) >>> 0;
  }

  /** In network byte order. */
  big16(offset: number): number {
    return (this.u8(offset) << 8) | this.u8(offset + 1);
  }

  big32(offset: number): number {
    return ((this.big16(offset) << 16) | this.big16(offset + 2)) >>> 0;
  }

  /** A text that ends at its first zero, and at most so many bytes. */
  text(offset: number, most: number): string {
    const bytes = this.#bytes.subarray(offset, Math.min(offset + most, this.length));
    const end = bytes.indexOf(0);
    return new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end));
  }

  address(offset: number, family: Family): string {
    if (family === 'ipv4') return writeIPv4(this.big32(offset));
    return writeIPv6(Array.from({ length: 8 }, (_, group) => this.big16(offset + 2 * group)));
  }
}

/** `and` of two hex texts of one length, padded with zeros to `length` bytes. */
export function padHex(hex: string, length: number): string {
  return hex.padEnd(2 * length, '0');
}

/** A hex text of ones in the first so many bytes. */
export const onesHex = (ones: number, length: number): string => 'ff'.repeat(ones).padEnd(2 * length, '0');
