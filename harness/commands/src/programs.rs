//! Subject programs: each holds one version of the engine, and is built by cargo when it is asked for.
//!
//! Cargo is the cache: it is asked each time, and knows what has changed of the engine, of Lockstep, of
//! the compiler and of its options, and that a build was interrupted. It also keeps two builds from
//! meeting. What it built is kept under the hash of its content, so that a campaign goes on with the
//! program it began with.

use anyhow::{Context, anyhow, bail};
use cargo_metadata::semver::Version as Number;
use cargo_metadata::{Message, MetadataCommand};
use lockstep_core::report::shown::say;
use lockstep_core::version::{Version, VersionError};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::env;
use std::fmt;
use std::fs;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::str::FromStr;

/// Where the engine's source comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// What was published by this number
    Published(Version),
    /// A checkout of Wasmtime, or of its crate
    Checkout(PathBuf),
}

/// What names a checkout.
const PATH: &str = "path:";

impl FromStr for Source {
    type Err = VersionError;

    fn from_str(text: &str) -> Result<Source, VersionError> {
        match text.strip_prefix(PATH) {
            Some("") => Err(VersionError::Malformed(text.to_owned())),
            Some(directory) => Ok(Source::Checkout(PathBuf::from(directory))),
            None => Ok(Source::Published(text.parse()?)),
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Source::Published(version) => f.write_str(&version.id()),
            Source::Checkout(directory) => write!(f, "{PATH}{}", directory.display()),
        }
    }
}

impl Source {
    /// A name for files about it.
    pub(crate) fn file_name(&self) -> String {
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '.';
        let name = self.to_string();
        name.chars()
            .map(|c| if plain(c) { c } else { '_' })
            .collect()
    }
}

/// A subject program that is there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Built {
    /// The version that it holds.
    pub(crate) version: Version,
    /// The program.
    pub(crate) program: PathBuf,
    /// The compiler that built it, as it calls itself.
    pub(crate) compiler: String,
}

/// Builds the subject program, or finds that it is up to date.
///
/// # Errors
///
/// When there is no such version, the source tree or cargo is not there, or cargo fails: one sentence,
/// after what cargo says itself.
pub(crate) fn build(source: &Source) -> anyhow::Result<Built> {
    let places = Places::find()?;
    let (version, manifest) = places.manifest_of(source)?;
    let mut toolchain = Toolchain::in_use(version, &manifest)?;
    let executable = places.cargo_build(version, &manifest, &toolchain);
    let executable = match (executable, toolchain.newer()) {
        (Err(error), Some(newer)) => {
            say(&format!(
                "lockstep: {error:#}; next with {}",
                newer.compiler
            ));
            toolchain = newer;
            places.cargo_build(version, &manifest, &toolchain)?
        }
        (executable, _) => executable?,
    };
    let built = Built {
        version,
        program: places.keep(version, &executable)?,
        compiler: toolchain.compiler,
    };
    let told = serde_json::to_vec_pretty(&built)?;
    let stamp = places.stamp(source);
    fs::write(&stamp, told).with_context(|| format!("cannot write {}", stamp.display()))?;
    Ok(built)
}

/// The source tree, and the directory of what is built from it.
pub(crate) struct Places {
    /// The source tree.
    pub(crate) tree: PathBuf,
    /// Where subject programs are kept.
    pub(crate) cache: PathBuf,
}

/// The variable that moves the cache.
const CACHE: &str = "LOCKSTEP_SUBJECTS";

/// The manifest that others are derived from.
const MODEL: &str = "harness/subject/wasmtime-50/Cargo.toml";

impl Places {
    /// The places of this program.
    ///
    /// # Errors
    ///
    /// When the source tree is gone, or the directory cannot be made.
    pub(crate) fn find() -> anyhow::Result<Places> {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let tree = here.join("../..");
        let tree = fs::canonicalize(&tree)
            .ok()
            .filter(|tree| tree.join(MODEL).is_file());
        let tree = tree.ok_or_else(|| {
            anyhow!("a subject program is built from Lockstep's source tree, and it is no longer where this program was built")
        })?;
        let cache = match env::var_os(CACHE) {
            Some(directory) => PathBuf::from(directory),
            None => match env::var_os("CARGO_TARGET_DIR") {
                Some(target) => PathBuf::from(target).join("subjects"),
                None => tree.join("target/subjects"),
            },
        };
        fs::create_dir_all(&cache)
            .and_then(|()| fs::canonicalize(&cache))
            .map(|cache| Places { tree, cache })
            .with_context(|| format!("cannot keep subject programs in {}", cache.display()))
    }

    /// What is known of the program that was built last for a source; nothing if none was.
    pub(crate) fn known(&self, source: &Source) -> Option<Built> {
        let stamp = fs::read(self.stamp(source)).ok()?;
        let built: Built = serde_json::from_slice(&stamp).ok()?;
        built.program.is_file().then_some(built)
    }

    /// What was said of the last build.
    fn stamp(&self, source: &Source) -> PathBuf {
        self.cache.join(format!("{}.json", source.file_name()))
    }

    /// The version of a source, and the manifest of its subject program.
    ///
    /// # Errors
    ///
    /// When there is no such version or checkout, or the manifest cannot be written.
    pub(crate) fn manifest_of(&self, source: &Source) -> anyhow::Result<(Version, PathBuf)> {
        match source {
            Source::Published(version) if version.is_local() => {
                bail!("{version} is a checkout: name it with --subject path:DIR")
            }
            Source::Published(version) => Ok((*version, self.published(*version)?)),
            Source::Checkout(directory) => {
                let (version, crate_dir) = checkout(directory)?;
                Ok((version, self.derive(version, Some(&crate_dir))?))
            }
        }
    }

    /// The programs that a later build of the same source has replaced.
    ///
    /// # Errors
    ///
    /// When the directory cannot be read.
    pub(crate) fn replaced(&self) -> anyhow::Result<Vec<PathBuf>> {
        let files = |directory: &Path| -> anyhow::Result<Vec<PathBuf>> {
            let read = match fs::read_dir(directory) {
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
                read => read.with_context(|| format!("cannot read {}", directory.display()))?,
            };
            let paths = read.map(|entry| Ok(entry?.path()));
            paths.collect()
        };
        let stamps = files(&self.cache)?.into_iter();
        let stamps = stamps.filter_map(|path| fs::read(path).ok());
        let known: Vec<PathBuf> = stamps
            .filter_map(|stamp| serde_json::from_slice::<Built>(&stamp).ok())
            .map(|built| built.program)
            .collect();
        let mut programs = files(&self.cache.join("programs"))?;
        programs.retain(|path| !known.contains(path));
        programs.sort();
        Ok(programs)
    }

    /// The manifest of a published version: its own, if it has one.
    fn published(&self, version: Version) -> anyhow::Result<PathBuf> {
        let own = format!("harness/subject/wasmtime-{}/Cargo.toml", version.release());
        let own = self.tree.join(own);
        match version.is_of_table() && own.is_file() {
            true => Ok(own),
            false => self.derive(version, None),
        }
    }

    /// A manifest like the model's, for another version of the engine, or for a checkout of its crate.
    fn derive(&self, version: Version, checkout: Option<&Path>) -> anyhow::Result<PathBuf> {
        let model = self.tree.join(MODEL);
        let text = fs::read_to_string(&model)
            .with_context(|| format!("cannot read {}", model.display()))?;
        let base = model.parent().unwrap_or(&self.tree);
        let text = derived(&text, base, version, checkout)
            .ok_or_else(|| anyhow!("{MODEL} is not as a manifest of a subject is"))?;
        let place = match checkout {
            None => version.to_string(),
            Some(directory) => format!(
                "{version}-{}",
                short(directory.as_os_str().as_encoded_bytes())
            ),
        };
        let place = self.cache.join("manifests").join(place);
        // What the model locks is the best that is known of the other dependencies.
        put_manifest(&place, &text, &base.join("Cargo.lock"))
    }

    /// Has cargo build it; the executable.
    fn cargo_build(
        &self,
        version: Version,
        manifest: &Path,
        toolchain: &Toolchain,
    ) -> anyhow::Result<PathBuf> {
        let mut cargo = toolchain.cargo("build");
        cargo
            .args([
                "--release",
                "--bins",
                "--message-format=json-render-diagnostics",
            ])
            .arg("--manifest-path")
            .arg(manifest)
            .arg("--target-dir")
            .arg(self.cache.join("build"));
        if manifest.starts_with(self.tree.join("harness")) {
            // Its lock file is committed.
            cargo.arg("--locked");
        }
        if toolchain.wanted.is_some() {
            cargo.arg("--ignore-rust-version");
        }
        executable(cargo)?.map_err(|ended| {
            anyhow!(
                "the subject program of {} was not built: cargo ended with {ended}; what it says is above",
                version.name()
            )
        })
    }

    /// Keeps an executable under the hash of its content.
    fn keep(&self, version: Version, executable: &Path) -> anyhow::Result<PathBuf> {
        let programs = self.cache.join("programs");
        let kept = || -> std::io::Result<PathBuf> {
            let content = fs::read(executable)?;
            let path = programs.join(format!("lockstep-subject-{version}-{}", short(&content)));
            if path.is_file() {
                return Ok(path);
            }
            fs::create_dir_all(&programs)?;
            // Complete, or not there.
            let being_made = path.with_extension(format!("{}.part", std::process::id()));
            let made =
                fs::copy(executable, &being_made).and_then(|_| fs::rename(&being_made, &path));
            if let Err(error) = made {
                let _ = fs::remove_file(&being_made);
                return Err(error);
            }
            Ok(path)
        };
        kept().with_context(|| format!("cannot keep a subject program in {}", programs.display()))
    }
}

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

/// Writes a manifest and the lock file that it begins with, if it is not there as it is: then it need not be
/// looked at again.
///
/// # Errors
///
/// When they cannot be written.
pub(crate) fn put_manifest(place: &Path, text: &str, lock: &Path) -> anyhow::Result<PathBuf> {
    let manifest = place.join("Cargo.toml");
    let made = fs::create_dir_all(place).and_then(|()| {
        if fs::read_to_string(&manifest).is_ok_and(|old| old == text) {
            return Ok(());
        }
        fs::copy(lock, place.join("Cargo.lock"))?;
        fs::write(&manifest, text)
    });
    made.with_context(|| format!("cannot write {}", manifest.display()))?;
    Ok(manifest)
}

/// The beginning of a content's hash.
pub(crate) fn short(content: &[u8]) -> String {
    let hash = Sha256::digest(content);
    hash.iter()
        .take(8)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// The newest spelling of the API that a release has, as a feature of the crates of subjects.
fn spelling(release: u32) -> Option<String> {
    let newest = (43..=46).rev().find(|&since| since <= release);
    newest.map(|since| format!("since-{since}"))
}

/// The model's manifest for another version; its relative paths are of `base`.
fn derived(model: &str, base: &Path, version: Version, checkout: Option<&Path>) -> Option<String> {
    let mut manifest: toml::Table = model.parse().ok()?;
    let name = format!("lockstep-subject-{}", version.release());
    let package = manifest.get_mut("package")?.as_table_mut()?;
    package.insert("name".to_owned(), name.clone().into());
    package.insert("version".to_owned(), version.to_string().into());
    package.insert(
        "description".to_owned(),
        format!("{} as a subject of Lockstep.", version.name()).into(),
    );
    let absolute = |table: &mut toml::Table| {
        if let Some(path) = table.get("path").and_then(toml::Value::as_str) {
            let path = base.join(path).to_string_lossy().into_owned();
            table.insert("path".to_owned(), path.into());
        }
    };
    absolute(manifest.get_mut("lib")?.as_table_mut()?);
    for program in manifest.get_mut("bin")?.as_array_mut()? {
        let program = program.as_table_mut()?;
        absolute(program);
        program.insert("name".to_owned(), name.clone().into());
    }
    let features = manifest.get_mut("features")?.as_table_mut()?;
    let spellings: toml::value::Array = spelling(version.release())
        .into_iter()
        .map(Into::into)
        .collect();
    features.insert("default".to_owned(), spellings.into());
    let dependencies = manifest.get_mut("dependencies")?.as_table_mut()?;
    for (_, dependency) in dependencies.iter_mut() {
        if let Some(dependency) = dependency.as_table_mut() {
            absolute(dependency);
        }
    }
    let engine = dependencies.get_mut("wasmtime")?.as_table_mut()?;
    engine.remove("version");
    match checkout {
        Some(directory) => engine.insert(
            "path".to_owned(),
            directory.to_string_lossy().into_owned().into(),
        ),
        None => engine.insert(
            "version".to_owned(),
            format!("={}", version.number()).into(),
        ),
    };
    if version.release() < 45 {
        // The copying collector came with 45.
        let features = engine.get_mut("features")?.as_array_mut()?;
        features.retain(|feature| feature.as_str() != Some("gc-copying"));
    }
    toml::to_string(&manifest).ok()
}

/// The version of a checkout, and the directory of its crate `wasmtime`.
fn checkout(directory: &Path) -> anyhow::Result<(Version, PathBuf)> {
    let crates = [directory.to_owned(), directory.join("crates/wasmtime")];
    for candidate in crates {
        let manifest = candidate.join("Cargo.toml");
        if !manifest.is_file() {
            continue;
        }
        let metadata = MetadataCommand::new()
            .manifest_path(&manifest)
            .no_deps()
            .exec()
            .map_err(|error| anyhow!("cannot read {}: {}", manifest.display(), one_line(&error)))?;
        let manifest = fs::canonicalize(&manifest)?;
        let package = metadata.packages.iter().find(|package| {
            package.name.as_str() == "wasmtime" && package.manifest_path.as_std_path() == manifest
        });
        if let Some(package) = package {
            let number = &package.version;
            let number = format!("{}.{}.{}", number.major, number.minor, number.patch);
            let version: Version = number.parse()?;
            return Ok((version.as_local(), fs::canonicalize(&candidate)?));
        }
    }
    bail!(
        "{} is no checkout of Wasmtime: neither it nor crates/wasmtime in it has the manifest of the crate wasmtime",
        directory.display()
    )
}

/// What builds a subject program.
struct Toolchain {
    /// Its name for rustup; none is the one in use.
    name: Option<String>,
    /// As the compiler calls itself.
    compiler: String,
    /// The later compiler that the engine asks for: it is compiled with this one all the same.
    wanted: Option<Number>,
}

impl Toolchain {
    /// The compiler in use. That it is older than the engine asks for is a warning.
    fn in_use(version: Version, manifest: &Path) -> anyhow::Result<Toolchain> {
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
    fn newer(&self) -> Option<Toolchain> {
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

    fn cargo(&self, command: &str) -> Command {
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

/// What cargo says, in one line.
fn one_line(error: &cargo_metadata::Error) -> String {
    let text = match error {
        cargo_metadata::Error::CargoMetadata { stderr } => stderr.clone(),
        other => other.to_string(),
    };
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let said: Vec<&str> = lines.filter(|line| !line.starts_with("Updating")).collect();
    said.join("; ")
}

fn no_cargo(error: std::io::Error) -> anyhow::Error {
    anyhow!("cargo, which builds subject programs, cannot be started: {error}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const MODEL: &str = include_str!("../../subject/wasmtime-50/Cargo.toml");

    fn derived(version: Version, checkout: Option<&Path>) -> toml::Table {
        let text = super::derived(
            MODEL,
            Path::new("/tree/subject/wasmtime-50"),
            version,
            checkout,
        );
        text.unwrap().parse().unwrap()
    }

    #[test]
    fn the_manifest_of_another_version_is_derived_from_the_models() {
        let manifest = derived("44".parse().unwrap(), None);
        assert_eq!(manifest["package"]["version"].as_str(), Some("44.0.3"));
        assert_eq!(
            manifest["bin"][0]["name"].as_str(),
            Some("lockstep-subject-44")
        );
        assert_eq!(
            manifest["features"]["default"][0].as_str(),
            Some("since-44")
        );
        let engine = &manifest["dependencies"]["wasmtime"];
        assert_eq!(engine["version"].as_str(), Some("=44.0.3"));
        let features = engine["features"].as_array().unwrap();
        assert!(!features.contains(&"gc-copying".into()));
        let lib = manifest["lib"]["path"].as_str().unwrap();
        assert_eq!(lib, "/tree/subject/wasmtime-50/../src/lib.rs");
        let core = manifest["dependencies"]["lockstep-core"]["path"].as_str();
        assert!(core.unwrap().starts_with('/'));
    }

    #[test]
    fn a_checkout_is_named_by_its_path_and_marked() {
        let local = Version::V50.as_local();
        let manifest = derived(local, Some(Path::new("/w/crates/wasmtime")));
        assert_eq!(
            manifest["package"]["version"].as_str(),
            Some("50.0.1+local")
        );
        let engine = &manifest["dependencies"]["wasmtime"];
        assert_eq!(engine["path"].as_str(), Some("/w/crates/wasmtime"));
        assert!(engine.get("version").is_none());
        assert!(
            engine["features"]
                .as_array()
                .unwrap()
                .contains(&"gc-copying".into())
        );
    }

    #[test]
    fn a_release_has_the_newest_spelling_that_it_can_have() {
        assert_eq!(spelling(42), None);
        assert_eq!(spelling(43).as_deref(), Some("since-43"));
        assert_eq!(spelling(51).as_deref(), Some("since-46"));
    }

    #[test]
    fn compilers_are_compared_by_their_numbers() {
        let number = |text: &str| number(text).unwrap();
        let stable = number("rustc 1.95.0 (59807616e 2026-04-14)");
        let nightly = number("rustc 1.97.0-nightly (1a2b3c4d5 2026-05-01)");
        let wanted = Number::new(1, 97, 0);
        assert!(older(&stable, &wanted) && !older(&nightly, &wanted));
        assert!(super::number("no compiler").is_none());
    }

    #[test]
    fn what_is_no_checkout_is_refused_in_one_sentence() {
        let directory = tempfile::tempdir().unwrap();
        let error = checkout(directory.path()).unwrap_err().to_string();
        assert!(error.contains("is no checkout of Wasmtime"), "{error}");
        assert_eq!(error.lines().count(), 1);
        fs::write(directory.path().join("Cargo.toml"), "[package]\nname = 1\n").unwrap();
        let error = checkout(directory.path()).unwrap_err().to_string();
        assert!(error.starts_with("cannot read "), "{error}");
        assert_eq!(error.lines().count(), 1);
    }
}
