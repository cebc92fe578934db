//! Bodies of core functions: each takes into account what it is given, calls what it may, and returns what depends
//! on it.
//!
//! `$sum` is where everything goes: flat parameters, the bytes behind pointers, what calls return.

use super::image::{Image, WrongString};
use super::signature::Signature;
use super::values;
use crate::generate::weights::{Row, below, between, chance, pick};
use arbitrary::{Result, Unstructured};
use lockstep_oracles::ValType;
use lockstep_oracles::component::{Encoding, Type, alignment, field_offsets, flat_all, size};
use std::fmt::Write;

/// What a module's functions share. `DIGEST` is the most bytes behind a pointer that are looked at.
pub(super) const SHARED: &str = r#"
    (global $sum (mut i64) (i64.const 7))
    (func $mix (param i64)
      (global.set $sum (i64.xor (i64.mul (global.get $sum) (i64.const 1099511628211)) (local.get 0))))
    (func $digest (param $at i32) (param $length i32)
      (if (i32.gt_u (local.get $length) (i32.const 40)) (then (local.set $length (i32.const 40))))
      (block $done
        (loop $next
          (br_if $done (i32.eqz (local.get $length)))
          (global.set $sum (i64.add (i64.rotl (global.get $sum) (i64.const 5)) (i64.load8_u (local.get $at))))
          (local.set $at (i32.add (local.get $at) (i32.const 1)))
          (local.set $length (i32.sub (local.get $length) (i32.const 1)))
          (br $next))))"#;

/// How a function ends what it is in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Unreachable,
    OutOfBounds,
    Divide,
    Overflow,
    Indirect,
    Throw,
    /// A result that the Canonical ABI does not take
    Result,
}

static ENDS: &[Row<End>] = &[
    Row::new("unreachable", 1, End::Unreachable),
    Row::new("out of bounds", 1, End::OutOfBounds),
    Row::new("divide", 1, End::Divide),
    Row::new("overflow", 1, End::Overflow),
    Row::new("indirect", 1, End::Indirect),
    Row::new("throw", 1, End::Throw),
    Row::new("result", 1, End::Result),
];

/// A function that a core module may call through an adapter.
pub(super) struct Imported<'a> {
    pub(super) signature: &'a Signature,
    /// Whether it may end the call.
    pub(super) ends: bool,
}

/// What the body of a function is drawn for.
pub(super) struct Scene<'a> {
    pub(super) encoding: Encoding,
    /// What can be called, as `$l0` and so on.
    pub(super) imported: &'a [Imported<'a>],
    /// Whether there are `$step-a` and `$step-b`, of two instances of one module.
    pub(super) twins: bool,
    /// Whether there is a tag `$e`.
    pub(super) throws: bool,
    /// Whether the function may end the call.
    pub(super) may_end: bool,
}

/// A drawn body, and whether the call may end in it.
pub(super) struct Body {
    pub(super) text: String,
    pub(super) ends: bool,
    /// Whether only the host may call it.
    pub(super) for_host_alone: bool,
}

/// Draws the body of a function of this signature.
pub(super) fn draw(
    u: &mut Unstructured<'_>,
    scene: &Scene<'_>,
    signature: &Signature,
    image: &mut Image,
) -> Result<Body> {
    let mut drawing = Drawing {
        scene,
        signature,
        image,
        text: String::new(),
        ends: false,
        for_host_alone: false,
        returned: None,
    };
    drawing.take_params();
    if scene.twins && chance(u, 1, 2)? {
        let which = if chance(u, 1, 2)? { "a" } else { "b" };
        let step = format!("(call $step-{which} (i32.wrap_i64 (global.get $sum)))");
        drawing.mix(ValType::I32, &step);
    }
    if !scene.imported.is_empty() {
        for _ in 0..between(u, 0, 2)? {
            let which = below(u, scene.imported.len() as u32)? as usize;
            if !scene.imported[which].ends || scene.may_end {
                drawing.call(u, which)?;
            }
        }
    }
    let end = match scene.may_end && chance(u, 2, 3)? {
        true => Some(pick(u, ENDS)?.what),
        false => None,
    };
    let end = end.filter(|end| match end {
        End::Throw => scene.throws,
        End::Result => signature.result.as_ref().is_some_and(can_be_wrong),
        _ => true,
    });
    if let Some(end) = end.filter(|&end| end != End::Result) {
        let at_times = chance(u, 1, 2)?;
        drawing.end(end, at_times);
    }
    drawing.ends |= end.is_some();
    drawing.give_result(u, end == Some(End::Result))?;
    Ok(Body {
        text: drawing.text,
        ends: drawing.ends,
        for_host_alone: drawing.for_host_alone,
    })
}

/// Whether there is a core result that is none of this type.
fn can_be_wrong(ty: &Type) -> bool {
    match flat_all(&[ty]).len() {
        0 => false,
        1 => single(ty).is_some_and(|ty| matches!(ty, Type::Char) || ty.cases().is_some()),
        _ => true,
    }
}

/// The type that a type of one flat value has at its heart; none if it has more.
fn single(ty: &Type) -> Option<&Type> {
    match ty.fields() {
        Some(fields) => fields
            .into_iter()
            .find(|ty| !flat_all(&[ty]).is_empty())
            .and_then(single),
        None => Some(ty),
    }
}

struct Drawing<'a> {
    scene: &'a Scene<'a>,
    signature: &'a Signature,
    image: &'a mut Image,
    text: String,
    ends: bool,
    for_host_alone: bool,
    /// The call whose result may be the function's own: where it is.
    returned: Option<u32>,
}

impl Drawing<'_> {
    fn line(&mut self, line: &str) {
        let _ = write!(self.text, "\n      {line}");
    }

    /// A core value goes into the sum.
    fn mix(&mut self, ty: ValType, value: &str) {
        let line = match ty {
            ValType::I64 => format!("(call $mix {value})"),
            ValType::F32 => format!("(call $mix (i64.extend_i32_u (i32.reinterpret_f32 {value})))"),
            ValType::F64 => format!("(call $mix (i64.reinterpret_f64 {value}))"),
            _ => format!("(call $mix (i64.extend_i32_u {value}))"),
        };
        self.line(&line);
    }

    /// The bytes of a string or list go into the sum.
    fn digest(&mut self, ty: &Type, at: &str, length: &str) {
        let bytes = match (ty, self.scene.encoding) {
            (Type::List(element), _) => format!("(i32.mul {length} (i32.const {}))", size(element)),
            (_, Encoding::Utf8) => length.to_owned(),
            (_, Encoding::Utf16) => format!("(i32.shl {length} (i32.const 1))"),
            // Twice as many as the tag says, in bytes.
            (_, Encoding::Latin1OrUtf16) => format!(
                "(i32.shl (i32.and {length} (i32.const 0x7fffffff)) (i32.shr_u {length} (i32.const 31)))"
            ),
        };
        self.line(&format!("(call $digest {at} {bytes})"));
    }

    fn take_params(&mut self) {
        let params: Vec<&Type> = self.signature.params.iter().collect();
        if self.signature.spills() {
            let length = size(&Type::Tuple(self.signature.params.clone().into()));
            self.line(&format!(
                "(call $digest (local.get 0) (i32.const {length}))"
            ));
            return;
        }
        let mut at = 0;
        for ty in params {
            let local = |at: usize| format!("(local.get {at})");
            let flat = flat_all(&[ty]);
            match ty {
                Type::String | Type::List(_) => self.digest(ty, &local(at), &local(at + 1)),
                _ => flat
                    .iter()
                    .zip(at..)
                    .for_each(|(&ty, at)| self.mix(ty, &local(at))),
            }
            at += flat.len();
        }
    }

    /// Calls through an adapter: with the own parameters, if they are of the right types, or with constants.
    fn call(&mut self, u: &mut Unstructured<'_>, which: usize) -> Result<()> {
        let scene = self.scene;
        let callee = scene.imported[which].signature;
        self.ends |= scene.imported[which].ends;
        let mut args = String::new();
        if callee.params == self.signature.params && chance(u, 2, 3)? {
            for at in 0..callee.core_params().len() {
                let _ = write!(args, " (local.get {at})");
            }
        } else {
            let values = callee.params.iter().map(|ty| values::draw(u, ty));
            let values: Vec<_> = values.collect::<Result<_>>()?;
            if callee.spills() {
                let all = Type::Tuple(callee.params.clone().into());
                let at = self
                    .image
                    .value(&lockstep_oracles::component::Val::Record(values), &all);
                let _ = write!(args, " (i32.const {at})");
            } else {
                for (value, ty) in values.iter().zip(&callee.params) {
                    for constant in self.image.constants(value, ty) {
                        let _ = write!(args, " {}", constant.text());
                    }
                }
            }
        }
        let Some(result) = &callee.result else {
            self.line(&format!("(call $l{which}{args})"));
            return Ok(());
        };
        match (callee.returns_pointer(), callee.core_result()) {
            (true, _) => {
                let at = self.image.place(size(result), alignment(result));
                self.line(&format!("(call $l{which}{args} (i32.const {at}))"));
                self.line(&format!(
                    "(call $digest (i32.const {at}) (i32.const {}))",
                    size(result)
                ));
                if let Type::String | Type::List(_) = result {
                    let load = |at: u32| format!("(i32.load (i32.const {at}))");
                    self.digest(result, &load(at), &load(at + 4));
                }
                if self.signature.result.as_ref() == Some(result) {
                    self.returned = Some(at);
                }
            }
            (false, Some(ty)) => self.mix(ty, &format!("(call $l{which}{args})")),
            (false, None) => self.line(&format!("(call $l{which}{args})")),
        }
        Ok(())
    }

    /// Ends the call, always or depending on the sum.
    fn end(&mut self, end: End, at_times: bool) {
        let what = match end {
            End::Unreachable | End::Result => "unreachable",
            End::OutOfBounds => "(drop (i32.load (i32.const -3)))",
            End::Divide => "(drop (i32.div_u (i32.wrap_i64 (global.get $sum)) (i32.const 0)))",
            End::Overflow => "(drop (i32.trunc_f64_s (f64.const 1e10)))",
            End::Indirect => "(call_indirect (param i64) (i64.const 1) (i32.const 1))",
            End::Throw => "(throw $e (i32.wrap_i64 (global.get $sum)))",
        };
        match at_times {
            true => self.line(&format!(
                "(if (i32.and (i32.wrap_i64 (global.get $sum)) (i32.const 1)) (then {what}))"
            )),
            false => self.line(what),
        }
    }

    fn give_result(&mut self, u: &mut Unstructured<'_>, wrong: bool) -> Result<()> {
        let Some(ty) = &self.signature.result else {
            return Ok(());
        };
        if self.signature.returns_pointer() {
            let pointer = self.pointer(u, ty, wrong)?;
            self.line(&pointer);
        } else if let Some(single) = single(ty).filter(|_| self.signature.core_result().is_some()) {
            let value = scalar(single, wrong);
            self.line(&value);
        }
        Ok(())
    }

    /// Where the result lies: as what was given, as what a call returned, or one of two that are there already.
    fn pointer(&mut self, u: &mut Unstructured<'_>, ty: &Type, wrong: bool) -> Result<String> {
        if wrong {
            return Ok(match below(u, 3)? {
                0 if alignment(ty) > 1 => {
                    let at = self.image.place(size(ty) + 1, alignment(ty));
                    format!("(i32.const {})", at + 1)
                }
                1 => {
                    self.image.wrong = match chance(u, 1, 2)? {
                        true => Some(WrongString::Broken),
                        false => Some(WrongString::Odd),
                    };
                    let value = values::draw(u, ty)?;
                    let at = self.image.value(&value, ty);
                    self.image.wrong = None;
                    // An adapter allocates for what comes before it.
                    self.for_host_alone = true;
                    format!("(i32.const {at})")
                }
                _ => format!("(i32.const -{})", 8 * alignment(ty)),
            });
        }
        if let Some(at) = self.returned.take()
            && chance(u, 2, 3)?
        {
            return Ok(format!("(i32.const {at})"));
        }
        if chance(u, 1, 2)?
            && let Some(echo) = self.echo(ty)
        {
            return Ok(echo);
        }
        let mut one = || -> Result<u32> {
            let value = values::draw(u, ty)?;
            Ok(self.image.value(&value, ty))
        };
        let (first, second) = (one()?, one()?);
        Ok(format!(
            "(select (i32.const {first}) (i32.const {second}) (i32.and (i32.wrap_i64 (global.get $sum)) (i32.const 1)))"
        ))
    }

    /// The address of a parameter of this type; a string or list that was passed flat is written down first.
    fn echo(&mut self, ty: &Type) -> Option<String> {
        let params: Vec<&Type> = self.signature.params.iter().collect();
        let position = params.iter().position(|param| *param == ty)?;
        if self.signature.spills() {
            let at = field_offsets(&params, 0)[position];
            return Some(format!("(i32.add (local.get 0) (i32.const {at}))"));
        }
        let (Type::String | Type::List(_)) = ty else {
            return None;
        };
        let local = flat_all(&params[..position]).len();
        let at = self.image.place(size(ty), alignment(ty));
        self.line(&format!("(i32.store (i32.const {at}) (local.get {local}))"));
        self.line(&format!(
            "(i32.store (i32.const {}) (local.get {}))",
            at + 4,
            local + 1
        ));
        Some(format!("(i32.const {at})"))
    }
}

/// A core value of a type that has one, from the sum.
fn scalar(ty: &Type, wrong: bool) -> String {
    let sum = "(i32.wrap_i64 (global.get $sum))";
    let below = |end: u32| format!("(i32.rem_u {sum} (i32.const {end}))");
    if let Some(cases) = ty.cases() {
        let first = if wrong { cases.len() as u32 } else { 0 };
        return match wrong {
            true => format!("(i32.add {} (i32.const {first}))", below(100)),
            false => below(cases.len() as u32),
        };
    }
    match ty {
        Type::Char if wrong => format!("(i32.or {sum} (i32.const 0x80000000))"),
        // Below the surrogates.
        Type::Char => below(0xd800),
        Type::S64 | Type::U64 => "(global.get $sum)".to_owned(),
        Type::F32 => "(f32.convert_i64_s (global.get $sum))".to_owned(),
        Type::F64 => "(f64.convert_i64_s (global.get $sum))".to_owned(),
        // What is above the bits of a narrower number does not count.
        _ => sum.to_owned(),
    }
}
