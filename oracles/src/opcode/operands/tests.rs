//! The numbers of operands against the decoder's arity and against its validator.

use super::*;
use std::collections::BTreeSet;
use wasmparser::{
    BlockType, CompositeInnerType, FuncValidator, ModuleArity, Operator, ValidPayload, Validator,
    ValidatorResources, WasmFeatures,
};

/// Every opcode whose operands an immediate decides.
const MODULE: &str = r#"(module
  (type $one (func (param i32 i64) (result f32)))
  (type $two (func (param i32 i64) (result i32 i64 f32)))
  (type $pair (struct (field i32) (field i64)))
  (type $list (array i32))
  (table 1 funcref)
  (tag $e (param i32 i64))
  (func $one (type $one) (f32.const 0))
  (func (type $one)
    (local.get 0) (local.get 1) (call $one) (drop)
    (local.get 0) (local.get 1) (i32.const 0) (call_indirect (type $one)) (drop)
    (local.get 0) (local.get 1) (ref.null $one) (call_ref $one)
    (local.get 0) (local.get 1) (block (type $one) (call $one)) (drop)
    (local.get 0) (local.get 1) (loop (type $one) (br 0)) (drop)
    (local.get 0) (local.get 1)
    (try_table (type $one) (call $one)) (drop)
    (local.get 0) (local.get 1) (local.get 0)
    (if (type $one) (then (call $one)) (else (drop) (drop) (f32.const 0)))
    (drop)
    (local.get 0) (local.get 1) (local.get 0) (struct.new $pair (local.get 1)) (drop)
    (drop) (array.new_fixed $list 2 (local.get 0)) (drop)
    (block (result i64 f32)
      (i64.const 0) (f32.const 0) (br_if 0 (local.get 0))
      (br_table 0 0 (local.get 0)))
    (drop) (drop)
    (block (result i64)
      (i64.const 0) (ref.null $pair) (br_on_null 0) (drop) (br 0))
    (drop)
    (block (result i64 (ref $pair))
      (i64.const 0) (ref.null $pair) (br_on_non_null 0) (ref.null $pair) (ref.as_non_null))
    (drop) (drop)
    (block (result i64 (ref $pair))
      (i64.const 0) (ref.null any) (br_on_cast 0 anyref (ref $pair)) (drop) (ref.null $pair)
      (ref.as_non_null))
    (drop) (drop)
    (block (result i64 anyref)
      (i64.const 0) (ref.null any) (br_on_cast_fail 0 anyref (ref $pair)))
    (drop) (drop)
    (return))
  (func (type $one) (return_call $one (local.get 0) (local.get 1)))
  (func (type $one) (return_call_indirect (type $one) (local.get 0) (local.get 1) (i32.const 0)))
  (func (type $one) (return_call_ref $one (local.get 0) (local.get 1) (ref.null $one)))
  (func (type $one) (throw $e (local.get 0) (local.get 1))))"#;

type Body = FuncValidator<ValidatorResources>;

/// What the immediates of an operator say, asked of the module's types and open labels.
struct Counter<'a> {
    body: &'a Body,
    operator: &'a Operator<'a>,
}

impl Counter<'_> {
    fn count(&self, count: Count) -> u32 {
        u32::from(count.own) + count.more.map_or(0, |more| self.more(more))
    }

    fn more(&self, more: More) -> u32 {
        match more {
            More::BlockParams => self.block().0,
            More::BlockResults => self.block().1,
            More::Label => self.label(),
            More::BelowReference => self.label() - 1,
            More::Params => self.function().0,
            More::Results => self.function().1,
            More::Fields | More::Length => match *self.operator {
                Operator::StructNew { struct_type_index } => self.of_type(struct_type_index).0,
                Operator::ArrayNewFixed { array_size, .. } => array_size,
                _ => panic!("{:?}", self.operator),
            },
            More::Payload => match *self.operator {
                Operator::Throw { tag_index } => self.body.tag_type_arity(tag_index).unwrap().0,
                _ => panic!("{:?}", self.operator),
            },
        }
    }

    fn block(&self) -> (u32, u32) {
        let outermost = self.body.control_stack_height() - 1;
        let ty = match self.operator {
            Operator::Block { blockty } | Operator::Loop { blockty } | Operator::If { blockty } => {
                *blockty
            }
            Operator::TryTable { try_table } => try_table.ty,
            Operator::Return => self.body.label_block(outermost).unwrap().0,
            _ => self.body.label_block(0).unwrap().0,
        };
        self.of_block(ty)
    }

    fn label(&self) -> u32 {
        let depth = match self.operator {
            Operator::Br { relative_depth }
            | Operator::BrIf { relative_depth }
            | Operator::BrOnNull { relative_depth }
            | Operator::BrOnNonNull { relative_depth }
            | Operator::BrOnCast { relative_depth, .. }
            | Operator::BrOnCastFail { relative_depth, .. } => *relative_depth,
            Operator::BrTable { targets } => targets.default(),
            other => panic!("{other:?}"),
        };
        let (ty, kind) = self.body.label_block(depth).unwrap();
        let (params, results) = self.of_block(ty);
        if kind == wasmparser::FrameKind::Loop {
            params
        } else {
            results
        }
    }

    fn function(&self) -> (u32, u32) {
        match *self.operator {
            Operator::Call { function_index } | Operator::ReturnCall { function_index } => {
                self.of_type(self.body.type_index_of_function(function_index).unwrap())
            }
            Operator::CallIndirect { type_index, .. }
            | Operator::ReturnCallIndirect { type_index, .. }
            | Operator::CallRef { type_index }
            | Operator::ReturnCallRef { type_index } => self.of_type(type_index),
            ref other => panic!("{other:?}"),
        }
    }

    fn of_block(&self, ty: BlockType) -> (u32, u32) {
        match ty {
            BlockType::Empty => (0, 0),
            BlockType::Type(_) => (0, 1),
            BlockType::FuncType(index) => self.of_type(index),
        }
    }

    fn of_type(&self, index: u32) -> (u32, u32) {
        let ty = self.body.sub_type_at(index).unwrap();
        match &ty.composite_type.inner {
            CompositeInnerType::Func(f) => (f.params().len() as u32, f.results().len() as u32),
            CompositeInnerType::Struct(s) => (s.fields.len() as u32, 1),
            other => panic!("{other:?}"),
        }
    }
}

/// Calls back with every operator, before it is validated, and says how the stack's height then
/// changes where the code after it can be reached.
fn each_operator(mut seen: impl FnMut(&Body, &Operator<'_>, Option<(u32, u32)>)) {
    let bytes = wat::parse_str(MODULE).unwrap();
    let mut validator = Validator::new_with_features(WasmFeatures::all());
    for payload in wasmparser::Parser::new(0).parse_all(&bytes) {
        let payload = validator.payload(&payload.unwrap()).unwrap();
        let ValidPayload::Func(function, body) = payload else {
            continue;
        };
        let mut function = function.into_validator(Default::default());
        let mut reader = body.get_binary_reader();
        function.read_locals(&mut reader).unwrap();
        let mut operators = body.get_operators_reader().unwrap();
        while !operators.eof() {
            let (operator, offset) = operators.read_with_offset().unwrap();
            let before = function.clone();
            function.op(offset, &operator).unwrap();
            let reachable = |f: &Body| f.get_control_frame(0).is_some_and(|f| !f.unreachable);
            let heights = (reachable(&before) && reachable(&function)).then(|| {
                (
                    before.operand_stack_height(),
                    function.operand_stack_height(),
                )
            });
            seen(&before, &operator, heights);
        }
    }
}

#[test]
fn what_an_immediate_decides_is_as_the_decoder_and_the_validator_count_it() {
    let mut met = BTreeSet::new();
    each_operator(|body, operator, heights| {
        let op = Opcode::of(operator);
        let operands = op.operands().expect("an implemented opcode has operands");
        let counter = Counter { body, operator };
        let taken = counter.count(operands.taken);
        let left = counter.count(operands.left);
        let arity = operator.operator_arity(body).unwrap();
        assert_eq!(taken, arity.0, "{}: taken", op.name());
        // The decoder says of `if` what its `end` leaves, of `br_table` what the label carries.
        if !matches!(op, Opcode::If | Opcode::BrTable) {
            assert_eq!(left, arity.1, "{}: left", op.name());
        }
        if let Some((before, after)) = heights {
            assert_eq!(after + taken, before + left, "{}: height", op.name());
        }
        met.insert(op);
    });
    let decided = Opcode::implemented().filter(|op| Opcode::FIXED[*op as usize].is_none());
    for op in decided {
        assert!(
            met.contains(&op),
            "{} is in no function of the test",
            op.name()
        );
    }
}

#[test]
fn every_implemented_opcode_has_operands() {
    for op in Opcode::implemented() {
        assert!(op.operands().is_some(), "{}", op.name());
    }
}

#[test]
fn what_is_handed_on_is_not_an_opcodes_own() {
    assert_eq!(Opcode::CallIndirect.own_operands(), 1);
    assert_eq!(Opcode::Call.own_operands(), 0);
    assert_eq!(Opcode::Throw.own_operands(), 0);
    assert_eq!(Opcode::ThrowRef.own_operands(), 1);
    assert_eq!(Opcode::ArrayCopy.own_operands(), 5);
    assert_eq!(Opcode::I32AtomicRmwCmpxchg.own_operands(), 3);
}
