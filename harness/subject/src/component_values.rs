//! Component values, in the engine's terms and in the oracle's.

use lockstep_oracles::component::{Source, Text, Type, Val};
use wasmtime::component::Val as EngineVal;

/// A value for the engine.
pub(super) fn to_engine(value: &Val, ty: &Type) -> EngineVal {
    let boxed = |payload: &Option<Box<Val>>, ty: Option<&Type>| {
        let both = payload.as_deref().zip(ty);
        both.map(|(value, ty)| Box::new(to_engine(value, ty)))
    };
    match (ty, value) {
        (Type::S8, Val::Signed(v)) => EngineVal::S8(*v as i8),
        (Type::S16, Val::Signed(v)) => EngineVal::S16(*v as i16),
        (Type::S32, Val::Signed(v)) => EngineVal::S32(*v as i32),
        (_, Val::Signed(v)) => EngineVal::S64(*v),
        (Type::U8, Val::Unsigned(v)) => EngineVal::U8(*v as u8),
        (Type::U16, Val::Unsigned(v)) => EngineVal::U16(*v as u16),
        (Type::U32, Val::Unsigned(v)) => EngineVal::U32(*v as u32),
        (_, Val::Unsigned(v)) => EngineVal::U64(*v),
        (_, Val::Bool(v)) => EngineVal::Bool(*v),
        (_, Val::F32(bits)) => EngineVal::Float32(f32::from_bits(*bits)),
        (_, Val::F64(bits)) => EngineVal::Float64(f64::from_bits(*bits)),
        (_, Val::Char(c)) => EngineVal::Char(*c),
        (_, Val::String(text)) => EngineVal::String(text.text.clone()),
        (Type::List(element), Val::List(values)) => EngineVal::List(
            values
                .iter()
                .map(|value| to_engine(value, element))
                .collect(),
        ),
        (Type::Record(fields), Val::Record(values)) => EngineVal::Record(
            fields
                .iter()
                .zip(values)
                .map(|((name, ty), value)| (name.clone(), to_engine(value, ty)))
                .collect(),
        ),
        (Type::Tuple(types), Val::Record(values)) => EngineVal::Tuple(
            types
                .iter()
                .zip(values)
                .map(|(ty, value)| to_engine(value, ty))
                .collect(),
        ),
        (Type::Variant(cases), Val::Variant(case, payload)) => {
            let (name, ty) = &cases[*case as usize];
            EngineVal::Variant(name.clone(), boxed(payload, ty.as_ref()))
        }
        (Type::Enum(names), Val::Variant(case, _)) => {
            EngineVal::Enum(names[*case as usize].clone())
        }
        (Type::Option(some), Val::Variant(_, payload)) => {
            EngineVal::Option(boxed(payload, Some(some)))
        }
        (Type::Result(both), Val::Variant(0, payload)) => {
            EngineVal::Result(Ok(boxed(payload, both.0.as_ref())))
        }
        (Type::Result(both), Val::Variant(_, payload)) => {
            EngineVal::Result(Err(boxed(payload, both.1.as_ref())))
        }
        (Type::Flags(names), Val::Flags(bits)) => {
            let set = names.iter().enumerate();
            let set = set.filter(|(at, _)| bits >> at & 1 == 1);
            EngineVal::Flags(set.map(|(_, name)| name.clone()).collect())
        }
        _ => unreachable!("a value of another type"),
    }
}

/// A value of the engine's; none if it is of another type.
pub(super) fn of_engine(value: &EngineVal, ty: &Type) -> Option<Val> {
    Some(match (ty, value) {
        (Type::Bool, EngineVal::Bool(v)) => Val::Bool(*v),
        (Type::S8, EngineVal::S8(v)) => Val::Signed((*v).into()),
        (Type::S16, EngineVal::S16(v)) => Val::Signed((*v).into()),
        (Type::S32, EngineVal::S32(v)) => Val::Signed((*v).into()),
        (Type::S64, EngineVal::S64(v)) => Val::Signed(*v),
        (Type::U8, EngineVal::U8(v)) => Val::Unsigned((*v).into()),
        (Type::U16, EngineVal::U16(v)) => Val::Unsigned((*v).into()),
        (Type::U32, EngineVal::U32(v)) => Val::Unsigned((*v).into()),
        (Type::U64, EngineVal::U64(v)) => Val::Unsigned(*v),
        (Type::F32, EngineVal::Float32(v)) => Val::F32(v.to_bits()),
        (Type::F64, EngineVal::Float64(v)) => Val::F64(v.to_bits()),
        (Type::Char, EngineVal::Char(c)) => Val::Char(*c),
        (Type::String, EngineVal::String(text)) => Val::String(Text {
            text: text.clone(),
            source: Source::Utf8,
        }),
        (Type::List(element), EngineVal::List(values)) => {
            let values = values.iter().map(|value| of_engine(value, element));
            Val::List(values.collect::<Option<_>>()?)
        }
        (Type::Record(fields), EngineVal::Record(values)) => {
            let each = fields.iter().zip(values);
            let each = each.map(|((name, ty), (seen, value))| {
                (name == seen).then(|| of_engine(value, ty)).flatten()
            });
            let own: Vec<Val> = each.collect::<Option<_>>()?;
            (own.len() == fields.len()).then_some(Val::Record(own))?
        }
        (Type::Tuple(types), EngineVal::Tuple(values)) => {
            let each = types.iter().zip(values);
            let own: Vec<Val> = each
                .map(|(ty, value)| of_engine(value, ty))
                .collect::<Option<_>>()?;
            (own.len() == types.len()).then_some(Val::Record(own))?
        }
        (Type::Variant(cases), EngineVal::Variant(name, payload)) => {
            let case = cases.iter().position(|(own, _)| own == name)?;
            variant(case, cases[case].1.as_ref(), payload.as_deref())?
        }
        (Type::Enum(names), EngineVal::Enum(name)) => {
            let case = names.iter().position(|own| own == name)?;
            Val::Variant(case as u32, None)
        }
        (Type::Option(_), EngineVal::Option(None)) => Val::Variant(0, None),
        (Type::Option(some), EngineVal::Option(payload)) => {
            variant(1, Some(some), payload.as_deref())?
        }
        (Type::Result(both), EngineVal::Result(Ok(payload))) => {
            variant(0, both.0.as_ref(), payload.as_deref())?
        }
        (Type::Result(both), EngineVal::Result(Err(payload))) => {
            variant(1, both.1.as_ref(), payload.as_deref())?
        }
        (Type::Flags(names), EngineVal::Flags(set)) => {
            let bits = set.iter().map(|name| {
                let at = names.iter().position(|own| own == name)?;
                Some(1 << at)
            });
            let bits: Vec<u32> = bits.collect::<Option<_>>()?;
            Val::Flags(bits.into_iter().fold(0, |all, bit| all | bit))
        }
        _ => return None,
    })
}

fn variant(case: usize, ty: Option<&Type>, payload: Option<&EngineVal>) -> Option<Val> {
    let payload = match (ty, payload) {
        (Some(ty), Some(value)) => Some(Box::new(of_engine(value, ty)?)),
        (None, None) => None,
        _ => return None,
    };
    Some(Val::Variant(case as u32, payload))
}
