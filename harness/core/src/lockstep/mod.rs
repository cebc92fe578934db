//! The lockstep driver: the subject leads, the oracle follows, the checkers compare.
//!
//! The driver knows no engine. A subject's adapter tells it what happens — an event, a host call,
//! the end of an invocation — and shows it what it sees; the driver runs the oracle to its next
//! stop and compares. Both executions of a case use it, each with an oracle of its own: the
//! uninstrumented one has no events, only host calls and ends.

pub mod checkers;
pub mod driver;
pub mod following;
pub mod observed;
pub mod policy;
pub mod recording;
pub mod verdict;

pub use checkers::{
    accessors, activations, code_image, daring, edits, entities, evidence, explain, frames,
    handlers, handles, held_frame, items, probes, references, throws,
};
pub use driver::{instances, limiter, traps};
pub use following::{
    breakpoints, calls, choices, components, deadlines, interrupts, program, sight, wasi_calls,
};
pub use recording::{acted, exercised, families, findings, looks, recorder, tally};

#[cfg(test)]
mod tests {
    use std::path::Path;

    /// Given the sources of a folder, none names another folder that it must not know.
    #[test]
    fn dependencies_point_one_way() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lockstep");
        let unknown = [
            ("following", ["checkers", "recording", "driver"].as_slice()),
            ("recording", ["following", "checkers", "driver"].as_slice()),
            ("checkers", ["driver"].as_slice()),
        ];
        for (folder, others) in unknown {
            let sources = sources(&root.join(folder));
            assert!(!sources.is_empty(), "{folder}");
            for (path, text) in sources {
                for other in others {
                    let named = format!("lockstep::{other}::");
                    assert!(!text.contains(&named), "{path} knows of {other}");
                }
            }
        }
    }

    fn sources(folder: &Path) -> Vec<(String, String)> {
        let mut found = Vec::new();
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                found.extend(sources(&path));
            } else {
                let text = std::fs::read_to_string(&path).unwrap();
                found.push((path.display().to_string(), text));
            }
        }
        found
    }
}
