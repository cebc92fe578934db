//! What the command is asked to do.

use clap::Parser;
use lockstep::configuration::Target;
use lockstep::subject::engines::engine;
use lockstep::version::{Version, VersionError};
use std::collections::BTreeSet;
use std::fmt;
use std::ops::Range;

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
    /// Run this case alone, and say what was found in it with each fault
    #[arg(long, value_name = "NUMBER", requires = "only_listed")]
    pub(crate) case: Option<u64>,
    /// Run these cases without a fault, with both policies, and say of each that it begins and whether it differs
    #[arg(long, value_name = "FROM..TO", value_parser = range, hide = true)]
    pub(crate) survey: Option<Range<u64>>,
    /// Run this case alone without the layer, and say what was found in it
    #[arg(long, value_name = "NUMBER", hide = true)]
    pub(crate) plain: Option<u64>,
    /// Take the cases of another seed
    #[arg(long, default_value_t = SEED)]
    pub(crate) seed: u64,
    /// The subject, one that is linked in
    #[arg(long, default_value = "42", value_parser = linked_in)]
    subject: Version,
    /// Run the cases on Pulley
    #[arg(long)]
    pulley: bool,
    /// Write the document's table of this subject and target anew
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

fn range(text: &str) -> Result<Range<u64>, String> {
    let (from, to) = text.split_once("..").ok_or("no `..`")?;
    let number = |text: &str| text.parse().map_err(|_| format!("no number: {text}"));
    Ok(number(from)?..number(to)?)
}

/// A version whose engine is in this program.
fn linked_in(text: &str) -> Result<Version, String> {
    let version: Version = text
        .parse()
        .map_err(|error: VersionError| error.to_string())?;
    let found = engine(version).map(|_| version);
    found.map_err(|error| error.to_string())
}

/// The test's name.
const NAME: &str = "seeded_faults";

/// On what the cases run.
#[derive(Clone, Copy)]
pub(crate) struct On {
    pub(crate) subject: Version,
    pub(crate) target: Target,
}

impl fmt::Display for On {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let target = match self.target {
            Target::Native => "natively",
            Target::Pulley64 => "on pulley64",
        };
        write!(f, "{} {target}", self.subject)
    }
}

impl Options {
    /// On what the cases run.
    pub(crate) fn on(&self) -> On {
        On {
            subject: self.subject,
            target: match self.pulley {
                true => Target::Pulley64,
                false => Target::Native,
            },
        }
    }

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

    /// Whether a table is what is wanted.
    pub(crate) fn shows_table(&self) -> bool {
        self.table || self.update || self.check
    }

    /// Whether faults are looked for.
    pub(crate) fn wants_table(&self) -> bool {
        self.shows_table() || !self.only.is_empty() || self.clean.is_none()
    }
}
