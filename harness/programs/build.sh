#!/usr/bin/env bash
# Rebuilds the programs of this corpus from packages of registries, and holds each case file against a native
# build of the same source: `build.sh WORK [NAME…]`. WORK is a directory outside of the repository, empty or of
# an earlier run. README.md says which tools there must be.
set -euo pipefail
shopt -s extglob
here=$(cd "$(dirname "$0")" && pwd)
work=$(mkdir -p "$1" && cd "$1" && pwd)
shift
wanted=" $* "
drivers=$here/drivers
vendor=$work/vendor
native=$work/native
mkdir -p "$native"

clang=${CLANG:-clang-22}
# Of the distribution: its standard library is the one for WebAssembly.
rust=${RUST:-/usr/bin}

wants() { [ "$wanted" = '  ' ] || [[ "$wanted" == *" $1 "* ]]; }

# --- Sources -------------------------------------------------------------------------------------------------

# Crates that carry C sources, by their exact versions: cargo holds them against the registry's hashes, which
# packages.txt has too.
fetch_crates() {
  [ -d "$vendor" ] && return
  mkdir -p "$work/crates/src"
  touch "$work/crates/src/lib.rs"
  {
    printf '[package]\nname = "sources"\nversion = "0.0.0"\nedition = "2021"\n[dependencies]\n'
    sed -n 's/^crate \([^ ]*\) \([^ ]*\) .*/\1 = "=\2"/p' "$here/packages.txt"
  } > "$work/crates/Cargo.toml"
  cargo vendor --quiet --manifest-path "$work/crates/Cargo.toml" "$vendor" > /dev/null
  while read -r _ name _ hash; do
    grep -q "\"package\":\"$hash\"" "$vendor/$name/.cargo-checksum.json" ||
      { echo "build.sh: $name is not the crate of packages.txt" >&2; exit 1; }
  done < <(grep '^crate ' "$here/packages.txt")
}

fetch_npm() {
  [ -d "$work/npm/node_modules" ] && return
  mkdir -p "$work/npm"
  (cd "$work/npm" && npm init -y > /dev/null &&
    npm install --ignore-scripts $(sed -n 's/^npm \([^ ]*\) \([^ ]*\) .*/\1@\2/p' "$here/packages.txt") > /dev/null)
  while read -r _ name _ hash; do
    grep -A3 "\"node_modules/$name\"" "$work/npm/package-lock.json" | grep -q "$hash" ||
      { echo "build.sh: $name is not the package of packages.txt" >&2; exit 1; }
  done < <(grep '^npm ' "$here/packages.txt")
}

fetch_zig() {
  [ -d "$work/venv" ] && return
  python3 -m venv "$work/venv"
  sed -n 's/^pypi \([^ ]*\) \([^ ]*\) \([^ ]*\)$/\1==\2 --hash=sha256:\3/p' "$here/packages.txt" > "$work/pypi.txt"
  "$work/venv/bin/pip" install -q --require-hashes -r "$work/pypi.txt"
}

# --- C and C++, with clang and wasi-libc ---------------------------------------------------------------------

#   library NAME FLAGS… -- SOURCES…     exported functions, and no imports
#   command NAME FLAGS… -- SOURCES…     a command for WASI
# A flag or source with @ before it is of the build for WebAssembly alone.
library() { compile library "$1" '-mexec-model=reactor -Wl,--export-if-defined=buffer' '-shared -fPIC' "${@:2}"; }
command() { compile commands "$1" '' '' "${@:2}"; }

compile() {
  local kind=$1 name=$2 for_wasm=$3 for_native=$4 both=() wasm=()
  wants "$name" || return 0
  shift 4
  while [ "$1" != -- ]; do
    if [[ $1 == @* ]]; then wasm+=("${1#@}"); else both+=("$1"); fi
    shift
  done
  shift
  mkdir -p "$here/$kind/$name"
  # shellcheck disable=SC2086
  "$clang" --target=wasm32-wasi -w -std=gnu11 -ffile-prefix-map="$work=." $for_wasm -Wl,--strip-all \
    -I"$drivers" "${both[@]}" "${wasm[@]}" "$@" -o "$here/$kind/$name/$name.wasm"
  # shellcheck disable=SC2086
  gcc -w -std=gnu11 -O1 -I"$drivers" $for_native $(printf '%s\n' "${both[@]}" | grep '^-[DI]') "$@" -lm \
    -o "$native/$name"
  echo "built $name"
}

c_programs() {
  local sjlj=(@-mllvm @-wasm-enable-sjlj @-mllvm @-wasm-use-legacy-eh=false @-mexception-handling
    @-I"$drivers/runtime" @"$drivers/runtime/setjmp.c")
  local missing=(@-D_WASI_EMULATED_SIGNAL @-lwasi-emulated-signal @-D_WASI_EMULATED_PROCESS_CLOCKS
    @-lwasi-emulated-process-clocks @-Wno-implicit-function-declaration @"$drivers/runtime/missing.c")
  local at

  at=$vendor/libz-sys/src/zlib
  library zlib -O2 -I"$at" -- "$drivers/zlib.c" \
    "$at"/{adler32,compress,crc32,deflate,inffast,inflate,inftrees,trees,uncompr,zutil}.c

  at=$vendor/lz4-sys/liblz4/lib
  library lz4 -O0 -I"$at" -- "$drivers/lz4.c" "$at/lz4.c"

  at=$vendor/bzip2-sys/bzip2-1.0.8
  library bzip2-unoptimised -O0 -DBZ_NO_STDIO -I"$at" -- "$drivers/bzip2.c" \
    "$at"/{blocksort,bzlib,compress,crctable,decompress,huffman,randtable}.c
  command bzip2 -O2 "${missing[@]}" -- \
    "$at"/{bzip2,blocksort,bzlib,compress,crctable,decompress,huffman,randtable}.c

  # Of the system's headers only SIMDe's may be found.
  mkdir -p "$work/include"
  ln -sfn /usr/include/simde "$work/include/simde"
  at=$vendor/blake3/c
  library blake3 -O3 -DNDEBUG @-msimd128 @-DBLAKE3_USE_NEON=1 @-I"$drivers/simd" @-I"$work/include" -I"$at" \
    @"$at/blake3_sse41.c" -- "$drivers/blake3.c" "$drivers/simd/dispatch.c" "$at"/{blake3,blake3_portable}.c

  at=$vendor/monocypher-sys/Monocypher/src
  library monocypher -O3 -I"$at" -- "$drivers/monocypher.c" "$at/monocypher.c"

  at=$vendor/softfloat-sys/berkeley-softfloat-3/source
  library softfloat -O2 @-mmultivalue @-Xclang @-target-abi @-Xclang @experimental-mv \
    -DSOFTFLOAT_FAST_INT64 -DTHREAD_LOCAL= -I"$at/include" -I"$at/8086-SSE" -I"$drivers/softfloat" -- \
    "$drivers/softfloat.c" \
    "$at"/{f32_to_f128,f128_{add,mul,div},f64_mulAdd,softfloat_state,s_!(*M),s_mul128To256M,s_shiftRightJam256M,s_add256M,s_sub256M}.c \
    "$at"/8086-SSE/s_!(*M|*128M*|*80M*).c "$at"/8086-SSE/softfloat_*.c

  at=$vendor/wasm3-sys/wasm3/source
  library wasm3 -O2 -DNDEBUG @-mtail-call @-include @"$drivers/runtime/quiet.h" -I"$at" -- "$drivers/wasm3.c" \
    "$at"/m3_{bind,code,compile,core,emit,env,exec,info,module,optimize,parse}.c

  at=$vendor/lua-src/lua-5.4.7
  command lua -O2 -I"$at" "${sjlj[@]}" "${missing[@]}" -- "$drivers/lua.c" \
    "$at"/l{api,auxlib,baselib,code,corolib,ctype,debug,do,dump,func,gc,iolib,lex,mathlib,mem,object,opcodes}.c \
    "$at"/l{parser,state,string,strlib,table,tablib,tm,undump,utf8lib,vm,zio}.c

  at=$vendor/libsqlite3-sys/sqlite3
  local less
  less=$(printf -- '-DSQLITE_OMIT_%s ' LOAD_EXTENSION WAL JSON DEPRECATED AUTHORIZATION DECLTYPE TRACE \
    DESERIALIZE SHARED_CACHE COMPLETE PROGRESS_CALLBACK GET_TABLE TCL_VARIABLE EXPLAIN)
  # shellcheck disable=SC2086
  command sqlite -Oz -I"$at" -DSQLITE_OS_OTHER=1 -DSQLITE_THREADSAFE=0 $less -- \
    "$drivers/sqlite.c" "$at/sqlite3.c"

  at=$vendor/expat-sys/expat
  command expat -O1 -DHAVE_EXPAT_CONFIG_H -DXML_STATIC -I"$at/lib" -I"$drivers/expat" -- \
    "$at/examples/outline.c" "$at/lib"/xml{parse,role,tok}.c
}

# C++ with exceptions. The distribution's libc++abi has none: it is compiled from the sources that Zig ships.
nlohmann() {
  wants nlohmann || return 0
  local zig=$work/venv/lib/python3*/site-packages/ziglang/lib name objects=()
  zig=$(echo $zig)
  local flags=(--target=wasm32-wasi -w -fwasm-exceptions -mllvm -wasm-use-legacy-eh=false -O2 -DNDEBUG
    -ffile-prefix-map="$work=.")
  mkdir -p "$work/cxx" "$here/library/nlohmann"
  for name in cxa_exception cxa_exception_storage cxa_personality private_typeinfo cxa_default_handlers \
    cxa_handlers stdlib_exception stdlib_typeinfo stdlib_stdexcept fallback_malloc \
    cxa_aux_runtime cxa_virtual; do
    "$clang" "${flags[@]}" -std=c++23 -D_LIBCPP_BUILDING_LIBRARY -D_LIBCXXABI_BUILDING_LIBRARY \
      -DLIBCXXABI_NON_DEMANGLING_TERMINATE -D_LIBCXXABI_HAS_NO_THREADS -I"$zig/libcxxabi/include" \
      -I"$zig/libcxxabi/src" -I"$zig/libcxx/src" -idirafter "$zig/libcxx/include" -I"$zig/libunwind/include" \
      -c "$zig/libcxxabi/src/$name.cpp" -o "$work/cxx/$name.o"
    objects+=("$work/cxx/$name.o")
  done
  "$clang" "${flags[@]}" -D_LIBUNWIND_HIDE_SYMBOLS -D_LIBUNWIND_HAS_NO_THREADS -D__WASM_EXCEPTIONS__ \
    -I"$zig/libunwind/include" -I"$zig/libunwind/src" -c "$zig/libunwind/src/Unwind-wasm.c" -o "$work/cxx/unwind.o"
  "$clang" "${flags[@]}" -c "$drivers/runtime/exceptions.c" -o "$work/cxx/exceptions.o"
  "${clang/clang/clang++}" "${flags[@]}" -mexec-model=reactor -Wl,--export-if-defined=buffer -Wl,--strip-all \
    -I"$drivers" -std=c++17 "$drivers/nlohmann.cpp" "${objects[@]}" "$work/cxx/"{unwind,exceptions}.o \
    -o "$here/library/nlohmann/nlohmann.wasm"
  g++ -w -O1 -DNDEBUG -std=c++17 -shared -fPIC -I"$drivers" "$drivers/nlohmann.cpp" -o "$native/nlohmann"
  echo 'built nlohmann'
}

# --- Zig, AssemblyScript, Rust -------------------------------------------------------------------------------

zig_programs() {
  export ZIG_GLOBAL_CACHE_DIR=$work/zig ZIG_LOCAL_CACHE_DIR=$work/zig
  zig() { "$work/venv/bin/python" -m ziglang "$@"; }
  if wants xz; then
    zig build-exe "$drivers/xz.zig" -target wasm32-wasi -O ReleaseSmall -fstrip \
      -femit-bin="$here/commands/xz/xz.wasm"
    zig build-exe "$drivers/xz.zig" -O ReleaseSafe -fstrip -femit-bin="$native/xz"
    echo 'built xz'
  fi
  if wants bigint; then
    zig build-exe "$drivers/bigint.zig" -target wasm32-freestanding -O Debug -fstrip -fno-entry -rdynamic \
      -femit-bin="$here/library/bigint/bigint.wasm"
    zig build-lib "$drivers/bigint.zig" -dynamic -O ReleaseSafe -fstrip -femit-bin="$native/bigint"
    echo 'built bigint'
  fi
}

# A core module by Zig's C compiler, made a component by wit-component.
component() {
  wants text || return 0
  mkdir -p "$work/component" "$here/components/text"
  cp -r "$drivers/component/src" "$drivers/component/Cargo.lock" "$work/component/"
  { cat "$drivers/component/manifest"; printf '\n[workspace]\n'; } > "$work/component/Cargo.toml"
  (cd "$work/component" && cargo build --quiet --locked)
  (cd "$drivers" && "$work/venv/bin/python" -m ziglang cc -target wasm32-freestanding -O1 -s -nostdlib \
    -Wl,--no-entry -o "$work/component/text.wasm" text.c)
  "$work/component/target/debug/embed" "$drivers/text.wit" library "$work/component/text.wasm" \
    "$here/components/text/text.component.wasm"
  echo 'built text'
}

# Their right output comes from the same in Python: words.py, u128.py.
assemblyscript_programs() {
  cp "$drivers"/{u128,words}.ts "$work/npm/"
  cp "$drivers/words.py" "$native/words"
  if wants u128; then
    (cd "$work/npm" && npx asc u128.ts -o "$here/library/u128/u128.wasm" --runtime minimal --use abort= -O1)
    echo 'built u128'
  fi
  if wants words; then
    (cd "$work/npm" && npx asc words.ts -o "$here/commands/words/words.wasm" \
      --config node_modules/@assemblyscript/wasi-shim/asconfig.json -O2 --runtime incremental)
    echo 'built words'
  fi
}

rust_programs() {
  local name build=()
  for name in json grep markdown digest table; do wants "$name" && build+=("$name"); done
  [ ${#build[@]} -gt 0 ] || return 0
  mkdir -p "$work/rust/.cargo"
  cp -r "$drivers/rust/src" "$drivers/rust/Cargo.lock" "$work/rust/"
  cp "$drivers/rust/manifest" "$work/rust/Cargo.toml"
  (
    cd "$work/rust"
    # A newer cargo fetches, since the distribution's asks for a git index; it builds from what was fetched.
    [ -d vendor ] || cargo vendor --locked --quiet vendor > /dev/null
    printf '[source.crates-io]\nreplace-with = "vendored"\n[source.vendored]\ndirectory = "vendor"\n' \
      > .cargo/config.toml
    export PATH=$rust:$PATH RUSTC=$rust/rustc
    "$rust/cargo" build --offline --locked
    RUSTFLAGS='-C linker=/usr/bin/wasm-ld-14' "$rust/cargo" build --offline --locked --release --target wasm32-wasi
  )
  for name in "${build[@]}"; do
    cp "$work/rust/target/wasm32-wasi/release/$name.wasm" "$here/commands/$name/"
    cp "$work/rust/target/debug/$name" "$native/"
    echo "built $name"
  done
}

fetch_crates
fetch_npm
fetch_zig
c_programs
nlohmann
zig_programs
component
assemblyscript_programs
rust_programs

# --- What is right -------------------------------------------------------------------------------------------

for case in "$here"/{library,commands}/*/*.toml; do
  name=$(basename "$(dirname "$case")")
  wants "$name" && [ -f "$native/$name" ] || continue
  "$here/native.py" "$case" "$native/$name" && echo "right: $(basename "$case" .toml)"
done
