//! Cargo as it is called: what it made, how it ended, and what it said.

use super::signals::interrupt;
use anyhow::{Context, anyhow, bail};
use cargo_metadata::Message;
use lockstep_core::campaign::interrupt::Interrupt;
use std::io::{self, BufReader};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::thread;
use std::time::Duration;

/// How often is looked whether cargo has ended, or a signal came.
const LOOK: Duration = Duration::from_millis(20);

/// What a `cargo build` with `--message-format=json-render-diagnostics` made; how cargo ended if that is
/// nothing.
///
/// # Errors
///
/// When cargo cannot be started or waited for, or a signal came: then it is ended with all that it started.
pub(crate) fn executable(cargo: Command) -> anyhow::Result<Result<PathBuf, ExitStatus>> {
    made(cargo, interrupt()?)
}

fn made(mut cargo: Command, interrupt: &Interrupt) -> anyhow::Result<Result<PathBuf, ExitStatus>> {
    // A group of its own, so that the compilers that it starts end with it.
    cargo.process_group(0).stdin(Stdio::null());
    let mut child = cargo.stdout(Stdio::piped()).spawn().map_err(no_cargo)?;
    let stdout = child.stdout.take().context("cargo has no output")?;
    let reader = thread::Builder::new().spawn(move || last_executable(stdout));
    let reader = match reader {
        Ok(reader) => reader,
        Err(error) => {
            signal_group(&mut child, "KILL")?;
            child.wait()?;
            bail!("cannot start a thread: {error}");
        }
    };
    let ended = wait(&mut child, interrupt).context("cargo cannot be waited for")?;
    let Some(ended) = ended else {
        let name = interrupt.signal().map_or("a signal", |(_, name)| name);
        bail!("ended by {name}");
    };
    let executable = reader.join().unwrap_or_default();
    Ok(executable.filter(|_| ended.success()).ok_or(ended))
}

/// The last executable in what cargo says.
fn last_executable(stdout: ChildStdout) -> Option<PathBuf> {
    let messages = Message::parse_stream(BufReader::new(stdout)).flatten();
    let executables = messages.filter_map(|message| match message {
        Message::CompilerArtifact(artifact) => artifact.executable,
        _ => None,
    });
    executables.last().map(|path| path.into_std_path_buf())
}

/// Waits for cargo; none if it was ended since a signal came.
fn wait(child: &mut Child, interrupt: &Interrupt) -> io::Result<Option<ExitStatus>> {
    while !interrupt.stops() {
        if let Some(ended) = child.try_wait()? {
            return Ok(Some(ended));
        }
        thread::sleep(LOOK);
    }
    signal_group(child, "TERM")?;
    while child.try_wait()?.is_none() {
        if interrupt.abandons() {
            signal_group(child, "KILL")?;
            child.wait()?;
        }
        thread::sleep(LOOK);
    }
    Ok(None)
}

/// Sends a signal to a process that was not waited for, and to its group. A shell does so, since the standard
/// library knows no groups.
fn signal_group(child: &mut Child, signal: &str) -> io::Result<()> {
    let line = format!("kill -{signal} -{}", child.id());
    let mut shell = Command::new("/bin/sh");
    match shell.args(["-c", &line]).stderr(Stdio::null()).status() {
        Ok(status) if status.success() => Ok(()),
        _ => child.kill(),
    }
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

    fn shell(line: &str) -> Command {
        let mut shell = Command::new("/bin/sh");
        shell.args(["-c", line]);
        shell
    }

    /// Given a cargo that waits for a compiler, when the campaign is to stop, both are ended.
    #[test]
    fn cargo_is_ended_with_what_it_started() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("compiler");
        let line = format!("sleep 600 & echo $! >'{}'; wait", file.display());
        let interrupt = Interrupt::default();
        let compiler = thread::scope(|scope| {
            let build = scope.spawn(|| made(shell(&line), &interrupt));
            let compiler = loop {
                let text = std::fs::read_to_string(&file).unwrap_or_default();
                match text.trim().parse::<u32>() {
                    Ok(compiler) => break compiler,
                    Err(_) => thread::sleep(LOOK),
                }
            };
            interrupt.give_up();
            let error = build.join().unwrap().unwrap_err();
            assert_eq!(error.to_string(), "ended by a signal");
            compiler
        });
        let is_there = || {
            let status = std::fs::read_to_string(format!("/proc/{compiler}/stat"));
            status.is_ok_and(|status| !status.contains(") Z "))
        };
        let mut looks = 0..100;
        while is_there() {
            assert!(looks.next().is_some(), "the compiler goes on");
            thread::sleep(LOOK);
        }
    }

    #[test]
    fn what_cargo_says_beside_the_artifact_is_no_program() {
        let ended = made(
            shell("echo '{\"reason\":\"build-finished\"}'; exit 101"),
            &Interrupt::default(),
        );
        assert_eq!(ended.unwrap().unwrap_err().code(), Some(101));
        let error = made(Command::new("/nowhere/cargo"), &Interrupt::default());
        assert!(error.unwrap_err().to_string().contains("cannot be started"));
    }

    #[test]
    fn how_cargo_ended_says_what_comes_next() {
        let of = |raw| ended(ExitStatus::from_raw(raw));
        assert!(of(9).contains("signal: 9") && of(9).contains("next call"));
        assert!(of(101 << 8).contains("101; what it says is above"));
        assert!(of(0).contains("made no program"));
    }
}
