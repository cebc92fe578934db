//! What is traced: calls of a module, a case file, or a script.

use super::Options;
use crate::input::Input;
use crate::quoted_path;
use crate::subjects::Subject;
use anyhow::{anyhow, bail};
use lockstep_core::campaign::protocol::What;
use lockstep_core::check::UserFile;
use lockstep_core::check::program::is_command;
use lockstep_core::corpus;
use std::path::{Path, PathBuf};

/// What is traced, read and found good as far as that needs no engine.
pub(super) enum Target {
    /// Calls of a module.
    Calls(Input),
    /// A case file.
    Case(PathBuf),
    /// A script.
    Script(PathBuf),
}

impl Target {
    /// Reads what the options name.
    ///
    /// # Errors
    ///
    /// When it cannot be read, is not what its name says, or options do not belong to it.
    pub(super) fn read(options: &Options) -> anyhow::Result<Target> {
        let file = &options.file;
        let target = match file.extension().and_then(|end| end.to_str()) {
            Some("toml") => Target::Case(file.clone()),
            Some("wast") => Target::Script(file.clone()),
            _ => Target::Calls(Input::read(file)?),
        };
        target.refuse_options(options)?;
        match &target {
            Target::Calls(input) => {
                let starts = match &input.code {
                    UserFile::Module(module) => is_command(module),
                    UserFile::Component(_) => false,
                };
                if options.calls.invoke.is_empty() && !starts {
                    bail!("nothing to trace: name a call with --invoke 'name(arguments)'");
                }
                options.calls.plan(&input.code)?;
            }
            // What is wrong with a case is said before a worker is started.
            Target::Case(path) => drop(corpus::load(path)?),
            Target::Script(_) => {}
        }
        Ok(target)
    }

    /// Refuses an option that says what the file says itself, or that has no meaning for it.
    fn refuse_options(&self, options: &Options) -> anyhow::Result<()> {
        let given = options.calls.given();
        let features = options.features.is_some();
        match (self, given) {
            (Target::Calls(_), _) if options.campaign.dares() => Err(anyhow!(
                "--dare is for case files and scripts; {} is a module",
                options.file.display()
            )),
            (Target::Calls(_), _) if features => Err(anyhow!(
                "--features is for scripts; {} is a module",
                options.file.display()
            )),
            (Target::Case(path), _) if features => Err(anyhow!(
                "--features is for scripts; {} is a case file",
                path.display()
            )),
            (Target::Case(path), Some(option)) => Err(anyhow!(
                "{option} is for modules; the case file {} says what is called and what the host does",
                path.display()
            )),
            (Target::Script(path), Some(option)) if option != "--seed" => Err(anyhow!(
                "{option} is for modules; the script {} says what is called",
                path.display()
            )),
            _ => Ok(()),
        }
    }

    /// The case that a worker is asked for.
    pub(super) fn what(&self, options: &Options) -> What {
        match self {
            Target::Calls(input) => What::Calls(Box::new(options.calls.request(input))),
            Target::Case(path) => What::File(path.clone()),
            Target::Script(path) => What::Script {
                path: path.clone(),
                name: path.display().to_string(),
            },
        }
    }

    /// The command that runs it again, both executions.
    pub(super) fn replay(&self, options: &Options, subject: &Subject) -> String {
        let rest = options.campaign.replay(subject);
        match self {
            Target::Calls(input) => options.calls.replay(input, &options.campaign, subject),
            Target::Case(path) => format!("lockstep replay {}{rest}", quoted_path(path)),
            Target::Script(path) => {
                let file = path.file_name().map(Path::new).unwrap_or(path);
                let directory = path.parent().filter(|parent| *parent != Path::new(""));
                let mut text = format!(
                    "lockstep spec --dir {} {}",
                    quoted_path(directory.unwrap_or(Path::new("."))),
                    quoted_path(file)
                );
                if options.calls.seed != 0 {
                    text.push_str(&format!(" --seed {}", options.calls.seed));
                }
                if let Some(features) = &options.features {
                    text.push_str(&format!(" --features {features}"));
                }
                text + &rest
            }
        }
    }
}
