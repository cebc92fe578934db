//! Vectors as arrays of lanes, and the shapes of lane-wise instructions; never what an instruction
//! computes in a lane.
//!
//! Lane 0 is in the least significant bits. A float lane is its bits, as in [`crate::numeric`].

use std::array::from_fn;

/// A vector in memory, lane 0 first.
type Bytes = [u8; 16];

/// A type of lane, of which a vector has `N`.
pub(super) trait Lane<const N: usize>: Copy {
    /// All bits 0.
    const ZERO: Self;
    /// All bits 1.
    const ONES: Self;

    /// The lanes of a vector in memory.
    fn read(vector: &Bytes) -> [Self; N];

    /// The vector of some lanes, in memory.
    fn write(lanes: [Self; N]) -> Bytes;

    /// The lanes of a vector.
    #[inline(always)]
    fn split(vector: u128) -> [Self; N] {
        Self::read(&vector.to_le_bytes())
    }

    /// The vector of some lanes.
    #[inline(always)]
    fn join(lanes: [Self; N]) -> u128 {
        u128::from_le_bytes(Self::write(lanes))
    }
}

/// Implements [`Lane`]: a row is a type and how many of it a vector has.
macro_rules! lane {
    ($($lane:ident $n:literal;)*) => {$(
        impl Lane<$n> for $lane {
            const ZERO: Self = 0;
            const ONES: Self = !0;

            #[inline(always)]
            fn read(vector: &Bytes) -> [Self; $n] {
                let (lanes, _) = vector.as_chunks();
                from_fn(|i| $lane::from_le_bytes(lanes[i]))
            }

            #[inline(always)]
            fn write(lanes: [Self; $n]) -> Bytes {
                let mut bytes = [0; 16];
                let (chunks, _) = bytes.as_chunks_mut();
                for (chunk, lane) in chunks.iter_mut().zip(lanes) {
                    *chunk = lane.to_le_bytes();
                }
                bytes
            }
        }
    )*};
}

lane! {
    u8 16; i8 16;
    u16 8; i16 8;
    u32 4; i32 4;
    u64 2; i64 2;
}

/// `f` of a vector in memory.
#[inline(never)]
fn in_memory(a: &Bytes, f: impl Fn(&Bytes) -> Bytes) -> Bytes {
    f(a)
}

/// `f` of two vectors in memory.
#[inline(never)]
fn in_memory2(a: &Bytes, b: &Bytes, f: impl Fn(&Bytes, &Bytes) -> Bytes) -> Bytes {
    f(a, b)
}

/// `f` of a vector: in memory if it has many lanes, since there the compiler makes `f` a vector
/// instruction, while it takes a `u128` in registers apart lane by lane.
#[inline(always)]
fn whole<const N: usize>(a: u128, f: impl Fn(&Bytes) -> Bytes) -> u128 {
    let a = a.to_le_bytes();
    u128::from_le_bytes(if N == 16 { in_memory(&a, f) } else { f(&a) })
}

/// `f` of two vectors, like [`whole`].
#[inline(always)]
fn whole2<const N: usize>(a: u128, b: u128, f: impl Fn(&Bytes, &Bytes) -> Bytes) -> u128 {
    let (a, b) = (a.to_le_bytes(), b.to_le_bytes());
    u128::from_le_bytes(if N == 16 {
        in_memory2(&a, &b, f)
    } else {
        f(&a, &b)
    })
}

/// `f` of every lane.
#[inline(always)]
pub(super) fn map<T: Lane<N>, R: Lane<N>, const N: usize>(a: u128, f: impl Fn(T) -> R) -> u128 {
    whole::<N>(a, |a| {
        let a = T::read(a);
        R::write(from_fn(|i| f(a[i])))
    })
}

/// `f` of every pair of corresponding lanes.
#[inline(always)]
pub(super) fn map2<T: Lane<N>, R: Lane<N>, const N: usize>(
    a: u128,
    b: u128,
    f: impl Fn(T, T) -> R,
) -> u128 {
    whole2::<N>(a, b, |a, b| {
        let (a, b) = (T::read(a), T::read(b));
        R::write(from_fn(|i| f(a[i], b[i])))
    })
}

/// All ones in the lanes for which `f` is true, zero in the others.
#[inline(always)]
pub(super) fn compare<T: Lane<N>, const N: usize>(
    a: u128,
    b: u128,
    f: impl Fn(&T, &T) -> bool,
) -> u128 {
    map2(a, b, |x, y| if f(&x, &y) { T::ONES } else { T::ZERO })
}

/// `f` of the lanes of the lower half, each giving a lane twice as wide.
#[inline(always)]
pub(super) fn low<T: Lane<N>, R: Lane<M>, const N: usize, const M: usize>(
    a: u128,
    f: impl Fn(T) -> R,
) -> u128 {
    let a = T::split(a);
    R::join(from_fn(|i| f(a[i])))
}

/// `f` of the lanes of the upper half, each giving a lane twice as wide.
#[inline(always)]
pub(super) fn high<T: Lane<N>, R: Lane<M>, const N: usize, const M: usize>(
    a: u128,
    f: impl Fn(T) -> R,
) -> u128 {
    let a = T::split(a);
    R::join(from_fn(|i| f(a[M + i])))
}

/// `f` of the pairs of corresponding lanes of the lower halves, each giving a lane twice as wide.
#[inline(always)]
pub(super) fn low2<T: Lane<N>, R: Lane<M>, const N: usize, const M: usize>(
    a: u128,
    b: u128,
    f: impl Fn(T, T) -> R,
) -> u128 {
    whole2::<N>(a, b, |a, b| {
        let (a, b) = (T::read(a), T::read(b));
        R::write(from_fn(|i| f(a[i], b[i])))
    })
}

/// `f` of the pairs of corresponding lanes of the upper halves, each giving a lane twice as wide.
#[inline(always)]
pub(super) fn high2<T: Lane<N>, R: Lane<M>, const N: usize, const M: usize>(
    a: u128,
    b: u128,
    f: impl Fn(T, T) -> R,
) -> u128 {
    whole2::<N>(a, b, |a, b| {
        let (a, b) = (T::read(a), T::read(b));
        R::write(from_fn(|i| f(a[M + i], b[M + i])))
    })
}

/// `f` of every two neighbouring lanes, each giving a lane twice as wide.
#[inline(always)]
pub(super) fn pairwise<T: Lane<N>, R: Lane<M>, const N: usize, const M: usize>(
    a: u128,
    f: impl Fn(T, T) -> R,
) -> u128 {
    let a = T::split(a);
    R::join(from_fn(|i| f(a[2 * i], a[2 * i + 1])))
}

/// `f` of every lane, each giving a lane half as wide: those of `a` first, those of `b` after them.
#[inline(always)]
pub(super) fn narrow<T: Lane<N>, R: Lane<M>, const N: usize, const M: usize>(
    a: u128,
    b: u128,
    f: impl Fn(T) -> R,
) -> u128 {
    let (a, b) = (T::split(a), T::split(b));
    R::join(from_fn(|i| f(if i < N { a[i] } else { b[i - N] })))
}

/// `f` of every lane, each giving a lane half as wide, and zero in the upper half.
#[inline(always)]
pub(super) fn narrow_zero<T: Lane<N>, R: Lane<M>, const N: usize, const M: usize>(
    a: u128,
    f: impl Fn(T) -> R,
) -> u128 {
    let a = T::split(a);
    R::join(from_fn(|i| if i < N { f(a[i]) } else { R::ZERO }))
}

/// `f` of every lane with the count of a shift.
#[inline(always)]
pub(super) fn shift_by<T: Lane<N>, const N: usize>(
    a: u128,
    count: u32,
    f: impl Fn(T, u32) -> T,
) -> u128 {
    map(a, |x| f(x, count))
}

/// Whether no lane is zero.
#[inline(always)]
pub(super) fn all_true<T: Lane<N> + PartialEq, const N: usize>(a: u128, zero: T) -> u32 {
    u32::from(T::split(a).iter().all(|lane| *lane != zero))
}

/// The sign bits of the lanes, that of lane 0 in bit 0.
#[inline(always)]
pub(super) fn bitmask<T: Lane<N> + PartialOrd, const N: usize>(a: u128, zero: T) -> u32 {
    let lanes = T::split(a);
    (0..N).fold(0, |mask, i| mask | u32::from(lanes[i] < zero) << i)
}

/// One value in every lane.
#[inline(always)]
pub(super) fn all<T: Lane<N>, const N: usize>(x: T) -> u128 {
    T::join([x; N])
}

/// One lane.
///
/// # Panics
/// If there is no such lane, which validation rules out.
#[inline(always)]
pub(super) fn get<T: Lane<N>, const N: usize>(a: u128, lane: u8) -> T {
    let lanes = T::split(a);
    match lanes.get(usize::from(lane)) {
        Some(x) => *x,
        None => no_lane(lane),
    }
}

/// The vector with another value in one lane.
///
/// # Panics
/// If there is no such lane, which validation rules out.
#[inline(always)]
pub(super) fn set<T: Lane<N>, const N: usize>(a: u128, lane: u8, x: T) -> u128 {
    let mut lanes = T::split(a);
    match lanes.get_mut(usize::from(lane)) {
        Some(slot) => *slot = x,
        None => no_lane(lane),
    }
    T::join(lanes)
}

/// The crash of an index beyond the lanes, which validation rules out.
#[cold]
#[inline(never)]
pub(super) fn no_lane(lane: u8) -> ! {
    panic!("crash: lane {lane} in valid code")
}
