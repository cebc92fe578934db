//! Lockstep allocates nothing of its own per event: a run makes exactly as many allocations more,
//! for the same additional events, as a bare handler that makes the same reads.

// A counting allocator has to implement an unsafe trait. It only forwards.
#![allow(unsafe_code)]

use lockstep_tests::programs::{Program, flat, programs};
use lockstep_tests::reads::{Frames, Reads};
use lockstep_tests::{bare, stepped};
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

/// Counts the allocations of each thread.
struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

fn count() {
    // Nothing is counted while a thread ends.
    let _ = ALLOCATIONS.try_with(|count| count.set(count.get() + 1));
}

// SAFETY: every call goes to the system's allocator as it came; counting touches a thread-local
// without a destructor, which neither allocates nor unwinds.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller keeps `GlobalAlloc`'s contract, which is `System`'s.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: as above; the block came from `System`.
        unsafe { System.dealloc(block, layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: as above.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count();
        // SAFETY: as above; the block came from `System`.
        unsafe { System.realloc(block, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// What a run reads, and how often it allocates.
fn counted<R>(run: impl FnOnce() -> R) -> (R, u64) {
    let before = ALLOCATIONS.get();
    let result = run();
    (result, ALLOCATIONS.get() - before)
}

/// What two runs read, and the allocations that the longer one makes beyond the shorter one.
fn growth(program: &Program, mut run: impl FnMut(u32) -> Reads) -> ([Reads; 2], u64) {
    let short = (program.million / 100).max(1);
    let long = short * 11;
    // Buffers that are kept from run to run grow to their size first.
    run(long);
    let (few, short) = counted(|| run(short));
    let (many, long) = counted(|| run(long));
    assert!(
        few.events >= 8_000 && many.events - few.events >= 80_000,
        "{few:?}, {many:?}"
    );
    ([few, many], long - short)
}

fn lockstep_allocates_as_the_bare_handler(frames: Frames) {
    for program in programs() {
        let name = program.name;
        let (reads, reading) = growth(&program, bare::prepare(&program, frames));
        let (compared, comparing) = growth(&program, stepped::prepare(&program, frames));
        let events = reads[1].events - reads[0].events;
        println!(
            "{name} {frames:?}: {events} more events, \
             {reading} more allocations of the bare handler, {comparing} of lockstep",
        );
        assert_eq!(reads, compared, "{name}: both read the same");
        assert_eq!(
            reading, comparing,
            "{name}: allocations for {events} more events"
        );
    }
}

#[test]
fn comparing_the_innermost_frame_allocates_no_more_than_reading_it() {
    lockstep_allocates_as_the_bare_handler(Frames::Innermost);
}

#[test]
fn comparing_all_frames_allocates_no_more_than_reading_them() {
    lockstep_allocates_as_the_bare_handler(Frames::All);
}

/// In a frame with many values, and no other on the stack, lockstep asks for the frame that the bare handler
/// asks for, and for few of its values. Once in some 200 events it looks at all frames, and so asks whether
/// there is another activation, for which 48 allocates.
#[test]
fn sampling_allocates_no_more_than_reading_the_innermost_frame() {
    let program = flat();
    let (reads, reading) = growth(&program, bare::prepare(&program, Frames::Innermost));
    let (compared, comparing) = growth(&program, stepped::prepare(&program, Frames::Sampled));
    let [few, many] = compared;
    assert_eq!([few.events, many.events], reads.map(|read| read.events));
    assert!(many.values < reads[1].values / 10, "{many:?}, {reads:?}");
    let more = comparing.checked_sub(reading);
    let events = many.events - few.events;
    assert!(
        more.is_some_and(|more| more <= events / 100),
        "{reading} allocations and {comparing} for {events} events"
    );
}
