//! `Diary`: who ran, in which order and, if asked, in which turn.

use std::cell::RefCell;
use std::rc::Rc;

#[derive(Clone, Debug, Default)]
pub(crate) struct Diary(Rc<RefCell<Vec<String>>>);

impl Diary {
    pub(crate) fn note(&self, what: &str) {
        self.0.borrow_mut().push(what.to_owned());
    }

    /// Notes `what` with the turn of the loop that is running.
    pub(crate) fn stamp(&self, what: &str) {
        let turn = oneloop::running_loop().expect("stamps are for code on a loop").turns();
        self.note(&format!("{what}@{turn}"));
    }

    /// A callback that notes `what`.
    pub(crate) fn to_note(&self, what: &'static str) -> impl FnOnce() + 'static {
        let diary = self.clone();
        move || diary.note(what)
    }

    /// A callback that stamps `what`.
    pub(crate) fn to_stamp(&self, what: &'static str) -> impl FnOnce() + 'static {
        let diary = self.clone();
        move || diary.stamp(what)
    }

    pub(crate) fn read(&self) -> Vec<String> {
        self.0.borrow().clone()
    }
}
