//! Values of component types, drawn: mostly small, often at a boundary, strings of every width of character.

use crate::generate::weights::{below, between, chance, one_of};
use arbitrary::{Result, Unstructured};
use lockstep_oracles::component::{Source, Text, Type, Val};

/// Elements of a list and characters of a string: mostly so many, seldom the other.
const FEW: u32 = 5;
const MANY: u32 = 40;

/// Characters that some encoding has in a way of its own: of one byte, of Latin-1, of two, three and four bytes
/// of UTF-8, the first and the last of each kind.
const CHARACTERS: [&[char]; 4] = [
    &['a', 'Z', '0', ' ', '\0', '\r', '\'', '"', '\\', '\u{7f}'],
    &['\u{80}', '\u{e9}', '\u{ff}'],
    &[
        '\u{100}', '\u{7ff}', '\u{800}', '\u{20ac}', '\u{d7ff}', '\u{e000}', '\u{ffff}',
    ],
    &['\u{10000}', '\u{1f980}', '\u{10ffff}'],
];

/// Draws a value.
///
/// # Errors
///
/// None in practice; the signature is that of every draw.
pub(super) fn draw(u: &mut Unstructured<'_>, ty: &Type) -> Result<Val> {
    if let Some(fields) = ty.fields() {
        let values = fields.into_iter().map(|ty| draw(u, ty));
        return Ok(Val::Record(values.collect::<Result<_>>()?));
    }
    if let Some(cases) = ty.cases() {
        let case = below(u, cases.len() as u32)?;
        let payload = cases[case as usize].map(|ty| draw(u, ty)).transpose()?;
        return Ok(Val::Variant(case, payload.map(Box::new)));
    }
    Ok(match ty {
        Type::S8 => Val::Signed(signed(u, 8)?),
        Type::S16 => Val::Signed(signed(u, 16)?),
        Type::S32 => Val::Signed(signed(u, 32)?),
        Type::S64 => Val::Signed(signed(u, 64)?),
        Type::U8 => Val::Unsigned(unsigned(u, 8)?),
        Type::U16 => Val::Unsigned(unsigned(u, 16)?),
        Type::U32 => Val::Unsigned(unsigned(u, 32)?),
        Type::U64 => Val::Unsigned(unsigned(u, 64)?),
        Type::F32 => Val::F32(float(u)?.to_bits()),
        Type::F64 => Val::F64(f64::from(float(u)?).to_bits()),
        Type::Char => Val::Char(character(u, 4)?),
        Type::String => Val::String(Text {
            text: text(u)?,
            source: Source::Utf8,
        }),
        Type::List(element) => {
            let values = (0..length(u)?).map(|_| draw(u, element));
            Val::List(values.collect::<Result<_>>()?)
        }
        Type::Flags(names) => Val::Flags(u.arbitrary::<u32>()? & mask(names.len())),
        _ => Val::Bool(chance(u, 1, 2)?),
    })
}

/// The bits of so many flags.
fn mask(flags: usize) -> u32 {
    u32::MAX >> (32 - flags.clamp(1, 32))
}

fn length(u: &mut Unstructured<'_>) -> Result<u32> {
    let most = if chance(u, 1, 12)? { MANY } else { FEW };
    between(u, 0, most)
}

/// Bits of a number of this width: a small one, one at a boundary, or any.
fn unsigned(u: &mut Unstructured<'_>, bits: u32) -> Result<u64> {
    let max = u64::MAX >> (64 - bits);
    Ok(match below(u, 4)? {
        0 => below(u, 10)?.into(),
        1 => max - u64::from(below(u, 2)?),
        2 => (max >> 1) + u64::from(below(u, 2)?),
        _ => u.arbitrary::<u64>()? & max,
    })
}

fn signed(u: &mut Unstructured<'_>, bits: u32) -> Result<i64> {
    let shift = 64 - bits;
    Ok((unsigned(u, bits)? << shift) as i64 >> shift)
}

fn float(u: &mut Unstructured<'_>) -> Result<f32> {
    let boundaries = [
        0.0,
        -0.0,
        1.5,
        f32::MAX,
        f32::MIN_POSITIVE,
        f32::INFINITY,
        f32::NAN,
    ];
    let drawn = one_of(u, &boundaries)?.copied().unwrap_or_default();
    Ok(match chance(u, 1, 3)? {
        true => f32::from(i16::from_le_bytes(u.arbitrary()?)) / 8.0,
        false => drawn,
    })
}

/// A character of the first `kinds` kinds.
fn character(u: &mut Unstructured<'_>, kinds: u32) -> Result<char> {
    let kind = CHARACTERS[below(u, kinds)? as usize];
    Ok(one_of(u, kind)?.copied().unwrap_or('a'))
}

/// A string of one width, or one that gets wider on its way.
fn text(u: &mut Unstructured<'_>) -> Result<String> {
    let kinds = between(u, 1, 4)?;
    let length = length(u)?;
    let wide_from = match chance(u, 1, 2)? {
        true => below(u, length.max(1))?,
        false => 0,
    };
    let characters = (0..length).map(|at| match at < wide_from {
        true => character(u, 1),
        false => character(u, kinds),
    });
    characters.collect()
}
