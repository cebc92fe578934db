//! `--list`: what would run, a line each. It runs nothing.

use super::output::Output;
use super::{Format, OK, OwnFault};
use anyhow::bail;
use lockstep_core::campaign::plan::{Budget, Plan, Planned};
use lockstep_core::campaign::protocol::What;
use lockstep_core::report::json;
use lockstep_core::report::shown::Shown;
use serde::Serialize;
use std::io::{self, Write};

#[derive(Serialize)]
struct Line<'a> {
    schema: &'static str,
    subject: &'a str,
    kind: &'static str,
    case: String,
}

/// Writes the plan's cases.
///
/// # Errors
///
/// When their number is not known, or they cannot be written.
pub(super) fn write(plan: &Plan, format: Format) -> anyhow::Result<u8> {
    if let Budget::Time(_) = plan.budget {
        bail!("how many cases --seconds runs is not known before: list them with --cases");
    }
    let mut out = Output::new();
    lines(plan, format, &mut out).map_err(OwnFault::from)?;
    Ok(OK)
}

fn lines(plan: &Plan, format: Format, out: &mut impl Write) -> io::Result<()> {
    let subject = plan.wishes.subject.name();
    for Planned { what, .. } in plan.cases() {
        let case = match what {
            What::Generated { seed, number } => {
                let case = plan.wishes.generated(seed, number);
                case.map_err(io::Error::other)?.name
            }
            _ => what.name(),
        };
        match format {
            Format::Text => writeln!(out, "{}", Shown(&case))?,
            Format::Json => json::line(
                out,
                &Line {
                    schema: "lockstep.planned/1",
                    subject: &subject,
                    kind: what.kind(),
                    case,
                },
            )?,
        }
    }
    out.flush()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;
    use std::time::Duration;

    #[test]
    fn each_case_is_a_line() {
        let plan = Plan {
            named: vec![
                What::Official("wasm-v2/nop.wast".to_owned()),
                What::File(PathBuf::from("a\nb.toml")),
            ],
            seed: 7,
            budget: Budget::Cases(2),
            ..Plan::default()
        };
        let written = |format| {
            let mut out = Vec::new();
            lines(&plan, format, &mut out).unwrap();
            String::from_utf8(out).unwrap()
        };
        let text = written(Format::Text);
        let names: Vec<&str> = text.lines().collect();
        assert_eq!((names.len(), names[0]), (4, "wasm-v2/nop.wast"));
        assert_eq!(names[1], "a\\nb.toml");
        assert!(names[3].starts_with("generated/") && names[3].ends_with("/0x7/1"));
        let json = written(Format::Json);
        let second = json.lines().nth(2).unwrap();
        let second: serde_json::Value = serde_json::from_str(second).unwrap();
        assert_eq!(second["schema"], "lockstep.planned/1");
        assert_eq!(
            (&second["kind"], &second["case"]),
            (&"generated".into(), &names[2].into())
        );
        let endless = Plan {
            budget: Budget::Time(Duration::from_secs(1)),
            ..plan.clone()
        };
        assert!(write(&endless, Format::Text).is_err());
    }
}
