//! `CONTRACT.md` says what the code checks: its tables are generated, and this test holds them equal.
//!
//! `UPDATE_CONTRACT=1 cargo test --release -p lockstep --test program contract` writes them anew.

use lockstep_core::report::contract;
use std::path::Path;

const BEGIN: &str = "<!-- tables: begin; made by `lockstep rules --markdown` -->\n";
const ADVICE: &str =
    "run UPDATE_CONTRACT=1 cargo test --release -p lockstep --test program contract";
const END: &str = "<!-- tables: end -->\n";

#[test]
fn the_documents_tables_are_the_codes() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../CONTRACT.md");
    let text = std::fs::read_to_string(&path).unwrap();
    let begin = text.find(BEGIN).expect("the begin marker") + BEGIN.len();
    let end = text.find(END).expect("the end marker");
    let tables = format!("\n{}\n", contract::markdown());
    if std::env::var_os("UPDATE_CONTRACT").is_some() {
        std::fs::write(&path, format!("{}{tables}{}", &text[..begin], &text[end..])).unwrap();
        return;
    }
    for (in_document, in_code) in text[begin..end].lines().zip(tables.lines()) {
        assert_eq!(in_document, in_code, "{ADVICE}");
    }
    assert_eq!(
        text[begin..end].lines().count(),
        tables.lines().count(),
        "{ADVICE}"
    );
}
