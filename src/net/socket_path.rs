//! `SocketPath`: the file that a Unix socket is reached by, and who removes it.

use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, connect, socket_with};
use std::fs::{self, File, Permissions};
use std::io;
use std::os::fd::OwnedFd;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::os::unix::net::SocketAddr;
use std::path::{Path, PathBuf};

/// The file that a socket was bound to. Its drop removes the file, if it is that one still:
/// somebody may have put another in its place. Drop it before the socket closes; until
/// then no other file can have the number of this one.
#[derive(Debug)]
pub(super) struct SocketPath {
    path: PathBuf,
    device: u64,
    inode: u64,
    ours: bool,
}

impl SocketPath {
    /// Binds `socket` to a new file at `path` that only this user may connect to.
    ///
    /// # Errors
    /// When there is a file already, or none can be made.
    pub(super) fn bind(socket: OwnedFd, path: &Path) -> io::Result<(OwnedFd, SocketPath)> {
        // The file gets its mode from the socket, so that there is no moment without it.
        let socket = File::from(socket);
        socket.set_permissions(Permissions::from_mode(0o600))?;
        rustix::net::bind(&socket, &SocketAddrUnix::new(path)?)?;
        let path = std::path::absolute(path)?;
        let made = fs::symlink_metadata(&path)?;
        let owned = SocketPath { path, device: made.dev(), inode: made.ino(), ours: true };
        Ok((socket.into(), owned))
    }

    /// The file is somebody else's now.
    pub(super) fn leave(mut self) {
        self.ours = false;
    }
}

impl Drop for SocketPath {
    fn drop(&mut self) {
        if !self.ours {
            return;
        }
        let same = fs::symlink_metadata(&self.path)
            .is_ok_and(|found| found.dev() == self.device && found.ino() == self.inode);
        if !same {
            return;
        }
        if let Err(error) = fs::remove_file(&self.path) {
            log::warn!("cannot remove {}: {error}", self.path.display());
        }
    }
}

/// As the system calls take it.
pub(super) fn to_system(address: &SocketAddr) -> io::Result<SocketAddrUnix> {
    match (address.as_pathname(), address.as_abstract_name()) {
        (Some(path), _) => Ok(SocketAddrUnix::new(path)?),
        (None, Some(name)) => Ok(SocketAddrUnix::new_abstract_name(name)?),
        (None, None) => Ok(SocketAddrUnix::new_unnamed()),
    }
}

/// Removes the socket at `path` if nobody listens there any more, as after a crash.
pub(crate) fn remove_dead(path: &Path) {
    let is_socket = |file: fs::Metadata| file.file_type().is_socket();
    if fs::symlink_metadata(path).is_ok_and(is_socket) && nobody_listens(path) {
        // If somebody was faster, binding tells.
        let _ = fs::remove_file(path);
    }
}

fn nobody_listens(path: &Path) -> bool {
    let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
    let socket = socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None);
    let (Ok(socket), Ok(address)) = (socket, SocketAddrUnix::new(path)) else { return false };
    connect(&socket, &address) == Err(Errno::CONNREFUSED)
}
