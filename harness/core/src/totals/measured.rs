//! What a command cost, and on which machine.

use crate::campaign::shares::CpuShares;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::time::Duration;

/// Times, memory and host.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Measured {
    /// Wall-clock time of the command.
    pub elapsed_seconds: f64,
    /// The largest resident size of a process of the command; null where the system does not tell.
    pub peak_rss_bytes: Option<u64>,
    /// CPU time of a campaign, by what it was spent on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu: Option<CpuShares>,
    /// The machine.
    pub host: Host,
}

/// The machine a command ran on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Host {
    /// Operating system.
    pub os: Cow<'static, str>,
    /// Architecture.
    pub arch: Cow<'static, str>,
    /// Processors that the process may use.
    pub cpus: usize,
}

impl Default for Host {
    fn default() -> Host {
        Host {
            os: std::env::consts::OS.into(),
            arch: std::env::consts::ARCH.into(),
            cpus: std::thread::available_parallelism().map_or(1, usize::from),
        }
    }
}

impl Measured {
    /// Measures now, for a command that took `elapsed`.
    pub fn now(elapsed: Duration) -> Measured {
        Measured {
            elapsed_seconds: (elapsed.as_secs_f64() * 1000.0).round() / 1000.0,
            peak_rss_bytes: peak_rss(),
            cpu: None,
            host: Host::default(),
        }
    }
}

/// The high-water mark of the resident size, from Linux's process file system.
pub(crate) fn peak_rss() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}
