//! What a case may use, and what Linux's process file system says a process uses.

use std::time::Duration;

/// Ticks of the kernel's clock in a second, as the process file system counts them on every
/// architecture that the subject supports.
const TICKS: u64 = 100;

/// What one case may use. What its modules take to be compiled is not counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// CPU time without a sign of life: an event comes, or the case ends. As much again as compiling
    /// its modules took comes on top: what is slow to compile is slow to run.
    pub cpu: Duration,
    /// CPU time in all; none leaves that to the case's limit of events.
    pub in_all: Option<Duration>,
    /// Bytes of resident memory of the worker, beyond those that compiling took.
    pub memory: u64,
}

/// CPU time to compile a module, in multiples of a case's time without a sign of life.
const COMPILING: u32 = 60;

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
    /// CPU time to compile a module: a bound for what does not end, not a limit of the case.
    pub fn compiling(&self) -> Duration {
        self.cpu * COMPILING
    }

    /// Time without a sign of life of a case that waits and so uses no CPU time. Time in which it could
    /// not run is not counted.
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
    /// CPU time to compile a module.
    Compiling,
    /// Resident memory.
    Memory,
}

impl Limit {
    /// The words in reports.
    pub const NAMES: [&str; 3] = ["cpu-time", "wall-clock", "memory"];

    /// The word in reports.
    pub fn name(self) -> &'static str {
        match self {
            Limit::Cpu | Limit::CpuInAll | Limit::Compiling => Limit::NAMES[0],
            Limit::Wall => Limit::NAMES[1],
            Limit::Memory => Limit::NAMES[2],
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

/// Whether every thread of a process waits: none runs, or would if there were a processor for it, or
/// is stopped. True where the system does not tell.
pub fn waits(pid: u32) -> bool {
    let Ok(threads) = std::fs::read_dir(format!("/proc/{pid}/task")) else {
        return true;
    };
    let stats = threads.filter_map(|thread| {
        let path = thread.ok()?.path().join("stat");
        std::fs::read_to_string(path).ok()
    });
    stats.filter_map(|stat| parse_state(&stat)).all(is_waiting)
}

fn parse_state(stat: &str) -> Option<char> {
    stat.rsplit_once(") ")?.1.chars().next()
}

/// Of the states of a thread: sleeping, idle, and ended.
fn is_waiting(state: char) -> bool {
    matches!(state, 'S' | 'I' | 'Z' | 'X')
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
        // The thread that asks runs.
        assert!(!waits(pid));
    }

    #[test]
    fn a_thread_that_is_stopped_or_could_run_does_not_wait() {
        let waits = |state| parse_state(&format!("17 (a (b) c) {state} 1 17")).map(is_waiting);
        assert_eq!(waits('S'), Some(true));
        for state in ['R', 'T', 't', 'D'] {
            assert_eq!(waits(state), Some(false), "{state}");
        }
    }
}
