//! `File`: reads, writes and seeks on the pool, in the order in which they were begun.

use super::lane::Lane;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::Arc;

/// The most that one read takes.
const CHUNK: usize = 1 << 20;

/// How to open a file; as [`std::fs::OpenOptions`].
#[derive(Clone, Debug)]
pub struct OpenOptions(std::fs::OpenOptions);

/// An open file.
///
/// Each operation is a job of the pool, and there is one at a time: one that was cancelled
/// is waited for by the next one.
///
/// # Cancel safety
/// An operation that was cancelled while it waited for an earlier one does nothing. Any other
/// is ended, cancelled or not: a read loses nothing, for its bytes are given to the next
/// read; a write is done whole, and if it fails, the next operation says so instead of being
/// done. If the file is dropped while an operation waits for a thread, that operation may
/// not be done at all.
///
/// ```
/// use oneloop::fs::File;
/// use std::io::SeekFrom;
///
/// oneloop::run(async {
///     let path = std::env::temp_dir().join(format!("oneloop-file-{}", std::process::id()));
///     let options = File::options().read(true).write(true).create(true);
///     let mut file = options.open(&path).await.unwrap();
///     file.write_all(b"hello").await.unwrap();
///     file.seek(SeekFrom::Start(1)).await.unwrap();
///     assert_eq!(file.read(100).await.unwrap(), b"ello");
///     std::fs::remove_file(path).unwrap();
/// })
/// .unwrap();
/// ```
#[derive(Debug)]
pub struct File {
    file: Arc<std::fs::File>,
    lane: Lane<Done>,
    /// What a cancelled read has read.
    left: Vec<u8>,
}

/// What an operation gives.
#[derive(Debug)]
enum Done {
    Read(Vec<u8>),
    Position(u64),
    Nothing,
}

impl OpenOptions {
    /// Whether it can be read.
    pub fn read(mut self, yes: bool) -> Self {
        self.0.read(yes);
        self
    }

    /// Whether it can be written.
    pub fn write(mut self, yes: bool) -> Self {
        self.0.write(yes);
        self
    }

    /// Whether each write goes to the end.
    pub fn append(mut self, yes: bool) -> Self {
        self.0.append(yes);
        self
    }

    /// Whether what was in it goes.
    pub fn truncate(mut self, yes: bool) -> Self {
        self.0.truncate(yes);
        self
    }

    /// Whether it is made if there is none.
    pub fn create(mut self, yes: bool) -> Self {
        self.0.create(yes);
        self
    }

    /// Whether it is made, and must not be there.
    pub fn create_new(mut self, yes: bool) -> Self {
        self.0.create_new(yes);
        self
    }

    /// Opens the file at `path`.
    ///
    /// # Errors
    /// When that fails, or the pool is shut down.
    ///
    /// # Cancel safety
    /// The file may have been made, or emptied, or may be yet; it is closed again.
    pub async fn open(&self, path: impl AsRef<Path>) -> io::Result<File> {
        let (options, path) = (self.0.clone(), path.as_ref().to_owned());
        let opened = crate::run_blocking(move || options.open(path)).await;
        Ok(File::from_std(opened.map_err(io::Error::other)??))
    }
}

impl File {
    /// Opens a file to be read.
    ///
    /// # Errors
    /// When that fails, or the pool is shut down.
    ///
    /// # Cancel safety
    /// It is closed again.
    pub async fn open(path: impl AsRef<Path>) -> io::Result<File> {
        File::options().read(true).open(path).await
    }

    /// Opens a file to be written; it is made if there is none, and emptied if there is.
    ///
    /// # Errors
    /// When that fails, or the pool is shut down.
    ///
    /// # Cancel safety
    /// As [`OpenOptions::open`].
    pub async fn create(path: impl AsRef<Path>) -> io::Result<File> {
        File::options().write(true).create(true).truncate(true).open(path).await
    }

    /// Options, all of which are off.
    pub fn options() -> OpenOptions {
        OpenOptions(std::fs::OpenOptions::new())
    }

    /// Takes over a file that was opened elsewhere.
    pub fn from_std(file: std::fs::File) -> File {
        File { file: Arc::new(file), lane: Lane::new(), left: Vec::new() }
    }

    /// Reads at most `count` bytes, and at most 1 MiB; nothing, if this is the end or
    /// `count` is 0.
    ///
    /// # Errors
    /// When the file cannot be read, a cancelled operation failed, or the pool is shut down.
    ///
    /// # Cancel safety
    /// Nothing is lost; see [`File`].
    pub async fn read(&mut self, count: usize) -> io::Result<Vec<u8>> {
        self.settle().await?;
        if self.left.is_empty() && count > 0 {
            let (file, count) = (self.file.clone(), count.min(CHUNK));
            let read = move || {
                let mut bytes = vec![0; count];
                let count = retry(|| (&*file).read(&mut bytes))?;
                bytes.truncate(count);
                Ok(Done::Read(bytes))
            };
            if let Done::Read(bytes) = self.lane.fly(read).await? {
                self.left = bytes;
            }
        }
        let rest = self.left.split_off(count.min(self.left.len()));
        Ok(std::mem::replace(&mut self.left, rest))
    }

    /// Writes all of `bytes`.
    ///
    /// # Errors
    /// When the file cannot be written; a part may have been. And as [`read`](Self::read).
    ///
    /// # Cancel safety
    /// All is written in the end, or nothing, if it had to wait for another; see [`File`].
    pub async fn write_all(&mut self, bytes: impl Into<Vec<u8>>) -> io::Result<()> {
        let bytes = bytes.into();
        self.give_back().await?;
        let file = self.file.clone();
        let write = move || (&*file).write_all(&bytes).map(|()| Done::Nothing);
        self.lane.fly(write).await.map(drop)
    }

    /// Goes to another place in the file, and says where that is.
    ///
    /// # Errors
    /// When there is no such place. And as [`read`](Self::read).
    ///
    /// # Cancel safety
    /// It may have gone there, or may be going yet.
    pub async fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.give_back().await?;
        let file = self.file.clone();
        match self.lane.fly(move || (&*file).seek(to).map(Done::Position)).await? {
            Done::Position(position) => Ok(position),
            _ => Err(io::ErrorKind::Other.into()),
        }
    }

    /// Waits until all that was written is on the disk.
    ///
    /// # Errors
    /// When it cannot be. And as [`read`](Self::read).
    ///
    /// # Cancel safety
    /// It goes on.
    #[doc(alias = "fsync")]
    pub async fn sync_all(&mut self) -> io::Result<()> {
        self.settle().await?;
        let file = self.file.clone();
        self.lane.fly(move || file.sync_all().map(|()| Done::Nothing)).await.map(drop)
    }

    /// Makes the file so long, by cutting it or by zeros at its end.
    ///
    /// # Errors
    /// When it cannot be. And as [`read`](Self::read).
    ///
    /// # Cancel safety
    /// It may have been done, or may be done yet.
    pub async fn set_len(&mut self, length: u64) -> io::Result<()> {
        self.settle().await?;
        let file = self.file.clone();
        self.lane.fly(move || file.set_len(length).map(|()| Done::Nothing)).await.map(drop)
    }

    /// Waits for an operation that was cancelled; what it read is kept.
    async fn settle(&mut self) -> io::Result<()> {
        match self.lane.landed().await.transpose()? {
            Some(Done::Read(bytes)) => self.left = bytes,
            Some(Done::Position(_) | Done::Nothing) | None => {}
        }
        Ok(())
    }

    /// As `settle`, and goes back to before what nobody has read.
    async fn give_back(&mut self) -> io::Result<()> {
        self.settle().await?;
        if !self.left.is_empty() {
            let (file, left) = (self.file.clone(), self.left.len() as i64);
            // Nobody reads these bytes but from the file, whatever becomes of this await.
            self.left = Vec::new();
            let back = move || (&*file).seek(SeekFrom::Current(-left)).map(Done::Position);
            self.lane.fly(back).await?;
        }
        Ok(())
    }
}

/// Again while a signal comes in between.
fn retry<T>(mut operation: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    loop {
        match operation() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            other => return other,
        }
    }
}
