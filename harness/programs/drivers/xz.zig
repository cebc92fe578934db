//! xz PATH…: unpacks .xz files with Zig's standard library; prints size, digest and first line of each.
//! `-` is standard input.
const std = @import("std");

pub fn main() !u8 {
    var arena = std.heap.ArenaAllocator.init(std.heap.page_allocator);
    defer arena.deinit();
    const allocator = arena.allocator();
    var space: [512]u8 = undefined;
    var file_writer = std.fs.File.stdout().writerStreaming(&space);
    const out = &file_writer.interface;
    const args = try std.process.argsAlloc(allocator);
    var failed: u8 = 0;
    for (args[1..]) |path| {
        unpack(allocator, out, path) catch |err| {
            try out.print("{s}: {s}\n", .{ path, @errorName(err) });
            failed += 1;
        };
    }
    try out.flush();
    return failed;
}

fn unpack(allocator: std.mem.Allocator, out: *std.Io.Writer, path: []const u8) !void {
    const file = if (std.mem.eql(u8, path, "-")) std.fs.File.stdin() else try std.fs.cwd().openFile(path, .{});
    var packed_bytes: [8192]u8 = undefined;
    var size: usize = 0;
    while (size < packed_bytes.len) {
        const came = try file.read(packed_bytes[size..]);
        if (came == 0) break;
        size += came;
    }
    var stream = std.io.fixedBufferStream(packed_bytes[0..size]);
    var xz = try std.compress.xz.decompress(allocator, stream.reader());
    defer xz.deinit();
    const bytes = try xz.reader().readAllAlloc(allocator, 1 << 20);
    var digest: [32]u8 = undefined;
    std.crypto.hash.sha2.Sha256.hash(bytes, &digest, .{});
    const end = std.mem.indexOfScalar(u8, bytes, '\n') orelse bytes.len;
    try out.print("{s}: {d} {x} {s}\n", .{ path, bytes.len, digest, bytes[0..end] });
}
