//! Every directive, line numbers, bad modules, and errors with their place.

use super::*;

fn parse(text: &str) -> Result<Script, ScriptError> {
    parse_script("test.wast", text, WasmFeatures::WASM2)
}

fn commands(text: &str) -> Vec<Command> {
    parse(text).expect("the text parses").commands
}

fn only(text: &str) -> CommandKind {
    let [command] = <[_; 1]>::try_from(commands(text)).expect("one command");
    command.kind
}

fn bad_text(module: &ModuleSource) -> &str {
    match module {
        ModuleSource::BadText { error } => error,
        ModuleSource::Binary(_) => panic!("the module was encoded"),
    }
}

fn unsupported(text: &str) -> (&'static str, String) {
    match only(text) {
        CommandKind::Unsupported { directive, reason } => (directive, reason),
        other => panic!("{other:?}"),
    }
}

const EMPTY: &[u8] = b"\0asm\x01\0\0\0";

#[test]
fn a_module_from_text_binary_or_quote_is_the_same_module() {
    for text in [
        "(module)",
        r#"(module binary "\00asm" "\01\00\00\00")"#,
        r#"(module quote "(module)")"#,
        r#"(module quote "(mod" "ule)")"#,
    ] {
        match only(text) {
            CommandKind::Module {
                name: None,
                module: ModuleSource::Binary(bytes),
            } => assert_eq!(&*bytes, EMPTY, "{text}"),
            other => panic!("{text}: {other:?}"),
        }
    }
}

#[test]
fn names_have_no_dollar_sign() {
    let text = r#"
        (module $m)
        (module definition $d)
        (module instance $i $d)
        (module instance)
        (register "as" $i)
        (register "current")"#;
    let shown: Vec<_> = commands(text)
        .into_iter()
        .map(|command| match command.kind {
            CommandKind::Module { name, .. } => format!("module {name:?}"),
            CommandKind::ModuleDefinition { name, .. } => format!("definition {name:?}"),
            CommandKind::ModuleInstance {
                instance,
                definition,
            } => format!("instance {instance:?} of {definition:?}"),
            CommandKind::Register { as_name, instance } => {
                format!("register {instance:?} as {as_name:?}")
            }
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(
        shown,
        [
            r#"module Some("m")"#,
            r#"definition Some("d")"#,
            r#"instance Some("i") of Some("d")"#,
            "instance None of None",
            r#"register Some("i") as "as""#,
            r#"register None as "current""#,
        ]
    );
}

#[test]
fn every_command_has_its_name() {
    let text = r#"
        (module)
        (module definition)
        (module instance)
        (register "m")
        (invoke "f")
        (get "g")
        (assert_return (invoke "f"))
        (assert_return (get "g") (i32.const 0))
        (assert_trap (invoke "f") "unreachable")
        (assert_trap (module) "unreachable")
        (assert_exhaustion (invoke "f") "call stack exhausted")
        (assert_exception (invoke "f"))
        (assert_unlinkable (module) "unknown import")
        (assert_malformed (module quote "") "unexpected token")
        (assert_invalid (module) "type mismatch")"#;
    let names: Vec<_> = commands(text).iter().map(|c| c.kind.name()).collect();
    assert_eq!(
        names,
        [
            "module",
            "module definition",
            "module instance",
            "register",
            "action",
            "action",
            "assert_return",
            "assert_return",
            "assert_trap",
            "assert_uninstantiable",
            "assert_exhaustion",
            "assert_exception",
            "assert_unlinkable",
            "assert_malformed",
            "assert_invalid",
        ]
    );
}

#[test]
fn an_assertion_keeps_action_and_message() {
    match only(r#"(assert_trap (invoke $m "f" (i32.const 1)) "unreachable")"#) {
        CommandKind::AssertTrap {
            action:
                Action::Invoke {
                    instance,
                    export,
                    args,
                },
            message,
        } => {
            assert_eq!(instance.as_deref(), Some("m"));
            assert_eq!(export, "f");
            assert_eq!(args, [crate::script::Arg::I32(1)]);
            assert_eq!(message, "unreachable");
        }
        other => panic!("{other:?}"),
    }
    match only(r#"(assert_return (get $m "g"))"#) {
        CommandKind::AssertReturn {
            action: Action::Get { instance, export },
            expected,
        } => {
            assert_eq!(instance.as_deref(), Some("m"));
            assert_eq!(export, "g");
            assert!(expected.is_empty());
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_has_no_translation_is_unsupported_by_name() {
    for (text, directive, reason) in [
        (
            r#"(assert_suspension (invoke "f") "unhandled")"#,
            "assert_suspension",
            "stack switching",
        ),
        ("(wait $t)", "wait", "no threads"),
        (
            r#"(thread $t (invoke "f") (invoke "g"))"#,
            "thread",
            "2 commands of `$t` are left out",
        ),
        (
            "(assert_return (module))",
            "assert_return",
            "its action is a module",
        ),
        (
            "(assert_exception (module))",
            "assert_exception",
            "its action is a module",
        ),
        (
            r#"(assert_malformed_custom (module) "m")"#,
            "assert_malformed_custom",
            "custom sections",
        ),
        (
            r#"(assert_invalid_custom (module) "m")"#,
            "assert_invalid_custom",
            "custom sections",
        ),
        ("(component)", "module", "a component"),
        (
            r#"(assert_invalid (component quote "") "m")"#,
            "assert_invalid",
            "a component",
        ),
        (
            r#"(assert_return (invoke "f") (str.const "a"))"#,
            "assert_return",
            "a component value",
        ),
    ] {
        let (name, why) = unsupported(text);
        assert_eq!(name, directive, "{text}");
        assert!(why.contains(reason), "{text}: {why}");
    }
}

#[test]
fn a_line_is_that_of_the_opening_parenthesis() {
    let text =
        "(module)\n\n;; a comment\r\n(\n module\n quote \"(module)\")\n\n   (invoke\n \"f\")";
    let lines: Vec<_> = commands(text).iter().map(|c| c.line).collect();
    assert_eq!(lines, [1, 4, 8]);
}

#[test]
fn fields_alone_are_one_module() {
    let commands = commands("\n(memory 1)\n(func)");
    assert_eq!(commands.len(), 1);
    assert_eq!(commands[0].line, 2);
    assert_eq!(commands[0].kind.name(), "module");
}

#[test]
fn a_quoted_module_that_does_not_parse_is_kept_as_bad_text() {
    let texts = [
        r#"(module quote "(func (bogus))")"#,
        r#"(assert_malformed (module quote "(func (bogus))") "m")"#,
        r#"(assert_invalid (module quote "(func (bogus))") "m")"#,
    ];
    for text in texts {
        match only(text) {
            CommandKind::Module { module, .. }
            | CommandKind::AssertMalformed { module, .. }
            | CommandKind::AssertInvalid { module, .. } => {
                let error = bad_text(&module);
                assert!(error.contains("unknown operator"), "{error}");
                let place = "at 1:8 (byte 7) of the quoted text";
                assert!(error.ends_with(place), "{error}");
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_module_that_does_not_resolve_is_kept_as_bad_text_with_its_place() {
    match only("(assert_invalid\n (module (func (call $f))) \"unknown function\")") {
        CommandKind::AssertInvalid { module, message } => {
            assert_eq!(message, "unknown function");
            let error = bad_text(&module);
            assert!(error.contains("unknown func"), "{error}");
            assert!(error.ends_with("at 2:22 (byte 37)"), "{error}");
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn quoted_bytes_that_are_not_utf8_are_bad_text() {
    match only(r#"(assert_malformed (module quote "(func)" "\ff") "malformed UTF-8 encoding")"#) {
        CommandKind::AssertMalformed { module, .. } => assert_eq!(
            bad_text(&module),
            "malformed UTF-8 encoding at byte 6 of the quoted text"
        ),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_quoted_component_is_not_a_module() {
    match only(r#"(module quote "(component)")"#) {
        CommandKind::Module { module, .. } => {
            assert!(bad_text(&module).contains("a component where a module is quoted"));
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn unicode_that_confuses_people_is_allowed() {
    assert_eq!(commands("(invoke \"\u{202e}\")").len(), 1);
    let quoted = "(module quote \"(func (export \\\"\u{202e}\\\"))\")";
    match only(quoted) {
        CommandKind::Module { module, .. } => {
            assert!(matches!(module, ModuleSource::Binary(_)), "{module:?}");
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn names_in_a_module_stay_in_its_binary() {
    match only("(module $the_module (func $the_func))") {
        CommandKind::Module {
            module: ModuleSource::Binary(bytes),
            ..
        } => {
            let text = String::from_utf8_lossy(&bytes);
            assert!(text.contains("the_module") && text.contains("the_func"));
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_error_names_script_line_column_byte_and_reason() {
    let error = parse("(module)\n  (assert_bogus)").expect_err("not a directive");
    assert_eq!(
        error.to_string().split(": ").next(),
        Some("test.wast:2:4 (byte 12)")
    );
    match &error {
        ScriptError::Syntax { message, .. } => assert!(!message.contains('\n'), "{message}"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_error_inside_a_module_written_out_is_one_of_the_script() {
    let error = parse("(module\n (func bogus))").expect_err("not an instruction");
    assert!(
        error.to_string().starts_with("test.wast:2:8 (byte 15): "),
        "{error}"
    );
}

#[test]
fn an_empty_text_is_an_error() {
    for text in ["", "  \n", ";; nothing"] {
        let error = parse(text).expect_err("no command");
        assert!(error.to_string().contains("expected"), "{error}");
    }
}

#[test]
fn deep_nesting_is_an_error_or_a_script_but_no_panic() {
    const DEPTH: usize = 50_000;
    for (open, close) in [
        ("(", ")"),
        ("(; ", " ;)"),
        ("(module ", ")"),
        ("(thread $t ", ")"),
        ("(assert_return (invoke \"f\") (either ", "))"),
        ("(@a ", ")"),
    ] {
        for text in [
            open.repeat(DEPTH),
            open.repeat(DEPTH) + &close.repeat(DEPTH),
        ] {
            if let Err(error) = parse(&text) {
                assert!(matches!(error, ScriptError::Syntax { .. }), "{error}");
            }
        }
    }
    for open in ["(block ", "(if (then ", "(i32.eqz ", "(either "] {
        let close = ")".repeat(open.matches('(').count() * DEPTH);
        let nested = open.repeat(DEPTH) + &close;
        let texts = [
            format!("(module (func {nested}))"),
            format!("(module quote \"(func {nested})\")"),
            format!("(assert_return (invoke \"f\") {nested})"),
        ];
        for text in texts {
            if let Err(error) = parse(&text) {
                assert!(matches!(error, ScriptError::Syntax { .. }), "{error}");
            }
        }
    }
}

#[test]
fn a_panic_has_a_message() {
    assert_eq!(panic_message(&"a literal"), "a literal");
    assert_eq!(panic_message(&"a string".to_owned()), "a string");
    assert_eq!(panic_message(&7), "no message");
}
