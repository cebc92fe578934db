//! `lockstep completions` and `lockstep man`: what shells and manuals have of the command line. Both are
//! made of the command line itself.

use super::output::Output;
use super::{Cli, OK, OwnFault};
use anyhow::anyhow;
use clap::{Args, CommandFactory};
use clap_complete::Shell;
use std::io::Write;
use std::path::PathBuf;

/// Prints completions for a shell
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  lockstep completions bash > ~/.local/share/bash-completion/completions/lockstep
  lockstep completions zsh > ~/.zfunc/_lockstep
  lockstep completions fish > ~/.config/fish/completions/lockstep.fish")]
pub(super) struct Completions {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

/// Writes manual pages, one a command
#[derive(Debug, Args)]
#[command(after_long_help = "\
Example:
  lockstep man ~/.local/share/man/man1 && man lockstep-run")]
pub(super) struct Man {
    /// Where to; it is made if it is not there
    dir: PathBuf,
}

pub(super) fn completions(options: &Completions) -> anyhow::Result<u8> {
    let mut text = Vec::new();
    clap_complete::generate(options.shell, &mut Cli::command(), "lockstep", &mut text);
    let mut out = Output::new();
    out.write_all(&text).map_err(OwnFault::from)?;
    out.flush().map_err(OwnFault::from)?;
    Ok(OK)
}

pub(super) fn man(options: &Man) -> anyhow::Result<u8> {
    let dir = &options.dir;
    std::fs::create_dir_all(dir)
        .and_then(|()| clap_mangen::generate_to(Cli::command(), dir))
        .map_err(|error| anyhow!("cannot write manual pages to {}: {error}", dir.display()))?;
    Ok(OK)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::ValueEnum;

    #[test]
    fn every_shell_completes_every_command() {
        for shell in Shell::value_variants() {
            let mut text = Vec::new();
            clap_complete::generate(*shell, &mut Cli::command(), "lockstep", &mut text);
            let text = String::from_utf8(text).unwrap();
            for command in ["check", "replay", "merge", "completions"] {
                assert!(text.contains(command), "{shell} {command}");
            }
        }
    }

    #[test]
    fn every_command_but_a_hidden_one_has_a_page() {
        let dir = tempfile::TempDir::new().unwrap();
        let options = Man {
            dir: dir.path().join("man1"),
        };
        assert_eq!(man(&options).unwrap(), OK);
        let has = |name: &str| options.dir.join(name).exists();
        assert!(has("lockstep.1") && has("lockstep-run.1") && has("lockstep-merge.1"));
        assert!(!has("lockstep-worker.1"));
        let page = std::fs::read_to_string(options.dir.join("lockstep-run.1")).unwrap();
        assert!(page.contains("max\\-findings"), "{page}");
    }
}
