//! Where a bisection looks: published versions, or the commits of a checkout.

use crate::programs::{Places as Cache, Source};
use anyhow::{Context, bail};
use lockstep_core::version::Version;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What is searched, in the order of its age.
pub(super) enum Places {
    /// Published versions.
    Versions(Vec<Version>),
    /// Commits of a repository.
    Commits {
        /// The work tree in which each is checked out.
        tree: PathBuf,
        /// Their hashes.
        commits: Vec<String>,
    },
}

impl Places {
    /// The versions from one to the other: both, and the newest patch releases between them.
    ///
    /// # Errors
    ///
    /// When one is no version, or they are not in order.
    pub(super) fn versions(from: &str, to: &str) -> anyhow::Result<Places> {
        let (from, to): (Version, Version) = (from.parse()?, to.parse()?);
        if from >= to {
            bail!("--from {from} is not older than --to {to}");
        }
        let between = Version::PUBLISHED.iter().copied();
        let between = between.filter(|version| from < *version && *version < to);
        let ends = std::iter::once(from).chain(between);
        Ok(Places::Versions(ends.chain([to]).collect()))
    }

    /// The commits from one to the other along first parents, in a work tree of their own.
    ///
    /// # Errors
    ///
    /// When git does not know them, one is no ancestor of the other, or the work tree cannot be made.
    pub(super) fn commits(repository: &Path, from: &str, to: &str) -> anyhow::Result<Places> {
        let from = git(repository, &["rev-parse", "--verify", &commit(from)])?;
        let to = git(repository, &["rev-parse", "--verify", &commit(to)])?;
        let range = format!("{from}..{to}");
        let listed = git(
            repository,
            &["rev-list", "--first-parent", "--reverse", &range],
        )?;
        let mut commits = vec![from.clone()];
        commits.extend(listed.lines().map(str::to_owned));
        let parent = commits.get(1).map(|first| format!("{first}^"));
        let parent = match parent {
            Some(parent) => git(repository, &["rev-parse", &parent])?,
            None => bail!("--from {from} is not older than --to {to}"),
        };
        if parent != from {
            bail!("{from} is not among the first parents of {to}");
        }
        let tree = Cache::find()?.cache.join("bisect").join("tree");
        if !tree.is_dir() {
            let path = tree.to_string_lossy();
            git(
                repository,
                &["worktree", "add", "--detach", "--force", &path, &to],
            )?;
        }
        Ok(Places::Commits { tree, commits })
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        match self {
            Places::Versions(versions) => versions.len(),
            Places::Commits { commits, .. } => commits.len(),
        }
    }

    /// The name of one.
    pub(super) fn name(&self, place: usize) -> String {
        match self {
            Places::Versions(versions) => versions[place].to_string(),
            Places::Commits { commits, .. } => commits[place].clone(),
        }
    }

    /// Where its source is; a commit is checked out.
    ///
    /// # Errors
    ///
    /// When git cannot check it out.
    pub(super) fn source(&self, place: usize) -> anyhow::Result<Source> {
        match self {
            Places::Versions(versions) => Ok(Source::Published(versions[place])),
            Places::Commits { tree, commits } => {
                git(tree, &["checkout", "--detach", "--force", &commits[place]])?;
                Ok(Source::Checkout(tree.clone()))
            }
        }
    }
}

/// A revision that must be a commit.
fn commit(revision: &str) -> String {
    format!("{revision}^{{commit}}")
}

/// What git says; its first line where it fails.
fn git(directory: &Path, args: &[&str]) -> anyhow::Result<String> {
    let ran = Command::new("git")
        .arg("-C")
        .arg(directory)
        .args(args)
        .output()
        .context("cannot start git")?;
    if !ran.status.success() {
        let said = String::from_utf8_lossy(&ran.stderr);
        bail!(
            "git {} in {}: {}",
            args.first().copied().unwrap_or_default(),
            directory.display(),
            said.lines().next().unwrap_or("it failed")
        );
    }
    Ok(String::from_utf8_lossy(&ran.stdout).trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(places: &Places) -> Vec<String> {
        (0..places.count())
            .map(|place| places.name(place))
            .collect()
    }

    #[test]
    fn versions_are_the_ends_and_the_newest_patch_releases_between_them() {
        let places = Places::versions("43.0.1", "46").unwrap();
        assert_eq!(
            names(&places),
            ["43.0.1", "43.0.2", "44.0.3", "45.0.3", "46.0.3"]
        );
        let error = |from, to| Places::versions(from, to).err().unwrap().to_string();
        assert_eq!(
            error("48", "48"),
            "--from 48.0.8 is not older than --to 48.0.8"
        );
        assert!(error("41", "48").contains("42 is the first"));
    }

    #[test]
    fn commits_are_first_parents_in_order() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path();
        let run = |args: &[&str]| git(path, args).unwrap();
        run(&["init", "-q", "-b", "main"]);
        for number in 0..3 {
            let message = format!("{number}");
            run(&[
                "-c",
                "user.name=a",
                "-c",
                "user.email=a@example.org",
                "commit",
                "-q",
                "--allow-empty",
                "-m",
                &message,
            ]);
        }
        let newest = run(&["rev-parse", "HEAD"]);
        let oldest = run(&["rev-parse", "HEAD~2"]);
        let tree = path.join("cache");
        // The work tree is beside the cache of subject programs; here only the order is looked at.
        let listed = git(
            path,
            &["rev-list", "--first-parent", "--reverse", "HEAD~2..HEAD"],
        );
        assert_eq!(listed.unwrap().lines().last(), Some(newest.as_str()));
        let places = Places::Commits {
            tree,
            commits: vec![oldest.clone(), newest],
        };
        assert_eq!((places.count(), places.name(0)), (2, oldest));
        let unknown = Places::commits(path, "HEAD~9", "HEAD").err().unwrap();
        assert!(
            unknown.to_string().starts_with("git rev-parse in "),
            "{unknown}"
        );
        let wrong = Places::commits(path, "HEAD", "HEAD").err().unwrap();
        assert!(wrong.to_string().contains("is not older than"), "{wrong}");
    }
}
