//! Files in memory: a tree of directories and files, and paths in it. No descriptor is known here.

use super::world::{Directory, Entry};
use std::collections::BTreeMap;
use wasip1::{
    ERRNO_EXIST, ERRNO_FBIG, ERRNO_INVAL, ERRNO_ISDIR, ERRNO_NOENT, ERRNO_NOSPC, ERRNO_NOTCAPABLE,
    ERRNO_NOTDIR, ERRNO_NOTEMPTY, Errno, FILETYPE_DIRECTORY, FILETYPE_REGULAR_FILE, Filetype,
};

/// Bytes that all files together may have.
const SPACE: u64 = 256 << 20;

/// A file or a directory, by its place; it keeps it when it has no name any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Node(usize);

#[derive(Debug)]
enum Content {
    File(Vec<u8>),
    Directory(BTreeMap<String, Node>),
}

/// A file or a directory.
#[derive(Debug)]
struct Inode {
    content: Content,
    /// How many names it has.
    names: u64,
    accessed: u64,
    modified: u64,
    changed: u64,
}

/// What is known of a file or a directory.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stat {
    pub(super) inode: u64,
    pub(super) filetype: Filetype,
    pub(super) names: u64,
    pub(super) size: u64,
    pub(super) accessed: u64,
    pub(super) modified: u64,
    pub(super) changed: u64,
}

/// Where a path leads.
#[derive(Debug)]
pub(super) struct Place {
    /// The directory that holds it.
    parent: Node,
    /// Its name there; none where the path ends in `.` or `..`, which is no name of it.
    name: Option<String>,
    /// What is there.
    pub(super) found: Option<Node>,
    /// Whether the path says that it is a directory.
    pub(super) is_directory: bool,
}

/// All files and directories.
#[derive(Debug)]
pub(super) struct Files {
    inodes: Vec<Inode>,
    used: u64,
}

impl Files {
    /// The files of directories that are open from the start, and those directories.
    pub(super) fn of(directories: &[Directory], now: u64) -> (Files, Vec<Node>) {
        let mut files = Files {
            inodes: Vec::new(),
            used: 0,
        };
        let mut roots = Vec::new();
        for directory in directories {
            let root = files.make(Content::Directory(BTreeMap::new()), now);
            files.inodes[root.0].names = 1;
            for (path, entry) in &directory.entries {
                files.plant(root, path, entry, now);
            }
            roots.push(root);
        }
        (files, roots)
    }

    fn plant(&mut self, root: Node, path: &str, entry: &Entry, now: u64) {
        let mut at = root;
        let mut names = path.split('/').peekable();
        while let Some(name) = names.next() {
            let content = match entry {
                Entry::File(bytes) if names.peek().is_none() => {
                    self.used += bytes.len() as u64;
                    Content::File(bytes.to_vec())
                }
                Entry::File(_) | Entry::Directory => Content::Directory(BTreeMap::new()),
            };
            at = match self.entry(at, name) {
                Some(node) => node,
                None => {
                    let made = self.make(content, now);
                    self.name(at, name, made, now);
                    made
                }
            };
        }
    }

    fn make(&mut self, content: Content, now: u64) -> Node {
        self.inodes.push(Inode {
            content,
            names: 0,
            accessed: now,
            modified: now,
            changed: now,
        });
        Node(self.inodes.len() - 1)
    }

    /// Gives it a name in a directory.
    fn name(&mut self, parent: Node, name: &str, node: Node, now: u64) {
        if let Content::Directory(entries) = &mut self.inodes[parent.0].content {
            entries.insert(name.to_owned(), node);
            self.inodes[node.0].names += 1;
            self.touch(parent, now);
        }
    }

    /// Takes its name in a directory away.
    fn unname(&mut self, place: &Place, now: u64) {
        if let (Content::Directory(entries), Some(name)) =
            (&mut self.inodes[place.parent.0].content, &place.name)
            && let Some(node) = entries.remove(name)
        {
            self.inodes[node.0].names -= 1;
            self.inodes[node.0].changed = now;
            self.touch(place.parent, now);
        }
    }

    fn touch(&mut self, node: Node, now: u64) {
        let inode = &mut self.inodes[node.0];
        (inode.modified, inode.changed) = (now, now);
    }

    fn entry(&self, directory: Node, name: &str) -> Option<Node> {
        self.entries(directory).ok()?.get(name).copied()
    }

    /// What a directory holds, in the order of the names.
    pub(super) fn entries(&self, directory: Node) -> Result<&BTreeMap<String, Node>, Errno> {
        match &self.inodes[directory.0].content {
            Content::Directory(entries) => Ok(entries),
            Content::File(_) => Err(ERRNO_NOTDIR),
        }
    }

    pub(super) fn is_directory(&self, node: Node) -> bool {
        matches!(self.inodes[node.0].content, Content::Directory(_))
    }

    pub(super) fn stat(&self, node: Node) -> Stat {
        let inode = &self.inodes[node.0];
        let (filetype, size) = match &inode.content {
            Content::File(bytes) => (FILETYPE_REGULAR_FILE, bytes.len() as u64),
            Content::Directory(_) => (FILETYPE_DIRECTORY, 0),
        };
        Stat {
            inode: node.0 as u64 + 1,
            filetype,
            names: inode.names,
            size,
            accessed: inode.accessed,
            modified: inode.modified,
            changed: inode.changed,
        }
    }

    /// Sets times, those that are given.
    pub(super) fn set_times(
        &mut self,
        node: Node,
        accessed: Option<u64>,
        modified: Option<u64>,
        now: u64,
    ) {
        let inode = &mut self.inodes[node.0];
        inode.accessed = accessed.unwrap_or(inode.accessed);
        inode.modified = modified.unwrap_or(inode.modified);
        inode.changed = now;
    }

    /// Where a path leads from a directory. It never leads out of that.
    pub(super) fn resolve(&self, from: Node, path: &str) -> Result<Place, Errno> {
        if path.is_empty() {
            return Err(ERRNO_NOENT);
        }
        if path.starts_with('/') {
            return Err(ERRNO_NOTCAPABLE);
        }
        let mut above = Vec::new();
        let mut at = from;
        let mut names = path
            .split('/')
            .filter(|name| !matches!(*name, "" | "."))
            .peekable();
        let is_directory = matches!(path.rsplit('/').next(), Some("" | "." | ".."));
        while let Some(name) = names.next() {
            if !self.is_directory(at) {
                return Err(ERRNO_NOTDIR);
            }
            let is_last = names.peek().is_none();
            if name == ".." {
                at = above.pop().ok_or(ERRNO_NOTCAPABLE)?;
                continue;
            }
            let found = self.entry(at, name);
            if is_last && !path.ends_with("/.") {
                return Ok(Place {
                    parent: at,
                    name: Some(name.to_owned()),
                    found,
                    is_directory,
                });
            }
            above.push(at);
            at = found.ok_or(ERRNO_NOENT)?;
        }
        if is_directory && !self.is_directory(at) {
            return Err(ERRNO_NOTDIR);
        }
        Ok(Place {
            parent: at,
            name: None,
            found: Some(at),
            is_directory: true,
        })
    }

    /// What is at a path.
    pub(super) fn find(&self, from: Node, path: &str) -> Result<Node, Errno> {
        let place = self.resolve(from, path)?;
        let found = place.found.ok_or(ERRNO_NOENT)?;
        match place.is_directory && !self.is_directory(found) {
            true => Err(ERRNO_NOTDIR),
            false => Ok(found),
        }
    }

    fn create(&mut self, place: &Place, content: Content, now: u64) -> Result<Node, Errno> {
        let name = place.name.as_deref().ok_or(ERRNO_EXIST)?;
        if place.found.is_some() {
            return Err(ERRNO_EXIST);
        }
        // A directory that was removed takes nothing more.
        if self.inodes[place.parent.0].names == 0 {
            return Err(ERRNO_NOENT);
        }
        let made = self.make(content, now);
        self.name(place.parent, name, made, now);
        Ok(made)
    }

    pub(super) fn create_file(&mut self, place: &Place, now: u64) -> Result<Node, Errno> {
        match place.is_directory {
            true => Err(ERRNO_ISDIR),
            false => self.create(place, Content::File(Vec::new()), now),
        }
    }

    pub(super) fn create_directory(&mut self, place: &Place, now: u64) -> Result<Node, Errno> {
        self.create(place, Content::Directory(BTreeMap::new()), now)
    }

    pub(super) fn unlink(&mut self, place: &Place, now: u64) -> Result<(), Errno> {
        let found = place.found.ok_or(ERRNO_NOENT)?;
        if self.is_directory(found) {
            return Err(ERRNO_ISDIR);
        }
        if place.is_directory {
            return Err(ERRNO_NOTDIR);
        }
        self.unname(place, now);
        Ok(())
    }

    pub(super) fn remove_directory(&mut self, place: &Place, now: u64) -> Result<(), Errno> {
        let found = place.found.ok_or(ERRNO_NOENT)?;
        if !self.entries(found)?.is_empty() {
            return Err(ERRNO_NOTEMPTY);
        }
        if place.name.is_none() {
            return Err(ERRNO_INVAL);
        }
        self.unname(place, now);
        Ok(())
    }

    /// Moves what is at one place to another, in place of what is there.
    pub(super) fn rename(&mut self, from: &Place, to: &Place, now: u64) -> Result<(), Errno> {
        let moved = from.found.ok_or(ERRNO_NOENT)?;
        let (Some(_), Some(name)) = (&from.name, &to.name) else {
            return Err(ERRNO_INVAL);
        };
        let directory = self.is_directory(moved);
        if !directory && (from.is_directory || to.is_directory) {
            return Err(ERRNO_NOTDIR);
        }
        if to.found == Some(moved) {
            return Ok(());
        }
        if self.holds(moved, to.parent) {
            return Err(ERRNO_INVAL);
        }
        if let Some(replaced) = to.found {
            match (directory, self.is_directory(replaced)) {
                (true, false) => return Err(ERRNO_NOTDIR),
                (false, true) => return Err(ERRNO_ISDIR),
                (true, true) if !self.entries(replaced)?.is_empty() => {
                    return Err(ERRNO_NOTEMPTY);
                }
                _ => self.unname(to, now),
            }
        }
        if self.inodes[to.parent.0].names == 0 {
            return Err(ERRNO_NOENT);
        }
        self.name(to.parent, name, moved, now);
        self.unname(from, now);
        Ok(())
    }

    /// Whether one is the other, or somewhere below it.
    fn holds(&self, above: Node, node: Node) -> bool {
        let mut open = vec![above];
        while let Some(next) = open.pop() {
            if next == node {
                return true;
            }
            open.extend(self.entries(next).into_iter().flat_map(BTreeMap::values));
        }
        false
    }

    fn file(&self, node: Node) -> Result<&Vec<u8>, Errno> {
        match &self.inodes[node.0].content {
            Content::File(bytes) => Ok(bytes),
            Content::Directory(_) => Err(ERRNO_ISDIR),
        }
    }

    /// What a file holds from an offset on.
    pub(super) fn read(&self, node: Node, offset: u64) -> Result<&[u8], Errno> {
        let bytes = self.file(node)?;
        let from = offset.min(bytes.len() as u64) as usize;
        Ok(&bytes[from..])
    }

    /// Writes into a file at an offset; between its end and that are zeros.
    pub(super) fn write(
        &mut self,
        node: Node,
        offset: u64,
        from: &[u8],
        now: u64,
    ) -> Result<(), Errno> {
        let end = offset.checked_add(from.len() as u64).ok_or(ERRNO_FBIG)?;
        if from.is_empty() {
            return self.file(node).map(|_| ());
        }
        if end > self.file(node)?.len() as u64 {
            self.resize(node, end, now)?;
        }
        if let Content::File(bytes) = &mut self.inodes[node.0].content {
            bytes[offset as usize..end as usize].copy_from_slice(from);
        }
        self.touch(node, now);
        Ok(())
    }

    /// Makes a file shorter or longer.
    pub(super) fn resize(&mut self, node: Node, size: u64, now: u64) -> Result<(), Errno> {
        let before = self.file(node)?.len() as u64;
        if size > SPACE {
            return Err(ERRNO_FBIG);
        }
        let used = self.used - before + size;
        if used > SPACE {
            return Err(ERRNO_NOSPC);
        }
        if let Content::File(bytes) = &mut self.inodes[node.0].content {
            bytes.resize(size as usize, 0);
        }
        self.used = used;
        self.touch(node, now);
        Ok(())
    }
}
