//! Tells the program which version of Wasmtime the feature `wasmtime-48` brings: a range is asked for,
//! and `Cargo.lock` has the version of it that is built.

use std::env;
use std::error::Error;
use std::fs;
use std::path::Path;

/// The version that is always there: the other one in the lock is the feature's.
const ALWAYS: &str = "42.0.2";

fn main() -> Result<(), Box<dyn Error>> {
    let lock = Path::new(&env::var("CARGO_MANIFEST_DIR")?).join("../Cargo.lock");
    println!("cargo::rerun-if-changed={}", lock.display());
    let lock = fs::read_to_string(&lock).map_err(|e| format!("{}: {e}", lock.display()))?;
    let packages = lock.split("[[").filter(|t| t.starts_with("package]]"));
    let named = packages.filter(|package| field(package, "name") == Some("wasmtime"));
    let mut others = named.filter(|package| field(package, "version") != Some(ALWAYS));
    let (Some(other), None) = (others.next(), others.next()) else {
        return Err(format!("Cargo.lock: not one version of wasmtime beside {ALWAYS}").into());
    };
    let version = field(other, "version").ok_or("Cargo.lock: a package without a version")?;
    // A source other than the registry is told with the number, which does not say enough then.
    let origin = match field(other, "source") {
        Some(source) if source.starts_with("registry+") => String::new(),
        Some(source) => match source.split_once('#') {
            Some((_, commit)) => format!(" ({})", commit.get(..12).unwrap_or(commit)),
            None => format!(" ({source})"),
        },
        None => " (local)".to_owned(),
    };
    println!("cargo::rustc-env=LOCKSTEP_WASMTIME_48={version}{origin}");
    Ok(())
}

/// The text of a package's field.
fn field<'a>(package: &'a str, name: &str) -> Option<&'a str> {
    let mut lines = package.lines().filter_map(|line| line.split_once(" = "));
    let (_, value) = lines.find(|&(key, _)| key == name)?;
    Some(value.trim_matches('"'))
}
