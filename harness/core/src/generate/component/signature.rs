//! Functions of components: drawn signatures, and what core functions they are.

use super::types::Types;
use crate::generate::weights::{below, chance, one_of};
use arbitrary::{Result, Unstructured};
use lockstep_oracles::ValType;
use lockstep_oracles::component::{MAX_FLAT_PARAMS, MAX_FLAT_RESULTS, Type, flat_all};

/// Parameters of a function: mostly so many at most, seldom more than are passed flat.
const FEW: u32 = 4;
const MANY: u32 = 18;

/// The type of a component's function.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Signature {
    pub(super) params: Vec<Type>,
    pub(super) result: Option<Type>,
}

impl Signature {
    /// Draws one. A result is often of the type of a parameter, which can then be returned.
    pub(super) fn draw(u: &mut Unstructured<'_>, types: &Types) -> Result<Signature> {
        let most = if chance(u, 1, 12)? { MANY } else { FEW };
        let params = (0..below(u, most + 1)?).map(|_| types.any(u));
        let params: Vec<Type> = params.collect::<Result<_>>()?;
        let result = match below(u, 6)? {
            0 => None,
            1 | 2 => one_of(u, &params)?.cloned(),
            _ => Some(types.any(u)?),
        };
        Ok(Signature { params, result })
    }

    /// Whether the parameters are passed in memory.
    pub(super) fn spills(&self) -> bool {
        flat_all(&self.params.iter().collect::<Vec<_>>()).len() > MAX_FLAT_PARAMS
    }

    /// Whether the result is returned in memory.
    pub(super) fn returns_pointer(&self) -> bool {
        self.result_flat().len() > MAX_FLAT_RESULTS
    }

    fn result_flat(&self) -> Vec<ValType> {
        flat_all(&self.result.iter().collect::<Vec<_>>())
    }

    /// The core parameters of the function that is lifted.
    pub(super) fn core_params(&self) -> Vec<ValType> {
        match self.spills() {
            true => vec![ValType::I32],
            false => flat_all(&self.params.iter().collect::<Vec<_>>()),
        }
    }

    /// The core result of the function that is lifted.
    pub(super) fn core_result(&self) -> Option<ValType> {
        match self.returns_pointer() {
            true => Some(ValType::I32),
            false => self.result_flat().first().copied(),
        }
    }

    /// The core type of the function that is lowered, as text.
    pub(super) fn lowered(&self) -> String {
        let mut params = self.core_params();
        let mut result = self.core_result();
        if self.returns_pointer() {
            params.push(ValType::I32);
            result = None;
        }
        core_text(&params, result)
    }

    /// The core type of the function that is lifted, as text.
    pub(super) fn lifted(&self) -> String {
        core_text(&self.core_params(), self.core_result())
    }

    /// The type as text.
    pub(super) fn text(&self, types: &Types) -> String {
        let params = self.params.iter().enumerate();
        let params: String = params
            .map(|(at, ty)| format!(" (param \"p{at}\" {})", types.text(ty)))
            .collect();
        let result = self
            .result
            .as_ref()
            .map(|ty| format!(" (result {})", types.text(ty)));
        params + &result.unwrap_or_default()
    }
}

/// A core type, as text.
pub(super) fn core_text(params: &[ValType], result: Option<ValType>) -> String {
    let params: String = params.iter().map(|ty| format!(" {ty}")).collect();
    let result = result.map_or(String::new(), |ty| format!(" (result {ty})"));
    format!("(param{params}){result}")
}
