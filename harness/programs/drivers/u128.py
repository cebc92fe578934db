#!/usr/bin/env python3
"""What the calls of u128.toml must return, in Python's integers."""
import math


def text(shown):
    hashed = 2166136261
    for character in shown:
        hashed = (hashed ^ ord(character)) * 16777619 % 2**32
    return hashed


value = (2**127 - 1) * 1000003 // 999983
print("scaled", hex(value % 2**64), hex(value >> 64), hex(text(str(value))))
value = math.isqrt(value)
print("root", hex(value))
value, rest = divmod(value, 1000000007)
print("rest", hex(rest))
value = value**3 % 2**128
print("power", hex(value % 2**64), hex(value >> 64), hex(text(f"{value:x}")))
