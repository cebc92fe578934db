#!/bin/bash -eu
# Builds the fuzz targets into $OUT, each with a seed corpus and options.
cd "${SRC:?}/lockstep"

cargo fuzz build -O

built=fuzz/target/x86_64-unknown-linux-gnu/release
seeds=$(mktemp -d)
# Without the sanitizer's flags: this is a program that runs here.
env -u RUSTFLAGS -u CFLAGS -u CXXFLAGS cargo run --release -- seeds "$seeds" --count 200

for target in lockstep breakpoints oracle case_decoder; do
  cp "$built/$target" "${OUT:?}/"
  (cd "$seeds" && zip -q -r "$OUT/${target}_seed_corpus.zip" .)
  # Generated cases take up to 33 KiB; one that compiles much takes its time.
  printf '[libfuzzer]\nmax_len = 65536\ntimeout = 60\nrss_limit_mb = 4096\n' > "$OUT/$target.options"
done
cp fuzz/*.dict "$OUT/"
rm -r "$seeds"
