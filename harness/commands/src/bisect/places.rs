//! Where a bisection looks: published versions, or the commits of a checkout.

use super::tree::Tree;
use crate::programs::{Places as Cache, Source};
use anyhow::{Context, bail};
use lockstep_core::version::Version;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

/// What is searched, in the order of its age.
pub(super) enum Places {
    /// Published versions.
    Versions(Vec<Version>),
    /// Commits of a repository.
    Commits {
        /// The work tree in which each is checked out.
        tree: Tree,
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
    /// When git does not know them, one is no ancestor of the other, or another bisection has the work tree.
    pub(super) fn commits(repository: &Path, from: &str, to: &str) -> anyhow::Result<Places> {
        let kept = Cache::find()?.cache.join("bisect");
        Places::commits_in(&kept, repository, from, to)
    }

    /// The same, with a work tree in `kept`.
    fn commits_in(kept: &Path, repository: &Path, from: &str, to: &str) -> anyhow::Result<Places> {
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
        let tree = Tree::of(repository, kept)?;
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
                tree.check_out(&commits[place])?;
                Ok(Source::Checkout(tree.path().to_owned()))
            }
        }
    }
}

/// A revision that must be a commit.
fn commit(revision: &str) -> String {
    format!("{revision}^{{commit}}")
}

/// What git says; its first line where it fails.
pub(super) fn git(directory: &Path, args: &[&str]) -> anyhow::Result<String> {
    let ran = Command::new("git")
        // A terminal's Ctrl-C leaves no half of a checkout: it ends the bisection when that is done.
        .process_group(0)
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
pub(super) mod tests {
    use super::*;
    use std::fs;

    /// A repository with so many commits; their hashes, the oldest first.
    pub(in super::super) fn repository_at(path: &Path, commits: usize) -> Vec<String> {
        fs::create_dir_all(path).unwrap();
        git(path, &["init", "-q", "-b", "main"]).unwrap();
        (0..commits).map(|_| committed(path)).collect()
    }

    /// Adds a commit; its hash.
    pub(in super::super) fn committed(path: &Path) -> String {
        let file = path.join("file");
        let text = fs::read_to_string(&file).unwrap_or_default() + "more\n";
        fs::write(&file, text).unwrap();
        git(path, &["add", "file"]).unwrap();
        let who = ["-c", "user.name=a", "-c", "user.email=a@example.org"];
        let commit = ["commit", "-q", "-m", "more"];
        git(path, &[&who[..], &commit].concat()).unwrap();
        git(path, &["rev-parse", "HEAD"]).unwrap()
    }

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
        let (path, kept) = (directory.path().join("one"), directory.path().join("kept"));
        let commits = repository_at(&path, 3);
        let of = |from, to| Places::commits_in(&kept, &path, from, to);
        let places = of("HEAD~2", "HEAD").unwrap();
        assert_eq!(names(&places), commits);
        // Each is checked out when it is asked.
        for (place, text) in [(2, "more\nmore\nmore\n"), (0, "more\n")] {
            let Source::Checkout(tree) = places.source(place).unwrap() else {
                panic!("it is no checkout");
            };
            assert_eq!(fs::read_to_string(tree.join("file")).unwrap(), text);
        }
        let error = |from, to| of(from, to).err().unwrap().to_string();
        let unknown = error("HEAD~9", "HEAD");
        assert!(unknown.starts_with("git rev-parse in "), "{unknown}");
        assert!(error("HEAD", "HEAD").contains("is not older than"));
    }
}
