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

/// What may be shown but for the repetitions, where the innermost `hosts` activations have no frame and the
/// one below them is shown with `frames` frames or more: one row of frames for each number that fits.
pub fn unrepeated(shown: &[Place], hosts: usize, frames: usize) -> impl Iterator<Item = &[Place]> {
    let longest = shown.len() / (hosts + 1);
    (frames.max(1)..=longest).filter_map(move |length| {
        let (repeated, rest) = shown.split_at(hosts * length);
        repeated
            .chunks(length)
            .all(|chunk| chunk == &rest[..length])
            .then_some(rest)
    })
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

    #[test]
    fn what_is_repeated_may_have_more_frames_than_the_program() {
        let (a, b, c) = (place(1, 10), place(2, 20), place(3, 30));
        let rows = |shown: &[Place], hosts, frames| {
            let rows = unrepeated(shown, hosts, frames);
            rows.map(<[Place]>::to_vec).collect::<Vec<_>>()
        };
        assert_eq!(rows(&[a, b, a, b, c], 1, 1), [vec![a, b, c]]);
        assert_eq!(rows(&[a, b, a, b, c], 1, 3), Vec::<Vec<Place>>::new());
        assert_eq!(rows(&[a, a, a], 2, 1), [vec![a]]);
        assert_eq!(rows(&[a, b, c], 1, 1), Vec::<Vec<Place>>::new());
    }
}
