use super::*;

fn user(wat: &str) -> UserModule {
    UserModule::new("test.wat".to_owned(), wat.as_bytes().to_vec()).unwrap()
}

fn planned(wat: &str, wishes: &Wishes) -> Result<Plan, InputError> {
    plan(&user(wat), wishes)
}

const MODULE: &str = r#"(module
    (import "env" "log" (func (param i32)))
    (import "spectest" "print" (func))
    (func (export "f") (param i32 i64))
    (func (export "g"))
    (func $private)
    (memory (export "memory") 1))"#;

#[test]
fn every_exported_function_is_called_and_the_rest_is_named() {
    let plan = planned(MODULE, &Wishes::default()).unwrap();
    assert!(plan.automatic);
    // The module, eight argument lists for `f`, one for `g`.
    assert_eq!(plan.script.commands.len(), 1 + 8 + 1);
    assert_eq!(plan.skipped[0].reason, "a memory, not a function");
    assert_eq!(plan.unexported, 1);
}

/// What stands for each import.
fn satisfied(plan: &Plan) -> Vec<&str> {
    let imports = plan.imports.iter();
    imports.map(|note| &*note.satisfied_by).collect()
}

#[test]
fn imports_say_what_stands_for_them() {
    let wishes = Wishes {
        imports: vec!["env.log=call(g)".to_owned()],
        ..Wishes::default()
    };
    let plan = planned(MODULE, &wishes).unwrap();
    assert_eq!(
        satisfied(&plan),
        ["a host function that calls `g`", "a seeded host function"]
    );
}

#[test]
fn what_the_module_does_not_have_is_refused() {
    let refused = |invoke: &str, import: &str| {
        let list = |text: &str| {
            (!text.is_empty())
                .then(|| text.to_owned())
                .into_iter()
                .collect()
        };
        let wishes = Wishes {
            invoke: list(invoke),
            imports: list(import),
            ..Wishes::default()
        };
        planned(MODULE, &wishes).unwrap_err().to_string()
    };
    assert!(refused("h()", "").contains("no export `h`; its exported functions: `f`, `g`"));
    assert!(refused("memory()", "").contains("a memory, not a function"));
    assert!(refused("f(1)", "").contains("takes 2 arguments (i32, i64), not 1"));
    assert!(refused("f(i32:1, i32:1)", "").contains("argument 2 of `f`"));
    assert!(refused("", "env.gol=fail").contains("imports no function `env.gol`"));
    assert!(refused("", "env.log=call(h)").contains("no export `h`"));
}

#[test]
fn imports_that_cannot_be_made_are_refused() {
    for (wat, reason) in [
        (r#"(module (import "a" "m" (memory 5000)))"#, "5,000 pages"),
        (
            r#"(module (import "a" "t" (table 2000000 funcref)))"#,
            "2,000,000 elements",
        ),
    ] {
        let error = planned(wat, &Wishes::default()).unwrap_err().to_string();
        assert!(error.contains(reason), "{error}");
    }
    let twice = r#"(module (import "a" "x" (func)) (import "a" "x" (global i32)))"#;
    assert!(planned(twice, &Wishes::default()).is_ok());
}

const PROGRAM: &str = r#"(module
    (import "wasi_snapshot_preview1" "proc_exit" (func (param i32)))
    (import "wasi_snapshot_preview1" "fd_write" (func (param i64)))
    (func (export "_start"))
    (func (export "other"))
    (memory (export "memory") 1))"#;

#[test]
fn a_program_for_wasi_is_started_as_a_command() {
    let wishes = Wishes {
        program: ProgramWishes {
            args: vec!["first".to_owned()],
            ..ProgramWishes::default()
        },
        ..Wishes::default()
    };
    let plan = planned(PROGRAM, &wishes).unwrap();
    assert!(!plan.automatic);
    assert_eq!(plan.call(0).as_deref(), Some("_start()"));
    assert_eq!(plan.calls(), 1);
    // One of another type than the interface says is as any other.
    assert_eq!(
        satisfied(&plan),
        ["the host of programs for WASI", "a seeded host function"]
    );
    let world = plan.options.imports.host.wasi.unwrap();
    assert_eq!(world.args, ["test.wat", "first"]);
    let refused = planned(MODULE, &wishes).unwrap_err().to_string();
    assert!(refused.contains("would reach nobody"), "{refused}");
    let chosen = Wishes {
        invoke: vec!["other".to_owned()],
        ..Wishes::default()
    };
    assert_eq!(
        planned(PROGRAM, &chosen).unwrap().call(0).as_deref(),
        Some("other()")
    );
}

#[test]
fn a_programs_directories_are_read_once_in_order() {
    let host = tempfile::TempDir::new().unwrap();
    std::fs::create_dir_all(host.path().join("d/empty")).unwrap();
    std::fs::write(host.path().join("d/b"), "below").unwrap();
    std::fs::write(host.path().join("a"), "text").unwrap();
    let of = |directories: Vec<(std::path::PathBuf, String)>| Wishes {
        program: ProgramWishes {
            directories,
            ..ProgramWishes::default()
        },
        ..Wishes::default()
    };
    let wishes = of(vec![(host.path().to_owned(), "/".to_owned())]);
    let plan = planned(PROGRAM, &wishes).unwrap();
    let world = plan.options.imports.host.wasi.unwrap();
    let paths: Vec<&str> = world.directories[0]
        .entries
        .keys()
        .map(|path| &**path)
        .collect();
    assert_eq!(paths, ["a", "d", "d/b", "d/empty"]);
    let missing = of(vec![(host.path().join("none"), "/".to_owned())]);
    assert!(
        planned(PROGRAM, &missing)
            .unwrap_err()
            .to_string()
            .starts_with("cannot read")
    );
    assert_eq!(
        ProgramWishes::directory("a::/b"),
        ("a".into(), "/b".to_owned())
    );
    assert_eq!(ProgramWishes::directory("a"), ("a".into(), "a".to_owned()));
}
