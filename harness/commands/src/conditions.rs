//! The conditions under which cases run: what the user decides in place of what a case has, and limits.

use super::quoted;
use clap::Args;
use lockstep_core::campaign::limits::Limits;
use lockstep_core::campaign::protocol::Wishes;
use lockstep_core::configuration::Setting;
use lockstep_core::generate::Proposals;
use lockstep_core::lockstep::policy::FramePolicy;
use lockstep_core::report::trail::Trails;
use lockstep_core::version::Version;
use std::time::Duration;

/// Options that decide what comes of a case.
#[derive(Clone, Debug, Default, Args)]
pub(super) struct Conditions {
    /// A setting of the subject, in place of what a case has; can be given several times
    #[arg(long, value_name = "AXIS=VALUE")]
    config: Vec<Setting>,
    /// Which frames are compared at each event, in place of what a case has
    #[arg(long, value_enum)]
    frames: Option<FramePolicy>,
    /// Compare exported memories, globals and tables only: the uninstrumented execution then runs
    /// the module as it is, not a twin that exports the private ones
    #[arg(long)]
    no_twin: bool,
    /// Events after which a case ends as inconclusive; or 300 times as many values compared
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    max_events: Option<u64>,
    /// CPU seconds without an event after which a case ends as a divergence, unless it has no end in
    /// the reference interpreter either; ten times as many of waiting. Compiling is not counted, and
    /// what it took is allowed on top [default: 20]
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=86_400))]
    cpu_limit: Option<u64>,
    /// Mebibytes of resident memory, beyond what compiling took, above which a case ends as a
    /// divergence [default: 2048]
    #[arg(long, value_name = "MIB", value_parser = clap::value_parser!(u64).range(64..=1 << 20))]
    memory_limit: Option<u64>,
}

impl Conditions {
    /// What the user decides in place of the cases.
    pub(super) fn wishes(&self, subject: Version, host_seed: u64) -> Wishes {
        Wishes {
            subject,
            host_seed,
            frames: self.frames,
            max_events: self.max_events,
            no_twin: self.no_twin,
            proposals: Proposals::default(),
            features: None,
            settings: self.config.iter().map(Setting::to_string).collect(),
            trails: Trails::None,
            dare: false,
        }
    }

    /// What one case may use.
    pub(super) fn limits(&self) -> Limits {
        let defaults = Limits::default();
        Limits {
            cpu: self.cpu_limit.map_or(defaults.cpu, Duration::from_secs),
            memory: self.memory_limit.map_or(defaults.memory, |mib| mib << 20),
            ..defaults
        }
    }

    /// The options as they are written behind a command.
    pub(super) fn written(&self) -> String {
        let mut text = String::new();
        if let Some(frames) = self.frames {
            text.push_str(&format!(" --frames {frames}"));
        }
        if let Some(events) = self.max_events {
            text.push_str(&format!(" --max-events {events}"));
        }
        text.push_str(&self.beside_the_case());
        for setting in &self.config {
            text.push_str(&format!(" --config {}", quoted(&setting.to_string())));
        }
        text
    }

    /// Those of them that no case file has.
    pub(super) fn beside_the_case(&self) -> String {
        let mut text = String::new();
        if self.no_twin {
            text.push_str(" --no-twin");
        }
        if let Some(seconds) = self.cpu_limit {
            text.push_str(&format!(" --cpu-limit {seconds}"));
        }
        if let Some(mebibytes) = self.memory_limit {
            text.push_str(&format!(" --memory-limit {mebibytes}"));
        }
        text
    }
}
