//! `Talk`: feeding a child while reading all that it writes, so that no pipe can be full on
//! both sides. What was done stays here: a talk that was dropped is taken up again.

use super::{PipeReader, PipeWriter};
use std::future::poll_fn;
use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

#[derive(Default)]
pub(super) struct Talk {
    begun: bool,
    input: Vec<u8>,
    sent: usize,
    out: Vec<u8>,
    err: Vec<u8>,
}

impl Talk {
    pub(super) fn begin(&mut self, input: Vec<u8>, piped: bool) -> io::Result<()> {
        let wrong = match (input.is_empty(), self.begun) {
            (true, _) => None,
            (false, true) => Some("the input was given before"),
            (false, false) if !piped => Some("there is input, but stdin is not piped"),
            (false, false) => None,
        };
        if let Some(why) = wrong {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, why));
        }
        if !self.begun {
            (self.begun, self.input) = (true, input);
        }
        Ok(())
    }

    pub(super) async fn run(
        &mut self,
        stdin: &mut Option<PipeWriter>,
        stdout: &mut Option<PipeReader>,
        stderr: &mut Option<PipeReader>,
    ) -> io::Result<()> {
        let feed = feed(stdin, &self.input, &mut self.sent);
        let out = drain(stdout, &mut self.out);
        let err = drain(stderr, &mut self.err);
        all(pin!(feed), pin!(out), pin!(err)).await
    }

    /// Stdout and stderr, as far as they were read.
    pub(super) fn take(&mut self) -> (Vec<u8>, Vec<u8>) {
        (std::mem::take(&mut self.out), std::mem::take(&mut self.err))
    }
}

/// Writes what is left of the input, and closes the pipe.
async fn feed(to: &mut Option<PipeWriter>, input: &[u8], sent: &mut usize) -> io::Result<()> {
    if let Some(pipe) = to.as_ref() {
        while *sent < input.len() {
            match pipe.write(&input[*sent..]).await {
                Ok(count) => *sent += count,
                // It does not want to know.
                Err(error) if error.kind() == io::ErrorKind::BrokenPipe => break,
                Err(error) => return Err(error),
            }
        }
    }
    *to = None;
    Ok(())
}

/// Reads to the end, and closes the pipe.
async fn drain(from: &mut Option<PipeReader>, into: &mut Vec<u8>) -> io::Result<()> {
    if let Some(pipe) = from.as_ref() {
        pipe.read_to_end(into).await?;
    }
    *from = None;
    Ok(())
}

type Part<'a, F> = Pin<&'a mut F>;

/// All three, or the first error.
async fn all<A, B, C>(a: Part<'_, A>, b: Part<'_, B>, c: Part<'_, C>) -> io::Result<()>
where
    A: Future<Output = io::Result<()>>,
    B: Future<Output = io::Result<()>>,
    C: Future<Output = io::Result<()>>,
{
    let (mut a, mut b, mut c) = (Some(a), Some(b), Some(c));
    poll_fn(|cx| {
        let results = [step(&mut a, cx)?, step(&mut b, cx)?, step(&mut c, cx)?];
        if results.iter().all(|done| *done) { Poll::Ready(Ok(())) } else { Poll::Pending }
    })
    .await
}

/// Whether it is done.
fn step<F>(part: &mut Option<Part<'_, F>>, cx: &mut Context<'_>) -> io::Result<bool>
where
    F: Future<Output = io::Result<()>>,
{
    if let Some(future) = part {
        match future.as_mut().poll(cx) {
            Poll::Pending => return Ok(false),
            Poll::Ready(result) => result?,
        }
        *part = None;
    }
    Ok(true)
}
