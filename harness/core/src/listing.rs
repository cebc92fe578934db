//! Disassembly around a PC, for people.

use lockstep_oracles::address::Pc;
use wasmprinter::Config;

/// Lines shown on either side of the PC.
const CONTEXT: usize = 5;

/// Disassembles the opcodes around `pc`, the one at `pc` marked with `>`.
///
/// Empty if the module cannot be printed.
pub fn around(module: &[u8], pc: Pc) -> String {
    let mut text = String::new();
    let config = Config::new();
    let Ok(lines) = config.offsets_and_lines(module, &mut text) else {
        return String::new();
    };
    let lines: Vec<(Option<u64>, String)> = lines
        .map(|(offset, line)| (offset, line.trim_end().to_owned()))
        .collect();
    let Some(at) = lines
        .iter()
        .position(|(offset, _)| *offset == Some(u64::from(pc.0)))
    else {
        return String::new();
    };
    let is_func = |index: usize| lines[index].1.trim_start().starts_with("(func ");
    let first = (0..=at).rev().find(|&index| is_func(index)).unwrap_or(0);
    let last = (at + 1..lines.len())
        .find(|&index| is_func(index))
        .unwrap_or(lines.len());
    let from = at.saturating_sub(CONTEXT).max(first);
    let shown = &lines[from..last.min(at + CONTEXT + 1)];
    let mut listing = String::new();
    for (index, (offset, line)) in shown.iter().enumerate() {
        let mark = if from + index == at { '>' } else { ' ' };
        let offset = offset.map_or_else(String::new, |o| format!("0x{o:x}"));
        listing.push_str(&format!("{mark} {offset:>8}  {line}\n"));
    }
    listing
}
