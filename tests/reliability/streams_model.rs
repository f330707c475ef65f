//! readline and readuntil over any chunking, against a model that has all the bytes.

use crate::streams_pipe::{End, pair};
use crate::support::{Rng, rounds, virtual_loop};
use oneloop::streams::{ReadError, StreamReader, over};
use oneloop::{spawn, yield_now};

/// What a read gave, or why it gave nothing.
#[derive(Debug, PartialEq)]
enum Read {
    Bytes(Vec<u8>),
    Incomplete(Vec<u8>),
    /// Over the limit; the model cannot say at which chunk that is seen.
    Overrun,
}

#[derive(Clone, Debug)]
enum Call {
    Line,
    Until(Vec<Vec<u8>>),
    Exactly(usize),
}

fn random_call(rng: &mut Rng) -> Call {
    match rng.below(3) {
        0 => Call::Line,
        1 => Call::Exactly(rng.below(12) as usize),
        _ => {
            let separator = |rng: &mut Rng| {
                let length = 1 + rng.below(3);
                (0..length).map(|_| b"ab\n"[rng.below(3) as usize]).collect()
            };
            Call::Until((0..1 + rng.below(3)).map(|_| separator(rng)).collect())
        }
    }
}

/// The least end of a separator, and its latest start there.
fn find(bytes: &[u8], separators: &[Vec<u8>]) -> Option<(usize, usize)> {
    (1..=bytes.len()).find_map(|end| {
        let ends = separators.iter().filter(|one| bytes[..end].ends_with(one));
        ends.map(|one| end - one.len()).max().map(|start| (start, end))
    })
}

/// What `call` gives of `bytes`, of which it takes its part.
fn model(call: &Call, bytes: &mut Vec<u8>, limit: usize) -> Read {
    let newline = vec![b"\n".to_vec()];
    let separators = match call {
        Call::Exactly(count) if *count > bytes.len() => {
            return Read::Incomplete(std::mem::take(bytes));
        }
        Call::Exactly(count) => return Read::Bytes(bytes.drain(..*count).collect()),
        Call::Until(separators) => separators,
        Call::Line => &newline,
    };
    match find(bytes, separators) {
        Some((start, _)) if start > limit => Read::Overrun,
        Some((_, end)) => Read::Bytes(bytes.drain(..end).collect()),
        None => {
            let longest = separators.iter().map(Vec::len).max().unwrap_or(0);
            match ((bytes.len() + 1).saturating_sub(longest) > limit, call) {
                (true, _) => Read::Overrun,
                (_, Call::Line) => Read::Bytes(std::mem::take(bytes)),
                _ => Read::Incomplete(std::mem::take(bytes)),
            }
        }
    }
}

async fn real(call: &Call, reader: &mut StreamReader<End>) -> Read {
    let read = match call {
        Call::Line => reader.readline().await,
        Call::Exactly(count) => reader.readexactly(*count).await,
        Call::Until(separators) => {
            let separators: Vec<&[u8]> = separators.iter().map(Vec::as_slice).collect();
            reader.readuntil_any(&separators).await
        }
    };
    match read {
        Ok(bytes) => Read::Bytes(bytes),
        Err(ReadError::Incomplete(incomplete)) => Read::Incomplete(incomplete.partial),
        Err(ReadError::Overrun(_)) => Read::Overrun,
        Err(other) => panic!("{other}"),
    }
}

#[test]
fn io_010_reads_give_the_same_however_the_bytes_are_cut() {
    for seed in 0..rounds(3_000, 100_000) as u64 {
        let main = async move {
            let mut rng = Rng::new(seed);
            let (near, far) = pair(usize::MAX);
            near.faults.read.set(1 + rng.below(20) as usize);
            let (mut reader, _writer) = over(near).expect("it runs");
            let limit = [3, 10, 1_000][rng.below(3) as usize];
            reader.set_limit(limit);
            let length = rng.below(120);
            let mut bytes: Vec<u8> = (0..length).map(|_| b"aab\n"[rng.below(4) as usize]).collect();
            let (sent, mut cuts) = (bytes.clone(), Rng::new(seed + 1));
            let sender = spawn(async move {
                let mut rest = &sent[..];
                while !rest.is_empty() {
                    let (now, later) = rest.split_at(rest.len().min(1 + cuts.below(9) as usize));
                    far.put(now);
                    rest = later;
                    for _ in 0..cuts.below(3) {
                        yield_now().await;
                    }
                }
            });
            for step in 0..60 {
                let call = random_call(&mut rng);
                let expected = model(&call, &mut bytes, limit);
                let got = real(&call, &mut reader).await;
                assert_eq!(got, expected, "seed {seed}, step {step}, {call:?}, limit {limit}");
                if got == Read::Overrun && matches!(call, Call::Line) {
                    return; // how much of it went depends on the cuts
                }
            }
            sender.await.expect("no panic");
        };
        virtual_loop().run_until_complete(main).expect("it ends");
    }
}
