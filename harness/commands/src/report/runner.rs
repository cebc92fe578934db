//! Compiles and runs reproducers. Wasmtime is not compiled anew where the cache of subject programs has it:
//! a manifest asks for what a subject program asks for, so that every feature of every crate is the same.

use super::verdict::{Ended, Ran};
use crate::programs::{Places, Source, executable};
use anyhow::{Context, anyhow};
use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, Package};
use lockstep_core::version::Version;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Read;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// Runs what was written.
pub(super) trait Runner {
    /// Compiles and runs the reproducer in a folder.
    ///
    /// # Errors
    ///
    /// When it does not compile, or cannot be started: one sentence.
    fn run(&mut self, version: Version, folder: &Path) -> anyhow::Result<Ran>;
}

/// Has cargo compile them, each against the published engine.
pub(super) struct Cargo {
    places: Places,
    /// The dependencies of a version's subject program, once they were looked up.
    dependencies: BTreeMap<Version, toml::Table>,
}

/// How long a reproducer may run.
const TIME: Duration = Duration::from_secs(60);

/// What a reproducer needs beside the engine.
const OWN: &[(&str, &str)] = &[("wat", "1"), ("pollster", "0.4")];

impl Cargo {
    /// With the cache of subject programs.
    ///
    /// # Errors
    ///
    /// When there is no source tree, or no cache.
    pub(super) fn new() -> anyhow::Result<Cargo> {
        Ok(Cargo {
            places: Places::find()?,
            dependencies: BTreeMap::new(),
        })
    }

    /// The manifest that compiles the program of a folder.
    fn manifest(&mut self, version: Version, folder: &Path) -> anyhow::Result<PathBuf> {
        let (_, model) = self.places.manifest_of(&Source::Published(version))?;
        let place = self
            .places
            .cache
            .join("reproducers")
            .join(version.to_string());
        fs::create_dir_all(&place)?;
        let dependencies = match self.dependencies.get(&version) {
            Some(known) => known.clone(),
            None => {
                let metadata = MetadataCommand::new().manifest_path(&model).exec();
                let metadata = metadata.map_err(|error| {
                    anyhow!(
                        "the dependencies of {} cannot be had: {error}",
                        version.name()
                    )
                })?;
                // As locked for the subject program: another version of a crate would be compiled anew.
                let lock = metadata.workspace_root.join("Cargo.lock");
                fs::copy(&lock, place.join("Cargo.lock"))
                    .with_context(|| format!("cannot copy {lock}"))?;
                let found = dependencies(&metadata, &model)?;
                self.dependencies.insert(version, found.clone());
                found
            }
        };
        let program = fs::canonicalize(folder.join("src/main.rs"))?;
        let mut manifest = toml::Table::new();
        let mut package = toml::Table::new();
        package.insert("name".to_owned(), "reproducer".into());
        package.insert("version".to_owned(), "0.0.0".into());
        package.insert("edition".to_owned(), "2024".into());
        manifest.insert("package".to_owned(), package.into());
        let mut bin = toml::Table::new();
        bin.insert(
            "name".to_owned(),
            format!("reproducer-{}", version.release()).into(),
        );
        let path = program.to_string_lossy().into_owned();
        bin.insert("path".to_owned(), path.into());
        manifest.insert("bin".to_owned(), vec![toml::Value::from(bin)].into());
        manifest.insert("dependencies".to_owned(), dependencies.into());
        manifest.insert("workspace".to_owned(), toml::Table::new().into());
        let path = place.join("Cargo.toml");
        fs::write(&path, toml::to_string(&manifest)?)
            .with_context(|| format!("cannot write {}", path.display()))?;
        Ok(path)
    }

    fn build(&self, manifest: &Path) -> anyhow::Result<PathBuf> {
        let mut cargo = Command::new("cargo");
        cargo
            .args(["build", "--release", "--quiet", "--ignore-rust-version"])
            .arg("--message-format=json-render-diagnostics")
            .arg("--manifest-path")
            .arg(manifest)
            .arg("--target-dir")
            .arg(self.places.cache.join("build"));
        executable(cargo)?.map_err(|_| anyhow!("it does not compile"))
    }
}

impl Runner for Cargo {
    fn run(&mut self, version: Version, folder: &Path) -> anyhow::Result<Ran> {
        let manifest = self.manifest(version, folder)?;
        let program = self.build(&manifest)?;
        let mut child = Command::new(program)
            .env_remove("RUST_BACKTRACE")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .context("it cannot be started")?;
        let stdout = child.stdout.take().map(read_on);
        let stderr = child.stderr.take().map(read_on);
        let ended = wait(&mut child)?;
        let text = |reader: Option<thread::JoinHandle<String>>| {
            let read = reader.and_then(|reader| reader.join().ok());
            read.unwrap_or_default()
        };
        Ok(Ran {
            ended,
            stdout: text(stdout),
            stderr: text(stderr),
        })
    }
}

fn read_on(mut from: impl Read + Send + 'static) -> thread::JoinHandle<String> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        // What was read until an error is what there is.
        let _ = from.read_to_end(&mut bytes);
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

fn wait(child: &mut Child) -> anyhow::Result<Ended> {
    let begun = Instant::now();
    loop {
        if let Some(status) = child.try_wait()? {
            let code = status.code().map(Ended::Code);
            return Ok(code.unwrap_or(Ended::Signal(status.signal().unwrap_or(0))));
        }
        if begun.elapsed() > TIME {
            child.kill()?;
            child.wait()?;
            return Ok(Ended::Never);
        }
        thread::sleep(Duration::from_millis(20));
    }
}

/// What the packages of the source tree that a subject program is made of ask for, together: the same
/// requests make cargo choose the same features.
fn dependencies(metadata: &Metadata, manifest: &Path) -> anyhow::Result<toml::Table> {
    let manifest = fs::canonicalize(manifest)?;
    let mut todo: Vec<&Package> = metadata
        .packages
        .iter()
        .filter(|package| package.manifest_path.as_std_path() == manifest)
        .collect();
    let mut seen = BTreeSet::new();
    let mut requests: BTreeMap<String, (BTreeSet<String>, BTreeSet<String>, bool)> =
        BTreeMap::new();
    while let Some(package) = todo.pop() {
        if !seen.insert(&package.id) {
            continue;
        }
        let normal = package.dependencies.iter();
        let normal = normal.filter(|asked| asked.kind == DependencyKind::Normal && !asked.optional);
        for asked in normal {
            if asked.path.is_some() {
                let found = metadata.packages.iter();
                todo.extend(found.filter(|other| *other.name == asked.name));
                continue;
            }
            let (versions, features, defaults) = requests.entry(asked.name.clone()).or_default();
            versions.insert(asked.req.to_string());
            features.extend(asked.features.iter().cloned());
            *defaults |= asked.uses_default_features;
        }
    }
    let mut table = toml::Table::new();
    for (name, (versions, features, defaults)) in requests {
        let mut request = toml::Table::new();
        let versions: Vec<String> = versions.into_iter().collect();
        request.insert("version".to_owned(), versions.join(", ").into());
        request.insert("default-features".to_owned(), defaults.into());
        let features: Vec<String> = features.into_iter().collect();
        request.insert("features".to_owned(), features.into());
        table.insert(name, request.into());
    }
    for (name, version) in OWN {
        table.insert((*name).to_owned(), (*version).into());
    }
    Ok(table)
}
