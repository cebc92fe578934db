//! The twin of every module of the official suite: valid, and with the same code section.

use lockstep::subject::twin::twin;
use lockstep_oracles::WasmFeatures;
use lockstep_oracles::module::Module;
use lockstep_spec_tests::Selection;
use lockstep_spec_tests::script::{CommandKind, ModuleSource};
use wasmparser::{Parser, Payload, Validator};

fn code_section(bytes: &[u8]) -> Option<&[u8]> {
    Parser::new(0)
        .parse_all(bytes)
        .find_map(|payload| match payload {
            Ok(Payload::CodeSectionStart {
                unchecked_range: range,
                ..
            }) => Some(&bytes[range.start as usize..range.end as usize]),
            _ => None,
        })
}

#[test]
fn twins_of_the_official_modules_have_the_same_code() {
    let mut seen = 0;
    for file in Selection::Wasm2.scripts() {
        let script = file.parse().expect("the official scripts parse");
        for command in &script.commands {
            let CommandKind::Module {
                module: ModuleSource::Binary(bytes),
                ..
            } = &command.kind
            else {
                continue;
            };
            let module = Module::new(bytes, WasmFeatures::WASM2).expect("a valid module");
            let twin = twin(bytes, &module).expect("a twin");
            let place = format!("{} line {}", script.name, command.line);
            let mut validator = Validator::new_with_features(WasmFeatures::WASM2);
            assert!(
                validator.validate_all(&twin).is_ok(),
                "{place}: the twin is not valid"
            );
            assert_eq!(code_section(bytes), code_section(&twin), "{place}");
            seen += 1;
        }
    }
    assert!(seen > 1000, "{seen} modules");
}
