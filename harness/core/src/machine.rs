//! What the machine refuses: memory or address space that the system does not give. It is noted where
//! it is seen and taken when the case has ended, since nothing that came of such a case is the
//! engine's doing.

use std::cell::RefCell;
use std::error::Error;
use std::io;

thread_local! {
    static REFUSED: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Notes what was refused, of which the first is kept.
pub fn refused(what: String) {
    REFUSED.with_borrow_mut(|refused| {
        refused.get_or_insert(what);
    });
}

/// What was refused on this thread since this was last asked.
pub fn take() -> Option<String> {
    REFUSED.take()
}

/// Whether the system gave this error for want of memory or address space (`ENOMEM`).
pub fn is_refusal(error: &(dyn Error + 'static)) -> bool {
    let of_system = error.downcast_ref::<rustix::io::Errno>();
    let of_std = error.downcast_ref::<io::Error>();
    of_system.is_some_and(|errno| *errno == rustix::io::Errno::NOMEM)
        || of_std.is_some_and(|error| error.kind() == io::ErrorKind::OutOfMemory)
}

/// Bytes that Rust's allocator did not get, if these last words of a process say so.
pub fn bytes_not_allocated(last_words: &str) -> Option<u64> {
    let (_, rest) = last_words.rsplit_once("memory allocation of ")?;
    rest.split_once(" bytes failed")?.0.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_refusal_is_kept_until_it_is_taken() {
        assert_eq!(take(), None);
        refused("one".to_owned());
        refused("two".to_owned());
        assert_eq!(take().as_deref(), Some("one"));
        assert_eq!(take(), None);
    }

    #[test]
    fn a_refusal_is_told_by_its_number() {
        assert!(is_refusal(&rustix::io::Errno::NOMEM));
        assert!(is_refusal(&io::Error::from_raw_os_error(12)));
        assert!(!is_refusal(&rustix::io::Errno::INVAL));
        assert!(!is_refusal(&io::Error::other("Cannot allocate memory")));
    }

    #[test]
    fn an_allocator_says_how_much_it_did_not_get() {
        let words = "x\nmemory allocation of 268435456 bytes failed\n";
        assert_eq!(bytes_not_allocated(words), Some(268_435_456));
        assert_eq!(bytes_not_allocated("memory allocation of many"), None);
    }
}
