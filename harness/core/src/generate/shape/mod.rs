//! The shape generator: programs made for debuggers. Deep operand stacks are held across calls and
//! blocks, control of every kind nests, values are carried by branches, and every call ends soon.
//!
//! A program ends because its cost is known: functions call earlier ones only, loops and recursion
//! count down, and a call is made only while the caller's budget allows its worst case.

mod branches;
mod builder;
mod calls;
mod casts;
mod control;
mod endless;
mod ends;
mod exceptions;
mod keep;
mod references;
mod tail;
mod traps;

use super::matrix::body::Body;
use super::matrix::environment::{Environment, Signature};
use super::weights::{between, chance};
use arbitrary::{Result, Unstructured};
use builder::{Builder, Traits};
use ends::Ends;
use lockstep_oracles::WasmFeatures;
use lockstep_oracles::opcode::Opcode;
use tail::Target;
use wasm_encoder::ValType;

/// How many times as many locals as usual a function has at most.
const MANY_LOCALS: u32 = 24;
/// How many functions stand before others where these are to have high indices.
const CROWD: (u32, u32) = (248, 264);
/// The same of a larger crowd.
const LARGE_CROWD: (u32, u32) = (500, 520);
/// Operands that a few programs hold from the beginning.
const MANY_OPERANDS: (u32, u32) = (190, 270);
/// Opcodes that a function of the middle executes at most, calls included.
const MIDDLE_BUDGET: u64 = 500;
/// The same for one that recurs, each time.
const RECURSIVE_BUDGET: u64 = 120;
/// The same for one that others call in the end, each time.
const TAIL_BUDGET: u64 = 50;
/// How often a function that does not end executes its code: no other can afford to call it.
const ENDLESS: u64 = 1 << 40;
/// The same for one at the top.
const TOP_BUDGET: u64 = 3_000;

/// A module of programs.
///
/// # Errors
///
/// None in practice; the signature is that of every draw.
pub(super) fn module(u: &mut Unstructured<'_>, features: WasmFeatures) -> Result<Vec<u8>> {
    Plan::draw(u, features)?.make(u)
}

/// A small module with functions that use up the stack, and the heap.
///
/// # Errors
///
/// None in practice; the signature is that of every draw.
pub(super) fn exhausting(u: &mut Unstructured<'_>, features: WasmFeatures) -> Result<Vec<u8>> {
    let mut environment = Environment::draw(u, features)?;
    environment.import(Signature::default());
    let fills = environment.has(Opcode::StructNew);
    let left = vec![
        (Role::Leaf, 1),
        (Role::Endless, between(u, 1, 2)?),
        (Role::Filling, u32::from(fills)),
        (Role::Entering, between(u, 0, 1)?),
        (Role::Middle, between(u, 0, 1)?),
        (Role::Start, u32::from(chance(u, 1, 8)?)),
    ];
    Plan::with_ends(u, environment, left)?.make(u)
}

/// A small module with functions that end in every way, at every depth, and call the host meanwhile.
///
/// # Errors
///
/// None in practice; the signature is that of every draw.
pub(super) fn ending(u: &mut Unstructured<'_>, features: WasmFeatures) -> Result<Vec<u8>> {
    let mut environment = Environment::draw(u, features)?;
    for _ in 0..between(u, 1, 3)? {
        environment.import(Signature::default());
    }
    let left = vec![
        (Role::Leaf, 1),
        (Role::Ending, between(u, 2, 5)?),
        (Role::Entering, between(u, 2, 4)?),
        (Role::Start, u32::from(chance(u, 1, 4)?)),
    ];
    Plan::with_ends(u, environment, left)?.make(u)
}

/// A module with functions that keep each object in one place alone.
///
/// # Errors
///
/// None in practice; the signature is that of every draw.
pub(super) fn keeping(u: &mut Unstructured<'_>, features: WasmFeatures) -> Result<Vec<u8>> {
    let mut environment = Environment::draw(u, features)?;
    if environment.has(Opcode::StructNew) && environment.has(Opcode::Throw) {
        environment.add_tag(vec![references::NODEREF]);
    }
    let left = vec![
        (Role::Leaf, 1),
        (Role::Holding, u32::from(environment.has(Opcode::StructNew))),
        (Role::Keeping, between(u, 2, 4)?),
        (Role::Start, u32::from(chance(u, 1, 8)?)),
    ];
    Plan::of(environment, left).make(u)
}

/// What a function is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    /// A few opcodes, called from several places: an inliner would take it.
    Leaf,
    /// Without parameters, and it calls no host: a host function can call it.
    Again,
    /// Calls leaves and is called.
    Middle,
    /// Throws at times, with live operands below.
    Throwing,
    /// Calls others in the end, which call it.
    Tail,
    /// Calls itself.
    Recursive,
    /// Traps where its argument says, deep in operands.
    Trapping,
    /// Many locals, deep operands, calls of everything.
    Top,
    /// Runs at instantiation.
    Start,
    /// Holds references, and nothing else does, while objects are made.
    Holding,
    /// Keeps objects in one place each, and asks for them.
    Keeping,
    /// Calls until the stack is used up.
    Endless,
    /// Makes objects until the heap is full.
    Filling,
    /// Ends as many frames in as its argument says.
    Ending,
    /// Calls the host, which calls others, and those that end.
    Entering,
}

impl Role {
    fn name(self) -> &'static str {
        match self {
            Role::Leaf => "leaf",
            Role::Again => "again",
            Role::Middle => "middle",
            Role::Throwing => "throwing",
            Role::Tail => "tail",
            Role::Recursive => "recursive",
            Role::Trapping => "trapping",
            Role::Top => "top",
            Role::Start => "start",
            Role::Holding => "holding",
            Role::Keeping => "keeping",
            Role::Endless => "endless",
            Role::Filling => "filling",
            Role::Ending => "ending",
            Role::Entering => "entering",
        }
    }
}

/// A module in the making.
struct Plan {
    environment: Environment,
    /// What each function executes at most, calls included; by function index.
    costs: Vec<u64>,
    /// Functions that throw at times.
    throwing: Vec<u32>,
    /// How many functions of each role are still to be made, in this order.
    left: Vec<(Role, u32)>,
    /// How many functions have been made.
    made: u32,
    /// What its programs that end have in common, if it has such.
    ends: Option<Ends>,
}

impl Plan {
    fn draw(u: &mut Unstructured<'_>, features: WasmFeatures) -> Result<Plan> {
        let environment = Environment::draw(u, features)?;
        // Little data makes few functions, but some that do much.
        let large = u32::from(u.len() > 3_000);
        let throws = !environment.tags.is_empty();
        let tails = environment.has(Opcode::ReturnCall);
        let makes = environment.has(Opcode::StructNew);
        let left = vec![
            (Role::Leaf, between(u, 1, 2 + large)?),
            (Role::Throwing, if throws { between(u, 1, 2)? } else { 0 }),
            (Role::Again, between(u, 0, 2)?),
            (Role::Tail, u32::from(tails && chance(u, 2, 3)?)),
            (Role::Holding, u32::from(makes && chance(u, 1, 4)?)),
            (Role::Middle, between(u, 1, 2 + large)?),
            (Role::Recursive, between(u, 0, 1)?),
            (Role::Trapping, between(u, 0, 1)?),
            (Role::Top, between(u, 1, 2 + large)?),
            (Role::Start, u32::from(chance(u, 1, 8)?)),
        ];
        Ok(Plan::of(environment, left))
    }

    fn of(environment: Environment, left: Vec<(Role, u32)>) -> Plan {
        let mut plan = Plan {
            // The host's own calls are not counted.
            costs: vec![1; environment.imported() as usize],
            throwing: Vec::new(),
            environment,
            left,
            made: 0,
            ends: None,
        };
        if plan.environment.has(Opcode::CallRef) {
            plan.define_first();
        }
        plan
    }

    /// A module of which some functions end, and others call the host, which is counted.
    fn with_ends(
        u: &mut Unstructured<'_>,
        mut environment: Environment,
        left: Vec<(Role, u32)>,
    ) -> Result<Plan> {
        let ends = Ends::new(u, environment.counter())?;
        Ok(Plan {
            ends: Some(ends),
            ..Plan::of(environment, left)
        })
    }

    fn make(mut self, u: &mut Unstructured<'_>) -> Result<Vec<u8>> {
        if chance(u, 1, 48)? {
            self.define_crowd(u)?;
        }
        let mut shares = self.functions();
        while let Some(role) = self.next() {
            // Each function has a share of the data, so that none takes all of it.
            let share = u.bytes(u.len() / shares.max(1))?;
            shares = shares.saturating_sub(1);
            self.define(&mut Unstructured::new(share), role)?;
        }
        Ok(self.environment.finish())
    }

    /// So many functions, called by none, that the index of one that follows takes more than a byte.
    fn define_crowd(&mut self, u: &mut Unstructured<'_>) -> Result<()> {
        let ty = self.environment.type_index(Signature::default());
        let (fewest, most) = if chance(u, 1, 3)? { LARGE_CROWD } else { CROWD };
        for _ in 0..between(u, fewest, most)? {
            let (code, _) = Body::new(&[], &[]).finish();
            self.costs.push(1);
            self.environment.define(ty, code, None);
        }
        Ok(())
    }

    /// A function that does nothing, so that there always is one that a reference denotes.
    fn define_first(&mut self) {
        let ty = self.environment.type_index(Signature::default());
        let function = self.environment.next_function();
        self.add(ty, Body::new(&[], &[]), Role::Leaf, 1);
        self.environment.make_referable(ty, &[function]);
    }

    fn functions(&self) -> usize {
        self.left.iter().map(|(_, count)| *count as usize).sum()
    }

    fn next(&mut self) -> Option<Role> {
        let (role, count) = self.left.iter_mut().find(|(_, count)| *count > 0)?;
        *count -= 1;
        Some(*role)
    }

    fn define(&mut self, u: &mut Unstructured<'_>, role: Role) -> Result<()> {
        match role {
            Role::Leaf => self.define_leaves(u),
            Role::Ending => self.define_ending(u),
            Role::Entering => self.define_entering(u, role),
            Role::Start if self.ends.is_some() => self.define_entering(u, role),
            Role::Again | Role::Start => {
                let traits = Traits {
                    budget: MIDDLE_BUDGET,
                    hosts: role == Role::Start,
                    // What a host function called may end otherwise; the host goes on.
                    traps: match role {
                        Role::Again => chance(u, 2, 3)?,
                        _ => chance(u, 1, 6)?,
                    },
                };
                let signature = Signature::default();
                self.define_program(u, role, signature, traits, 3)
            }
            Role::Middle => {
                let traits = Traits {
                    budget: MIDDLE_BUDGET,
                    hosts: true,
                    traps: true,
                };
                // Some have more than are passed in registers.
                let ((fewest, most), results) = match chance(u, 1, 10)? {
                    true => ((9, 20), 12),
                    false => ((0, 4), 3),
                };
                let signature = Signature {
                    params: self.environment.value_types(u, fewest, most)?,
                    results: self.environment.value_types(u, 0, results)?,
                };
                self.define_program(u, role, signature, traits, 8)
            }
            Role::Holding => self.define_holding(u),
            Role::Keeping => self.define_keeping(u),
            Role::Endless => self.define_endless(u),
            Role::Filling => self.define_filling(u),
            Role::Throwing => self.define_throwing(u),
            Role::Tail => self.define_tails(u),
            Role::Recursive => self.define_recursive(u),
            Role::Trapping => self.define_trapping(u),
            Role::Top => {
                let traits = Traits {
                    budget: TOP_BUDGET,
                    hosts: true,
                    traps: true,
                };
                let signature = Signature {
                    params: self.environment.value_types(u, 0, 3)?,
                    results: self.environment.value_types(u, 0, 3)?,
                };
                self.define_program(u, role, signature, traits, 60)
            }
        }
    }

    /// A few functions of one type, which a table and references denote.
    fn define_leaves(&mut self, u: &mut Unstructured<'_>) -> Result<()> {
        let signature = Signature {
            params: self.environment.value_types(u, 0, 2)?,
            results: self.environment.value_types(u, 0, 2)?,
        };
        let ty = self.environment.type_index(signature.clone());
        let mut family = Vec::new();
        for _ in 0..1 << between(u, 0, 2)? {
            family.push(self.environment.next_function());
            let traits = Traits {
                budget: 0,
                hosts: false,
                traps: false,
            };
            let mut builder = self.builder(u, &signature, 2, traits)?;
            for _ in 0..between(u, 0, 3)? {
                builder.compute(u)?;
            }
            builder.end(u)?;
            let body = builder.into_body();
            self.add(ty, body, Role::Leaf, 1);
        }
        self.environment.make_referable(ty, &family);
        Ok(())
    }

    /// A program that holds up to so many operands from the beginning.
    fn define_program(
        &mut self,
        u: &mut Unstructured<'_>,
        role: Role,
        signature: Signature,
        traits: Traits,
        deep: u32,
    ) -> Result<()> {
        let ty = self.environment.type_index(signature.clone());
        let most = if role == Role::Top { 20 } else { 6 };
        let mut builder = self.builder(u, &signature, most, traits)?;
        let held = match role == Role::Top && chance(u, 1, 40)? {
            true => between(u, MANY_OPERANDS.0, MANY_OPERANDS.1)?,
            false => between(u, deep / 6, deep)?,
        };
        builder.hold(u, held)?;
        let steps = between(u, 4, if role == Role::Top { 24 } else { 10 })?;
        builder.sequence(u, steps)?;
        builder.end(u)?;
        let body = builder.into_body();
        self.add(ty, body, role, 1);
        Ok(())
    }

    /// A function that calls itself up to seven times, and holds operands meanwhile.
    fn define_recursive(&mut self, u: &mut Unstructured<'_>) -> Result<()> {
        let signature = self.counted_signature(u)?;
        let ty = self.environment.type_index(signature.clone());
        let traits = Traits {
            budget: RECURSIVE_BUDGET,
            hosts: true,
            traps: true,
        };
        let mut builder = self.builder(u, &signature, 6, traits)?;
        let depth = builder.count_down(0, 7);
        let held = between(u, 0, 8)?;
        builder.hold(u, held)?;
        let steps = between(u, 1, 4)?;
        builder.sequence(u, steps)?;
        builder.recur(u, depth, &signature)?;
        let steps = between(u, 0, 3)?;
        builder.sequence(u, steps)?;
        builder.end(u)?;
        let body = builder.into_body();
        self.add(ty, body, Role::Recursive, 8);
        Ok(())
    }

    /// A function that throws if its argument says so, or calls one that does.
    fn define_throwing(&mut self, u: &mut Unstructured<'_>) -> Result<()> {
        let signature = self.counted_signature(u)?;
        let ty = self.environment.type_index(signature.clone());
        let traits = Traits {
            budget: RECURSIVE_BUDGET,
            hosts: false,
            traps: false,
        };
        let mut builder = self.builder(u, &signature, 6, traits)?;
        let held = between(u, 2, 12)?;
        builder.hold(u, held)?;
        builder.throw_by_argument(u)?;
        let steps = between(u, 0, 3)?;
        builder.sequence(u, steps)?;
        builder.throw_by_argument(u)?;
        builder.end(u)?;
        let body = builder.into_body();
        self.throwing.push(self.environment.next_function());
        self.add(ty, body, Role::Throwing, 1);
        Ok(())
    }

    /// Two or three functions that call each other in the end.
    fn define_tails(&mut self, u: &mut Unstructured<'_>) -> Result<()> {
        let results = self.environment.value_types(u, 0, 2)?;
        let first = self.environment.next_function();
        let elements = self.environment.referable.len() as u32;
        let mut targets = Vec::new();
        for number in 0..between(u, 2, 3)? {
            let mut params = vec![ValType::I32];
            params.extend(self.environment.parameters(u, 0, 4)?);
            let signature = Signature {
                params,
                results: results.clone(),
            };
            targets.push(Target {
                function: first + number,
                element: elements + number,
                ty: self.environment.type_index(signature),
            });
        }
        let mut bodies = Vec::new();
        for target in &targets {
            let signature = self.environment.signature(target.ty);
            let traits = Traits {
                budget: TAIL_BUDGET,
                hosts: false,
                traps: false,
            };
            let mut builder = self.builder(u, &signature, 4, traits)?;
            let held = between(u, 0, 6)?;
            builder.hold(u, held)?;
            builder.go_round(u, &targets)?;
            let steps = between(u, 0, 3)?;
            builder.sequence(u, steps)?;
            builder.end(u)?;
            bodies.push(builder.into_body());
        }
        // Any of them may come in every round.
        let round: u64 = bodies.iter().map(|body| body.cost).max().unwrap_or(0);
        for (target, mut body) in targets.iter().zip(bodies) {
            body.cost = round;
            self.add(target.ty, body, Role::Tail, tail::ROUNDS as u64 + 1);
        }
        for target in targets {
            self.environment
                .make_referable(target.ty, &[target.function]);
        }
        Ok(())
    }

    /// A function that traps in one of several places, or in none.
    fn define_trapping(&mut self, u: &mut Unstructured<'_>) -> Result<()> {
        let signature = Signature {
            params: vec![ValType::I32],
            results: self.environment.value_types(u, 0, 2)?,
        };
        let ty = self.environment.type_index(signature.clone());
        let traits = Traits {
            budget: MIDDLE_BUDGET,
            hosts: false,
            traps: true,
        };
        let mut builder = self.builder(u, &signature, 6, traits)?;
        let held = between(u, 2, 16)?;
        builder.hold(u, held)?;
        builder.trap_by_argument(u)?;
        builder.end(u)?;
        let body = builder.into_body();
        self.add(ty, body, Role::Trapping, 1);
        Ok(())
    }

    /// A function's body to begin with: it has up to so many locals beyond its parameters.
    fn builder(
        &mut self,
        u: &mut Unstructured<'_>,
        signature: &Signature,
        most: u32,
        traits: Traits,
    ) -> Result<Builder<'_>> {
        let mut locals = self.environment.value_types(u, 0, most)?;
        if chance(u, 1, 24)? {
            // So many that their indices, their slots and whatever counts them take more than a byte.
            locals = locals.repeat(between(u, 2, MANY_LOCALS)? as usize);
        }
        let mut body = Body::new(&signature.params, &locals);
        body.begin(u, &self.environment)?;
        Ok(Builder::new(
            &mut self.environment,
            (&self.costs, &self.throwing),
            body,
            &signature.results,
            traits,
        ))
    }

    /// A signature whose first parameter counts or chooses.
    fn counted_signature(&mut self, u: &mut Unstructured<'_>) -> Result<Signature> {
        let mut params = vec![ValType::I32];
        params.extend(self.environment.value_types(u, 0, 2)?);
        Ok(Signature {
            params,
            results: self.environment.value_types(u, 0, 2)?,
        })
    }

    /// Adds a function whose code is executed so many times a call.
    fn add(&mut self, ty: u32, body: Body, role: Role, times: u64) {
        let function = self.environment.next_function();
        let (code, cost) = body.finish();
        self.costs.push(cost * times);
        let few = self.environment.signature(ty).params.len() <= 3;
        let export = (few && role != Role::Start).then(|| format!("{}{}", role.name(), self.made));
        self.environment.define(ty, code, export);
        self.made += 1;
        if role == Role::Start {
            self.environment.start_with(function);
        }
    }
}

#[cfg(test)]
mod tests;
