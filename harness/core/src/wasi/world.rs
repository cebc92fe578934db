//! What a program for WASI finds when it starts: data, the same for every execution of a case.

use std::collections::BTreeMap;
use std::sync::Arc;

/// What a program finds when it starts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct World {
    /// Its arguments, its own name first.
    pub args: Vec<String>,
    /// Its environment, `NAME=value`.
    pub env: Vec<String>,
    /// What standard input holds.
    pub stdin: Arc<[u8]>,
    /// Directories that are open from the start, in the order of their descriptors.
    pub directories: Vec<Directory>,
}

/// A directory that is open from the start, and all that is below it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Directory {
    /// Its name for the program.
    pub guest: String,
    /// What is below it, by path: names with `/` between. Directories on the way need no entry.
    pub entries: BTreeMap<String, Entry>,
}

/// What is at a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    /// A file with this content.
    File(Arc<[u8]>),
    /// A directory, perhaps empty.
    Directory,
}

impl World {
    /// The directory that a path of the program's belongs to, and the path below it: the longest name
    /// that the path begins with wins.
    pub fn place<'p>(&self, path: &'p str) -> Option<(usize, &'p str)> {
        let directories = self.directories.iter().enumerate();
        let below = directories.filter_map(|(index, directory)| {
            let rest = below(&directory.guest, path)?;
            Some((directory.guest.len(), index, rest))
        });
        let (_, index, rest) = below.max_by_key(|(length, ..)| *length)?;
        Some((index, rest))
    }

    /// The program's path of what is below a directory; [`World::place`] leads back.
    pub fn path(&self, directory: usize, below: &str) -> String {
        match self.directories[directory].guest.as_str() {
            "." => below.to_owned(),
            guest if guest.ends_with('/') => format!("{guest}{below}"),
            guest => format!("{guest}/{below}"),
        }
    }

    /// Checks that a program can be given all of this.
    ///
    /// # Errors
    ///
    /// One sentence on what it cannot be given.
    pub fn check(&self) -> Result<(), String> {
        let texts = self.args.iter().chain(&self.env);
        let names = self.directories.iter().map(|directory| &directory.guest);
        if let Some(text) = texts.chain(names).find(|text| text.contains('\0')) {
            return Err(format!("`{}` holds a zero byte", text.escape_debug()));
        }
        for text in &self.env {
            if text.split_once('=').is_none_or(|(name, _)| name.is_empty()) {
                return Err(format!("`{text}` is no variable: write NAME=value"));
            }
        }
        for (index, directory) in self.directories.iter().enumerate() {
            self.check_directory(index, directory)?;
        }
        Ok(())
    }

    fn check_directory(&self, index: usize, directory: &Directory) -> Result<(), String> {
        let guest = &directory.guest;
        if guest.is_empty() {
            return Err("a directory needs a name for the program, such as `/`".to_owned());
        }
        let earlier = &self.directories[..index];
        if earlier.iter().any(|earlier| earlier.guest == *guest) {
            return Err(format!("the directory `{guest}` is there twice"));
        }
        for path in directory.entries.keys() {
            let plain = |name: &str| !matches!(name, "" | "." | "..") && !name.contains('\0');
            if !path.split('/').all(plain) {
                return Err(format!(
                    "`{path}` below `{guest}` is no path of names with `/` between"
                ));
            }
            let mut ends = path.match_indices('/').map(|(at, _)| &path[..at]);
            let file = |above: &&str| matches!(directory.entries.get(*above), Some(Entry::File(_)));
            if let Some(above) = ends.find(file) {
                return Err(format!(
                    "`{path}` is below `{above}`, which is a file of `{guest}`"
                ));
            }
            if self.place(&self.path(index, path)) != Some((index, path.as_str())) {
                return Err(format!(
                    "`{path}` of the directory `{guest}` is hidden by a directory inside it"
                ));
            }
        }
        Ok(())
    }
}

/// What of a path is below a directory's name.
fn below<'p>(guest: &str, path: &'p str) -> Option<&'p str> {
    if guest == "." {
        return (!path.starts_with('/')).then_some(path);
    }
    let rest = path.strip_prefix(guest)?;
    match guest.ends_with('/') {
        true => Some(rest),
        false => rest.strip_prefix('/'),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn world(directories: &[(&str, &[&str])]) -> World {
        let file = |path: &&str| ((*path).to_owned(), Entry::File([].into()));
        let directories = directories.iter().map(|(guest, paths)| Directory {
            guest: (*guest).to_owned(),
            entries: paths.iter().map(file).collect(),
        });
        World {
            directories: directories.collect(),
            ..World::default()
        }
    }

    #[test]
    fn a_path_belongs_to_the_directory_with_the_longest_name() {
        let world = world(&[("/", &[]), ("/data", &[]), (".", &[])]);
        for (path, place) in [
            ("/a/b", Some((0, "a/b"))),
            ("/database", Some((0, "database"))),
            ("/data/x", Some((1, "x"))),
            ("a/b", Some((2, "a/b"))),
        ] {
            assert_eq!(world.place(path), place, "{path}");
            let (directory, below) = place.unwrap();
            assert_eq!(world.path(directory, below), path);
        }
    }

    #[test]
    fn what_a_program_cannot_be_given_is_said() {
        for (wrong, part) in [
            (world(&[("", &[])]), "needs a name"),
            (world(&[("/", &[]), ("/", &[])]), "twice"),
            (world(&[("/", &["a/../b"])]), "no path"),
            (world(&[("/", &["a", "a/b"])]), "which is a file"),
            (world(&[("/", &["d/x"]), ("/d", &[])]), "hidden"),
        ] {
            let message = wrong.check().unwrap_err();
            assert!(message.contains(part), "{message}");
        }
        let of_env = |text: &str| World {
            env: vec![text.to_owned()],
            ..World::default()
        };
        assert_eq!(of_env("A=").check(), Ok(()));
        assert!(of_env("A").check().is_err());
        assert!(of_env("=x").check().is_err());
        assert!(of_env("A=\0").check().is_err());
    }
}
