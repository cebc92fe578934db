//! Every public item of the debug API has a rule, or a reason why it has none: the items are those of the
//! published source of each version of the table.

use lockstep::api::{ROWS, row};
use lockstep::version::Version;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Items that the words find and that are no part of the debug API: of code generation's debugging, of
/// native debuggers, and internal ones.
const OTHERS: &[&str] = &[
    "CompiledModule::has_unparsed_debuginfo",
    "Config::cranelift_debug_verifier",
    "Config::cranelift_wasmtime_debug_checks",
    "Config::debug_adapter_modules",
    "Config::debug_info",
    "Config::debug_symbols",
    "Engine::get_cranelift_debug_verifier",
    "Engine::get_debug_info",
    "Engine::get_debug_symbols",
    "Table::debug_assert_all_zero",
    "TableDebug",
    "TypeRegistry::debug_assert_contains",
];

/// Where the source of a version's engine is, as cargo says.
fn source(version: Version) -> Option<PathBuf> {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../Cargo.toml");
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["metadata", "--format-version", "1", "--offline"]);
    // What only other platforms need may not be on this machine.
    cargo.args(["--filter-platform", &host()?]);
    cargo.arg("--manifest-path").arg(manifest);
    let said = cargo.output().ok().filter(|said| said.status.success())?;
    let said: serde_json::Value = serde_json::from_slice(&said.stdout).ok()?;
    let packages = said["packages"].as_array()?;
    let number = version.number();
    let found = packages
        .iter()
        .find(|package| package["name"] == "wasmtime" && package["version"] == *number)?;
    let manifest = Path::new(found["manifest_path"].as_str()?);
    Some(manifest.parent()?.join("src"))
}

/// The platform that cargo builds for where it is not told one.
fn host() -> Option<String> {
    let said = Command::new(env!("CARGO")).arg("-vV").output().ok()?;
    let said = String::from_utf8(said.stdout).ok()?;
    let host = said.lines().find_map(|line| line.strip_prefix("host: "))?;
    Some(host.to_owned())
}

/// The public items of the debug API in a tree of source.
fn items(source: &Path) -> BTreeSet<String> {
    let mut items = BTreeSet::new();
    for file in files(source) {
        let whole = file.ends_with("runtime/debug.rs");
        let text = std::fs::read_to_string(&file).expect("a file of the source");
        walk(&text, whole, &mut items);
    }
    items
}

fn files(dir: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(dir).expect("a folder of the source");
    let mut all = Vec::new();
    for path in entries.flatten().map(|entry| entry.path()) {
        if path.is_dir() {
            all.extend(files(&path));
        } else if path.extension().is_some_and(|end| end == "rs") {
            all.push(path);
        }
    }
    all
}

/// What a file that `rustfmt` has formatted makes public: all of it, or what a debugger's words are in.
fn walk(text: &str, whole: bool, items: &mut BTreeSet<String>) {
    let mut scope: Option<(&str, String)> = None;
    for line in text.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        if line.starts_with("impl") {
            scope = implemented(line).map(|name| ("impl", name));
        } else if let ["pub", kind @ ("struct" | "enum" | "trait"), name, ..] = words[..]
            && line.starts_with("pub")
        {
            let name = identifier(name);
            if whole || name.contains("Debug") {
                items.insert(name.clone());
            }
            scope = Some((kind, name));
        } else if line.starts_with('}') {
            scope = None;
        } else if let Some((kind, name)) = &scope
            && let Some(member) = member(line, kind, whole)
        {
            items.insert(format!("{name}::{member}"));
        }
    }
}

/// The type of `impl<'a, T> Trait for Type<'a, T> {`.
fn implemented(line: &str) -> Option<String> {
    let rest = line.strip_prefix("impl")?;
    let rest = match rest.strip_prefix('<') {
        Some(parameters) => {
            let mut depth = 1;
            let end = parameters.find(|c| {
                depth += i32::from(c == '<') - i32::from(c == '>');
                depth == 0
            })?;
            &parameters[end + 1..]
        }
        None => rest,
    };
    let own = rest.rsplit(" for ").next()?;
    Some(identifier(own.trim())).filter(|name| !name.is_empty())
}

fn identifier(text: &str) -> String {
    let of_name = |c: &char| c.is_alphanumeric() || *c == '_';
    text.chars().take_while(of_name).collect()
}

/// The public method, field or variant that the line declares.
fn member(line: &str, kind: &str, whole: bool) -> Option<String> {
    let line = line
        .strip_prefix("    ")
        .filter(|line| !line.starts_with(' '))?;
    let words: Vec<&str> = line.split_whitespace().collect();
    let function = match words[..] {
        ["pub", "fn", name, ..] | ["pub", "async" | "unsafe", "fn", name, ..] => {
            Some(identifier(name))
        }
        _ => None,
    };
    if let Some(name) = function {
        let words = ["debug", "breakpoint", "single_step"];
        return (whole || words.iter().any(|word| name.contains(word))).then_some(name);
    }
    let found = match (kind, &words[..]) {
        ("trait", ["fn" | "type", name, ..]) => identifier(name),
        ("struct", ["pub", name, ..]) if name.ends_with(':') => identifier(name),
        ("enum", [name, ..]) if name.starts_with(char::is_uppercase) => identifier(name),
        _ => return None,
    };
    whole.then_some(found)
}

#[test]
fn every_public_item_has_a_rule_or_a_reason() {
    let mut found = BTreeSet::new();
    for &version in Version::TABLE {
        let source = source(version).unwrap_or_else(|| panic!("no source of {version}"));
        let items = items(&source);
        assert!(
            items.contains("DebugHandler::handle"),
            "{version}: {items:?}"
        );
        let unknown: Vec<&String> = items
            .iter()
            .filter(|item| row(item).is_none() && !OTHERS.contains(&item.as_str()))
            .collect();
        assert!(
            unknown.is_empty(),
            "{version}: neither rule nor reason: {unknown:?}"
        );
        found.extend(items);
    }
    let rows = ROWS.iter().flat_map(|row| row.items);
    let named = rows.chain(OTHERS).map(|item| (*item).to_owned());
    let gone: Vec<String> = named.filter(|item| !found.contains(item)).collect();
    assert!(gone.is_empty(), "in no version: {gone:?}");
}

#[test]
fn the_walk_sees_what_is_public_and_nothing_else() {
    let text = "\
impl<'a, T: Clone> StoreContextMut<'a, T> {
    /// Words.
    pub fn debug_frames(self) -> Option<u32> {
        let pub_fn = 1;
    }
    fn debug_private(&self) {}
    pub(crate) fn debug_internal(&self) {}
    pub fn other(&self) {}
}
#[derive(Debug)]
pub enum DebugEvent<'a> {
    /// Words.
    Trap(Trap),
    Breakpoint,
}
pub struct Breakpoint {
    pub pc: u32,
    hidden: u32,
}
pub trait DebugHandler: Clone {
    type Data;
    fn handle(
        &self,
    );
}
impl DebugHandler for Recorder {
    fn handle(&self) {}
}
";
    let walked = |whole| {
        let mut items = BTreeSet::new();
        walk(text, whole, &mut items);
        items.into_iter().collect::<Vec<_>>()
    };
    assert_eq!(
        walked(true),
        [
            "Breakpoint",
            "Breakpoint::pc",
            "DebugEvent",
            "DebugEvent::Breakpoint",
            "DebugEvent::Trap",
            "DebugHandler",
            "DebugHandler::Data",
            "DebugHandler::handle",
            "StoreContextMut::debug_frames",
            "StoreContextMut::other",
        ]
    );
    assert_eq!(
        walked(false),
        [
            "DebugEvent",
            "DebugHandler",
            "StoreContextMut::debug_frames"
        ]
    );
}
