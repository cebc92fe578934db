//! The handles that the debugger keeps to objects, across events and collections.

use super::names::Names;
use super::session::State;
use super::view::View;
use lockstep_core::divergence::Moment;
use lockstep_core::fault::{Layer, Shown, Tamper as _};
use lockstep_core::lockstep::driver::Driver;
use wasmtime::{AsContext, AsContextMut, RootScope, StoreContextMut};

impl Names {
    /// The subject is looked at anew: what earlier looks showed is no longer asked for, and what handles
    /// hold may be elsewhere.
    #[inline]
    pub(super) fn look(&mut self, store: impl AsContext, driver: &mut Driver) {
        self.objects.look();
        if driver.follows_handles() {
            self.follow_handles(store, driver);
        }
    }

    fn follow_handles(&mut self, store: impl AsContext, driver: &mut Driver) {
        driver.withdraw_handles();
        for (handle, key) in self.objects.keys_of_handles(&store) {
            driver.located(handle, key);
        }
    }

    /// Holds on to what the driver asks for, of what this look showed.
    #[inline]
    pub(super) fn keep_handles(&mut self, store: impl AsContextMut, driver: &mut Driver) {
        if driver.wants_handle() {
            self.make_handles(store, driver);
        }
    }

    fn make_handles(&mut self, mut store: impl AsContextMut, driver: &mut Driver) {
        while let Some((handle, object)) = driver.next_handle() {
            self.objects.keep(&mut store, handle, object);
        }
    }
}

/// Every handle still holds what it was made for.
pub(super) fn check<T: Layer>(
    driver: &mut Driver,
    tamper: &mut T,
    view: &mut View<'_, T>,
    moment: Moment,
) {
    if driver.ended.is_some() || driver.handles() == 0 {
        return;
    }
    driver.begin_handles(moment);
    for handle in 0..driver.handles() {
        let mut seen = view.names.handle(&mut view.store, handle);
        tamper.handle(handle, &mut seen);
        driver.check_handle(moment, handle, seen, &mut Shown::new(view, tamper));
    }
}

/// What was rooted while garbage was collected is what its handle holds.
pub(super) fn check_roots<T: Layer>(
    driver: &mut Driver,
    tamper: &mut T,
    view: &mut View<'_, T>,
    moment: Moment,
) {
    while let Some((handle, mut seen)) = view.names.next_root(&mut view.store) {
        tamper.root(handle, &mut seen);
        if driver.ended.is_none() {
            driver.check_handle(moment, handle, seen, &mut Shown::new(view, tamper));
        }
    }
}

/// The same in a look of its own.
pub(super) fn check_at_rest<T: Layer>(
    store: &mut StoreContextMut<'_, State<T>>,
    (driver, tamper, names): (&mut Driver, &mut T, &mut Names),
    moment: Moment,
) {
    let mut scope = RootScope::new(store);
    names.look(&scope, driver);
    driver.look();
    let mut view = View {
        store: scope.as_context_mut(),
        names,
    };
    check(driver, tamper, &mut view, moment);
}
