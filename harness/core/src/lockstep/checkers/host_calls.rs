//! The checker of calls of host functions: their arguments.

use super::comparison::Comparison;
use super::difference::Difference;
use crate::lockstep::following::Following;
use crate::rules::RuleId;
use crate::seen::Seen;
use lockstep_oracles::address::HostFuncId;
use lockstep_oracles::value::Value;

impl Comparison {
    /// A host function is called with other arguments.
    pub(crate) fn other_arguments(
        &mut self,
        following: &Following,
        id: HostFuncId,
        expected: &[Value],
        args: &[Seen],
    ) -> Difference {
        let show = |values: Vec<String>| format!("host function {} ({})", id.0, values.join(", "));
        let known = self.explain_values(following, expected, args);
        Difference::new(
            RuleId::HostCall,
            show(expected.iter().map(Value::to_string).collect()),
            show(args.iter().map(Seen::to_string).collect()),
        )
        .explained(known)
    }
}
