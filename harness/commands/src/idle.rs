//! Options that would do nothing: a command refuses each that it has and does not honour, in one sentence.
//!
//! Options that every command has, or that commands which run cases share, come as a whole; here is what of
//! them a command has no use for. `options.txt` is the whole table, command by option, and a test holds it
//! against the command line.

use super::{Cli, Format};
use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{ArgMatches, CommandFactory};

/// Options of a campaign's report, by their ids, which what only asks whether cases differ has no use for.
const OF_REPORTS: &[&str] = &[
    "junit",
    "trend",
    "timings",
    "opcodes",
    "show_known",
    "max_findings",
    "allow_empty",
    "github",
    "verbose",
];

/// What a command that runs nothing has no use for.
const OF_SUBJECTS: &[&str] = &["subject"];

/// A command, and options by their ids that would do nothing for it.
const IDLE: &[(&str, &[&[&str]])] = &[
    // A module has no case that says what may be dared. Its calls share an instance, one after the other.
    ("check", &[&["dare", "jobs"]]),
    // One execution is shown, all of it.
    (
        "trace",
        &[&[
            "jobs",
            "no_twin",
            "show_known",
            "max_findings",
            "quiet",
            "verbose",
        ]],
    ),
    // A script says nothing of rules and causes beforehand.
    ("spec", &[&["rules", "causes"]]),
    ("matrix", &[OF_SUBJECTS, OF_REPORTS]),
    (
        "bisect",
        &[OF_SUBJECTS, OF_REPORTS, &["jobs", "html", "quiet"]],
    ),
    ("merge", &[OF_SUBJECTS]),
    ("rules", &[OF_SUBJECTS]),
    ("causes", &[OF_SUBJECTS]),
    ("seeds", &[OF_SUBJECTS]),
    ("subjects", &[OF_SUBJECTS]),
    ("completions", &[OF_SUBJECTS]),
    ("man", &[OF_SUBJECTS]),
    ("schema", &[OF_SUBJECTS]),
];

/// Commands that have nothing to say in JSON.
const WITHOUT_JSON: &[&str] = &[
    "seeds",
    "completions",
    "man",
    "subjects fuzz",
    "subjects clean",
];

/// Refuses an option that would do nothing.
///
/// # Errors
///
/// What `clap` would say of it, if it knew.
pub(super) fn refuse(matches: &ArgMatches) -> Result<(), clap::Error> {
    let Some((command, given)) = matches.subcommand() else {
        return Ok(());
    };
    let idle = IDLE.iter().filter(|(name, _)| *name == command);
    let mut idle = idle.flat_map(|(_, lists)| lists.iter().copied().flatten());
    let is_given = |id: &&&str| given.value_source(id) == Some(ValueSource::CommandLine);
    if let Some(id) = idle.find(is_given) {
        return Err(does_nothing(&id.replace('_', "-"), command));
    }
    let whole = match given.subcommand_name() {
        Some(part) => format!("{command} {part}"),
        None => command.to_owned(),
    };
    let json = given.get_one("format") == Some(&Format::Json);
    match json && WITHOUT_JSON.contains(&whole.as_str()) {
        true => Err(does_nothing("format json", &whole)),
        false => Ok(()),
    }
}

fn does_nothing(option: &str, command: &str) -> clap::Error {
    // Filters by rule and cause have their names in the plural within.
    let option = match option {
        "rules" => "rule",
        "causes" => "cause",
        option => option,
    };
    let sentence = format!("--{option} does nothing for `lockstep {command}`");
    Cli::command().error(ErrorKind::ArgumentConflict, sentence)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profiles::{Refused, parsed};
    use clap::{Arg, Command};
    use std::collections::BTreeMap;
    use std::ffi::OsString;
    use std::fmt::Write;

    #[test]
    fn what_would_do_nothing_is_an_option_of_its_command() {
        let mut root = Cli::command();
        root.build();
        for (name, options) in IDLE {
            let command = root.find_subcommand(name).unwrap();
            let known: Vec<&str> = command
                .get_arguments()
                .map(|a| a.get_id().as_str())
                .collect();
            for option in options.iter().copied().flatten() {
                assert!(known.contains(option), "{name} {option}");
            }
        }
    }

    #[test]
    fn what_would_do_nothing_is_refused_where_it_is_given() {
        let refused = |line: &str| {
            let line = format!("lockstep {line}");
            match parsed(line.split_whitespace().map(OsString::from).collect()) {
                Err(Refused::Line(refused)) => refused.to_string(),
                read => panic!("{line} is not refused: {read:?}"),
            }
        };
        let bisect = "bisect a.toml --from 42 --to 48";
        for more in [
            "--junit F",
            "--html D",
            "--html D --trend T",
            "--timings",
            "--github",
            "--jobs 2",
            "-q",
        ] {
            let said = refused(&format!("{bisect} {more}"));
            assert!(
                said.contains("does nothing for `lockstep bisect`"),
                "{said}"
            );
        }
        for line in [
            bisect,
            "matrix a",
            "subjects",
            "subjects build 48",
            "subjects fuzz 48",
        ] {
            let command = line.split(' ').next().unwrap();
            let sentence = format!("--subject does nothing for `lockstep {command}`");
            for line in [
                format!("--subject 42 {line}"),
                format!("{line} --subject 42"),
            ] {
                let said = refused(&line);
                assert!(said.contains(&sentence), "{line}: {said}");
            }
            // The default is not given.
            let line = format!("lockstep {line}");
            let read = parsed(line.split(' ').map(OsString::from).collect());
            assert!(read.is_ok(), "{line}: {read:?}");
        }
        for (command, line) in [
            ("check", "check m.wat --jobs 2"),
            ("trace", "trace m.wat --invoke f() --jobs 2"),
        ] {
            let said = refused(line);
            let sentence = format!("--jobs does nothing for `lockstep {command}`");
            assert!(said.contains(&sentence), "{line}: {said}");
        }
        let run = "lockstep run --subject 48 --junit F --timings --jobs 2 -q";
        assert!(parsed(run.split(' ').map(OsString::from).collect()).is_ok());
    }

    /// A line of each command without an option; a new one needs one here.
    fn line_of(command: &str) -> &'static str {
        match command {
            "check" => "check m.wat",
            "trace" => "trace m.wat",
            "spec" => "spec",
            "run" => "run",
            "reduce" => "reduce c.toml",
            "replay" => "replay c.toml",
            "matrix" => "matrix",
            "bisect" => "bisect c.toml --from 42 --to 48",
            "report" => "report TRAP-PC",
            "merge" => "merge d",
            "rules" => "rules",
            "causes" => "causes",
            "save" => "save d --seed 1 --case 2",
            "seeds" => "seeds d",
            "subjects" => "subjects",
            "subjects build" => "subjects build 48",
            "subjects fuzz" => "subjects fuzz 48",
            "subjects clean" => "subjects clean",
            "completions" => "completions bash",
            "man" => "man d",
            "schema" => "schema",
            _ => panic!("say here how `lockstep {command}` is called"),
        }
    }

    /// An option as it is written, with a value if it takes one.
    fn written(arg: &Arg) -> String {
        let name = arg.get_long().unwrap();
        let value = match name {
            "format" => "json",
            "subject" | "subjects" => "48",
            "config" => "target=pulley64",
            "memory-limit" => "300",
            "features" => return "--features gc --dir d".to_owned(),
            "trend" => return "--trend d --html d".to_owned(),
            "shard" => "1/2",
            "deadline" => "06:00",
            "rule" => "FRAME-PC",
            "cause" => "IF-PARAMS",
            "github" => return "--github".to_owned(),
            _ if !arg.get_action().takes_values() => return format!("--{name}"),
            _ => match arg.get_possible_values().first() {
                Some(value) => return format!("--{name} {}", value.get_name()),
                None => "1",
            },
        };
        format!("--{name} {value}")
    }

    /// Every command that is shown, and what it is made of, by the words that name it.
    fn commands(root: &Command) -> Vec<(String, Command)> {
        let mut all = Vec::new();
        for command in root
            .get_subcommands()
            .filter(|command| !command.is_hide_set())
        {
            let name = command.get_name().to_owned();
            for part in command.get_subcommands() {
                if part.get_name() != "help" {
                    all.push((format!("{name} {}", part.get_name()), part.clone()));
                }
            }
            if name != "help" {
                all.push((name, command.clone()));
            }
        }
        all.sort_by(|a, b| a.0.cmp(&b.0));
        all
    }

    /// What a command makes of an option.
    fn cell(command: &str, arg: Option<&Arg>) -> &'static str {
        let Some(arg) = arg else { return "-" };
        let option = written(arg);
        let line = match (command, arg.get_long()) {
            // They are in the line already.
            ("save", Some("seed" | "case")) | ("bisect", Some("from")) => return "yes",
            // What it lists is in the file, or named otherwise.
            _ => format!("lockstep {} {option}", line_of(command)),
        };
        match parsed(line.split(' ').map(OsString::from).collect()) {
            // The profile of that name is looked for, and not found.
            Ok(_) | Err(Refused::Profile(_)) => "yes",
            Err(Refused::Line(refused)) => {
                let said = refused.to_string();
                assert!(said.contains("does nothing for"), "{line}: {said}");
                "refused"
            }
        }
    }

    /// Given a command or an option that is new, it is not known whether the one honours the other until
    /// somebody looks and says so in the table.
    #[test]
    fn every_command_honours_an_option_or_refuses_it() {
        let mut root = Cli::command();
        root.build();
        let commands = commands(&root);
        let mut options: BTreeMap<&str, usize> = BTreeMap::new();
        for (_, command) in &commands {
            let long = command.get_arguments().filter_map(Arg::get_long);
            for option in long.filter(|option| *option != "help") {
                *options.entry(option).or_default() += 1;
            }
        }
        options.retain(|_, commands| *commands > 1);
        let mut table = String::new();
        for option in options.keys() {
            let mut made: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
            for (name, command) in &commands {
                let mut args = command.get_arguments();
                let arg = args.find(|arg| arg.get_long() == Some(option));
                made.entry(cell(name, arg)).or_default().push(name);
            }
            let _ = writeln!(table, "--{option}");
            for word in ["yes", "refused"] {
                if let Some(names) = made.get(word) {
                    let _ = writeln!(table, "  {word:<8}{}", names.join(", "));
                }
            }
        }
        let known = include_str!("options.txt");
        let known = known.split_once("\n\n").map_or("", |(_, table)| table);
        assert!(known == table, "options.txt does not say so:\n{table}");
    }
}
