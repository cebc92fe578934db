//! Strings, as the Canonical ABI loads them, and the steps in which it stores them.

use super::lift::MAX_LIST_BYTES;
use super::{AbiTrap, Encoding, Source, Text};

/// The bit of a length that says that `latin1+utf16` is UTF-16.
const UTF16_TAG: u32 = 1 << 31;

/// `load_string_from_range`
pub(super) fn load_string(
    memory: &[u8],
    encoding: Encoding,
    ptr: u32,
    tagged: u32,
    aligned: bool,
) -> Result<Text, AbiTrap> {
    let (source, align, bytes) = match encoding {
        Encoding::Utf8 => (Source::Utf8, 1, u64::from(tagged)),
        Encoding::Utf16 => (Source::Utf16, 2, 2 * u64::from(tagged)),
        Encoding::Latin1OrUtf16 if tagged & UTF16_TAG != 0 => {
            (Source::TaggedUtf16, 2, 2 * u64::from(tagged ^ UTF16_TAG))
        }
        Encoding::Latin1OrUtf16 => (Source::Latin1, 2, u64::from(tagged)),
    };
    if bytes > MAX_LIST_BYTES {
        return Err(AbiTrap::TooLong);
    }
    if aligned && !ptr.is_multiple_of(align) {
        return Err(AbiTrap::Unaligned);
    }
    let range = ptr as usize..ptr as usize + bytes as usize;
    let bytes = memory.get(range).ok_or(AbiTrap::OutOfBounds)?;
    let text = match source {
        Source::Utf8 => std::str::from_utf8(bytes)
            .map_err(|_| AbiTrap::Encoding)?
            .to_owned(),
        Source::Utf16 | Source::TaggedUtf16 => {
            let units: Vec<u16> = bytes
                .chunks_exact(2)
                .map(|two| u16::from_le_bytes([two[0], two[1]]))
                .collect();
            String::from_utf16(&units).map_err(|_| AbiTrap::Encoding)?
        }
        Source::Latin1 => bytes.iter().copied().map(char::from).collect(),
    };
    Ok(Text { text, source })
}

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

fn latin1(text: &str) -> Option<Vec<u8>> {
    text.chars()
        .map(|c| u8::try_from(u32::from(c)).ok())
        .collect()
}

/// What is done next to store a string.
pub(super) enum Move {
    /// `realloc` is called with the last pointer, and these: size before, alignment, size after
    Realloc(u32, u32, u32),
    /// These bytes are written, so far behind the pointer
    Write(u32, Vec<u8>),
    /// The string has this length, by its tag
    Length(u32),
}

/// `store_string_into_range`: every step in order. The first is a `realloc` of nothing.
pub(super) fn moves(
    text: &Text,
    encoding: Encoding,
    (latin1_align, first_pass): (u32, FirstPass),
) -> Result<Vec<Move>, AbiTrap> {
    let own = &text.text;
    let utf16_units = || own.encode_utf16().count() as u64;
    let units = match text.source {
        Source::Utf8 => own.len() as u64,
        Source::Utf16 | Source::TaggedUtf16 => utf16_units(),
        Source::Latin1 => own.chars().count() as u64,
    };
    if 3 * units > MAX_LIST_BYTES {
        return Err(AbiTrap::TooLong);
    }
    let units = units as u32;
    Ok(match (encoding, text.source) {
        (Encoding::Utf8, Source::Utf8) => copied(own.clone().into_bytes(), 1, units),
        (Encoding::Utf8, Source::Utf16 | Source::TaggedUtf16) => {
            to_utf8(own, (units, 3 * units), first_pass)
        }
        (Encoding::Utf8, Source::Latin1) => to_utf8(own, (units, 2 * units), first_pass),
        (Encoding::Utf16, Source::Utf8) => utf8_to_utf16(own, units),
        (Encoding::Utf16, _) => copied(utf16(own), 2, units),
        (Encoding::Latin1OrUtf16, Source::Utf8 | Source::Utf16) => to_latin1_or_utf16(own, units),
        (Encoding::Latin1OrUtf16, Source::Latin1) => {
            let bytes = latin1(own).unwrap_or_else(|| unreachable!("lifted from Latin-1"));
            copied(bytes, latin1_align, units)
        }
        (Encoding::Latin1OrUtf16, Source::TaggedUtf16) => probably_utf16(own, units),
    })
}

/// `store_string_copy`
fn copied(bytes: Vec<u8>, align: u32, units: u32) -> Vec<Move> {
    vec![
        Move::Realloc(0, align, bytes.len() as u32),
        Move::Write(0, bytes),
        Move::Length(units),
    ]
}

/// What the first allocation holds of a string that becomes UTF-8, where it turns out too small. The specification
/// has said it in two ways: as many bytes as fit, and later what is ASCII.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FirstPass {
    /// As many characters as fit
    Fitting,
    /// Those before the first that is not ASCII
    Ascii,
}

/// `store_string_to_utf8`
fn to_utf8(text: &str, (units, worst): (u32, u32), first_pass: FirstPass) -> Vec<Move> {
    let ends = text.char_indices().map(|(at, c)| at + c.len_utf8());
    let fitting = ends.take_while(|&end| end <= units as usize).last();
    let fitting = match first_pass {
        FirstPass::Fitting => fitting.unwrap_or(0),
        FirstPass::Ascii => text.bytes().take_while(u8::is_ascii).count(),
    };
    let (first, rest) = text.as_bytes().split_at(fitting);
    let mut moves = vec![Move::Realloc(0, 1, units), Move::Write(0, first.to_vec())];
    if !rest.is_empty() {
        moves.push(Move::Realloc(units, 1, worst));
        moves.push(Move::Write(fitting as u32, rest.to_vec()));
        if worst > text.len() as u32 {
            moves.push(Move::Realloc(worst, 1, text.len() as u32));
        }
    }
    moves.push(Move::Length(text.len() as u32));
    moves
}

/// `store_utf8_to_utf16`
fn utf8_to_utf16(text: &str, units: u32) -> Vec<Move> {
    let encoded = utf16(text);
    let (worst, bytes) = (2 * units, encoded.len() as u32);
    let mut moves = vec![Move::Realloc(0, 2, worst), Move::Write(0, encoded)];
    if bytes < worst {
        moves.push(Move::Realloc(worst, 2, bytes));
    }
    moves.push(Move::Length(bytes / 2));
    moves
}

/// `store_string_to_latin1_or_utf16`
fn to_latin1_or_utf16(text: &str, units: u32) -> Vec<Move> {
    let narrow: String = text.chars().take_while(|&c| u32::from(c) < 256).collect();
    let bytes = latin1(&narrow).unwrap_or_default();
    let length = bytes.len() as u32;
    let mut moves = vec![Move::Realloc(0, 2, units), Move::Write(0, bytes)];
    if narrow.len() < text.len() {
        let encoded = utf16(text);
        let (worst, size) = (2 * units, encoded.len() as u32);
        moves.push(Move::Realloc(units, 2, worst));
        moves.push(Move::Write(0, encoded));
        if worst > size {
            moves.push(Move::Realloc(worst, 2, size));
        }
        moves.push(Move::Length((size / 2) | UTF16_TAG));
        return moves;
    }
    if length < units {
        moves.push(Move::Realloc(units, 2, length));
    }
    moves.push(Move::Length(length));
    moves
}

/// `store_probably_utf16_to_latin1_or_utf16`
fn probably_utf16(text: &str, units: u32) -> Vec<Move> {
    let encoded = utf16(text);
    let mut moves = vec![Move::Realloc(0, 2, 2 * units), Move::Write(0, encoded)];
    match latin1(text) {
        None => moves.push(Move::Length(units | UTF16_TAG)),
        Some(bytes) => {
            moves.push(Move::Write(0, bytes));
            moves.push(Move::Realloc(2 * units, 1, units));
            moves.push(Move::Length(units));
        }
    }
    moves
}
