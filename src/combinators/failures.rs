//! How the tasks of a group have failed: one by one, and where nobody is left to hear of it.

use crate::TaskRef;
use crate::error::{Failure, JoinError, JoinFailure};
use std::rc::Rc;

/// How a task that is done has failed, if it has.
pub(super) fn failure_of<T: 'static, E: 'static>(task: &TaskRef) -> Option<Failure<Rc<E>>> {
    let state = &task.handle.state;
    state.see_panic(task.key);
    let tasks = state.tasks.borrow();
    let body = tasks.get(task.key)?.body.as_ref()?;
    match body.result()?.downcast_ref::<Result<Result<T, Rc<E>>, JoinError>>()? {
        Ok(Ok(_)) => None,
        Ok(Err(error)) => Some(Failure::Error(error.clone())),
        Err(JoinError(JoinFailure::Cancelled)) => None,
        Err(error) => Some(Failure::Join(error.clone())),
    }
}

/// Failures that no caller will hear of, because the body has panicked.
pub(super) fn report<E>(parent: &TaskRef, errors: &[Failure<Rc<E>>]) {
    for error in errors {
        let how = match error {
            Failure::Error(_) => "it returned an error".to_owned(),
            Failure::Join(error) => error.to_string(),
        };
        let message = "Task of a group whose body panicked failed, too";
        parent.handle.report_exception(message, &how, None);
    }
}
