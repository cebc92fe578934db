//! The compiler that builds subject programs: the one in use, or, where the engine asks for a later one and
//! this one fails, each that is installed and new enough.

use super::cargo::{no_cargo, one_line};
use super::{NotBuilt, Places};
use anyhow::anyhow;
use cargo_metadata::MetadataCommand;
use cargo_metadata::semver::Version as Number;
use lockstep_core::campaign::interrupt::Interrupt;
use lockstep_core::report::shown::say;
use lockstep_core::version::Version;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What builds a subject program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Toolchain {
    /// Its name for rustup; none is the one in use.
    name: Option<String>,
    /// As the compiler calls itself.
    compiler: String,
    /// The later compiler that the engine asks for: it is compiled with this one all the same.
    pub(super) wanted: Option<Number>,
}

impl Toolchain {
    pub(super) fn cargo(&self, command: &str) -> Command {
        let mut cargo = Command::new("cargo");
        if let Some(name) = &self.name {
            cargo.arg(format!("+{name}"));
        }
        cargo.arg(command);
        cargo
    }

    /// For people: its compiler's number.
    fn rust(&self) -> String {
        match number(&self.compiler) {
            Some(number) => format!("Rust {number}"),
            None => self.compiler.clone(),
        }
    }
}

/// What a build asks of the machine that it runs on.
pub(super) trait Machine {
    /// What a compiler calls itself: the one in use, or the one of a toolchain.
    fn compiler(&self, toolchain: Option<&str>) -> io::Result<String>;
    /// The toolchains that are installed, by their names for rustup.
    fn installed(&self) -> Vec<String>;
    /// The engine that is compiled, by its name.
    fn engine(&self) -> String;
    /// The compiler that the engine asks for.
    fn asked(&self) -> anyhow::Result<Option<Number>>;
    /// Has cargo build the program; the executable.
    fn build(&self, toolchain: &Toolchain) -> Result<PathBuf, NotBuilt>;
    /// Whether the user ends the build.
    fn stops(&self) -> bool;
    /// Says something to the user.
    fn say(&self, what: &str);
}

/// Builds a subject program; the executable, and the compiler that made it, as it calls itself.
///
/// # Errors
///
/// When there is no compiler, or none makes the program: what the last of them came to, in one sentence that
/// names all of them.
pub(super) fn build(machine: &impl Machine) -> anyhow::Result<(PathBuf, String)> {
    let in_use = in_use(machine)?;
    let mut error = match machine.build(&in_use) {
        Ok(executable) => return Ok((executable, in_use.compiler)),
        Err(error) => error,
    };
    let mut compilers = vec![in_use.rust()];
    for toolchain in newer(machine, &in_use) {
        // Whoever ended a build does not want another.
        if error.killed || machine.stops() {
            break;
        }
        machine.say(&format!("{error}; next with {}", toolchain.compiler));
        error = match machine.build(&toolchain) {
            Ok(executable) => return Ok((executable, toolchain.compiler)),
            Err(error) => error,
        };
        compilers.push(toolchain.rust());
    }
    Err(NotBuilt { compilers, ..error }.into())
}

/// The compiler in use. That it is older than the engine asks for is a warning.
fn in_use(machine: &impl Machine) -> anyhow::Result<Toolchain> {
    let compiler = machine.compiler(None).map_err(no_cargo)?;
    let mine = number(&compiler);
    let wanted = machine.asked()?;
    let wanted = wanted.filter(|wanted| mine.as_ref().is_some_and(|mine| older(mine, wanted)));
    if let Some((mine, wanted)) = mine.zip(wanted.as_ref()) {
        machine.say(&format!(
            "warning: {} asks for Rust {wanted}; it is compiled with {mine} all the same",
            machine.engine()
        ));
    }
    Ok(Toolchain {
        name: None,
        compiler,
        wanted,
    })
}

/// Those that are installed and as new as the engine asks for, where this one is not; one a compiler.
fn newer(machine: &impl Machine, in_use: &Toolchain) -> Vec<Toolchain> {
    let Some(wanted) = &in_use.wanted else {
        return Vec::new();
    };
    let mut toolchains: Vec<Toolchain> = Vec::new();
    for name in machine.installed() {
        let Ok(compiler) = machine.compiler(Some(&name)) else {
            continue;
        };
        let new_enough = number(&compiler).is_some_and(|number| !older(&number, wanted));
        if new_enough && toolchains.iter().all(|other| other.compiler != compiler) {
            toolchains.push(Toolchain {
                name: Some(name),
                compiler,
                wanted: None,
            });
        }
    }
    toolchains
}

/// The machine that this program runs on, and what it is to build.
pub(super) struct ThisMachine<'a> {
    /// Where it is built.
    pub(super) places: &'a Places,
    /// The engine.
    pub(super) version: Version,
    /// The program's manifest.
    pub(super) manifest: &'a Path,
    /// What ends the build.
    pub(super) interrupt: &'a Interrupt,
}

impl Machine for ThisMachine<'_> {
    fn compiler(&self, toolchain: Option<&str>) -> io::Result<String> {
        let mut rustc = Command::new("rustc");
        if let Some(name) = toolchain {
            rustc.arg(format!("+{name}"));
        }
        let output = rustc.arg("--version").output()?;
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }

    fn installed(&self) -> Vec<String> {
        let mut rustup = Command::new("rustup");
        // Who has no rustup has no other toolchain.
        let Ok(listed) = rustup.args(["toolchain", "list", "--quiet"]).output() else {
            return Vec::new();
        };
        let listed = String::from_utf8_lossy(&listed.stdout);
        listed.lines().map(str::to_owned).collect()
    }

    fn engine(&self) -> String {
        self.version.name()
    }

    fn asked(&self) -> anyhow::Result<Option<Number>> {
        let metadata = MetadataCommand::new().manifest_path(self.manifest).exec();
        let metadata = metadata
            .map_err(|error| anyhow!("{} cannot be had: {}", self.engine(), one_line(&error)))?;
        let mut engines = metadata.packages.iter();
        let engine = engines.find(|package| package.name.as_str() == "wasmtime");
        Ok(engine.and_then(|engine| engine.rust_version.clone()))
    }

    fn build(&self, toolchain: &Toolchain) -> Result<PathBuf, NotBuilt> {
        self.places
            .cargo_build(self.version, self.manifest, toolchain)
    }

    fn stops(&self) -> bool {
        self.interrupt.stops()
    }

    fn say(&self, what: &str) {
        say(what);
    }
}

/// A compiler's number, from what it calls itself.
fn number(compiler: &str) -> Option<Number> {
    Number::parse(compiler.split_whitespace().nth(1)?).ok()
}

/// Whether the first is before the second, a nightly being as new as what it will become.
fn older(a: &Number, b: &Number) -> bool {
    (a.major, a.minor, a.patch) < (b.major, b.minor, b.patch)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;

    #[test]
    fn compilers_are_compared_by_their_numbers() {
        let number = |text: &str| number(text).unwrap();
        let stable = number("rustc 1.95.0 (59807616e 2026-04-14)");
        let nightly = number("rustc 1.97.0-nightly (1a2b3c4d5 2026-05-01)");
        let wanted = Number::new(1, 97, 0);
        assert!(older(&stable, &wanted) && !older(&nightly, &wanted));
        assert!(super::number("no compiler").is_none());
    }

    /// A machine whose compilers are numbers, and the toolchains of them that make a program.
    struct Given {
        in_use: &'static str,
        installed: &'static [(&'static str, &'static str)],
        makes: &'static [&'static str],
        killed: bool,
        said: RefCell<Vec<String>>,
    }

    impl Machine for Given {
        fn compiler(&self, toolchain: Option<&str>) -> io::Result<String> {
            let mut installed = self.installed.iter();
            let number = match toolchain {
                None => self.in_use,
                Some(name) => installed.find(|(known, _)| *known == name).unwrap().1,
            };
            match number {
                "gone" => Err(io::ErrorKind::NotFound.into()),
                number => Ok(format!("rustc {number} (0 2026-01-01)")),
            }
        }

        fn installed(&self) -> Vec<String> {
            let names = self.installed.iter().map(|(name, _)| name.to_string());
            names.collect()
        }

        fn engine(&self) -> String {
            "wasmtime 50.0.1".to_owned()
        }

        fn asked(&self) -> anyhow::Result<Option<Number>> {
            Ok(Some(Number::new(1, 97, 0)))
        }

        fn build(&self, toolchain: &Toolchain) -> Result<PathBuf, NotBuilt> {
            let name = toolchain.name.as_deref().unwrap_or("in use");
            match self.makes.contains(&name) {
                true => Ok(PathBuf::from(name)),
                false => Err(NotBuilt {
                    of: self.engine(),
                    compilers: Vec::new(),
                    why: format!("{name} ended with 101"),
                    killed: self.killed,
                }),
            }
        }

        fn stops(&self) -> bool {
            false
        }

        fn say(&self, what: &str) {
            self.said.borrow_mut().push(what.to_owned());
        }
    }

    fn given() -> Given {
        Given {
            in_use: "1.95.0",
            installed: &[
                ("stable", "1.95.0"),
                ("broken", "gone"),
                ("beta", "1.97.0"),
                ("1.97", "1.97.0"),
                ("nightly", "1.98.0-nightly"),
            ],
            makes: &[],
            killed: false,
            said: RefCell::default(),
        }
    }

    const WARNING: &str =
        "warning: wasmtime 50.0.1 asks for Rust 1.97.0; it is compiled with 1.95.0 all the same";

    #[test]
    fn an_older_compiler_is_used_with_a_warning() {
        let given = Given {
            makes: &["in use", "beta"],
            ..given()
        };
        let (made, compiler) = build(&given).unwrap();
        assert_eq!(made, Path::new("in use"));
        assert_eq!(compiler, "rustc 1.95.0 (0 2026-01-01)");
        assert_eq!(*given.said.borrow(), [WARNING]);
    }

    #[test]
    fn each_that_is_new_enough_is_tried_until_one_makes_the_program() {
        let given = Given {
            makes: &["stable", "nightly"],
            ..given()
        };
        let (made, compiler) = build(&given).unwrap();
        assert_eq!(made, Path::new("nightly"));
        assert_eq!(compiler, "rustc 1.98.0-nightly (0 2026-01-01)");
        assert_eq!(
            *given.said.borrow(),
            [
                WARNING,
                "the subject program of wasmtime 50.0.1 was not built: in use ended with 101; next with rustc 1.97.0 (0 2026-01-01)",
                "the subject program of wasmtime 50.0.1 was not built: beta ended with 101; next with rustc 1.98.0-nightly (0 2026-01-01)",
            ]
        );
    }

    /// What was said on the way is not a refusal: that is one sentence, at the end.
    #[test]
    fn where_none_makes_the_program_one_sentence_names_all() {
        let given = given();
        let error = build(&given).unwrap_err().to_string();
        assert_eq!(
            error,
            "the subject program of wasmtime 50.0.1 was not built with Rust 1.95.0, Rust 1.97.0 or Rust 1.98.0-nightly: nightly ended with 101"
        );
        let said = given.said.borrow();
        assert_eq!(said.len(), 3);
        assert!(said.iter().all(|line| !line.starts_with("lockstep:")));
    }

    #[test]
    fn no_other_is_tried_of_one_that_is_new_enough_or_was_ended() {
        let new = Given {
            in_use: "1.97.0",
            ..given()
        };
        let killed = Given {
            killed: true,
            ..given()
        };
        let sentence =
            "the subject program of wasmtime 50.0.1 was not built: in use ended with 101";
        for (given, said) in [(new, &[][..]), (killed, &[WARNING])] {
            assert_eq!(build(&given).unwrap_err().to_string(), sentence);
            assert_eq!(*given.said.borrow(), said);
        }
    }
}
