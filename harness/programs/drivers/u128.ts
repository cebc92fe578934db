// Integers of 128 bits of as-bignum: a value is two numbers, kept here between calls.
import { u128 } from "as-bignum/assembly";

let value = u128.Zero;

export function set(low: u64, high: u64): void {
  value = new u128(low, high);
}

export function low(): u64 {
  return value.lo;
}

export function high(): u64 {
  return value.hi;
}

/** value = value * by / over, through 256 bits. */
export function scale(by: u64, over: u64): void {
  value = u128.muldiv(value, u128.fromU64(by), u128.fromU64(over));
}

export function power(exponent: i32): void {
  value = u128.pow(value, exponent);
}

export function root(): void {
  value = u128.sqrt(value);
}

export function divide(by: u64): u64 {
  let rest = u128.rem(value, u128.fromU64(by));
  value = u128.div(value, u128.fromU64(by));
  return rest.lo;
}

/** FNV-1a of the text, a code unit at a time, after reading it back. */
export function text(radix: i32): u32 {
  let shown = value.toString(radix);
  let hash: u32 = 2166136261;
  for (let i = 0; i < shown.length; i++) hash = (hash ^ shown.charCodeAt(i)) * 16777619;
  return u128.fromString(shown, radix) == value ? hash : 0;
}
