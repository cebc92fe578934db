//! Which proposals a generated module may use: all that the oracle implements, or fewer.
//!
//! Only what modules may have is decided here, never what a subject supports.

use super::weights::{Row, chance, one_of, pick};
use arbitrary::{Result, Unstructured};
use lockstep_oracles::WasmFeatures;

/// Everything that a generated module may use. Without one of them here, no module has it.
pub use crate::check::FEATURES;

/// Which proposals generated modules draw from.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Default,
    clap::ValueEnum,
    serde::Serialize,
    serde::Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Proposals {
    /// None: Wasm 2.0 alone
    None,
    /// Wasm 3.0 and the proposals beyond it
    #[default]
    All,
}

impl Proposals {
    /// The features that a module may have.
    pub fn features(self) -> WasmFeatures {
        match self {
            Proposals::None => WasmFeatures::WASM2,
            Proposals::All => FEATURES,
        }
    }
}

/// What a module of integers alone may not use.
pub(super) const FLOATS_AND_VECTORS: WasmFeatures = WasmFeatures::FLOATS
    .union(WasmFeatures::SIMD)
    .union(WasmFeatures::RELAXED_SIMD);

/// The proposals after Wasm 2.0, each with what it is built on.
pub(super) const PROPOSALS: &[WasmFeatures] = &[
    WasmFeatures::TAIL_CALL,
    WasmFeatures::EXTENDED_CONST,
    WasmFeatures::FUNCTION_REFERENCES,
    WasmFeatures::GC.union(WasmFeatures::FUNCTION_REFERENCES),
    WasmFeatures::EXCEPTIONS,
    WasmFeatures::MULTI_MEMORY,
    WasmFeatures::MEMORY64,
    WasmFeatures::RELAXED_SIMD,
    WasmFeatures::THREADS,
    WasmFeatures::WIDE_ARITHMETIC,
    WasmFeatures::CUSTOM_PAGE_SIZES,
];

#[derive(Clone, Copy)]
enum Mixture {
    None,
    All,
    Most,
    One,
}

const MIXTURES: &[Row<Mixture>] = &[
    mixture("none", 4, Mixture::None),
    mixture("all", 3, Mixture::All),
    mixture("most", 8, Mixture::Most),
    mixture("one", 5, Mixture::One),
];

const fn mixture(name: &'static str, weight: u32, what: Mixture) -> Row<Mixture> {
    Row { name, weight, what }
}

/// Draws what a module may use: Wasm 2.0 with no, one, most or all of the proposals.
///
/// # Errors
///
/// None in practice; the signature is that of every draw.
pub(super) fn draw(u: &mut Unstructured<'_>, proposals: Proposals) -> Result<WasmFeatures> {
    let mut features = WasmFeatures::WASM2;
    match pick(u, MIXTURES)?.what {
        Mixture::None => {}
        Mixture::All => features = FEATURES,
        Mixture::Most => {
            for &proposal in PROPOSALS {
                if chance(u, 3, 4)? {
                    features |= proposal;
                }
            }
        }
        Mixture::One => features |= one_of(u, PROPOSALS)?.copied().unwrap_or_default(),
    }
    Ok(features & proposals.features())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generate::seed::bytes;

    fn drawn(number: u64) -> WasmFeatures {
        draw(&mut Unstructured::new(&bytes(5, number)), Proposals::All).unwrap()
    }

    #[test]
    fn every_proposal_comes_with_what_it_needs_and_none_at_times() {
        let all: Vec<WasmFeatures> = (0..400).map(drawn).collect();
        for &proposal in PROPOSALS {
            let count = all.iter().filter(|drawn| drawn.contains(proposal)).count();
            assert!(count > 120, "{proposal:?}: {count}");
        }
        let plain = all.iter().filter(|drawn| **drawn == WasmFeatures::WASM2);
        assert!(plain.count() > 40);
        for drawn in all {
            let both = WasmFeatures::GC | WasmFeatures::FUNCTION_REFERENCES;
            assert!(!drawn.contains(WasmFeatures::GC) || drawn.contains(both));
            assert!(FEATURES.contains(drawn));
        }
    }

    #[test]
    fn used_up_data_gives_wasm_2_0() {
        let drawn = draw(&mut Unstructured::new(&[]), Proposals::All).unwrap();
        assert_eq!(drawn, WasmFeatures::WASM2);
    }
}
