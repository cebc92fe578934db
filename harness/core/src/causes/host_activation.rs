//! `HOST-ACTIVATION`: a host function that host code called shows the frames behind it twice.

use crate::observe::Place;

/// The frames as they are shown, innermost first; `by_activation` has the outermost activation first.
pub fn shown(by_activation: &[Vec<Place>]) -> Vec<Place> {
    let mut shown = Vec::new();
    for (index, frames) in by_activation.iter().enumerate().rev() {
        let below = || by_activation[..index].iter().rev().find(|f| !f.is_empty());
        match (frames.is_empty(), below()) {
            (true, Some(below)) => shown.extend(below),
            _ => shown.extend(frames),
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;
    use lockstep_oracles::address::{FuncIndex, InstanceAddr, Pc};

    fn place(func: u32, pc: u32) -> Place {
        Place {
            instance: Some(InstanceAddr(0)),
            module_agrees: true,
            func: Some(FuncIndex(func)),
            pc: Pc(pc),
        }
    }

    #[test]
    fn an_activation_without_a_frame_shows_the_one_below_again() {
        let (a, b) = (place(1, 10), place(2, 20));
        assert_eq!(shown(&[vec![a], vec![]]), [a, a]);
        assert_eq!(shown(&[vec![a], vec![], vec![b]]), [b, a, a]);
        assert_eq!(shown(&[vec![], vec![a]]), [a]);
        assert_eq!(shown(&[vec![a], vec![], vec![]]), [a, a, a]);
    }
}
