//! `lockstep.toml`: options under a name. `--profile NAME` adds those of the profile to the command line,
//! but for what the user says there.

use super::{Cli, idle};
use anyhow::{anyhow, bail};
use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, Command, CommandFactory, FromArgMatches};
use lockstep_core::report::shown;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use toml::Value;

/// The file's name.
const FILE: &str = "lockstep.toml";

/// Options of a command by their long names.
type Table = BTreeMap<String, Value>;

/// The file: profiles, each with a table a command.
#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Profiles {
    #[serde(default)]
    profile: BTreeMap<String, BTreeMap<String, Table>>,
}

/// Reads the command line, with the options of the profile that it names.
///
/// # Errors
///
/// When there is no such profile, or it holds what the command does not have. Also what `clap`
/// refuses, or is asked for.
pub(super) fn parsed(args: Vec<OsString>) -> Result<Cli, Refused> {
    let matches = Cli::command().try_get_matches_from(&args)?;
    idle::refuse(&matches)?;
    let cli = Cli::from_arg_matches(&matches)?;
    let Some(name) = &cli.profile else {
        return Ok(cli);
    };
    let more = of_profile(name, &matches)?;
    // What is said of a word that cannot be shown is said in one line.
    let hostile = |word: &OsString| word.to_string_lossy().chars().any(shown::is_unsafe);
    let hostile = more.iter().any(hostile);
    completed(joined(args, more)).map_err(|refused| match hostile {
        true => Refused::Profile(anyhow!("{refused}")),
        false => Refused::Line(refused),
    })
}

/// A command line with the options of its profile.
fn completed(args: Vec<OsString>) -> Result<Cli, clap::Error> {
    let matches = Cli::command().try_get_matches_from(args)?;
    idle::refuse(&matches)?;
    Cli::from_arg_matches(&matches)
}

/// Why there is no command line to carry out.
#[derive(Debug, thiserror::Error)]
pub(super) enum Refused {
    /// What `clap` refuses, or is asked for, such as the help
    #[error(transparent)]
    Line(#[from] clap::Error),
    /// There is no such profile, or it holds what the command does not have
    #[error(transparent)]
    Profile(#[from] anyhow::Error),
}

/// The options of a profile in the nearest file, as they are written.
fn of_profile(name: &str, matches: &ArgMatches) -> anyhow::Result<Vec<OsString>> {
    let here = std::env::current_dir()?;
    let path = found(&here)?;
    let text = std::fs::read_to_string(&path)
        .map_err(|error| anyhow!("cannot read {}: {error}", path.display()))?;
    options(&text, name, matches).map_err(|why| anyhow!("{}: {why}", path.display()))
}

/// The nearest file, here or above.
fn found(here: &Path) -> anyhow::Result<PathBuf> {
    let mut places = here.ancestors().map(|place| place.join(FILE));
    let file = places.find(|path| path.is_file());
    file.ok_or_else(|| anyhow!("there is no {FILE} here or above, so that --profile names nothing"))
}

/// The profile's options, as they are written, without those that the command line decides.
fn options(text: &str, name: &str, matches: &ArgMatches) -> anyhow::Result<Vec<OsString>> {
    let file: Profiles = toml::from_str(text).map_err(|error| {
        let before = text.bytes().take(error.span().map_or(0, |span| span.start));
        let line = before.filter(|&byte| byte == b'\n').count() + 1;
        anyhow!("line {line}: {}", error.message().replace('\n', " "))
    })?;
    let Some(profile) = file.profile.get(name) else {
        let known: Vec<&str> = file.profile.keys().map(String::as_str).collect();
        match known.is_empty() {
            true => bail!("there is no profile `{name}`, nor any other"),
            false => bail!("there is no profile `{name}`, but {}", known.join(", ")),
        }
    };
    let Some((command, given)) = matches.subcommand() else {
        bail!("name the command that the profile `{name}` is for, for example `lockstep run`");
    };
    let Some(table) = profile.get(command) else {
        bail!("the profile `{name}` has nothing for `lockstep {command}`");
    };
    let mut root = Cli::command();
    root.build();
    let Some(command) = root.find_subcommand(command) else {
        bail!("there is no command `{command}`");
    };
    let mut written = Vec::new();
    for (key, value) in table {
        let mut args = command.get_arguments();
        let Some(arg) = args.find(|arg| arg.get_long() == Some(key) && key != "profile") else {
            bail!(
                "the profile `{name}` has `{key}`, which `lockstep {}` does not",
                command.get_name()
            );
        };
        if is_decided(command, arg, given) {
            continue;
        }
        write(key, value, &mut written)
            .map_err(|why| anyhow!("the profile `{name}` has {why} for `{key}`"))?;
    }
    Ok(written)
}

/// Whether the user gave an option, or one that excludes it.
fn is_decided(command: &Command, arg: &Arg, given: &ArgMatches) -> bool {
    let is_given =
        |arg: &Arg| given.value_source(arg.get_id().as_str()) == Some(ValueSource::CommandLine);
    // Of two that exclude each other only one may say so.
    let conflicts = |one: &Arg, other: &Arg| {
        let mut all = command.get_arg_conflicts_with(one).into_iter();
        all.any(|excluded| excluded.get_id() == other.get_id())
    };
    let excludes = |other: &Arg| conflicts(other, arg) || conflicts(arg, other);
    let mut given = command.get_arguments().filter(|other| is_given(other));
    is_given(arg) || given.any(excludes)
}

/// Writes an option with its values.
fn write(key: &str, value: &Value, written: &mut Vec<OsString>) -> Result<(), &'static str> {
    match value {
        Value::Boolean(true) => written.push(format!("--{key}").into()),
        Value::Boolean(false) => {}
        Value::Integer(number) => written.push(format!("--{key}={number}").into()),
        Value::String(text) => written.push(format!("--{key}={text}").into()),
        Value::Array(values) => {
            for value in values {
                write(key, value, written)?;
            }
        }
        Value::Float(_) | Value::Datetime(_) | Value::Table(_) => {
            return Err("neither a text, a number, true, false, nor a list of them");
        }
    }
    Ok(())
}

/// A command line with more options, before what is no option.
fn joined(mut args: Vec<OsString>, more: Vec<OsString>) -> Vec<OsString> {
    let end = args.iter().position(|arg| arg == "--");
    let end = end.unwrap_or(args.len());
    args.splice(end..end, more);
    args
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"
        [profile.nightly.run]
        seconds = 3600
        subject = "48"
        proposals = "all"
        only = ["official", "corpus"]
        timings = true
        opcodes = false

        [profile.nightly.replay]
        jobs = 2
    "#;

    fn added(line: &str) -> Result<Vec<String>, String> {
        let args = line.split_whitespace();
        let matches = Cli::command().try_get_matches_from(args).unwrap();
        let added = options(TEXT, "nightly", &matches).map_err(|error| error.to_string())?;
        let words = added.into_iter().map(|word| word.into_string().unwrap());
        Ok(words.collect())
    }

    #[test]
    fn a_profile_adds_its_options() {
        let all = [
            "--only=official",
            "--only=corpus",
            "--proposals=all",
            "--seconds=3600",
            "--subject=48",
            "--timings",
        ];
        assert_eq!(added("lockstep run"), Ok(all.map(str::to_owned).into()));
        assert_eq!(added("lockstep replay a"), Ok(vec!["--jobs=2".to_owned()]));
    }

    #[test]
    fn what_the_user_says_is_left_to_the_user() {
        let given = added("lockstep run --cases 5 --only samples --subject 50").unwrap();
        assert_eq!(given, ["--proposals=all", "--timings"]);
        assert_eq!(
            joined(
                ["a", "--", "b"].map(OsString::from).into(),
                vec!["--c".into()]
            ),
            ["a", "--c", "--", "b"]
        );
    }

    #[test]
    fn what_a_profile_cannot_mean_is_refused_in_a_sentence() {
        let of = |text: &str, name: &str, line: &str| {
            let matches = Cli::command().try_get_matches_from(line.split_whitespace());
            options(text, name, &matches.unwrap())
                .unwrap_err()
                .to_string()
        };
        assert_eq!(
            of(TEXT, "weekly", "lockstep run"),
            "there is no profile `weekly`, but nightly"
        );
        assert_eq!(
            of(TEXT, "nightly", "lockstep rules"),
            "the profile `nightly` has nothing for `lockstep rules`"
        );
        assert!(of(TEXT, "nightly", "lockstep").starts_with("name the command"));
        let unknown = "[profile.a.run]\nhours = 1";
        assert_eq!(
            of(unknown, "a", "lockstep run"),
            "the profile `a` has `hours`, which `lockstep run` does not"
        );
        let float = "[profile.a.run]\nseconds = 1.5";
        assert!(of(float, "a", "lockstep run").contains("neither a text, a number"));
        let broken = of("[profile", "a", "lockstep run");
        assert!(!broken.contains('\n') && !broken.is_empty(), "{broken}");
    }

    #[test]
    fn the_profiles_of_this_project_are_those_of_its_commands() {
        let top = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let text = std::fs::read_to_string(top.join(FILE)).unwrap();
        let file: Profiles = toml::from_str(&text).unwrap();
        let names: Vec<&str> = file.profile.keys().map(String::as_str).collect();
        assert_eq!(names, ["nightly", "pull-request", "release"]);
        for (name, commands) in &file.profile {
            for command in commands.keys() {
                let mut line = vec!["lockstep", command];
                if command == "replay" {
                    line.push("fuzz/regressions");
                }
                let args: Vec<OsString> = line.iter().map(OsString::from).collect();
                let matches = Cli::command().try_get_matches_from(&args).unwrap();
                let more = options(&text, name, &matches).unwrap();
                let all = joined(args, more);
                let read = Cli::command().try_get_matches_from(all);
                assert!(read.is_ok(), "{name} {command}: {read:?}");
            }
        }
    }
}
