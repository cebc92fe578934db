//! What a case file says of programs: what one for WASI finds and must print, and what memories must hold.

use super::read::{Resolve, bytes, position};
use super::scalars::{Hex, ModuleRef, Number, readable};
use super::write::{hex_or_text, module_ref};
use crate::case::{Case, CaseModule, Check, Content};
use crate::wasi::{Directory, Entry, World};
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, Error, MapAccess, Visitor};
use serde::{Deserialize, Serialize, Serializer};
use std::collections::BTreeMap;

/// `[wasi]`
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct WasiTable {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    args: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    env: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stdin: Option<BytesTable>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dirs: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stdout: Option<BytesTable>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stderr: Option<BytesTable>,
    #[serde(skip_serializing_if = "Option::is_none")]
    exit_code: Option<u32>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    files: BTreeMap<String, BytesTable>,
}

/// `[[expect-memory]]`: one of `hex`, `text`, `sha256`; the last with a `length`.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ExpectMemoryTable {
    #[serde(skip_serializing_if = "Option::is_none")]
    module: Option<ModuleRef>,
    memory: String,
    offset: Number,
    #[serde(skip_serializing_if = "Option::is_none")]
    length: Option<Number>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hex: Option<Hex>,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sha256: Option<Hex>,
}

/// Bytes: a text, or a table that says where they are from.
#[derive(Clone, Debug)]
enum BytesTable {
    Text(String),
    Table(FromTable),
}

/// One of `file`, `hex`, `text`.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct FromTable {
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hex: Option<Hex>,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
}

impl BytesTable {
    fn of(bytes: &[u8]) -> BytesTable {
        let lines = |bytes: &[u8]| {
            let text = std::str::from_utf8(bytes).ok()?;
            let plain = |c: char| c == '\n' || c == '\t' || !c.is_control();
            text.chars().all(plain).then(|| text.to_owned())
        };
        match readable(bytes).or_else(|| lines(bytes)) {
            Some(text) => BytesTable::Text(text),
            None => BytesTable::Table(FromTable {
                hex: Some(Hex(bytes.to_vec())),
                ..FromTable::default()
            }),
        }
    }

    fn bytes(self, resolve: Resolve<'_>) -> Result<Vec<u8>, String> {
        match self {
            BytesTable::Text(text) => Ok(text.into_bytes()),
            BytesTable::Table(table) => match table.file {
                None => bytes(table.hex, table.text),
                Some(file) if table.hex.is_none() && table.text.is_none() => {
                    resolve(&file).map_err(|error| format!("cannot read {file}: {error}"))
                }
                Some(_) => Err("bytes are one of `file`, `hex` and `text`".to_owned()),
            },
        }
    }
}

/// The directory that a program has open where files are named and no directory is.
const ROOT: &str = "/";

/// What a program finds, and what it must print.
pub(super) fn wasi(table: WasiTable, resolve: Resolve<'_>) -> Result<(World, Vec<Check>), String> {
    let read = |table: BytesTable, what: &str| {
        let bytes = table.bytes(resolve);
        bytes.map_err(|message| format!("`{what}`: {message}"))
    };
    let directories = match table.dirs {
        Some(dirs) => dirs,
        None if table.files.is_empty() => Vec::new(),
        None => vec![ROOT.to_owned()],
    };
    let directories = directories.into_iter().map(|guest| Directory {
        guest,
        ..Directory::default()
    });
    let mut world = World {
        args: table.args,
        env: table.env,
        directories: directories.collect(),
        ..World::default()
    };
    if let Some(stdin) = table.stdin {
        world.stdin = read(stdin, "stdin")?.into();
    }
    for (path, content) in table.files {
        let content = read(content, &path)?;
        let (name, entry) = match path.strip_suffix('/') {
            None => (path.as_str(), Entry::File(content.into())),
            Some(name) if content.is_empty() => (name, Entry::Directory),
            Some(_) => return Err(format!("`{path}` is a directory, and holds no bytes")),
        };
        let Some((directory, below)) = world.place(name) else {
            return Err(format!("`{path}` is below none of the `dirs`"));
        };
        let below = below.to_owned();
        world.directories[directory].entries.insert(below, entry);
    }
    world.check()?;
    let mut checks = Vec::new();
    if let Some(stdout) = table.stdout {
        checks.push(Check::Stdout(read(stdout, "stdout")?));
    }
    if let Some(stderr) = table.stderr {
        checks.push(Check::Stderr(read(stderr, "stderr")?));
    }
    checks.extend(table.exit_code.map(Check::Exit));
    Ok((world, checks))
}

/// The table of a case's program for WASI.
pub(super) fn wasi_table(case: &Case) -> Option<WasiTable> {
    let world = case.host.wasi.as_ref()?;
    let mut table = WasiTable {
        args: world.args.clone(),
        env: world.env.clone(),
        stdin: (!world.stdin.is_empty()).then(|| BytesTable::of(&world.stdin)),
        ..WasiTable::default()
    };
    let guests = world.directories.iter().map(|one| one.guest.clone());
    let guests: Vec<String> = guests.collect();
    for (directory, index) in world.directories.iter().zip(0..) {
        for (below, entry) in &directory.entries {
            let path = world.path(index, below);
            match entry {
                Entry::File(bytes) => table.files.insert(path, BytesTable::of(bytes)),
                Entry::Directory => {
                    let nothing = BytesTable::Text(String::new());
                    table.files.insert(format!("{path}/"), nothing)
                }
            };
        }
    }
    let obvious = match table.files.is_empty() {
        true => guests.is_empty(),
        false => guests == [ROOT],
    };
    table.dirs = (!obvious).then_some(guests);
    for check in &case.checks {
        match check {
            Check::Stdout(bytes) => table.stdout = Some(BytesTable::of(bytes)),
            Check::Stderr(bytes) => table.stderr = Some(BytesTable::of(bytes)),
            Check::Exit(code) => table.exit_code = Some(*code),
            Check::Memory { .. } => {}
        }
    }
    Some(table)
}

/// What a memory must hold.
pub(super) fn expected_memory(
    table: ExpectMemoryTable,
    modules: &[CaseModule],
) -> Result<Check, String> {
    let module = table.module.as_ref();
    let module = module.map(|module| position(module, modules)).transpose()?;
    let content = match table.sha256 {
        None => Content::Bytes(bytes(table.hex, table.text)?),
        Some(_) if table.hex.is_some() || table.text.is_some() => {
            return Err("there must be one of `hex`, `text` and `sha256`".to_owned());
        }
        Some(Hex(digest)) => {
            let digest = digest.try_into();
            let digest = digest.map_err(|_| "`sha256` has 64 hexadecimal digits".to_owned())?;
            let length = table.length.as_ref();
            let length = length.ok_or_else(|| "`sha256` needs a `length`".to_owned())?;
            Content::Sha256 {
                length: length.0,
                digest,
            }
        }
    };
    match table.length {
        Some(Number(length)) if length != content.length() => {
            let has = content.length();
            Err(format!("the `length` is {length}, and the bytes are {has}"))
        }
        _ => Ok(Check::Memory {
            module,
            memory: table.memory,
            offset: table.offset.0,
            content,
        }),
    }
}

/// The tables of what memories must hold.
pub(super) fn memory_tables(case: &Case) -> Vec<ExpectMemoryTable> {
    let table = |check: &Check| {
        let Check::Memory {
            module,
            memory,
            offset,
            content,
        } = check
        else {
            return None;
        };
        let (hex, text, sha256, length) = match content {
            Content::Bytes(bytes) => {
                let (hex, text) = hex_or_text(bytes);
                (hex, text, None, None)
            }
            Content::Sha256 { length, digest } => {
                let digest = Some(Hex(digest.to_vec()));
                (None, None, digest, Some(Number(*length)))
            }
        };
        Some(ExpectMemoryTable {
            module: module.map(|position| module_ref(position, &case.modules)),
            memory: memory.clone(),
            offset: Number(*offset),
            length,
            hex,
            text,
            sha256,
        })
    };
    case.checks.iter().filter_map(table).collect()
}

impl Serialize for BytesTable {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            BytesTable::Text(text) => text.serialize(serializer),
            BytesTable::Table(table) => table.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for BytesTable {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<BytesTable, D::Error> {
        deserializer.deserialize_any(BytesVisitor)
    }
}

struct BytesVisitor;

impl<'de> Visitor<'de> for BytesVisitor {
    type Value = BytesTable;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a text, or a table with `file`, `hex` or `text`")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<BytesTable, E> {
        Ok(BytesTable::Text(text.to_owned()))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<BytesTable, A::Error> {
        FromTable::deserialize(MapAccessDeserializer::new(map)).map(BytesTable::Table)
    }
}
