//! Scalar arithmetic on the operand stack: it moves operands, [`numeric`] computes.

use crate::numeric;
use crate::opcode::Opcode;
use crate::trap::Trap;
use crate::value::Cell;

/// Executes a scalar opcode on `cells`, of which `sp` are in use, and answers how many then are;
/// none of any other opcode. What traps has changed nothing.
///
/// Inlined, its match is one with that of the dispatch loop.
#[inline(always)]
pub(super) fn execute(op: Opcode, cells: &mut [Cell], sp: usize) -> Option<Result<usize, Trap>> {
    // The operand `n` below the top.
    macro_rules! operand {
        ($n:expr) => {
            cells[sp - 1 - $n]
        };
    }
    macro_rules! unary {
        ($get:ident, $f:ident) => {{
            operand!(0) = Cell(u128::from(numeric::$f(operand!(0).$get())));
            sp
        }};
    }
    macro_rules! try_unary {
        ($get:ident, $f:ident) => {
            match numeric::$f(operand!(0).$get()) {
                Ok(value) => {
                    operand!(0) = Cell(u128::from(value));
                    sp
                }
                Err(trap) => return Some(Err(trap)),
            }
        };
    }
    macro_rules! binary {
        ($get:ident, $f:ident) => {{
            let value = numeric::$f(operand!(1).$get(), operand!(0).$get());
            operand!(1) = Cell(u128::from(value));
            sp - 1
        }};
    }
    macro_rules! try_binary {
        ($get:ident, $f:ident) => {
            match numeric::$f(operand!(1).$get(), operand!(0).$get()) {
                Ok(value) => {
                    operand!(1) = Cell(u128::from(value));
                    sp - 1
                }
                Err(trap) => return Some(Err(trap)),
            }
        };
    }
    Some(Ok(match op {
        // i32
        Opcode::I32Clz => unary!(u32, i32_clz),
        Opcode::I32Ctz => unary!(u32, i32_ctz),
        Opcode::I32Popcnt => unary!(u32, i32_popcnt),
        Opcode::I32Eqz => unary!(u32, i32_eqz),
        Opcode::I32Extend8S => unary!(u32, i32_extend8_s),
        Opcode::I32Extend16S => unary!(u32, i32_extend16_s),
        Opcode::I32Eq => binary!(u32, i32_eq),
        Opcode::I32Ne => binary!(u32, i32_ne),
        Opcode::I32LtS => binary!(u32, i32_lt_s),
        Opcode::I32LtU => binary!(u32, i32_lt_u),
        Opcode::I32GtS => binary!(u32, i32_gt_s),
        Opcode::I32GtU => binary!(u32, i32_gt_u),
        Opcode::I32LeS => binary!(u32, i32_le_s),
        Opcode::I32LeU => binary!(u32, i32_le_u),
        Opcode::I32GeS => binary!(u32, i32_ge_s),
        Opcode::I32GeU => binary!(u32, i32_ge_u),
        Opcode::I32Add => binary!(u32, i32_add),
        Opcode::I32Sub => binary!(u32, i32_sub),
        Opcode::I32Mul => binary!(u32, i32_mul),
        Opcode::I32And => binary!(u32, i32_and),
        Opcode::I32Or => binary!(u32, i32_or),
        Opcode::I32Xor => binary!(u32, i32_xor),
        Opcode::I32Shl => binary!(u32, i32_shl),
        Opcode::I32ShrS => binary!(u32, i32_shr_s),
        Opcode::I32ShrU => binary!(u32, i32_shr_u),
        Opcode::I32Rotl => binary!(u32, i32_rotl),
        Opcode::I32Rotr => binary!(u32, i32_rotr),
        Opcode::I32DivS => try_binary!(u32, i32_div_s),
        Opcode::I32DivU => try_binary!(u32, i32_div_u),
        Opcode::I32RemS => try_binary!(u32, i32_rem_s),
        Opcode::I32RemU => try_binary!(u32, i32_rem_u),

        // i64
        Opcode::I64Clz => unary!(u64, i64_clz),
        Opcode::I64Ctz => unary!(u64, i64_ctz),
        Opcode::I64Popcnt => unary!(u64, i64_popcnt),
        Opcode::I64Eqz => unary!(u64, i64_eqz),
        Opcode::I64Extend8S => unary!(u64, i64_extend8_s),
        Opcode::I64Extend16S => unary!(u64, i64_extend16_s),
        Opcode::I64Extend32S => unary!(u64, i64_extend32_s),
        Opcode::I64Eq => binary!(u64, i64_eq),
        Opcode::I64Ne => binary!(u64, i64_ne),
        Opcode::I64LtS => binary!(u64, i64_lt_s),
        Opcode::I64LtU => binary!(u64, i64_lt_u),
        Opcode::I64GtS => binary!(u64, i64_gt_s),
        Opcode::I64GtU => binary!(u64, i64_gt_u),
        Opcode::I64LeS => binary!(u64, i64_le_s),
        Opcode::I64LeU => binary!(u64, i64_le_u),
        Opcode::I64GeS => binary!(u64, i64_ge_s),
        Opcode::I64GeU => binary!(u64, i64_ge_u),
        Opcode::I64Add => binary!(u64, i64_add),
        Opcode::I64Sub => binary!(u64, i64_sub),
        Opcode::I64Mul => binary!(u64, i64_mul),
        Opcode::I64And => binary!(u64, i64_and),
        Opcode::I64Or => binary!(u64, i64_or),
        Opcode::I64Xor => binary!(u64, i64_xor),
        Opcode::I64Shl => binary!(u64, i64_shl),
        Opcode::I64ShrS => binary!(u64, i64_shr_s),
        Opcode::I64ShrU => binary!(u64, i64_shr_u),
        Opcode::I64Rotl => binary!(u64, i64_rotl),
        Opcode::I64Rotr => binary!(u64, i64_rotr),
        Opcode::I64DivS => try_binary!(u64, i64_div_s),
        Opcode::I64DivU => try_binary!(u64, i64_div_u),
        Opcode::I64RemS => try_binary!(u64, i64_rem_s),
        Opcode::I64RemU => try_binary!(u64, i64_rem_u),

        // f32
        Opcode::F32Abs => unary!(u32, f32_abs),
        Opcode::F32Neg => unary!(u32, f32_neg),
        Opcode::F32Ceil => unary!(u32, f32_ceil),
        Opcode::F32Floor => unary!(u32, f32_floor),
        Opcode::F32Trunc => unary!(u32, f32_trunc),
        Opcode::F32Nearest => unary!(u32, f32_nearest),
        Opcode::F32Sqrt => unary!(u32, f32_sqrt),
        Opcode::F32Eq => binary!(u32, f32_eq),
        Opcode::F32Ne => binary!(u32, f32_ne),
        Opcode::F32Lt => binary!(u32, f32_lt),
        Opcode::F32Gt => binary!(u32, f32_gt),
        Opcode::F32Le => binary!(u32, f32_le),
        Opcode::F32Ge => binary!(u32, f32_ge),
        Opcode::F32Add => binary!(u32, f32_add),
        Opcode::F32Sub => binary!(u32, f32_sub),
        Opcode::F32Mul => binary!(u32, f32_mul),
        Opcode::F32Div => binary!(u32, f32_div),
        Opcode::F32Min => binary!(u32, f32_min),
        Opcode::F32Max => binary!(u32, f32_max),
        Opcode::F32Copysign => binary!(u32, f32_copysign),

        // f64
        Opcode::F64Abs => unary!(u64, f64_abs),
        Opcode::F64Neg => unary!(u64, f64_neg),
        Opcode::F64Ceil => unary!(u64, f64_ceil),
        Opcode::F64Floor => unary!(u64, f64_floor),
        Opcode::F64Trunc => unary!(u64, f64_trunc),
        Opcode::F64Nearest => unary!(u64, f64_nearest),
        Opcode::F64Sqrt => unary!(u64, f64_sqrt),
        Opcode::F64Eq => binary!(u64, f64_eq),
        Opcode::F64Ne => binary!(u64, f64_ne),
        Opcode::F64Lt => binary!(u64, f64_lt),
        Opcode::F64Gt => binary!(u64, f64_gt),
        Opcode::F64Le => binary!(u64, f64_le),
        Opcode::F64Ge => binary!(u64, f64_ge),
        Opcode::F64Add => binary!(u64, f64_add),
        Opcode::F64Sub => binary!(u64, f64_sub),
        Opcode::F64Mul => binary!(u64, f64_mul),
        Opcode::F64Div => binary!(u64, f64_div),
        Opcode::F64Min => binary!(u64, f64_min),
        Opcode::F64Max => binary!(u64, f64_max),
        Opcode::F64Copysign => binary!(u64, f64_copysign),

        // conversions
        Opcode::I32WrapI64 => unary!(u64, i32_wrap_i64),
        Opcode::I64ExtendI32S => unary!(u32, i64_extend_i32_s),
        Opcode::I64ExtendI32U => unary!(u32, i64_extend_i32_u),
        Opcode::I32TruncF32S => try_unary!(u32, i32_trunc_f32_s),
        Opcode::I32TruncSatF32S => unary!(u32, i32_trunc_sat_f32_s),
        Opcode::F32ConvertI32S => unary!(u32, f32_convert_i32_s),
        Opcode::I32TruncF32U => try_unary!(u32, i32_trunc_f32_u),
        Opcode::I32TruncSatF32U => unary!(u32, i32_trunc_sat_f32_u),
        Opcode::F32ConvertI32U => unary!(u32, f32_convert_i32_u),
        Opcode::I32TruncF64S => try_unary!(u64, i32_trunc_f64_s),
        Opcode::I32TruncSatF64S => unary!(u64, i32_trunc_sat_f64_s),
        Opcode::F64ConvertI32S => unary!(u32, f64_convert_i32_s),
        Opcode::I32TruncF64U => try_unary!(u64, i32_trunc_f64_u),
        Opcode::I32TruncSatF64U => unary!(u64, i32_trunc_sat_f64_u),
        Opcode::F64ConvertI32U => unary!(u32, f64_convert_i32_u),
        Opcode::I64TruncF32S => try_unary!(u32, i64_trunc_f32_s),
        Opcode::I64TruncSatF32S => unary!(u32, i64_trunc_sat_f32_s),
        Opcode::F32ConvertI64S => unary!(u64, f32_convert_i64_s),
        Opcode::I64TruncF32U => try_unary!(u32, i64_trunc_f32_u),
        Opcode::I64TruncSatF32U => unary!(u32, i64_trunc_sat_f32_u),
        Opcode::F32ConvertI64U => unary!(u64, f32_convert_i64_u),
        Opcode::I64TruncF64S => try_unary!(u64, i64_trunc_f64_s),
        Opcode::I64TruncSatF64S => unary!(u64, i64_trunc_sat_f64_s),
        Opcode::F64ConvertI64S => unary!(u64, f64_convert_i64_s),
        Opcode::I64TruncF64U => try_unary!(u64, i64_trunc_f64_u),
        Opcode::I64TruncSatF64U => unary!(u64, i64_trunc_sat_f64_u),
        Opcode::F64ConvertI64U => unary!(u64, f64_convert_i64_u),
        Opcode::F32DemoteF64 => unary!(u64, f32_demote_f64),
        Opcode::F64PromoteF32 => unary!(u32, f64_promote_f32),
        Opcode::I32ReinterpretF32 => unary!(u32, i32_reinterpret_f32),
        Opcode::I64ReinterpretF64 => unary!(u64, i64_reinterpret_f64),
        Opcode::F32ReinterpretI32 => unary!(u32, f32_reinterpret_i32),
        Opcode::F64ReinterpretI64 => unary!(u64, f64_reinterpret_i64),
        _ => return None,
    }))
}
