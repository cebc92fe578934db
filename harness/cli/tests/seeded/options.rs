//! What the command is asked to do.

use clap::Parser;
use std::collections::BTreeSet;

/// Seed of the cases.
const SEED: u64 = 0x5eed;

/// Finds every seeded fault, and shows that the same cases are clean without one.
#[derive(Parser)]
pub(crate) struct Options {
    /// Print the table of faults, and nothing else
    #[arg(long)]
    pub(crate) table: bool,
    /// Run only this fault; may be given more than once
    #[arg(long = "only", value_name = "FAULT")]
    only_listed: Vec<String>,
    #[arg(skip)]
    pub(crate) only: BTreeSet<String>,
    /// Run this many cases without a fault, and nothing else
    #[arg(long, value_name = "CASES")]
    pub(crate) clean: Option<u64>,
    /// Take the cases of another seed
    #[arg(long, default_value_t = SEED)]
    pub(crate) seed: u64,
    /// Write the document's table anew
    #[arg(long, conflicts_with = "only_listed")]
    pub(crate) update: bool,
    /// Compare the document's table with the one that was found
    #[arg(long, conflicts_with = "only_listed")]
    pub(crate) check: bool,
    /// Names of tests, as any test program is given them
    filters: Vec<String>,
    #[command(flatten)]
    libtest: Libtest,
}

/// Options that `cargo test` hands to every test program. This one has a single test.
#[derive(clap::Args)]
struct Libtest {
    #[arg(long, hide = true)]
    list: bool,
    #[arg(long, hide = true)]
    ignored: bool,
    #[arg(long, hide = true)]
    exact: bool,
    #[arg(long, hide = true)]
    nocapture: bool,
    #[arg(long, hide = true)]
    show_output: bool,
    #[arg(long, short, hide = true)]
    quiet: bool,
    #[arg(long, hide = true)]
    include_ignored: bool,
    #[arg(long, hide = true)]
    test_threads: Option<usize>,
    #[arg(long, hide = true)]
    skip: Vec<String>,
}

/// The test's name.
const NAME: &str = "seeded_faults";

impl Options {
    /// Reads the command line; none if nothing is to be run.
    pub(crate) fn read() -> Option<Options> {
        let mut options = Options::parse();
        options.only = std::mem::take(&mut options.only_listed)
            .into_iter()
            .collect();
        let libtest = &options.libtest;
        if libtest.list {
            if !libtest.ignored {
                println!("{NAME}: test");
            }
            return None;
        }
        let wanted = options
            .filters
            .iter()
            .any(|filter| NAME.contains(filter.as_str()));
        let skipped = libtest.skip.iter().any(|skip| NAME.contains(skip.as_str()));
        let named = options.filters.is_empty() || wanted;
        (named && !skipped && !libtest.ignored).then_some(options)
    }

    /// Whether faults are looked for.
    pub(crate) fn wants_table(&self) -> bool {
        self.table || self.update || self.check || !self.only.is_empty() || self.clean.is_none()
    }
}
