//! Sets of features by the names of the suites that need them: with which the scripts of a directory are
//! validated and run. Never decides what an engine supports.

use crate::suite::{SUITES, Suite};
use std::fmt;
use std::str::FromStr;
use wasmparser::WasmFeatures;

/// Versions of WebAssembly, and the suites that are their snapshots.
const VERSIONS: [(&str, &str); 3] = [
    ("wasm-1.0", "wasm-v1"),
    ("wasm-2.0", "wasm-v2"),
    ("wasm-3.0", "wasm-v3"),
];

/// A set of features, as it is named: `wasm-2.0,memory64`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeatureSet {
    /// The names, as written.
    names: String,
    /// What they come to.
    pub features: WasmFeatures,
}

/// A name that means no features.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` names no features: write versions and proposals with commas, of {names}", names = known().join(", "))]
pub struct FeatureError(String);

impl FromStr for FeatureSet {
    type Err = FeatureError;

    /// All that the named suites need together.
    fn from_str(names: &str) -> Result<FeatureSet, FeatureError> {
        let mut features = WasmFeatures::empty();
        for name in names.split(',') {
            let suite = suite(name).ok_or_else(|| FeatureError(name.to_owned()))?;
            features = features.union(suite.features);
        }
        Ok(FeatureSet {
            names: names.to_owned(),
            features,
        })
    }
}

impl fmt::Display for FeatureSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.names)
    }
}

/// The suite whose features a name means.
fn suite(name: &str) -> Option<&'static Suite> {
    let version = VERSIONS.iter().find(|(version, _)| *version == name);
    match version {
        Some((_, snapshot)) => Suite::by_name(snapshot),
        None => proposals().find(|suite| suite.name == name),
    }
}

/// The suites of proposals: snapshots have names of versions, and what supplements them is no proposal.
fn proposals() -> impl Iterator<Item = &'static Suite> {
    let other = |suite: &&Suite| suite.name.starts_with("wasm-") || suite.name == "supplement";
    SUITES.iter().filter(move |suite| !other(suite))
}

/// Every name, versions first.
fn known() -> Vec<&'static str> {
    let versions = VERSIONS.iter().map(|(version, _)| *version);
    versions
        .chain(proposals().map(|suite| suite.name))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_is_what_its_suites_need_together() {
        let of = |names: &str| names.parse::<FeatureSet>().unwrap().features;
        assert_eq!(of("wasm-2.0"), WasmFeatures::WASM2);
        assert!(of("gc").contains(WasmFeatures::GC));
        assert!(!of("gc").contains(WasmFeatures::MEMORY64));
        assert_eq!(of("gc,memory64"), of("gc").union(of("memory64")));
        assert!(!of("wasm-3.0").contains(WasmFeatures::THREADS));
        assert!(of("wasm-3.0,threads").contains(WasmFeatures::THREADS));
    }

    #[test]
    fn every_name_that_is_listed_is_one() {
        for name in known() {
            assert_eq!(name.parse::<FeatureSet>().unwrap().to_string(), name);
        }
        for wrong in ["", "gc,", "wasm-v2", "supplement", "GC"] {
            let error = wrong.parse::<FeatureSet>().unwrap_err().to_string();
            assert!(
                error.contains("wasm-2.0") && error.contains("memory64"),
                "{error}"
            );
        }
    }
}
