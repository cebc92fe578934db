//! The short face of a case: a seed and a number, the same case on every machine.

use super::{Proposals, case};
use crate::case::Case;
use crate::causes::hazard::{Dare, Hazard};
use crate::configuration::Setting;
use arbitrary::Unstructured;
use rand::{RngCore, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Bytes from which a case is made, at least.
const SMALLEST: u32 = 2 << 10;
/// How often the smallest size is doubled, at most.
const DOUBLINGS: u32 = 4;

/// The case of this number in the sequence of a seed.
///
/// The bytes are those of ChaCha with 8 rounds: the key is the seed, little-endian, then zeros; the
/// stream is the number.
pub fn from_seed(seed: u64, number: u64) -> Case {
    with_proposals(seed, number, Proposals::default())
}

/// The same, of modules that draw from these proposals. Another choice makes other cases.
pub fn with_proposals(seed: u64, number: u64, proposals: Proposals) -> Case {
    with_settings(seed, number, proposals, &[])
}

/// The same, of modules that can be run with these settings, which the case then has. What else the bytes
/// decide stays as it is without them.
pub fn with_settings(seed: u64, number: u64, proposals: Proposals, settings: &[Setting]) -> Case {
    let bytes = bytes(seed, number);
    let mut case =
        case(&mut Unstructured::new(&bytes), proposals, settings).unwrap_or_else(|_| nothing());
    case.name = format!("{}/{seed:#x}/{number}", case.name);
    case.schedule.dare = dare(seed, number);
    case
}

/// One in so many cases dares something, if it meets it; many do not.
const DARING: u32 = 20;

/// What a case dares. It is drawn apart, so that the bytes alone decide all the rest: after `dare` in
/// the key, the stream is the number.
fn dare(seed: u64, number: u64) -> Option<Dare> {
    let mut key = [0; 32];
    key[..8].copy_from_slice(&seed.to_le_bytes());
    key[8..12].copy_from_slice(b"dare");
    let mut rng = ChaCha8Rng::from_seed(key);
    rng.set_stream(number);
    if !rng.next_u32().is_multiple_of(DARING) {
        return None;
    }
    Some(any_or_kind(rng.next_u32()))
}

/// Any, half of the time, as one of a kind is seldom met; else what a case of another seldom comes first to.
fn any_or_kind(drawn: u32) -> Dare {
    let kinds = Hazard::ALL.len() as u32;
    match (drawn % (2 * kinds)).checked_sub(kinds) {
        Some(kind) => Dare::Kind(Hazard::ALL[kind as usize]),
        None => Dare::Any,
    }
}

/// What a case dares where each is to dare something, by its number.
pub fn daring(number: u64) -> Dare {
    any_or_kind(number as u32)
}

/// The case that these bytes stand for. Any bytes stand for one.
pub fn from_bytes(bytes: &[u8], proposals: Proposals) -> Case {
    case(&mut Unstructured::new(bytes), proposals, &[]).unwrap_or_else(|_| nothing())
}

/// Drawing never fails in practice.
fn nothing() -> Case {
    Case::of_module("generated", Vec::new())
}

/// The bytes behind a generated case: what a fuzz target takes for the same case.
pub fn bytes(seed: u64, number: u64) -> Vec<u8> {
    let mut key = [0; 32];
    key[..8].copy_from_slice(&seed.to_le_bytes());
    let mut rng = ChaCha8Rng::from_seed(key);
    rng.set_stream(number);
    let most = SMALLEST << (rng.next_u32() % (DOUBLINGS + 1));
    let size = SMALLEST / 2 + most / 2 + rng.next_u32() % (most / 2);
    let mut bytes = vec![0; size as usize];
    rng.fill_bytes(&mut bytes);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bytes_are_those_of_the_specified_cipher() {
        let bytes = bytes(0x1f, 17);
        assert_eq!(bytes.len(), 4474);
        assert_eq!(bytes[..4], [0x76, 0xdf, 0x23, 0xbc]);
    }

    #[test]
    fn one_in_twenty_cases_would_dare_something_of_any_kind() {
        let dares: Vec<Dare> = (0..10_000).filter_map(|number| dare(7, number)).collect();
        assert!((420..580).contains(&dares.len()), "{}", dares.len());
        let any = dares.iter().filter(|&&dare| dare == Dare::Any).count();
        assert!((200..300).contains(&any), "{any}");
        for kind in Hazard::ALL {
            assert!(dares.contains(&Dare::Kind(kind)), "{kind:?}");
        }
    }

    #[test]
    fn a_seed_and_a_number_are_one_case() {
        for number in 0..20 {
            assert_eq!(from_seed(1, number), from_seed(1, number));
            assert_ne!(
                from_seed(1, number).modules,
                from_seed(1, number + 1).modules
            );
            assert_ne!(from_seed(1, number).modules, from_seed(2, number).modules);
        }
    }

    #[test]
    fn the_name_says_how_to_make_the_case_again() {
        let name = from_seed(0x1f, 17).name;
        assert!(
            name.starts_with("generated/") && name.ends_with("/0x1f/17"),
            "{name}"
        );
    }
}
