//! The manifests of subject programs: those that are derived from the model's, and what a checkout says of
//! itself.

use super::cargo::one_line;
use anyhow::{Context, anyhow, bail};
use cargo_metadata::MetadataCommand;
use lockstep_core::version::Version;
use lockstep_core::whole_file;
use std::fs;
use std::path::{Path, PathBuf};

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
        whole_file::replace(&place.join("Cargo.lock"), &fs::read(lock)?)?;
        whole_file::replace(&manifest, text.as_bytes())
    });
    made.with_context(|| format!("cannot write {}", manifest.display()))?;
    Ok(manifest)
}

/// The newest spelling of the API that a release has, as a feature of the crates of subjects.
fn spelling(release: u32) -> Option<String> {
    let spellings = [50, 46, 45, 44, 43];
    let newest = spellings.into_iter().find(|&since| since <= release);
    newest.map(|since| format!("since-{since}"))
}

/// The model's manifest for another version; its relative paths are of `base`.
pub(super) fn derived(
    model: &str,
    base: &Path,
    version: Version,
    checkout: Option<&Path>,
) -> Option<String> {
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
pub(super) fn checkout(directory: &Path) -> anyhow::Result<(Version, PathBuf)> {
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

#[cfg(test)]
mod tests {
    use super::super::places::model;
    use super::*;

    fn derived(version: Version, checkout: Option<&Path>) -> toml::Table {
        let tree = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let model = fs::read_to_string(tree.join(model())).unwrap();
        let base = Path::new("/tree/subject/wasmtime-50");
        let text = super::derived(&model, base, version, checkout);
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
        assert_eq!(spelling(48).as_deref(), Some("since-46"));
        assert_eq!(spelling(51).as_deref(), Some("since-50"));
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
