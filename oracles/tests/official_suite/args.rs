//! The command line that `cargo test` and `cargo nextest` use, `--dir` and `--features-of`. It never
//! rejects a flag: those of the standard harness mean nothing here.

/// Flags of the standard harness that take a value of their own.
const WITH_VALUE: [&str; 6] = [
    "--color",
    "--format",
    "--logfile",
    "--skip",
    "--test-threads",
    "-Z",
];

/// What is to be run.
pub(crate) struct Args {
    /// A directory of scripts, in place of the official ones.
    pub(crate) dir: Option<String>,
    /// The official directory whose features the scripts of `dir` have, in place of all.
    pub(crate) features_of: Option<String>,
}

/// What of the one test there is, `name`, is to be run, if it is. Answers `--list` by itself.
pub(crate) fn wanted(name: &str) -> Option<Args> {
    let (mut dir, mut features_of) = (None, None);
    let mut filters = Vec::new();
    let (mut list, mut ignored, mut exact) = (false, false, false);
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--dir" => dir = args.next(),
            "--features-of" => features_of = args.next(),
            "--list" => list = true,
            "--ignored" => ignored = true,
            "--exact" => exact = true,
            flag if WITH_VALUE.contains(&flag) => {
                args.next();
            }
            flag if flag.starts_with('-') => {}
            _ => filters.push(arg),
        }
    }
    let selected = filters.is_empty()
        || filters
            .iter()
            .any(|f| if exact { f == name } else { name.contains(f) });
    if list && selected && !ignored {
        println!("{name}: test");
    }
    (selected && !list && !ignored).then_some(Args { dir, features_of })
}
