//! What places answered to a case, on disk: an interrupted bisection goes on where it was.

use super::search::Came;
use crate::programs::{Places as Cache, short};
use anyhow::Context;
use lockstep_core::whole_file;
use std::collections::BTreeMap;
use std::fmt::Debug;
use std::fs;
use std::path::{Path, PathBuf};

/// What places answered to a case.
pub(super) struct Kept {
    path: PathBuf,
    answers: BTreeMap<String, Came>,
}

impl Kept {
    /// Those of this case as it is now, under these options, by this program; none where all is asked afresh.
    ///
    /// # Errors
    ///
    /// When there is no place for them, or this program cannot be read.
    pub(super) fn open(
        case: &impl Debug,
        options: &impl Debug,
        afresh: bool,
    ) -> anyhow::Result<Kept> {
        let directory = Cache::find()?.cache.join("bisect");
        let program = std::env::current_exe()?;
        let content = fs::read(&program);
        let content = content.with_context(|| format!("cannot read {}", program.display()))?;
        let by = (short(&content), case, options);
        Ok(Kept::of(&directory, &by, afresh))
    }

    /// Those that depend on `by` and nothing else. A file that is not as it was written counts as none, so that
    /// its places are asked again.
    fn of(directory: &Path, by: &impl Debug, afresh: bool) -> Kept {
        let name = short(format!("{by:?}").as_bytes());
        let path = directory.join(format!("{name}.json"));
        let answers = match fs::read(&path) {
            Ok(bytes) if !afresh => serde_json::from_slice(&bytes).unwrap_or_default(),
            _ => BTreeMap::new(),
        };
        Kept { path, answers }
    }

    /// What a place answered, and whether it did so before. If it did not it is asked now.
    ///
    /// # Errors
    ///
    /// That of `ask`, or when the answer cannot be written.
    pub(super) fn or_ask(
        &mut self,
        place: &str,
        ask: impl FnOnce() -> anyhow::Result<Came>,
    ) -> anyhow::Result<(Came, bool)> {
        if let Some(came) = self.answers.get(place) {
            return Ok((came.clone(), true));
        }
        let came = ask()?;
        // What could not be built may be next time.
        if !matches!(came, Came::Unknown(_)) {
            self.add(place, &came)?;
        }
        Ok((came, false))
    }

    fn add(&mut self, place: &str, came: &Came) -> anyhow::Result<()> {
        self.answers.insert(place.to_owned(), came.clone());
        let text = serde_json::to_vec_pretty(&self.answers)?;
        let directory = self.path.parent().unwrap_or(&self.path);
        fs::create_dir_all(directory)
            .and_then(|()| whole_file::replace(&self.path, &text))
            .with_context(|| format!("cannot write {}", self.path.display()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tempfile::TempDir;

    fn differs() -> Came {
        Came::Differs("TRAP-PC".to_owned())
    }

    /// Asks each place; those that were asked, not known.
    fn asked(kept: &mut Kept, places: &[(&'static str, Came)]) -> Vec<&'static str> {
        let mut asked = Vec::new();
        for (place, came) in places {
            let (answer, known) = kept.or_ask(place, || Ok(came.clone())).unwrap();
            assert_eq!(answer, *came);
            if !known {
                asked.push(*place);
            }
        }
        asked
    }

    #[test]
    fn what_was_answered_is_not_asked_again() {
        let at = TempDir::new().unwrap();
        // It need not be there.
        let directory = at.path().join("bisect");
        let places = [
            ("42.0.2", differs()),
            ("48.0.8", Came::Agrees),
            ("50.0.1", Came::Unknown("it is not built".to_owned())),
        ];
        let mut kept = Kept::of(&directory, &"case", false);
        assert_eq!(asked(&mut kept, &places), ["42.0.2", "48.0.8", "50.0.1"]);
        // What was not built may be the next time, in this bisection and in another.
        assert_eq!(asked(&mut kept, &places), ["50.0.1"]);
        let mut kept = Kept::of(&directory, &"case", false);
        assert_eq!(asked(&mut kept, &places), ["50.0.1"]);
        // Given that all is asked afresh, the new answers are kept.
        let mut kept = Kept::of(&directory, &"case", true);
        let now = [("42.0.2", Came::Agrees)];
        assert_eq!(asked(&mut kept, &now), ["42.0.2"]);
        let mut kept = Kept::of(&directory, &"case", false);
        assert!(asked(&mut kept, &now).is_empty());
    }

    #[test]
    fn a_damaged_record_counts_as_none_and_is_written_anew() {
        let at = TempDir::new().unwrap();
        let places = [("42.0.2", differs())];
        asked(&mut Kept::of(at.path(), &"case", false), &places);
        let path = Kept::of(at.path(), &"case", false).path;
        let whole = fs::read(&path).unwrap();
        let other = br#"{"42.0.2":{"came":"elsewhere"}}"#;
        for damaged in [&whole[..whole.len() / 2], b"", other] {
            fs::write(&path, damaged).unwrap();
            let mut kept = Kept::of(at.path(), &"case", false);
            assert_eq!(asked(&mut kept, &places), ["42.0.2"]);
            assert_eq!(fs::read(&path).unwrap(), whole);
        }
    }

    #[test]
    fn another_case_program_or_option_has_another_record() {
        let at = TempDir::new().unwrap();
        let places = [("42.0.2", differs())];
        for by in [
            ("program", "case", "options"),
            ("program", "another case", "options"),
            ("another program", "case", "options"),
            ("program", "case", "other options"),
        ] {
            let mut kept = Kept::of(at.path(), &by, false);
            assert_eq!(asked(&mut kept, &places), ["42.0.2"]);
            let mut kept = Kept::of(at.path(), &by, false);
            assert!(asked(&mut kept, &places).is_empty());
        }
        assert_eq!(fs::read_dir(at.path()).unwrap().count(), 4);
    }

    #[test]
    fn an_answer_that_did_not_come_is_not_kept() {
        let at = TempDir::new().unwrap();
        let mut kept = Kept::of(at.path(), &"case", false);
        let ended = kept.or_ask("42.0.2", || anyhow::bail!("ended by a signal"));
        assert!(ended.is_err());
        assert!(kept.answers.is_empty() && !kept.path.exists());
    }
}
