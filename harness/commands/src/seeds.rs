//! `lockstep seeds`: a seed corpus for the fuzz targets.

use super::number;
use anyhow::Context;
use clap::Args;
use lockstep_core::generate;
use lockstep_core::whole_file;
use std::fs;
use std::path::PathBuf;

/// Files of a seed corpus: libFuzzer reads all of them each time that it starts.
const MOST: u64 = 1_000_000;

/// Writes a seed corpus for libFuzzer: the bytes of generated cases
///
/// Equal options write equal files. The targets `lockstep`, `breakpoints`, `oracle` and
/// `case_decoder` all take them.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Example:
  lockstep seeds fuzz/corpus/lockstep && cargo +nightly fuzz run -O lockstep")]
pub(super) struct Options {
    /// Where to; it is made if it is not there
    dir: PathBuf,
    /// How many
    #[arg(long, value_name = "N", default_value_t = 200, value_parser = clap::value_parser!(u64).range(1..=MOST))]
    count: u64,
    /// Their seed, decimal or after 0x
    #[arg(long, value_name = "S", value_parser = number, default_value = "0")]
    seed: u64,
}

pub(super) fn run(options: &Options) -> anyhow::Result<u8> {
    let dir = &options.dir;
    // The reason belongs to the one sentence.
    let told = |error: anyhow::Error| anyhow::anyhow!("{error:#}");
    fs::create_dir_all(dir)
        .with_context(|| format!("cannot make {}", dir.display()))
        .map_err(told)?;
    for case in 0..options.count {
        let path = dir.join(format!("seed-{:x}-case-{case}", options.seed));
        whole_file::replace(&path, &generate::bytes(options.seed, case))
            .with_context(|| format!("cannot write {}", path.display()))
            .map_err(told)?;
    }
    Ok(super::OK)
}
