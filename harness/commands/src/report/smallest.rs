//! The smallest case that still shows what is reported.

use super::Topic;
use crate::OwnFault;
use crate::reduce::limits_of_candidates;
use crate::subjects::Subject;
use lockstep_core::campaign::interrupt::Interrupt;
use lockstep_core::campaign::limits::Limits as CaseLimits;
use lockstep_core::reduce::workers::Workers;
use lockstep_core::reduce::{Limits, ReduceError, Signature, reduce};
use lockstep_core::report::shown::say;
use std::num::NonZeroUsize;
use std::time::{Duration, Instant};

/// Puts a smaller case in the place of the topic's only one, if it shows the same on one of the subjects:
/// what nobody explains, or else the topic's cause.
///
/// # Errors
///
/// When no worker can be started.
pub(super) fn reduce_case(
    topic: &mut Topic,
    subjects: &[Subject],
    time: Duration,
    interrupt: &Interrupt,
) -> anyhow::Result<()> {
    let [corpus] = &mut topic.cases[..] else {
        return Ok(());
    };
    // What diverged was found before anything was dared.
    let mut case = corpus.case.clone();
    case.schedule.dare = None;
    let jobs = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    for subject in subjects {
        let begun = Instant::now();
        let limits = CaseLimits::default();
        let mut workers = Workers::new(subject.launch(), subject.wishes(), limits, jobs, interrupt);
        let report = workers.report(&case).map_err(OwnFault::Start)?;
        let all = report.map_or_else(Vec::new, |report| Signature::all(&report));
        let unexplained = all.iter().find(|found| found.known.is_none());
        let known = || {
            let mut all = all.iter();
            all.find(|found| topic.cause.is_some() && found.known == topic.cause)
        };
        let Some(signature) = unexplained.or_else(known).copied() else {
            continue;
        };
        say(&format!(
            "making the case smaller on {}, for {} s at most",
            subject.version.name(),
            time.as_secs()
        ));
        workers.look_for(signature);
        workers.set_limits(limits_of_candidates(signature, begun.elapsed(), limits));
        let until = Limits {
            until: Some(begun + time),
            interrupted: &|| interrupt.stops(),
        };
        match reduce(&case, &mut workers, &until, &mut ()) {
            Ok(reduced) => {
                let dare = corpus.case.schedule.dare;
                corpus.case = reduced.case;
                corpus.case.schedule.dare = dare;
            }
            Err(ReduceError::Io(error)) => return Err(OwnFault::Start(error).into()),
            // It diverges in one run and not in the next: it is reported as it is.
            Err(_) => {}
        }
        return Ok(());
    }
    Ok(())
}
