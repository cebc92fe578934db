//! Drawn components are valid, and what the weights say occurs.

use super::*;
use crate::generate::{from_seed, generator_of, seed};
use std::collections::BTreeSet;

fn text(number: u64) -> String {
    let data = seed::bytes(0xc0, number);
    composed(&mut Unstructured::new(&data), Proposals::All, 0)
        .unwrap()
        .0
}

#[test]
fn every_component_is_valid() {
    for number in 0..400 {
        let text = text(number);
        let wasm = load::encode(&text).unwrap_or_else(|error| panic!("{number}: {error}\n{text}"));
        let made = decode(&wasm, FEATURES);
        assert!(made.is_ok(), "{number}: {}\n{text}", made.unwrap_err());
    }
}

#[test]
fn what_components_are_made_of_occurs() {
    let texts: String = (0..200).map(text).collect();
    for part in [
        "utf16",
        "latin1+utf16",
        "post-return",
        "$twin-b",
        "(start",
        "(throw",
        "call_indirect",
        "record",
        "variant",
        "flags",
        "enum",
        "option",
        "result",
        "tuple",
        "list",
        "char",
        "(instance $c1-1",
        "$c2-0",
        "(call $l2",
    ] {
        assert!(texts.contains(part), "{part}");
    }
}

#[test]
fn one_case_in_some_thirty_is_of_components() {
    let cases: Vec<Case> = (0..3000).map(|number| from_seed(0xc0, number)).collect();
    let of_components: Vec<&Case> = cases
        .iter()
        .filter(|case| case.is_of_components())
        .collect();
    let count = of_components.len();
    println!("{count} of {}", cases.len());
    assert!((60..160).contains(&count), "{count}");
    let stores: BTreeSet<usize> = of_components
        .iter()
        .map(|case| case.modules.len())
        .collect();
    assert_eq!(stores, [1, 2].into());
    for case in of_components {
        assert_eq!(generator_of(&case.name), Some(COMPONENT));
        assert!(!case.steps.is_empty(), "{}", case.name);
        crate::corpus::check(case).unwrap_or_else(|error| panic!("{}: {error}", case.name));
    }
}
