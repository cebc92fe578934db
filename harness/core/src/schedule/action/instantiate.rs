//! Instantiates the module of an instance again, with the same imports: from the handler of an event, from a
//! host function, or between calls. Only of a module without a start function, whose instantiation makes no
//! object: nothing runs then, and nothing can fail.

use lockstep_oracles::address::InstanceAddr;
use lockstep_oracles::store::Store;

/// Instantiates a module again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Instantiate {
    /// Which of the instances whose module can be instantiated again.
    pub instance: u32,
}

impl Instantiate {
    pub(super) fn text(self) -> String {
        format!("instantiate {}", self.instance)
    }

    pub(super) fn read(words: &[&str]) -> Option<Instantiate> {
        let [instance] = words else { return None };
        let instance = instance.parse().ok()?;
        Some(Instantiate { instance })
    }

    pub(super) fn reduced(self) -> Vec<Instantiate> {
        let numbers = super::smaller(self.instance.into()).into_iter();
        let less = numbers.map(|instance| Instantiate {
            instance: instance as u32,
        });
        less.collect()
    }

    /// The instance whose module is meant, of these; none if there is none.
    pub fn instance(self, store: &Store, made: &[InstanceAddr]) -> Option<InstanceAddr> {
        let can_be_again = |addr: &InstanceAddr| {
            let module = &store.instance(*addr).module;
            module.start().is_none() && !module.makes_objects()
        };
        let can: Vec<InstanceAddr> = made.iter().copied().filter(can_be_again).collect();
        let nth = (self.instance as usize).checked_rem(can.len())?;
        can.get(nth).copied()
    }
}
