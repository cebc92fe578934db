//! `wasm-shrink` on the main module, where our own passes are at their end.

use super::search::Search;
use crate::case::Case;
use crate::panics;
use std::io;
use std::ops::ControlFlow;
use wasm_shrink::WasmShrink;

/// Candidates without success after which it gives up.
const ATTEMPTS: u32 = 150;

/// The name of this pass in progress.
const NAME: &str = "wasm-shrink";

/// Why it is told to stop.
#[derive(Debug, thiserror::Error)]
#[error("a limit is reached")]
struct Limit;

impl Search<'_> {
    /// Lets `wasm-shrink` try; whether it found something smaller, or that a limit was reached.
    pub(super) fn shrink(&mut self) -> io::Result<ControlFlow<(), bool>> {
        let Some(main) = self.case.modules.len().checked_sub(1) else {
            return Ok(ControlFlow::Continue(false));
        };
        if self.case.is_of_components() {
            return Ok(ControlFlow::Continue(false));
        }
        let input = self.case.modules[main].wasm.to_vec();
        let before = self.size;
        let mut failed = None;
        let mut limit = false;
        let first = input.clone();
        let offer = |wasm: &[u8]| {
            if wasm == &first[..] {
                return Ok(true);
            }
            let mut case: Case = self.case.clone();
            case.modules[main].wasm = wasm.into();
            match self.offer(NAME, case) {
                Ok(Some(diverges)) => Ok(diverges),
                Ok(None) => {
                    limit = true;
                    Err(Limit.into())
                }
                Err(error) => {
                    failed = Some(error);
                    Err(Limit.into())
                }
            }
        };
        // It panics on what it does not know, such as an exported tag: then it finds nothing more.
        let ended = panics::guarded(|| {
            let shrink = WasmShrink::default();
            shrink.attempts(ATTEMPTS).run(input, offer)
        });
        if let Err(panic) = &ended
            && panic.is_own()
        {
            panics::resume(panic.clone());
        }
        if let Some(error) = failed {
            return Err(error);
        }
        if limit {
            return Ok(ControlFlow::Break(()));
        }
        // Nor where it has an error of its own, for example where the empty module will do.
        drop(ended);
        Ok(ControlFlow::Continue(self.size < before))
    }
}
