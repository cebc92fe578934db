//! What a case may use, and what Linux's process file system says a process uses.

use std::time::Duration;

/// Ticks of the kernel's clock in a second, as the process file system counts them on every
/// architecture that the subject supports.
const TICKS: u64 = 100;

/// What one case may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// CPU time without a sign of life: an event comes, or the case ends.
    pub cpu: Duration,
    /// CPU time in all; none leaves that to the case's limit of events.
    pub in_all: Option<Duration>,
    /// Bytes of resident memory of the worker.
    pub memory: u64,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            cpu: Duration::from_secs(20),
            in_all: None,
            memory: 2 << 30,
        }
    }
}

impl Limits {
    /// Wall-clock time without a sign of life, for a case that waits and so uses no CPU time.
    pub fn wall(&self) -> Duration {
        self.cpu * 10
    }

    /// Resident memory of an idle worker above which it is replaced, so that what one case leaves
    /// behind is not charged to the next.
    pub fn idle_memory(&self) -> u64 {
        self.memory / 4
    }
}

/// A limit that a case met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// CPU time without a sign of life.
    Cpu,
    /// CPU time in all.
    CpuInAll,
    /// Wall-clock time without a sign of life, CPU time not being used up.
    Wall,
    /// Resident memory.
    Memory,
}

impl Limit {
    /// The word in reports.
    pub fn name(self) -> &'static str {
        match self {
            Limit::Cpu | Limit::CpuInAll => "cpu-time",
            Limit::Wall => "wall-clock",
            Limit::Memory => "memory",
        }
    }
}

/// CPU time that a process has used, all its threads together; none where the system does not tell.
pub fn cpu_time(pid: u32) -> Option<Duration> {
    parse_cpu(&std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
}

fn parse_cpu(stat: &str) -> Option<Duration> {
    // The second field is the program's name in parentheses, and may hold anything.
    let mut fields = stat.rsplit_once(") ")?.1.split(' ');
    let user: u64 = fields.nth(11)?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    Some(Duration::from_millis((user + system) * (1000 / TICKS)))
}

/// Bytes of memory that a process has resident; none where the system does not tell.
pub fn resident(pid: u32) -> Option<u64> {
    parse_resident(&std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?)
}

fn parse_resident(status: &str) -> Option<u64> {
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cpu_time_is_user_and_system_time() {
        let stat = "17 (a (b) c) S 1 17 17 0 -1 4194560 90 0 0 0 250 75 3 4 20 0 1 0 5 6 7";
        assert_eq!(parse_cpu(stat), Some(Duration::from_millis(3250)));
        assert_eq!(parse_cpu("17 (a"), None);
    }

    #[test]
    fn resident_memory_is_in_bytes() {
        let status = "Name:\tx\nVmPeak:\t  9 kB\nVmRSS:\t   12 kB\n";
        assert_eq!(parse_resident(status), Some(12 * 1024));
        assert_eq!(parse_resident("Name:\tx\n"), None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn this_process_uses_something() {
        let pid = std::process::id();
        assert!(cpu_time(pid).is_some());
        assert!(resident(pid).unwrap() > 1 << 20);
    }
}
