//! The engine's objects in neutral terms: kept while a look lasts, so that their content can be asked
//! for, or for as long as a handle holds them; and the engine's types, numbered.

use super::names::Names;
use lockstep_core::seen::{
    ObjectKind, Seen, SeenComposite, SeenExtern, SeenObject, SeenRef, SeenStorage, SeenType,
};
use lockstep_oracles::address::TagAddr;
use lockstep_oracles::types::Hierarchy;
use lockstep_oracles::{AbstractHeapType, RefType, ValType};
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use wasmtime::{
    self, AnyRef, ArrayRef, ArrayType, AsContextMut, ExnRef, ExternRef, Finality, FuncType, GcRef,
    HeapType, Mutability, OwnedRooted, Rooted, StorageType, StructRef, StructType, Tag, Val,
};

/// An object that a look has shown.
#[derive(Clone, Copy)]
enum Held {
    Struct(Rooted<StructRef>),
    Array(Rooted<ArrayRef>),
    Exn(Rooted<ExnRef>),
}

/// An object that a handle holds.
#[derive(Debug)]
enum Handle {
    Any(OwnedRooted<AnyRef>),
    Exn(OwnedRooted<ExnRef>),
}

/// What a handle holds, rooted until the scope ends in which it was.
#[derive(Clone, Copy, Debug)]
enum Root {
    Any(Rooted<AnyRef>),
    Exn(Rooted<ExnRef>),
}

impl Handle {
    fn root(&self, store: impl AsContextMut) -> Root {
        match self {
            Handle::Any(object) => Root::Any(object.to_rooted(store)),
            Handle::Exn(object) => Root::Exn(object.to_rooted(store)),
        }
    }
}

/// How often each of eight handles is rooted for a collection: together they are more roots than a look at a frame
/// makes.
const ROOTS: usize = 5;

/// A type of the engine's; the engine compares them by identity.
#[derive(Clone, Debug)]
enum EngineType {
    Struct(StructType),
    Array(ArrayType),
    Func(FuncType),
}

impl PartialEq for EngineType {
    fn eq(&self, other: &EngineType) -> bool {
        match (self, other) {
            (EngineType::Struct(a), EngineType::Struct(b)) => StructType::eq(a, b),
            (EngineType::Array(a), EngineType::Array(b)) => ArrayType::eq(a, b),
            (EngineType::Func(a), EngineType::Func(b)) => FuncType::eq(a, b),
            _ => false,
        }
    }
}

impl Eq for EngineType {}

impl Hash for EngineType {
    fn hash<H: Hasher>(&self, state: &mut H) {
        match self {
            EngineType::Struct(ty) => ty.hash(state),
            EngineType::Array(ty) => ty.hash(state),
            EngineType::Func(ty) => ty.hash(state),
        }
    }
}

/// Types that are looked for one by one before the others are looked up.
const NEAR_TYPES: usize = 4;

/// The objects of a look, and the types of all.
#[derive(Default)]
pub(super) struct HeldObjects {
    held: Vec<Held>,
    /// By number; `None` where the engine could not make one.
    handles: Vec<Option<Handle>>,
    /// What handles hold, by their numbers, rooted while garbage is collected.
    roots: Vec<(usize, Root)>,
    numbers: HashMap<EngineType, u32>,
    types: Vec<EngineType>,
}

impl HeldObjects {
    /// What earlier looks showed is no longer asked for.
    #[inline]
    pub(super) fn look(&mut self) {
        self.held.clear();
    }

    /// Whether the last look has shown an object.
    pub(super) fn are_seen(&self) -> bool {
        !self.held.is_empty()
    }

    /// Roots what the handles hold until the scope of this store ends.
    pub(super) fn root_handles(&mut self, mut store: impl AsContextMut) {
        self.roots.clear();
        for _ in 0..ROOTS {
            for (number, handle) in self.handles.iter().enumerate() {
                let root = handle.as_ref().map(|handle| handle.root(&mut store));
                self.roots.extend(root.map(|root| (number, root)));
            }
        }
    }

    /// The number of a type.
    fn number(&mut self, ty: EngineType) -> u32 {
        // Most programs show objects of few types.
        let mut near = self.types.iter().take(NEAR_TYPES);
        if let Some(number) = near.position(|known| *known == ty) {
            return number as u32;
        }
        if let Some(&number) = self.numbers.get(&ty) {
            return number;
        }
        let number = self.types.len() as u32;
        self.types.push(ty.clone());
        self.numbers.insert(ty, number);
        number
    }

    /// How many fields structures of the type of this number have.
    fn num_fields(&self, number: u32) -> u32 {
        match self.types.get(number as usize) {
            Some(EngineType::Struct(ty)) => ty.fields().len() as u32,
            _ => 0,
        }
    }

    fn hold(&mut self, held: Held, key: u64, ty: u32) -> SeenRef {
        self.held.push(held);
        SeenRef::Object(SeenObject {
            kind: match held {
                Held::Struct(_) => ObjectKind::Struct,
                Held::Array(_) => ObjectKind::Array,
                Held::Exn(_) => ObjectKind::Exn,
            },
            key,
            ty,
            slot: self.held.len() as u32 - 1,
        })
    }

    fn get(&self, object: SeenObject) -> Option<Held> {
        self.held.get(object.slot as usize).copied()
    }

    /// A reference of the internal hierarchy.
    pub(super) fn any(
        &mut self,
        mut store: impl AsContextMut,
        any: Rooted<AnyRef>,
    ) -> wasmtime::Result<SeenRef> {
        if let Some(scalar) = any.as_i31(&store)? {
            return Ok(SeenRef::I31(scalar.get_u32()));
        }
        if let Some(object) = any.as_struct(&store)? {
            let ty = self.number(EngineType::Struct(object.ty(&store)?));
            let key = key(&store, &any)?;
            return Ok(self.hold(Held::Struct(object), key, ty));
        }
        if let Some(object) = any.as_array(&store)? {
            let ty = self.number(EngineType::Array(object.ty(&store)?));
            let key = key(&store, &any)?;
            return Ok(self.hold(Held::Array(object), key, ty));
        }
        let external = ExternRef::convert_any(&mut store, any)?;
        Ok(SeenRef::Extern(
            number_of(&store, external).unwrap_or(SeenExtern::Foreign),
        ))
    }

    /// A reference of the external hierarchy.
    pub(super) fn external(
        &mut self,
        mut store: impl AsContextMut,
        external: Rooted<ExternRef>,
    ) -> wasmtime::Result<Seen> {
        if let Some(number) = number_of(&store, external) {
            return Ok(Seen::Extern(Some(number)));
        }
        let any = AnyRef::convert_extern(&mut store, external)?;
        Ok(Seen::Ref(Hierarchy::Extern, self.any(store, any)?))
    }

    /// An exception.
    pub(super) fn exception(
        &mut self,
        store: impl AsContextMut,
        exn: Rooted<ExnRef>,
    ) -> wasmtime::Result<SeenRef> {
        let key = key(&store, &exn)?;
        Ok(self.hold(Held::Exn(exn), key, 0))
    }

    /// Holds on to an object of this look, with the handle of this number.
    pub(super) fn keep(&mut self, mut store: impl AsContextMut, handle: usize, object: SeenObject) {
        let made = self.get(object).and_then(|held| {
            let made = match held {
                Held::Struct(object) => object
                    .to_owned_rooted(&mut store)
                    .map(|object| Handle::Any(object.to_anyref())),
                Held::Array(object) => object
                    .to_owned_rooted(&mut store)
                    .map(|object| Handle::Any(object.to_anyref())),
                Held::Exn(object) => object.to_owned_rooted(&mut store).map(Handle::Exn),
            };
            made.ok()
        });
        if self.handles.len() <= handle {
            self.handles.resize_with(handle + 1, || None);
        }
        self.handles[handle] = made;
    }

    /// Where what the handles hold is now.
    pub(super) fn keys_of_handles(
        &self,
        store: impl wasmtime::AsContext,
    ) -> impl Iterator<Item = (usize, u64)> {
        let handles = self.handles.iter().enumerate();
        handles.filter_map(move |(number, handle)| {
            let mut hasher = DefaultHasher::new();
            match handle.as_ref()? {
                Handle::Any(object) => object.ref_hash(&store, &mut hasher),
                Handle::Exn(object) => object.ref_hash(&store, &mut hasher),
            }
            Some((number, hasher.finish()))
        })
    }

    /// What a handle holds.
    fn of_handle(&mut self, mut store: impl AsContextMut, handle: usize) -> Seen {
        let Some(Some(handle)) = self.handles.get(handle) else {
            return Seen::Unmodelled;
        };
        let root = handle.root(&mut store);
        self.of_root(store, root)
    }

    fn of_root(&mut self, store: impl AsContextMut, root: Root) -> Seen {
        let (hierarchy, seen) = match root {
            Root::Any(object) => (Hierarchy::Any, self.any(store, object)),
            Root::Exn(object) => (Hierarchy::Exn, self.exception(store, object)),
        };
        seen.map_or(Seen::Unmodelled, |seen| Seen::Ref(hierarchy, seen))
    }

    /// Writes a field or an element of what a handle holds; none where that is neither structure nor array.
    pub(super) fn write_field(
        &self,
        mut store: impl AsContextMut,
        handle: usize,
        field: u32,
        val: Val,
    ) -> Option<wasmtime::Result<()>> {
        let Handle::Any(object) = self.handles.get(handle)?.as_ref()? else {
            return None;
        };
        let object = object.to_rooted(&mut store);
        if let Ok(Some(object)) = object.as_struct(&store) {
            return Some(object.set_field(&mut store, field as usize, val));
        }
        match object.as_array(&store) {
            Ok(Some(object)) => Some(object.set(&mut store, field, val)),
            _ => None,
        }
    }

    fn storage(&mut self, ty: &StorageType) -> Option<SeenStorage> {
        Some(match ty {
            StorageType::I8 => SeenStorage::I8,
            StorageType::I16 => SeenStorage::I16,
            StorageType::ValType(ty) => self.value(ty)?,
        })
    }

    fn value(&mut self, ty: &wasmtime::ValType) -> Option<SeenStorage> {
        Some(SeenStorage::Val(match ty {
            wasmtime::ValType::I32 => ValType::I32,
            wasmtime::ValType::I64 => ValType::I64,
            wasmtime::ValType::F32 => ValType::F32,
            wasmtime::ValType::F64 => ValType::F64,
            wasmtime::ValType::V128 => ValType::V128,
            wasmtime::ValType::Ref(ty) => {
                let nullable = ty.is_nullable();
                let concrete = match ty.heap_type() {
                    HeapType::ConcreteStruct(ty) => EngineType::Struct(ty.clone()),
                    HeapType::ConcreteArray(ty) => EngineType::Array(ty.clone()),
                    HeapType::ConcreteFunc(ty) => EngineType::Func(ty.clone()),
                    other => {
                        let ty = lockstep_oracles::HeapType::Abstract {
                            shared: false,
                            ty: abstract_type(other)?,
                        };
                        return RefType::new(nullable, ty)
                            .map(|ty| SeenStorage::Val(ValType::Ref(ty)));
                    }
                };
                let ty = self.number(concrete);
                return Some(SeenStorage::Concrete { nullable, ty });
            }
        }))
    }

    /// The type of that number; `None` for one that Wasm does not have.
    fn definition(&mut self, number: u32) -> Option<SeenType> {
        let (finality, supertype, composite) = match self.types.get(number as usize)?.clone() {
            EngineType::Struct(ty) => {
                let fields = ty.fields().map(|field| {
                    let storage = self.storage(field.element_type())?;
                    Some((field.mutability() == Mutability::Var, storage))
                });
                let fields = fields.collect::<Option<Vec<_>>>()?;
                let supertype = ty.supertype().map(EngineType::Struct);
                (ty.finality(), supertype, SeenComposite::Struct(fields))
            }
            EngineType::Array(ty) => {
                let element = ty.field_type();
                let storage = self.storage(element.element_type())?;
                let mutable = element.mutability() == Mutability::Var;
                let supertype = ty.supertype().map(EngineType::Array);
                let composite = SeenComposite::Array(mutable, storage);
                (ty.finality(), supertype, composite)
            }
            EngineType::Func(ty) => {
                let params = ty.params().map(|ty| self.value(&ty));
                let params = params.collect::<Option<Vec<_>>>()?;
                let results = ty.results().map(|ty| self.value(&ty));
                let results = results.collect::<Option<Vec<_>>>()?;
                let supertype = ty.supertype().map(EngineType::Func);
                let composite = SeenComposite::Func { params, results };
                (ty.finality(), supertype, composite)
            }
        };
        Some(SeenType {
            is_final: finality == Finality::Final,
            supertype: supertype.map(|ty| self.number(ty)),
            composite,
        })
    }
}

fn abstract_type(ty: &HeapType) -> Option<AbstractHeapType> {
    Some(match ty {
        HeapType::Extern => AbstractHeapType::Extern,
        HeapType::NoExtern => AbstractHeapType::NoExtern,
        HeapType::Func => AbstractHeapType::Func,
        HeapType::NoFunc => AbstractHeapType::NoFunc,
        HeapType::Any => AbstractHeapType::Any,
        HeapType::Eq => AbstractHeapType::Eq,
        HeapType::I31 => AbstractHeapType::I31,
        HeapType::Array => AbstractHeapType::Array,
        HeapType::Struct => AbstractHeapType::Struct,
        HeapType::None => AbstractHeapType::None,
        HeapType::Exn => AbstractHeapType::Exn,
        HeapType::NoExn => AbstractHeapType::NoExn,
        _ => return None,
    })
}

/// The number of a host external.
fn number_of(store: impl wasmtime::AsContext, external: Rooted<ExternRef>) -> Option<SeenExtern> {
    let data = external.data(store.as_context()).ok().flatten()?;
    let number = data.downcast_ref::<u32>().copied();
    Some(number.map_or(SeenExtern::Foreign, SeenExtern::Number))
}

/// The identity of an object between two collections.
fn key<T: GcRef>(store: impl wasmtime::AsContext, rooted: &Rooted<T>) -> wasmtime::Result<u64> {
    // Without keys of its own, so that it is the same on every run.
    let mut hasher = DefaultHasher::new();
    rooted.ref_hash(store, &mut hasher)?;
    Ok(hasher.finish())
}

impl Names {
    /// What a handle holds.
    pub(super) fn handle(&mut self, store: &mut impl AsContextMut, handle: usize) -> Seen {
        self.objects.of_handle(store, handle)
    }

    /// What the next root holds of those that were there while garbage was collected, and of which handle it is.
    pub(super) fn next_root(&mut self, store: &mut impl AsContextMut) -> Option<(usize, Seen)> {
        let (handle, root) = self.objects.roots.pop()?;
        Some((handle, self.objects.of_root(store, root)))
    }

    /// How many fields, elements or payload values an object has.
    pub(super) fn object_len(&mut self, store: &mut impl AsContextMut, object: SeenObject) -> u32 {
        let len = match self.objects.get(object) {
            // Its type was asked for when it was shown.
            Some(Held::Struct(_)) => return self.objects.num_fields(object.ty),
            Some(Held::Array(object)) => object.len(&store),
            Some(Held::Exn(object)) => object.ty(&store).map(|ty| ty.fields().len() as u32),
            None => return 0,
        };
        len.unwrap_or(0)
    }

    /// A field, element or payload value of an object.
    pub(super) fn object_field(
        &mut self,
        store: &mut impl AsContextMut,
        object: SeenObject,
        index: u32,
    ) -> Seen {
        let value = match self.objects.get(object) {
            Some(Held::Struct(object)) => object.field(&mut *store, index as usize),
            Some(Held::Array(object)) => object.get(&mut *store, index),
            Some(Held::Exn(object)) => object.field(&mut *store, index as usize),
            None => return Seen::Unmodelled,
        };
        match value {
            Ok(value) => self.seen(store, &value),
            Err(_) => Seen::Unmodelled,
        }
    }

    /// The tag of an exception.
    pub(super) fn object_tag(
        &mut self,
        store: &mut impl AsContextMut,
        object: SeenObject,
    ) -> Option<TagAddr> {
        let Some(Held::Exn(exn)) = self.objects.get(object) else {
            return None;
        };
        let tag = exn.tag(&mut *store).ok()?;
        self.tag_addr(store, &tag)
    }

    /// The type of that number.
    pub(super) fn object_type(&mut self, number: u32) -> Option<SeenType> {
        self.objects.definition(number)
    }

    /// The oracle's address of a tag.
    pub(super) fn tag_addr(&self, store: &mut impl AsContextMut, tag: &Tag) -> Option<TagAddr> {
        let known = self.tags.iter();
        known
            .filter(|(_, known)| Tag::eq(known, tag, &*store))
            .map(|(&addr, _)| addr)
            .min()
    }
}
