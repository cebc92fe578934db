//! The code of the process before and after many edits. A program of its own, with one test: nothing
//! else may come or go while it looks.
#![cfg(target_os = "linux")]

mod cases;

use cases::{LOOP, calling, case_of, clean};
use lockstep::case::{Case, run_with};
use lockstep::fault::Tamper;
use lockstep::rules::RuleId;
use lockstep::schedule::{Cycle, Edit, EngineEdit, Schedule, Session, Site, When};
use lockstep_spec_tests::script::Arg;

const ROUNDS: u64 = 40;
const ALL: Site = Site::All { module: 0 };

fn at_start(edit: Edit) -> Schedule {
    let session = Session {
        when: When::Start,
        edits: vec![edit],
    };
    Schedule {
        sessions: vec![session],
        code_image: true,
        collect: 0,
        ..Schedule::idle()
    }
}

/// Single-step and breakpoints in turn at every event; what is left at the end is left there.
fn many_edits() -> Schedule {
    let sessions = vec![
        vec![Edit::SingleStep(false), Edit::Add(ALL)],
        vec![Edit::Remove(Site::Current)],
        vec![Edit::Clear, Edit::Add(ALL), Edit::SingleStep(true)],
        vec![],
    ];
    Schedule {
        cycle: Some(Cycle {
            period: 1,
            sessions,
        }),
        ..at_start(Edit::SingleStep(true))
    }
}

fn looping(schedule: Schedule) -> Case {
    let case = Case {
        schedule,
        ..case_of(&[("main", LOOP)])
    };
    calling(case, "go", &[Arg::I32(ROUNDS as u32)])
}

/// Does not remove one breakpoint, and does not list it either.
#[derive(Default)]
struct Forgets {
    kept: Option<(u32, u32)>,
}

impl Tamper for Forgets {
    fn edit(&mut self, edit: &mut Option<EngineEdit>) {
        if let (None, Some(EngineEdit::Remove { module, pc })) = (self.kept, *edit) {
            self.kept = Some((module, pc));
            *edit = None;
        }
    }

    fn edit_state(&mut self, _: &mut bool, listed: &mut Vec<(u32, u32)>) {
        listed.retain(|breakpoint| Some(*breakpoint) != self.kept);
    }
}

#[test]
fn the_code_is_as_before_when_every_edit_is_taken_back() {
    let report = clean(&looping(many_edits()));
    assert_eq!(report.tally.code_images, 1);
    // A session at every event of the rounds.
    let events = report.tally.sequence_points;
    assert!(events > ROUNDS && report.tally.edit_sessions > events);

    let case = looping(at_start(Edit::Add(ALL)));
    clean(&case);
    let forgotten = run_with(&case.script(), &case.options(), Forgets::default(), None).unwrap();
    let rules: Vec<RuleId> = forgotten
        .divergences
        .iter()
        .map(|found| found.rule)
        .collect();
    assert_eq!(rules, [RuleId::EditCodeImage], "{forgotten:#?}");
}
