//! `Reports`: what a loop's exception handler was told.

use oneloop::{ExceptionContext, LoopHandle};
use std::cell::RefCell;
use std::rc::Rc;

#[derive(Clone, Debug)]
pub(crate) struct Report {
    pub(crate) message: String,
    pub(crate) source: String,
    pub(crate) panic: Option<String>,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Reports(Rc<RefCell<Vec<Report>>>);

impl Reports {
    /// Those of `on`, from now on.
    pub(crate) fn of(on: &LoopHandle) -> Reports {
        let reports = Reports::default();
        let kept = reports.clone();
        on.set_exception_handler(move |context| kept.take_down(context));
        reports
    }

    fn take_down(&self, context: &ExceptionContext) {
        self.0.borrow_mut().push(Report {
            message: context.message().to_owned(),
            source: context.source().to_owned(),
            panic: context.panic_message().map(str::to_owned),
        });
    }

    pub(crate) fn count(&self) -> usize {
        self.0.borrow().len()
    }

    /// The one report that there is.
    pub(crate) fn only(&self) -> Report {
        let reports = self.0.borrow();
        assert_eq!(reports.len(), 1, "{reports:?}");
        reports[0].clone()
    }
}
