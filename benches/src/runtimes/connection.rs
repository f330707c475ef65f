//! What a server does with one connection, for runtimes whose streams borrow the
//! buffer (`borrowing`: tokio, smol, glommio) and those that take it and give it
//! back (`owning`: monoio, compio). The read and write traits must be in scope.

macro_rules! borrowing {
    ($stream:ty) => {
        async fn connection(mut s: $stream, mode: Mode) {
            match mode {
                Mode::Accept => {}
                Mode::Echo => {
                    s.set_nodelay(true).unwrap();
                    let mut buf = vec![0u8; ECHO_BUF];
                    while let Ok(k @ 1..) = s.read(&mut buf).await {
                        s.write_all(&buf[..k]).await.unwrap();
                    }
                }
                Mode::Sink => {
                    let mut buf = vec![0u8; SINK_BUF];
                    let mut total = 0u64;
                    while let Ok(k @ 1..) = s.read(&mut buf).await {
                        total += k as u64;
                    }
                    s.write_all(&total.to_le_bytes()).await.unwrap();
                }
            }
        }
    };
}

/// `$result` and `$buf` are bound by `$pattern`, which takes an operation's answer apart.
macro_rules! owning {
    ($stream:ty, |$result:ident, $buf:ident| $pattern:pat) => {
        async fn connection(mut s: $stream, mode: Mode) {
            match mode {
                Mode::Accept => {}
                Mode::Echo => {
                    s.set_nodelay(true).unwrap();
                    let mut spare = Vec::with_capacity(ECHO_BUF);
                    loop {
                        let $pattern = s.read(spare).await;
                        if !matches!($result, Ok(1..)) {
                            return;
                        }
                        let $pattern = s.write_all($buf).await;
                        $result.unwrap();
                        spare = $buf;
                        spare.clear();
                    }
                }
                Mode::Sink => {
                    let mut spare = Vec::with_capacity(SINK_BUF);
                    let mut total = 0u64;
                    loop {
                        let $pattern = s.read(spare).await;
                        let Ok(k @ 1..) = $result else { break };
                        total += k as u64;
                        spare = $buf;
                        spare.clear();
                    }
                    let $pattern = s.write_all(total.to_le_bytes().to_vec()).await;
                    $result.unwrap();
                    drop($buf);
                }
            }
        }
    };
}

pub(super) use {borrowing, owning};
