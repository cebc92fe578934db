//! What is said arrives as it was sent.

use super::*;
use crate::case::{CommandReport, Directive, Repeat, Status};
use crate::causes::Cause;
use crate::divergence::{Divergence, Execution, Moment, Site, StateRow};
use crate::lockstep::tally::Tally;
use crate::report::trail::TrailEvent;
use crate::rules::RuleId;
use lockstep_oracles::address::{FuncIndex, Pc};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

fn report() -> CaseReport {
    let divergence = |known| Divergence {
        rule: RuleId::LocalValue,
        execution: Execution::Instrumented,
        command: "line 1: action f()".to_owned(),
        moment: Moment::Breakpoint,
        event: 7,
        frame: Some(1),
        expected: "i32:1".to_owned(),
        observed: "i32:2".to_owned(),
        site: Some(Site {
            func: FuncIndex(3),
            pc: Pc(0x21),
            opcode: "nop".to_owned(),
            listing: "> 0x21 nop".to_owned(),
        }),
        state: vec![StateRow {
            what: "frame 0 PC".to_owned(),
            expected: "0x21".to_owned(),
            observed: "0x21".to_owned(),
        }],
        known,
    };
    let mut tally = Tally::default();
    tally.opcodes[5] = 9;
    tally.sequence_points = 9;
    CaseReport {
        name: "generated/smith/0x1/2".to_owned(),
        commands: vec![CommandReport {
            line: 1,
            kind: Directive::AssertReturn,
            text: "assert_return f()".to_owned(),
            status: Status::Failed("why".to_owned()),
            outcome: Some("returned ()".to_owned()),
        }],
        tally,
        divergences: vec![divergence(None)],
        known: BTreeMap::from([(Cause::TrapPc, 2)]),
        known_examples: vec![divergence(Some(Cause::TrapPc))],
        refused: Some("a reason".into()),
        two_way: true,
        setting: "[configuration]".to_owned(),
        dared: None,
        printed: None,
        repeat: Repeat::Unseen("nothing differed".to_owned()),
        trail: BTreeMap::from([(
            7,
            TrailEvent {
                event: 7,
                opcode: "nop".to_owned(),
                place: "depth 1".to_owned(),
                state: Vec::new(),
            },
        )]),
    }
}

#[test]
fn a_report_arrives_as_it_was_sent() {
    let sent = format!("{:?}", report());
    let line = serde_json::to_string(&report()).unwrap();
    let read: CaseReport = serde_json::from_str(&line).unwrap();
    assert_eq!(format!("{read:?}"), sent);
}

#[test]
fn names_that_are_on_no_list_are_errors() {
    let line = serde_json::to_string(&report()).unwrap();
    for (name, other) in [
        (Cause::TrapPc.id(), "NO-CAUSE"),
        (RuleId::LocalValue.id(), "NO-RULE"),
        ("assert_return", "assert_nothing"),
    ] {
        let error = serde_json::from_str::<CaseReport>(&line.replace(name, other)).unwrap_err();
        let unknown = format!("unknown variant `{other}`");
        assert!(error.to_string().contains(&unknown), "{error}");
    }
    let opcode = line.replace("[[5,9]]", "[[100000,9]]");
    assert_ne!(opcode, line);
    let error = serde_json::from_str::<CaseReport>(&opcode).unwrap_err();
    assert!(error.to_string().contains("no opcode 100000"), "{error}");
}

#[test]
fn requests_are_read_as_they_are_written() {
    let wishes = Wishes {
        proposals: Proposals::All,
        subject: Version::V48,
        host_seed: 3,
        frames: Some(FramePolicy::All),
        max_events: Some(5),
        no_twin: true,
        features: Some("gc,memory64".to_owned()),
        settings: vec!["target=pulley64".to_owned()],
        trails: Trails::All,
        dare: true,
    };
    let all = [
        What::Official("wasm-v2/nop.wast".to_owned()),
        What::Script {
            path: PathBuf::from("a/b.wast"),
            name: "b.wast".to_owned(),
        },
        What::Calls(Box::new(Calls {
            file: PathBuf::from("m.wat"),
            name: "m.wat".to_owned(),
            invoke: vec!["f(1)".to_owned()],
            imports: Vec::new(),
            program: ProgramWishes {
                args: vec!["a".to_owned()],
                env: vec!["A=1".to_owned()],
                stdin: Some(PathBuf::from(OsStr::from_bytes(b"\xff"))),
                directories: vec![(PathBuf::from("."), "/".to_owned())],
            },
            part: (0, 1),
        })),
        What::Sample("samples/loop".to_owned()),
        What::Probe,
        What::Generated { seed: 1, number: 2 },
        What::File(PathBuf::from("a/b.toml")),
        What::File(PathBuf::from(OsStr::from_bytes(b"a/\xff.toml"))),
        What::Script {
            path: PathBuf::from(OsStr::from_bytes(b"a/\xff.wast")),
            name: "\u{fffd}.wast".to_owned(),
        },
        What::Text("[[module]]\nhex = \"\"".to_owned()),
    ];
    for what in all {
        let request = Request {
            trace: Some(Trace {
                json: true,
                stack: false,
            }),
            ..Request::of(what, wishes.clone())
        };
        let line = serde_json::to_string(&request).unwrap();
        assert!(!line.contains('\n'));
        assert_eq!(serde_json::from_str::<Request>(&line).unwrap(), request);
    }
}
