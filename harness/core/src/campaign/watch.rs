//! How long a case runs, and how much it takes, by the process that runs it.

use super::limits::{Limit, Limits, cpu_time, resident, waits};
use crate::progress;
use std::time::{Duration, Instant};

/// How often a worker that has not answered is looked at.
pub(super) const LOOK: Duration = Duration::from_millis(50);
/// After how long it is said that a module is being compiled.
const LONG: Duration = Duration::from_secs(5);
/// The longest time between two looks that counts: a campaign looks oftener, as long as it runs.
const LONGEST_LOOK: Duration = Duration::from_secs(1);

/// A case that is running.
pub(super) struct Watch {
    /// When it was last looked at.
    last: Instant,
    /// When it is to be looked at next.
    pub(super) next: Instant,
    /// Time for which it was seen to wait since it was begun, or gave a sign of life.
    waited: Duration,
    /// CPU time at the first look.
    begun_at: Option<Duration>,
    /// CPU time then, or at the last sign of life.
    since_at: Option<Duration>,
    /// CPU time when a module began to be compiled, while one is.
    compiling_since: Option<Duration>,
    /// When that began, and how large the module is in bytes.
    compiling: (Instant, u64),
    /// Whether it was said that it takes long.
    pub(super) noticed: bool,
    /// CPU time that compiling took so far.
    compiled_in: Duration,
    /// Bytes that compiling took so far.
    pub(super) compiled: u64,
}

impl Watch {
    pub(super) fn new() -> Watch {
        let now = Instant::now();
        Watch {
            last: now,
            next: now + LOOK,
            waited: Duration::ZERO,
            begun_at: None,
            since_at: None,
            compiling_since: None,
            compiling: (now, 0),
            noticed: false,
            compiled_in: Duration::ZERO,
            compiled: 0,
        }
    }

    /// The limit that the case met, if it met one.
    pub(super) fn look(&mut self, pid: u32, limits: &Limits) -> Option<Limit> {
        let now = Instant::now();
        // Whoever was not there to look was suspended, and so perhaps was everybody.
        let looked = now.saturating_duration_since(self.last).min(LONGEST_LOOK);
        self.last = now;
        self.next = now + LOOK;
        if waits(pid) {
            self.waited += looked;
        }
        if self.waited > limits.wall() {
            return Some(Limit::Wall);
        }
        let used = cpu_time(pid);
        if let Some(since) = self.compiling_since {
            let (begun, bytes) = self.compiling;
            if !self.noticed && now.saturating_duration_since(begun) > LONG {
                self.noticed = true;
                progress::notice(&format!("compiling, {}", size(bytes)));
            }
            let over = used.is_some_and(|used| used.saturating_sub(since) > limits.compiling());
            return over.then_some(Limit::Compiling);
        }
        if resident(pid).is_some_and(|bytes| bytes > limits.memory.saturating_add(self.compiled)) {
            return Some(Limit::Memory);
        }
        if let Some(used) = used {
            let idle = used.saturating_sub(*self.since_at.get_or_insert(used));
            let in_all = used.saturating_sub(*self.begun_at.get_or_insert(used));
            if limits.in_all.is_some_and(|limit| in_all > limit) {
                return Some(Limit::CpuInAll);
            }
            if idle > limits.cpu + self.compiled_in {
                return Some(Limit::Cpu);
            }
        }
        None
    }

    /// Events have come: both clocks begin anew.
    pub(super) fn alive(&mut self, pid: u32) {
        self.waited = Duration::ZERO;
        self.since_at = cpu_time(pid).or(self.since_at);
    }

    /// A module begins to be compiled: until it is, only that is bounded.
    pub(super) fn compiling(&mut self, pid: u32, bytes: u64) {
        self.compiling = (Instant::now(), bytes);
        self.compiling_since = Some(cpu_time(pid).unwrap_or_default());
    }

    /// The module is compiled, and took so many bytes: the clocks begin anew.
    pub(super) fn compiled(&mut self, pid: u32, grown: u64) {
        if std::mem::take(&mut self.noticed) {
            progress::notice(&format!("compiled, {}", size(self.compiling.1)));
        }
        if let Some((since, now)) = self.compiling_since.take().zip(cpu_time(pid)) {
            let took = now.saturating_sub(since);
            self.compiled_in += took;
            self.begun_at = self.begun_at.map(|begun_at| begun_at + took);
        }
        self.compiled += grown;
        self.alive(pid);
    }
}

/// So many bytes, for people.
fn size(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} bytes"),
        1_000..1_000_000 => format!("{} KB", bytes / 1_000),
        _ => format!("{} MB", bytes / 1_000_000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;
    use std::sync::{Arc, Mutex};

    /// Given a campaign that was stopped itself, only a look's worth of that time is counted.
    #[test]
    fn time_in_which_nobody_looked_is_not_counted() {
        let mut child = Command::new("sleep").arg("60").spawn().unwrap();
        let mut watch = Watch::new();
        // A machine that was started less than ten minutes ago has no such time.
        let long_ago = watch.last.checked_sub(Duration::from_secs(600));
        watch.last = long_ago.unwrap_or(watch.last);
        std::thread::sleep(Duration::from_millis(50));
        assert_eq!(watch.look(child.id(), &Limits::default()), None);
        assert!(watch.waited <= LONGEST_LOOK, "{:?}", watch.waited);
        child.kill().unwrap();
        child.wait().unwrap();
    }

    #[test]
    fn compiling_is_not_counted() {
        let pid = std::process::id();
        let limits = Limits {
            cpu: Duration::from_millis(100),
            memory: 0,
            ..Limits::default()
        };
        let mut watch = Watch::new();
        watch.compiling(pid, 0);
        let begun = cpu_time(pid).unwrap();
        while cpu_time(pid).unwrap() < begun + 2 * limits.cpu {
            assert_eq!(watch.look(pid, &limits), None);
        }
        watch.compiled(pid, u64::MAX);
        assert_eq!(watch.look(pid, &limits), None);
        assert!(watch.compiled_in >= 2 * limits.cpu);
        // What is slow to compile may be slow to run, but not without bounds.
        let since = cpu_time(pid).unwrap();
        while cpu_time(pid).unwrap() < since + watch.compiled_in + 2 * limits.cpu {}
        assert_eq!(watch.look(pid, &limits), Some(Limit::Cpu));
    }

    #[test]
    fn a_module_that_is_compiled_for_long_is_noticed_once() {
        let said = Arc::new(Mutex::new(Vec::new()));
        let listener = said.clone();
        progress::take_notices(move |what| listener.lock().unwrap().push(what.to_owned()));
        let pid = std::process::id();
        let mut watch = Watch::new();
        watch.compiling(pid, 14_900_000);
        watch.look(pid, &Limits::default());
        assert!(said.lock().unwrap().is_empty());
        watch.compiling.0 = watch.compiling.0.checked_sub(2 * LONG).unwrap();
        watch.look(pid, &Limits::default());
        watch.look(pid, &Limits::default());
        watch.compiled(pid, 0);
        watch.compiling(pid, 688_000);
        watch.compiled(pid, 0);
        assert_eq!(
            *said.lock().unwrap(),
            ["compiling, 14 MB", "compiled, 14 MB"]
        );
    }
}
