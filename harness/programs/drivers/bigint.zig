//! Integers of any size, of Zig's standard library, unoptimised and with its checks.
const std = @import("std");

var space: [1 << 16]u8 = undefined;

// Of decimal digits, as a number that fits a result.
fn hash(text: []const u8) u64 {
    return std.hash.Wyhash.hash(text.len, text);
}

fn factorialOf(allocator: std.mem.Allocator, n: u32) !std.math.big.int.Managed {
    var product = try std.math.big.int.Managed.initSet(allocator, 1);
    var factor = try std.math.big.int.Managed.init(allocator);
    var i: u32 = 2;
    while (i <= n) : (i += 1) {
        try factor.set(i);
        try product.mul(&product, &factor);
    }
    return product;
}

/// The hash of the decimal digits of n!, or 0 without memory.
export fn factorial(n: u32) u64 {
    var fixed = std.heap.FixedBufferAllocator.init(&space);
    const product = factorialOf(fixed.allocator(), n) catch return 0;
    const text = product.toString(fixed.allocator(), 10, .lower) catch return 0;
    return hash(text);
}

/// n! modulo 2^61 - 1, by a division of big integers.
export fn remainder(n: u32) u64 {
    return remainderOf(n) catch 0;
}

fn remainderOf(n: u32) !u64 {
    var fixed = std.heap.FixedBufferAllocator.init(&space);
    const allocator = fixed.allocator();
    const product = try factorialOf(allocator, n);
    var by = try std.math.big.int.Managed.initSet(allocator, (1 << 61) - 1);
    var quotient = try std.math.big.int.Managed.init(allocator);
    var rest = try std.math.big.int.Managed.init(allocator);
    try quotient.divTrunc(&rest, &product, &by);
    return try rest.toInt(u64);
}

/// The shortest decimal that reads back as this double, hashed; and whether it does.
export fn decimal(bits: u64) u64 {
    var text: [400]u8 = undefined;
    const number: f64 = @bitCast(bits);
    const shown = std.fmt.bufPrint(&text, "{d}", .{number}) catch return 1;
    const back = std.fmt.parseFloat(f64, shown) catch return 2;
    if (@as(u64, @bitCast(back)) != bits) return 3;
    return hash(shown);
}
