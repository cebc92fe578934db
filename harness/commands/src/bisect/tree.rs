//! The work tree in which a bisection checks commits out: one a repository, kept from one bisection to the
//! next, so that cargo has little to build.

use super::places::git;
use crate::programs::{Lock, short};
use anyhow::{Context, bail};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// A repository's work tree, for one bisection at a time.
#[derive(Debug)]
pub(super) struct Tree {
    /// The directory of the repository itself, shared by all its work trees.
    repository: PathBuf,
    /// The work tree; it may not be there yet.
    path: PathBuf,
    /// While this is held no other bisection checks anything out there.
    _lock: Lock,
}

impl Tree {
    /// The work tree of the repository that a directory is in, kept in `kept`.
    ///
    /// # Errors
    ///
    /// When git knows no repository there, or another bisection has the work tree.
    pub(super) fn of(directory: &Path, kept: &Path) -> anyhow::Result<Tree> {
        let repository = repository(directory)?;
        let hash = short(repository.as_os_str().as_encoded_bytes());
        let path = kept.join(format!("tree-{hash}"));
        let lock = kept.join(format!("tree-{hash}.lock"));
        let lock = fs::create_dir_all(kept).and_then(|()| Lock::at_once(&lock));
        let lock = lock.with_context(|| format!("cannot lock {}", path.display()))?;
        let Some(lock) = lock else {
            bail!(
                "another bisection of {} runs: wait until it has ended",
                repository.display()
            );
        };
        Ok(Tree {
            repository,
            path,
            _lock: lock,
        })
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Checks a commit out. A work tree that is not there or not in order is made anew.
    ///
    /// # Errors
    ///
    /// When git can do neither.
    pub(super) fn check_out(&self, commit: &str) -> anyhow::Result<()> {
        let args = ["checkout", "--detach", "--force", commit];
        match self.is_of_repository() && git(&self.path, &args).is_ok() {
            true => Ok(()),
            false => self.make(commit),
        }
    }

    /// Whether git takes what is there for a work tree of this repository.
    fn is_of_repository(&self) -> bool {
        let top = git(&self.path, &["rev-parse", "--show-toplevel"]);
        let top =
            top.is_ok_and(|top| fs::canonicalize(top).ok() == fs::canonicalize(&self.path).ok());
        top && repository(&self.path).is_ok_and(|of| of == self.repository)
    }

    /// Makes it anew, at a commit.
    fn make(&self, commit: &str) -> anyhow::Result<()> {
        match fs::remove_dir_all(&self.path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(error)
                    .with_context(|| format!("cannot remove {}", self.path.display()));
            }
            _ => {}
        }
        let path = self.path.to_string_lossy();
        // Given `--force`, git forgets what it knows of one that was at this path. `git worktree prune` would
        // also forget those of the user that are not there at the moment.
        let args = ["worktree", "add", "--detach", "--force", &path, commit];
        git(&self.repository, &args).map(drop)
    }
}

/// The directory of a repository itself, by one name whichever of its work trees is asked.
fn repository(directory: &Path) -> anyhow::Result<PathBuf> {
    let args = ["rev-parse", "--path-format=absolute", "--git-common-dir"];
    let repository = git(directory, &args)?;
    fs::canonicalize(&repository).with_context(|| format!("cannot find {repository}"))
}

#[cfg(test)]
mod tests {
    use super::super::places::tests::{committed, repository_at};
    use super::*;
    use tempfile::TempDir;

    fn head(tree: &Tree) -> String {
        git(tree.path(), &["rev-parse", "HEAD"]).unwrap()
    }

    #[test]
    fn every_repository_has_a_work_tree_of_its_own() {
        let at = TempDir::new().unwrap();
        let kept = at.path().join("kept");
        let mut trees = Vec::new();
        for name in ["one", "other"] {
            let directory = at.path().join(name);
            let commits = repository_at(&directory, 2);
            let tree = Tree::of(&directory, &kept).unwrap();
            for commit in &commits {
                tree.check_out(commit).unwrap();
                assert_eq!(head(&tree), *commit);
            }
            trees.push(tree);
        }
        assert_ne!(trees[0].path(), trees[1].path());
    }

    #[test]
    fn a_work_tree_that_is_not_in_order_is_made_anew() {
        let at = TempDir::new().unwrap();
        let kept = at.path().join("kept");
        let directory = at.path().join("one");
        let checked_out = |commit: &str| {
            let tree = Tree::of(&directory, &kept).unwrap();
            tree.check_out(commit).unwrap();
            assert_eq!(head(&tree), commit);
            tree.path().to_owned()
        };
        let path = checked_out(&repository_at(&directory, 1)[0]);
        // Given another repository at the same place,
        fs::remove_dir_all(&directory).unwrap();
        let commit = repository_at(&directory, 3).remove(1);
        assert_eq!(checked_out(&commit), path);
        // a directory that git does not know,
        fs::remove_file(path.join(".git")).unwrap();
        checked_out(&commit);
        // none at all,
        fs::remove_dir_all(&path).unwrap();
        checked_out(&commit);
        // or a checkout that was cut short.
        let index = git(&path, &["rev-parse", "--git-path", "index.lock"]).unwrap();
        fs::write(path.join(index), "").unwrap();
        let next = committed(&directory);
        checked_out(&next);
    }

    #[test]
    fn one_bisection_at_a_time_has_it() {
        let at = TempDir::new().unwrap();
        let kept = at.path().join("kept");
        let commits = repository_at(&at.path().join("one"), 1);
        let first = Tree::of(&at.path().join("one"), &kept).unwrap();
        first.check_out(&commits[0]).unwrap();
        // By the name of another of its work trees, too.
        for name in [at.path().join("one"), first.path().to_owned()] {
            let error = Tree::of(&name, &kept).unwrap_err().to_string();
            assert!(error.starts_with("another bisection of "), "{error}");
            assert_eq!(error.lines().count(), 1);
        }
        drop(first);
        assert!(Tree::of(&at.path().join("one"), &kept).is_ok());
        let error = Tree::of(&kept, &kept).unwrap_err().to_string();
        assert!(error.starts_with("git rev-parse in "), "{error}");
    }
}
