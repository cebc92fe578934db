//! `poll_oneoff`: waiting for clocks, which then show the time that was waited for, and for streams and
//! files, which are always ready.

use super::Host;
use super::descriptors::Object;
use super::memory::Guest;
use wasip1::{
    ERRNO_BADF, ERRNO_INVAL, ERRNO_SUCCESS, EVENTTYPE_CLOCK, EVENTTYPE_FD_READ, EVENTTYPE_FD_WRITE,
    Errno, RIGHTS_FD_READ, RIGHTS_FD_WRITE, SUBCLOCKFLAGS_SUBSCRIPTION_CLOCK_ABSTIME,
};

/// Bytes of a `subscription`, and where its parts are.
pub(super) const SUBSCRIPTION: u32 = 48;
pub(super) const SUBSCRIPTION_TYPE: u32 = 8;
pub(super) const SUBSCRIPTION_PAYLOAD: u32 = 16;
pub(super) const CLOCK_TIMEOUT: u32 = 8;
pub(super) const CLOCK_FLAGS: u32 = 24;

/// Bytes of an `event`, and where its parts are.
pub(super) const EVENT: u32 = 32;
pub(super) const EVENT_ERROR: usize = 8;
pub(super) const EVENT_TYPE: usize = 10;
pub(super) const EVENT_BYTES: usize = 16;

/// What a program waits for.
struct Subscription {
    userdata: u64,
    kind: u8,
    /// For a clock nanoseconds until it is time; for others nothing.
    wait: Result<u64, Errno>,
    /// For a stream or file how many bytes are ready.
    ready: u64,
}

impl Host {
    pub(super) fn poll(
        &mut self,
        guest: &mut Guest<'_>,
        from: u32,
        to: u32,
        count: u32,
        result: u32,
    ) -> Result<(), Errno> {
        if count == 0 {
            return Err(ERRNO_INVAL);
        }
        let bytes = |size: u32| count.checked_mul(size).ok_or(wasip1::ERRNO_FAULT);
        guest.bytes(from, bytes(SUBSCRIPTION)?)?;
        guest.bytes(to, bytes(EVENT)?)?;
        let all = (0..count).map(|index| self.subscription(guest, from, index * SUBSCRIPTION));
        let all = all.collect::<Result<Vec<_>, Errno>>()?;
        let shortest = all.iter().map(|one| one.wait.unwrap_or(0)).min();
        let passed = shortest.unwrap_or(0);
        self.clock.wait(passed);
        let due = all.iter().filter(|one| one.wait.unwrap_or(0) <= passed);
        let mut events = 0;
        for one in due {
            let mut event = [0; EVENT as usize];
            let error = one.wait.err().unwrap_or(ERRNO_SUCCESS).raw();
            event[..8].copy_from_slice(&one.userdata.to_le_bytes());
            event[EVENT_ERROR..][..2].copy_from_slice(&error.to_le_bytes());
            event[EVENT_TYPE] = one.kind;
            event[EVENT_BYTES..][..8].copy_from_slice(&one.ready.to_le_bytes());
            guest.put(to, events * EVENT, &event)?;
            events += 1;
        }
        guest.put_u32(result, events)
    }

    fn subscription(
        &self,
        guest: &mut Guest<'_>,
        from: u32,
        offset: u32,
    ) -> Result<Subscription, Errno> {
        let userdata = guest.u64(from, offset)?;
        let kind = guest.u8(from, offset + SUBSCRIPTION_TYPE)?;
        let payload = offset + SUBSCRIPTION_PAYLOAD;
        let of = |wait, ready| Subscription {
            userdata,
            kind,
            wait,
            ready,
        };
        if kind == EVENTTYPE_CLOCK.raw() {
            let clock = guest.u32(from, payload)?;
            let timeout = guest.u64(from, payload + CLOCK_TIMEOUT)?;
            let flags = guest.u16(from, payload + CLOCK_FLAGS)?;
            let absolute = flags & SUBCLOCKFLAGS_SUBSCRIPTION_CLOCK_ABSTIME != 0;
            let wait = self.clock.shows(clock).map(|now| match absolute {
                true => timeout.saturating_sub(now),
                false => timeout,
            });
            return Ok(of(wait, 0));
        }
        let right = match kind {
            kind if kind == EVENTTYPE_FD_READ.raw() => RIGHTS_FD_READ,
            kind if kind == EVENTTYPE_FD_WRITE.raw() => RIGHTS_FD_WRITE,
            _ => return Err(ERRNO_INVAL),
        };
        let fd = guest.u32(from, payload)?;
        Ok(match self.descriptors.get(fd) {
            Ok(descriptor) if !descriptor.may(right) => of(Err(ERRNO_BADF), 0),
            Ok(descriptor) if right == RIGHTS_FD_READ => {
                let ready = match descriptor.object {
                    Object::Stdin => (self.stdin.len() - self.read) as u64,
                    Object::File(node) => {
                        let size = self.files.stat(node).size;
                        size.saturating_sub(descriptor.offset)
                    }
                    _ => 0,
                };
                of(Ok(0), ready)
            }
            Ok(_) => of(Ok(0), 1),
            Err(error) => of(Err(error), 0),
        })
    }
}
