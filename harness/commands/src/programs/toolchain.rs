//! The compiler that builds subject programs: the one in use, or one that is as new as the engine asks for.

use super::cargo::{no_cargo, one_line};
use anyhow::anyhow;
use cargo_metadata::MetadataCommand;
use cargo_metadata::semver::Version as Number;
use lockstep_core::report::shown::say;
use lockstep_core::version::Version;
use std::path::Path;
use std::process::Command;

/// What builds a subject program.
pub(super) struct Toolchain {
    /// Its name for rustup; none is the one in use.
    name: Option<String>,
    /// As the compiler calls itself.
    pub(super) compiler: String,
    /// The later compiler that the engine asks for: it is compiled with this one all the same.
    pub(super) wanted: Option<Number>,
}

impl Toolchain {
    /// The compiler in use. That it is older than the engine asks for is a warning.
    pub(super) fn in_use(version: Version, manifest: &Path) -> anyhow::Result<Toolchain> {
        let compiler = compiler(None).map_err(no_cargo)?;
        let mine = number(&compiler);
        let wanted = rust_version(version, manifest)?;
        let wanted = wanted.filter(|wanted| mine.as_ref().is_some_and(|mine| older(mine, wanted)));
        if let Some((mine, wanted)) = mine.zip(wanted.as_ref()) {
            say(&format!(
                "lockstep: warning: {} asks for Rust {wanted}; it is compiled with {mine} all the same",
                version.name()
            ));
        }
        Ok(Toolchain {
            name: None,
            compiler,
            wanted,
        })
    }

    /// Another that is installed and as new as the engine asks for, where this one is not.
    pub(super) fn newer(&self) -> Option<Toolchain> {
        let wanted = self.wanted.as_ref()?;
        let listed = Command::new("rustup")
            .args(["toolchain", "list", "--quiet"])
            .output();
        let listed = String::from_utf8(listed.ok()?.stdout).ok()?;
        let mut installed = listed.lines().filter_map(|name| {
            let compiler = compiler(Some(name)).ok()?;
            let new_enough = number(&compiler).is_some_and(|number| !older(&number, wanted));
            new_enough.then(|| Toolchain {
                name: Some(name.to_owned()),
                compiler,
                wanted: None,
            })
        });
        installed.next()
    }

    pub(super) fn cargo(&self, command: &str) -> Command {
        let mut cargo = Command::new("cargo");
        if let Some(name) = &self.name {
            cargo.arg(format!("+{name}"));
        }
        cargo.arg(command);
        cargo
    }
}

/// What a compiler calls itself: the one in use, or the one of a toolchain.
fn compiler(toolchain: Option<&str>) -> std::io::Result<String> {
    let mut rustc = Command::new("rustc");
    if let Some(name) = toolchain {
        rustc.arg(format!("+{name}"));
    }
    let output = rustc.arg("--version").output()?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// A compiler's number, from what it calls itself.
fn number(compiler: &str) -> Option<Number> {
    Number::parse(compiler.split_whitespace().nth(1)?).ok()
}

/// Whether the first is before the second, a nightly being as new as what it will become.
fn older(a: &Number, b: &Number) -> bool {
    (a.major, a.minor, a.patch) < (b.major, b.minor, b.patch)
}

/// The compiler that the engine asks for.
fn rust_version(version: Version, manifest: &Path) -> anyhow::Result<Option<Number>> {
    let metadata = MetadataCommand::new().manifest_path(manifest).exec();
    let metadata = metadata
        .map_err(|error| anyhow!("{} cannot be had: {}", version.name(), one_line(&error)))?;
    let mut engines = metadata.packages.iter();
    let engine = engines.find(|package| package.name.as_str() == "wasmtime");
    Ok(engine.and_then(|engine| engine.rust_version.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compilers_are_compared_by_their_numbers() {
        let number = |text: &str| number(text).unwrap();
        let stable = number("rustc 1.95.0 (59807616e 2026-04-14)");
        let nightly = number("rustc 1.97.0-nightly (1a2b3c4d5 2026-05-01)");
        let wanted = Number::new(1, 97, 0);
        assert!(older(&stable, &wanted) && !older(&nightly, &wanted));
        assert!(super::number("no compiler").is_none());
    }
}
