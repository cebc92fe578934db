//! Cargo as it is called: what it made, how it ended, and what it said.

use anyhow::{Context, anyhow};
use cargo_metadata::Message;
use std::io::BufReader;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Command, ExitStatus, Stdio};

/// What a `cargo build` with `--message-format=json-render-diagnostics` made; how cargo ended if that is
/// nothing.
///
/// # Errors
///
/// When cargo cannot be started or waited for.
pub(crate) fn executable(mut cargo: Command) -> anyhow::Result<Result<PathBuf, ExitStatus>> {
    let mut child = cargo.stdout(Stdio::piped()).spawn().map_err(no_cargo)?;
    let stdout = child.stdout.take().context("cargo has no output")?;
    let mut executable = None;
    for message in Message::parse_stream(BufReader::new(stdout)).flatten() {
        if let Message::CompilerArtifact(artifact) = message {
            executable = artifact.executable.or(executable);
        }
    }
    let ended = child.wait().context("cargo cannot be waited for")?;
    let made = executable.filter(|_| ended.success());
    Ok(made.map(|path| path.into_std_path_buf()).ok_or(ended))
}

/// How cargo ended without a program, for people.
pub(super) fn ended(status: ExitStatus) -> String {
    match (status.signal(), status.success()) {
        (Some(_), _) => {
            format!("cargo was ended by {status}; the next call goes on with the build")
        }
        (None, true) => "cargo ended well and made no program".to_owned(),
        (None, false) => format!("cargo ended with {status}; what it says is above"),
    }
}

/// What cargo says, in one line.
pub(super) fn one_line(error: &cargo_metadata::Error) -> String {
    let text = match error {
        cargo_metadata::Error::CargoMetadata { stderr } => stderr.clone(),
        other => other.to_string(),
    };
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let said: Vec<&str> = lines.filter(|line| !line.starts_with("Updating")).collect();
    said.join("; ")
}

pub(super) fn no_cargo(error: std::io::Error) -> anyhow::Error {
    anyhow!("cargo, which builds subject programs, cannot be started: {error}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_cargo_ended_says_what_comes_next() {
        let of = |raw| ended(ExitStatus::from_raw(raw));
        assert!(of(9).contains("signal: 9") && of(9).contains("next call"));
        assert!(of(101 << 8).contains("101; what it says is above"));
        assert!(of(0).contains("made no program"));
    }
}
