//! Subject programs: each holds one version of the engine, and is built by cargo when it is asked for.
//!
//! Cargo is the cache: it is asked each time, and knows what has changed of the engine, of Lockstep, of
//! the compiler and of its options, and that a build was interrupted. It also keeps two builds from
//! meeting. What it built is kept under the hash of its content, so that a campaign goes on with the
//! program it began with.

mod cargo;
mod manifest;
mod toolchain;

pub(crate) use cargo::executable;
pub(crate) use manifest::put_manifest;

use anyhow::{Context, anyhow, bail};
use lockstep_core::report::shown::say;
use lockstep_core::version::{Version, VersionError};
use manifest::{checkout, derived};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::env;
use std::fmt;
use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use toolchain::Toolchain;

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

/// A build that made no program.
#[derive(Debug, thiserror::Error)]
#[error("{sentence}")]
struct NotBuilt {
    /// For people.
    sentence: String,
    /// Whether somebody ended cargo.
    killed: bool,
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
    let executable = match executable {
        // Whoever ended a build does not want another.
        Err(error) if !error.killed => match toolchain.newer() {
            Some(newer) => {
                say(&format!("lockstep: {error}; next with {}", newer.compiler));
                toolchain = newer;
                places.cargo_build(version, &manifest, &toolchain)?
            }
            None => bail!(error),
        },
        executable => executable?,
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
    ) -> Result<PathBuf, NotBuilt> {
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
        let of = version.name();
        let made = executable(cargo).map_err(|error| NotBuilt {
            sentence: format!("the subject program of {of} was not built: {error:#}"),
            killed: false,
        })?;
        made.map_err(|status| NotBuilt {
            sentence: format!(
                "the subject program of {of} was not built: {}",
                cargo::ended(status)
            ),
            killed: status.signal().is_some(),
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

/// The beginning of a content's hash.
pub(crate) fn short(content: &[u8]) -> String {
    let hash = Sha256::digest(content);
    hash.iter()
        .take(8)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
