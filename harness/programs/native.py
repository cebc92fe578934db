#!/usr/bin/env python3
"""Holds a case file against a native build of its program: the source says what is right, and no engine does.

    native.py CASE.toml NATIVE [--fill]

NATIVE is a library, whose exports are called, or, for a case with [wasi], a program. What a case writes into
memory goes where the library has `buffer`, as the module exports it. With --fill each `returns = ?` becomes what
came, and the file of standard output is written; without it what came is compared.
"""
import argparse, ctypes, os, pathlib, re, subprocess, sys, tempfile, tomllib

# The exports whose result is an i64.
WIDE = "newton fused hash keyed word blake2b lock exchange factorial remainder decimal".split()
KINDS = {32: ctypes.c_uint32, 64: ctypes.c_uint64}


def value(written):
    kind, number = written.split(":")
    bits = int(kind[1:])
    return bits, int(number, 0) % (1 << bits)


def field(step, name):
    found = re.search(rf"^{name} = (.*)$", step, re.M)
    return found and found[1]


def number(data, at):
    """An integer of a module at `at`, and what is behind it."""
    result = shift = 0
    while True:
        byte, at = data[at], at + 1
        result |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return result, at


def sections(data):
    """The sections of a module by their ids."""
    at = 8
    while at < len(data):
        size, begin = number(data, at + 1)
        yield data[at], data[begin : begin + size]
        at = begin + size


def buffer_of(module):
    """The address of `buffer`: a module without imports exports it as a global, an `i32.const`."""
    parts, name = dict(sections(module.read_bytes())), b"\x06buffer\x03"
    if name not in parts[7]:
        return 0
    index, _ = number(parts[7], parts[7].index(name) + len(name))
    count, at = number(parts[6], 0)
    for _ in range(index + 1):
        value, at = number(parts[6], at + 3)
        at += 1
    return value


def library(options):
    """Makes the calls of a case in a library; says whether all returned what the case says."""
    buffer = buffer_of(options.case.with_suffix(".wasm"))
    native, right = ctypes.CDLL(os.path.abspath(options.native)), True
    head, *steps = options.case.read_text().split("[[step]]\n")
    for index, step in enumerate(steps):
        if field(step, "call") == '"_initialize"':
            continue
        if field(step, "write"):
            data = field(step, "hex")
            data = bytes.fromhex(data.strip('"')) if data else field(step, "text")[1:-1].encode()
            if int(field(step, "offset")) != buffer:
                sys.exit(f"{options.case}: the module has its buffer at {buffer}")
            ctypes.memmove(ctypes.byref(ctypes.c_char.in_dll(native, "buffer")), data, len(data))
            continue
        call = field(step, "call").strip('"')
        function, bits = getattr(native, call), 64 if call in WIDE else 32
        args = [value(arg) for arg in re.findall(r'"([^"]*)"', field(step, "args") or "")]
        function.restype, function.argtypes = KINDS[bits], [KINDS[bits] for bits, _ in args]
        came, expected = function(*(number for _, number in args)), field(step, "returns")
        if expected == "?" and options.fill:
            steps[index] = step.replace("returns = ?", f'returns = ["i{bits}:{came:#x}"]')
        elif expected and value(expected.strip('[]"'))[1] != came:
            print(f"{options.case}: {call}: {expected}, natively {came:#x}")
            right = False
    if options.fill:
        options.case.write_text("[[step]]\n".join([head, *steps]))
    return right


def command(options, wasi):
    """Runs a program as [wasi] says; says whether it wrote and ended as the case says."""
    here, right = options.case.parent, True
    content = lambda of: of.encode() if isinstance(of, str) else (here / of["file"]).read_bytes()
    with tempfile.TemporaryDirectory() as root:
        for path, of in wasi.get("files", {}).items():
            (pathlib.Path(root) / path.lstrip("/")).write_bytes(content(of))
        ran = subprocess.run(
            wasi["args"],
            executable=os.path.abspath(options.native),
            input=content(wasi.get("stdin", "")),
            capture_output=True,
            cwd=root,
            env=dict(pair.split("=", 1) for pair in wasi.get("env", [])),
        )
    for stream, came in ("stdout", ran.stdout), ("stderr", ran.stderr):
        if options.fill and stream == "stdout":
            (here / wasi[stream]["file"]).write_bytes(came)
        elif stream in wasi and content(wasi[stream]) != came:
            print(f"{options.case}: {stream}: natively {came!r}")
            right = False
    if ran.returncode != wasi["exit-code"]:
        print(f"{options.case}: exit code {wasi['exit-code']}, natively {ran.returncode}; {ran.stderr!r}")
        right = False
    return right


parser = argparse.ArgumentParser()
parser.add_argument("case", type=pathlib.Path)
parser.add_argument("native")
parser.add_argument("--fill", action="store_true")
options = parser.parse_args()
text = options.case.read_text()
wasi = tomllib.loads(text).get("wasi") if "\n[wasi]" in text else None
sys.exit(not (command(options, wasi) if wasi else library(options)))
