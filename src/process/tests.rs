//! What cannot be seen from outside: a kernel without pidfd.

use super::{Command, CommandError, Stdio};
use std::cell::Cell;
use std::os::unix::process::ExitStatusExt;

thread_local! {
    /// As if the kernel had none.
    pub(super) static NO_PIDFD: Cell<bool> = const { Cell::new(false) };
}

#[test]
fn without_pidfd_a_thread_waits_and_all_else_is_the_same() {
    NO_PIDFD.set(true);
    crate::run(async {
        let failed = Command::new("false").check(true).run().await;
        assert!(matches!(failed, Err(CommandError::Failed { .. })));
        let cat = Command::new("cat").stdin(Stdio::piped()).spawn().unwrap();
        assert_eq!(cat.poll().unwrap(), None);
        cat.terminate().unwrap();
        assert_eq!(cat.wait().await.unwrap().signal(), Some(15));
        assert!(cat.kill().is_err());
    })
    .unwrap();
}
