//! What a subject is: the port behind which an engine answers, and what every version's answers are
//! given in. It names no engine.
//!
//! An adapter ([`adapter::Adapter`]) stands in a crate of its own for each version; the crates that a
//! program was linked with are in [`engines`].

pub mod adapter;
pub mod answer;
pub mod code_image;
pub mod engines;
mod error;
pub mod limits;
mod settings;
pub mod twin;

/// Whether a source file is of the engine: of one of its crates, published or checked out.
pub fn is_of_engine(file: &str) -> bool {
    const CRATES: &[&str] = &["wasmtime", "cranelift", "pulley", "regalloc2"];
    let is_crate = |part: &str| {
        let mut named = CRATES.iter().filter_map(|name| part.strip_prefix(name));
        named.any(|rest| rest.is_empty() || rest.starts_with('-'))
    };
    file.split(['/', '\\']).any(is_crate)
}

pub use error::SubjectError;
pub use settings::Settings;

#[cfg(test)]
mod tests {
    use super::is_of_engine;

    #[test]
    fn a_source_file_is_of_the_engine_by_its_crate() {
        for file in [
            "/c/registry/src/mirror-1f/wasmtime-42.0.2/src/lib.rs",
            "/c/registry/src/mirror-1f/wasmtime-internal-core-48.0.8/src/lib.rs",
            "/c/registry/src/mirror-1f/cranelift-codegen-0.129.1/src/lib.rs",
            "/src/wasmtime/crates/environ/src/lib.rs",
        ] {
            assert!(is_of_engine(file), "{file}");
        }
        for file in [
            "harness/subject/src/frames/cursor.rs",
            "/src/lockstep/harness/subject/src/lib.rs",
            "/c/registry/src/mirror-1f/wasmparser-0.1.0/src/lib.rs",
            "/rustc/0/library/core/src/option.rs",
        ] {
            assert!(!is_of_engine(file), "{file}");
        }
    }
}
