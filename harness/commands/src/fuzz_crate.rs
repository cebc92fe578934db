//! The crate of the fuzz targets with another version of the engine, for `cargo fuzz`.

use crate::programs::{Places, Source, put_manifest};
use anyhow::{Context, anyhow};
use std::fs;
use std::path::{Path, PathBuf};

/// The manifest of the fuzz targets.
const MODEL: &str = "fuzz/Cargo.toml";

/// The dependency that is the subject.
const SUBJECT: &str = "subject";

/// Writes a crate of the same targets on this subject; its directory.
///
/// Its seeds, corpora and artifacts are its own; its source is that of the tree.
///
/// # Errors
///
/// When there is no such subject, or it cannot be written.
pub(crate) fn write(source: &Source) -> anyhow::Result<PathBuf> {
    let places = Places::find()?;
    let (_, manifest) = places.manifest_of(source)?;
    let model = places.tree.join(MODEL);
    let text =
        fs::read_to_string(&model).with_context(|| format!("cannot read {}", model.display()))?;
    let base = model.parent().unwrap_or(&places.tree);
    let package = manifest.parent().unwrap_or(&places.tree);
    let text = derived(&text, base, &manifest_name(&manifest)?, package)
        .ok_or_else(|| anyhow!("{MODEL} is not as the manifest of the fuzz targets is"))?;
    let directory = places.cache.join("fuzz").join(source.file_name());
    put_manifest(&directory, &text, &base.join("Cargo.lock"))?;
    Ok(directory)
}

/// The name of a manifest's package.
fn manifest_name(manifest: &Path) -> anyhow::Result<String> {
    let text = fs::read_to_string(manifest)
        .with_context(|| format!("cannot read {}", manifest.display()))?;
    let table: toml::Table = text.parse()?;
    let name = table
        .get("package")
        .and_then(|package| package.get("name")?.as_str());
    let name = name.ok_or_else(|| anyhow!("{} names no package", manifest.display()))?;
    Ok(name.to_owned())
}

/// The model's manifest with another subject; its relative paths are of `base`.
fn derived(model: &str, base: &Path, name: &str, package: &Path) -> Option<String> {
    let mut manifest: toml::Table = model.parse().ok()?;
    let of_base = |path: &str| base.join(path).to_string_lossy().into_owned();
    let dependencies = manifest.get_mut("dependencies")?.as_table_mut()?;
    for (_, dependency) in dependencies.iter_mut() {
        if let Some(dependency) = dependency.as_table_mut()
            && let Some(path) = dependency.get("path").and_then(toml::Value::as_str)
        {
            let path = of_base(path);
            dependency.insert("path".to_owned(), path.into());
        }
    }
    let subject = dependencies.get_mut(SUBJECT)?.as_table_mut()?;
    subject.insert("package".to_owned(), name.into());
    let path = package.to_string_lossy().into_owned();
    subject.insert("path".to_owned(), path.into());
    let library = manifest.get_mut("lib")?.as_table_mut()?;
    library.insert("path".to_owned(), of_base("src/lib.rs").into());
    for target in manifest.get_mut("bin")?.as_array_mut()? {
        let target = target.as_table_mut()?;
        let path = of_base(target.get("path")?.as_str()?);
        target.insert("path".to_owned(), path.into());
    }
    toml::to_string(&manifest).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_targets_are_the_trees_and_the_subject_another() {
        let tree = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let model = fs::read_to_string(tree.join(MODEL)).unwrap();
        let base = Path::new("/tree/fuzz");
        let package = Path::new("/cache/47");
        let text = derived(&model, base, "lockstep-subject-47", package).unwrap();
        let manifest: toml::Table = text.parse().unwrap();
        let subject = &manifest["dependencies"][SUBJECT];
        assert_eq!(subject["package"].as_str(), Some("lockstep-subject-47"));
        assert_eq!(subject["path"].as_str(), Some("/cache/47"));
        let core = &manifest["dependencies"]["lockstep"]["path"];
        assert_eq!(core.as_str(), Some("/tree/fuzz/../harness/core"));
        let first = &manifest["bin"][0]["path"];
        assert_eq!(first.as_str(), Some("/tree/fuzz/fuzz_targets/lockstep.rs"));
    }
}
