//! Where subject programs are built and kept, and what is known of those that are there.

use super::cargo;
use super::lock::Lock;
use super::manifest::{checkout, derived, put_manifest};
use super::toolchain::Toolchain;
use super::{Built, NotBuilt, Source, executable, short};
use anyhow::{Context, anyhow, bail};
use lockstep_core::campaign::interrupt::Interrupt;
use lockstep_core::version::Version;
use lockstep_core::whole_file::{self, Partial};
use serde::{Deserialize, Serialize};
use std::env;
use std::fs;
use std::io::{self, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};

/// The source tree, and the directory of what is built from it.
pub(crate) struct Places {
    /// The source tree.
    pub(crate) tree: PathBuf,
    /// Where subject programs are kept.
    pub(crate) cache: PathBuf,
}

/// The variable that moves the cache.
const CACHE: &str = "LOCKSTEP_SUBJECTS";

/// The manifest that others are derived from: that of the newest version of the table, which has all that a
/// manifest can say.
pub(super) fn model() -> String {
    manifest_of(Version::TABLE.iter().copied().max().unwrap_or_default())
}

/// The manifest of a version of the table.
fn manifest_of(version: Version) -> String {
    format!("harness/subject/wasmtime-{}/Cargo.toml", version.release())
}

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
            .filter(|tree| tree.join(model()).is_file());
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

    /// Waits until no other process builds subject programs, or removes some.
    ///
    /// # Errors
    ///
    /// When the cache cannot be locked, or a signal came.
    pub(crate) fn lock(&self, interrupt: &Interrupt) -> anyhow::Result<Lock> {
        let waits = "lockstep: waiting for another build of a subject program";
        Lock::wait(&self.cache.join("lock"), waits, interrupt)
            .with_context(|| format!("cannot lock {}", self.cache.display()))
    }

    /// Every source of which the program is there that was built last, as far as that can be read.
    ///
    /// # Errors
    ///
    /// When the directory cannot be read.
    pub(crate) fn known(&self) -> anyhow::Result<Vec<(Source, Built)>> {
        let stamps = self.stamps()?.into_iter();
        let stamps = stamps.filter_map(|path| Some((Stamp::read(&path).ok()?, path)));
        let known = stamps.filter_map(|(stamp, path)| {
            let source = stamp.source(&path)?;
            stamp
                .built
                .program
                .is_file()
                .then_some((source, stamp.built))
        });
        Ok(known.collect())
    }

    /// What was said of the last build.
    fn stamp(&self, source: &Source) -> PathBuf {
        self.cache.join(format!("{}.json", source.file_name()))
    }

    /// Notes what was built of a source.
    pub(super) fn note(&self, source: &Source, built: &Built) -> anyhow::Result<()> {
        let stamp = Stamp {
            source: Some(source.canonical().to_string()),
            built: built.clone(),
        };
        let text = serde_json::to_vec_pretty(&stamp)?;
        let path = self.stamp(source);
        whole_file::replace(&path, &text)
            .with_context(|| format!("cannot write {}", path.display()))
    }

    /// The files that say what was built last, one a source.
    fn stamps(&self) -> anyhow::Result<Vec<PathBuf>> {
        let mut stamps = files(&self.cache)?;
        stamps.retain(|path| {
            path.extension()
                .is_some_and(|extension| extension == "json")
        });
        Ok(stamps)
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

    /// The programs that a later build of the same source has replaced. One that is still being written is none.
    ///
    /// # Errors
    ///
    /// When a directory cannot be read, or what says which programs are the last: they could be any.
    pub(crate) fn replaced(&self) -> anyhow::Result<Vec<PathBuf>> {
        let mut known = Vec::new();
        for path in self.stamps()? {
            let stamp = Stamp::read(&path).with_context(|| {
                format!(
                    "cannot read {}, so that it is not known which program it is about: remove it, or build that subject again",
                    path.display()
                )
            })?;
            known.extend(stamp.built.program.file_name().map(ToOwned::to_owned));
        }
        let mut programs = files(&self.cache.join("programs"))?;
        programs.retain(|path| {
            let is_known = path
                .file_name()
                .is_some_and(|name| known.iter().any(|it| it == name));
            let is_part = path.extension().is_some_and(|extension| extension == PART);
            !is_known && !is_part
        });
        programs.sort();
        Ok(programs)
    }

    /// The manifest of a published version: its own, if it has one.
    fn published(&self, version: Version) -> anyhow::Result<PathBuf> {
        let own = self.tree.join(manifest_of(version));
        match version.is_of_table() && own.is_file() {
            true => Ok(own),
            false => self.derive(version, None),
        }
    }

    /// A manifest like the model's, for another version of the engine, or for a checkout of its crate.
    fn derive(&self, version: Version, checkout: Option<&Path>) -> anyhow::Result<PathBuf> {
        let name = model();
        let model = self.tree.join(&name);
        let text = fs::read_to_string(&model)
            .with_context(|| format!("cannot read {}", model.display()))?;
        let base = model.parent().unwrap_or(&self.tree);
        let text = derived(&text, base, version, checkout)
            .ok_or_else(|| anyhow!("{name} is not as a manifest of a subject is"))?;
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
    pub(super) fn cargo_build(
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
        let not_built = |why: String, killed| NotBuilt {
            of: version.name(),
            compilers: Vec::new(),
            why,
            killed,
        };
        let made = executable(cargo).map_err(|error| not_built(format!("{error:#}"), false))?;
        made.map_err(|status| not_built(cargo::ended(status), status.signal().is_some()))
    }

    /// Keeps an executable under the hash of its content. What has that name and another content is no
    /// program of ours, and is replaced.
    pub(super) fn keep(&self, version: Version, executable: &Path) -> anyhow::Result<PathBuf> {
        let programs = self.cache.join("programs");
        let kept = || -> io::Result<PathBuf> {
            // Read once: what is written is what the name says.
            let content = fs::read(executable)?;
            let name = format!("lockstep-subject-{version}-{}", short(&content));
            let path = programs.join(&name);
            if fs::read(&path).is_ok_and(|kept| kept == content) {
                return Ok(path);
            }
            fs::create_dir_all(&programs)?;
            // Complete, or not there; closed before it has its name, so that it can be started.
            let being_made = programs.join(format!("{name}.{}.{PART}", std::process::id()));
            let (mut file, part) = Partial::create(&being_made)?;
            file.write_all(&content)?;
            file.set_permissions(fs::metadata(executable)?.permissions())?;
            drop(file);
            fs::rename(&being_made, &path)?;
            part.finish();
            Ok(path)
        };
        kept().with_context(|| format!("cannot keep a subject program in {}", programs.display()))
    }
}

/// What ends the name of a program that is still being written.
const PART: &str = "part";

/// What is known of the last build of a source.
#[derive(Serialize, Deserialize)]
struct Stamp {
    /// The source, a checkout by its canonical path.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    source: Option<String>,
    #[serde(flatten)]
    built: Built,
}

impl Stamp {
    fn read(path: &Path) -> io::Result<Stamp> {
        Ok(serde_json::from_slice(&fs::read(path)?)?)
    }

    /// Which source it is about; of a published version its own name says so, too.
    fn source(&self, path: &Path) -> Option<Source> {
        let name = path.file_stem().and_then(|stem| stem.to_str());
        self.source.as_deref().or(name)?.parse().ok()
    }
}

/// What a directory holds; nothing if it is not there.
fn files(directory: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let read = match fs::read_dir(directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        read => read.with_context(|| format!("cannot read {}", directory.display()))?,
    };
    let paths = read.map(|entry| Ok(entry?.path()));
    paths.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;
    use tempfile::TempDir;

    struct Given {
        at: TempDir,
        places: Places,
    }

    impl Given {
        fn new() -> Given {
            let at = TempDir::new().unwrap();
            let places = Places {
                tree: at.path().join("tree"),
                cache: at.path().join("cache"),
            };
            fs::create_dir(&places.cache).unwrap();
            Given { at, places }
        }

        /// What cargo has built, kept.
        fn kept(&self, content: &str) -> PathBuf {
            let made = self.at.path().join("made");
            fs::write(&made, content).unwrap();
            fs::set_permissions(&made, fs::Permissions::from_mode(0o755)).unwrap();
            self.places.keep(Version::V48, &made).unwrap()
        }

        /// Builds a source, as far as the cache sees it.
        fn built(&self, source: &str, content: &str) -> PathBuf {
            let built = Built {
                version: Version::V48,
                program: self.kept(content),
                compiler: "rustc 1.99.0".to_owned(),
            };
            self.places.note(&source.parse().unwrap(), &built).unwrap();
            built.program
        }

        fn known(&self, source: &str) -> Option<PathBuf> {
            let source = source.parse::<Source>().unwrap().canonical();
            let mut known = self.places.known().unwrap().into_iter();
            known.find_map(|(of, built)| (of == source).then_some(built.program))
        }
    }

    /// Given a version in the table, a folder with its manifest and its lock file is there, but for the one that is
    /// embedded, which has the workspace's lock file.
    #[test]
    fn every_version_of_the_table_has_a_manifest() {
        let tree = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        for &version in Version::TABLE {
            let manifest = tree.join(manifest_of(version));
            let text = fs::read_to_string(&manifest).unwrap_or_default();
            let engine = format!("\"={}\"", version.number());
            assert!(text.contains(&engine), "{}", manifest.display());
            let lock = manifest.with_file_name("Cargo.lock");
            assert!(lock.is_file() || version == Version::default());
        }
        assert!(tree.join(model()).is_file());
    }

    #[test]
    fn what_is_kept_under_a_name_is_what_the_name_says() {
        let given = Given::new();
        let path = given.kept("engine");
        let name = path.file_name().unwrap().to_str().unwrap();
        assert_eq!(
            name,
            format!("lockstep-subject-48.0.8-{}", short(b"engine"))
        );
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o755);
        // Given another engine under that name, it is not taken for this one.
        fs::write(&path, "another engine").unwrap();
        assert_eq!(given.kept("engine"), path);
        assert_eq!(fs::read_to_string(&path).unwrap(), "engine");
        assert_eq!(files(&given.places.cache.join("programs")).unwrap(), [path]);
    }

    #[test]
    fn checkouts_have_a_name_each_whatever_they_are_called() {
        let given = Given::new();
        let at = |name: &str| format!("path:{}", given.at.path().join(name).display());
        for name in ["a-b", "a_b"] {
            fs::create_dir(given.at.path().join(name)).unwrap();
        }
        let one = given.built(&at("a-b"), "one");
        let other = given.built(&at("a_b"), "other");
        assert_eq!(given.known(&at("a-b")), Some(one));
        assert_eq!(given.known(&at("a_b")), Some(other.clone()));
        assert_eq!(given.known(&at("a-b/../a_b")), Some(other));
        assert!(given.places.replaced().unwrap().is_empty());
        let known = given.places.known().unwrap();
        let mut sources: Vec<String> = known.iter().map(|(source, _)| source.to_string()).collect();
        sources.sort();
        assert_eq!(sources, [at("a-b"), at("a_b")]);
    }

    #[test]
    fn a_stamp_without_a_source_is_of_the_version_that_it_is_named_after() {
        let given = Given::new();
        let program = given.kept("engine");
        let stamp = format!(
            r#"{{"version":"48.0.7","program":"{}","compiler":"rustc"}}"#,
            program.display()
        );
        fs::write(given.places.cache.join("48.0.7.json"), &stamp).unwrap();
        fs::write(given.places.cache.join("path_a.json"), &stamp).unwrap();
        let known = given.places.known().unwrap();
        let sources: Vec<String> = known.iter().map(|(source, _)| source.to_string()).collect();
        assert_eq!(sources, ["48.0.7"]);
        assert!(given.places.replaced().unwrap().is_empty());
    }

    #[test]
    fn only_what_a_later_build_replaced_is_removed() {
        let given = Given::new();
        let old = given.built("48", "old");
        given.built("48", "new");
        let part = given
            .places
            .cache
            .join("programs/lockstep-subject-48.0.8-0.7.part");
        fs::write(part, "half").unwrap();
        assert_eq!(given.places.replaced().unwrap(), [old]);
        // Which program is the last of 50 is not known.
        let torn = given.places.cache.join("50.json");
        fs::write(&torn, "{").unwrap();
        let error = given.places.replaced().unwrap_err().to_string();
        assert!(
            error.starts_with(&format!("cannot read {}", torn.display())),
            "{error}"
        );
        assert_eq!(error.lines().count(), 1);
    }
}
