//! `Ear`: how one signal reaches one loop.
//!
//! All that is done in the signal handler is a write of one byte, to a socket of this
//! signal and this loop alone. If that is full, its reader has not looked yet, and will;
//! so no signal hides another one, and no number of them is too many.

use super::Signal;
use crate::LoopHandle;
use signal_hook::{SigId, low_level};
use std::io::{self, Read};
use std::os::unix::net::UnixStream;
use std::rc::Rc;

pub(crate) struct Ear {
    on: LoopHandle,
    socket: Rc<UnixStream>,
    pipe: SigId,
}

impl Ear {
    /// Has `heard` called on the loop when the signal has come, however often it came.
    pub(crate) fn open(
        on: &LoopHandle,
        signal: Signal,
        heard: impl Fn() + 'static,
    ) -> io::Result<Ear> {
        let (socket, mouth) = UnixStream::pair()?;
        socket.set_nonblocking(true)?;
        let socket = Rc::new(socket);
        let listen = socket.clone();
        on.add_reader(&socket, move || {
            if drain(&listen) {
                heard();
            }
        })?;
        let pipe = low_level::pipe::register(signal.as_raw(), mouth).inspect_err(|_| {
            on.remove_reader(&socket);
        })?;
        Ok(Ear { on: on.clone(), socket, pipe })
    }

    /// Takes what came and was not heard yet; whether there was anything.
    pub(crate) fn take(&self) -> bool {
        drain(&self.socket)
    }
}

impl Drop for Ear {
    fn drop(&mut self) {
        low_level::unregister(self.pipe);
        self.on.remove_reader(&self.socket);
    }
}

/// Takes the bytes that are there; whether there were any.
fn drain(mut socket: &UnixStream) -> bool {
    let mut any = false;
    loop {
        match socket.read(&mut [0; 1024]) {
            Ok(0) => return any,
            Ok(_) => any = true,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => return any,
        }
    }
}
