//! Where a finding is kept as a case file.

use super::quoted_path;
use lockstep_core::corpus::{self, CorpusCase};
use lockstep_core::report::shown::say;
use std::path::Path;

/// Saves a finding: where the user wants it, else where the system keeps temporary files, else as a text on
/// standard error. What is printed and cannot be saved is no reason to stop.
pub(super) fn keep(directory: &Path, name: &str, case: &CorpusCase, decided: &str) {
    let elsewhere = std::env::temp_dir().join("lockstep-findings");
    for directory in [directory, &elsewhere] {
        match corpus::save(directory, name, case) {
            Ok(path) => {
                let path = quoted_path(&path);
                say(&format!("saved: lockstep replay {path}{decided}"));
                return;
            }
            Err(error) => say(&format!(
                "lockstep: the finding {name} is not saved: {error}"
            )),
        }
    }
    match corpus::to_readable(&case.case) {
        Ok(text) => say(&text),
        Err(error) => say(&format!("lockstep: nor can it be printed: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lockstep_core::corpus::Expectation;
    use lockstep_core::generate;
    use std::path::PathBuf;

    #[test]
    fn a_finding_is_kept_where_it_is_wanted_or_elsewhere() {
        let at = tempfile::TempDir::new().unwrap();
        let case = CorpusCase {
            case: generate::from_seed(7, 1),
            expect: Expectation::default(),
            path: PathBuf::new(),
        };
        keep(&at.path().join("a"), "finding", &case, "");
        assert!(at.path().join("a/finding.toml").exists());
        // A file stands where the directory should be.
        let file = at.path().join("file");
        std::fs::write(&file, "").unwrap();
        let name = format!("elsewhere-{}", std::process::id());
        keep(&file, &name, &case, "");
        let elsewhere = std::env::temp_dir().join("lockstep-findings");
        let ours = |path: &PathBuf| {
            let stem = path.file_stem().unwrap_or_default().to_string_lossy();
            stem.starts_with(&name)
        };
        let entries = std::fs::read_dir(&elsewhere).unwrap();
        let written: Vec<PathBuf> = entries
            .map(|entry| entry.unwrap().path())
            .filter(ours)
            .collect();
        assert!(
            written
                .iter()
                .any(|path| path.extension().is_some_and(|end| end == "toml"))
        );
        written
            .iter()
            .for_each(|path| std::fs::remove_file(path).unwrap());
    }
}
