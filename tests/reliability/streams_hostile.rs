//! HP: peers that want too much, and the limits that servers have by themselves; AC-5, the
//! end of a server. Time is virtual.

use crate::streams_pipe::{Door, pair};
use crate::support::{bump, counter, reports, rounds, virtual_loop};
use oneloop::streams::{ServerBuilder, StreamReader, StreamWriter, over};
use oneloop::{running_loop, sleep, spawn, yield_now};
use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

type Reader = StreamReader<crate::streams_pipe::End>;
type Writer = StreamWriter<crate::streams_pipe::End>;

const SECOND: Duration = Duration::from_secs(1);

fn run(main: impl Future<Output = ()> + 'static) {
    virtual_loop().run_until_complete(main).expect("it ends");
}

async fn turns(count: usize) {
    for _ in 0..count {
        yield_now().await;
    }
}

async fn echo(mut reader: Reader, writer: Writer) {
    while let Ok(Some(line)) = reader.next_line().await {
        if writer.write(&line).is_err() || writer.drain().await.is_err() {
            return;
        }
    }
}

#[test]
fn hp_001_a_flood_is_served_up_to_the_limit_and_the_rest_waits() {
    run(async {
        let door = Door::new();
        let server = ServerBuilder::new().max_connections(10).start_on(door.clone(), echo);
        let server = server.expect("it runs");
        let clients: Vec<_> = (0..rounds(100, 10_000)).map(|_| door.connect()).collect();
        turns(200).await;
        assert_eq!((server.connections(), door.0.len()), (10, clients.len() - 10));
        drop(clients);
        while server.connections() > 0 || !door.0.is_empty() {
            assert!(server.connections() <= 10);
            turns(1).await;
        }
    });
}

#[test]
fn hp_002_slow_clients_are_cut_on_time_and_an_honest_one_is_served() {
    run(async {
        let door = Door::new();
        let _server = ServerBuilder::new().start_on(door.clone(), echo).expect("it runs");
        let handle = running_loop().expect("it runs");
        let slow: Vec<_> = (0..rounds(100, 1_000)).map(|_| door.connect()).collect();
        let (silent, honest) = (door.connect(), door.connect());
        let begun = handle.time();
        for second in 0..29 {
            if second % 5 == 0 {
                slow.iter().for_each(|client| client.put(b"x"));
            }
            honest.put(b"line\n");
            turns(4).await;
            assert_eq!(honest.take(), b"line\n");
            sleep(SECOND).await;
        }
        assert!(!silent.is_ended() && slow.iter().all(|client| !client.is_ended()));
        sleep(2 * SECOND).await;
        assert!(silent.is_ended() && slow.iter().all(|client| client.is_ended()));
        assert!(!honest.is_ended());
        sleep(116 * SECOND).await;
        assert!(!honest.is_ended(), "at {:?}", handle.time() - begun);
        sleep(3 * SECOND).await;
        assert!(honest.is_ended());
    });
}

/// A handler that looks at other things now and then does not begin to wait anew by that.
#[test]
fn hp_002_a_read_that_is_cancelled_and_asked_again_is_on_the_same_clock() {
    run(async {
        let door = Door::new();
        let serve = |mut reader: Reader, writer: Writer| async move {
            let _writer = writer;
            loop {
                if let Ok(Err(_)) = oneloop::timeout(SECOND, reader.readexactly(4)).await {
                    return;
                }
            }
        };
        let _server = ServerBuilder::new().start_on(door.clone(), serve).expect("it runs");
        let (slow, idle) = (door.connect(), door.connect());
        idle.put(b"four");
        for seconds in 0..40 {
            if seconds % 5 == 0 && seconds < 15 {
                slow.put(b"x");
            }
            sleep(SECOND).await;
            assert_eq!(slow.is_ended(), seconds >= 30, "after {seconds} s");
        }
        assert!(!idle.is_ended());
        sleep(83 * SECOND).await;
        assert!(idle.is_ended());
    });
}

#[test]
fn hp_004_a_client_that_does_not_read_is_cut_on_time() {
    run(async {
        let door = Door::new();
        let serve = |_reader: Reader, writer: Writer| async move {
            while writer.write(&[0; 10_000]).is_ok() && writer.drain().await.is_ok() {}
        };
        let server = ServerBuilder::new().start_on(door.clone(), serve).expect("it runs");
        let client = door.connect();
        sleep(119 * SECOND).await;
        assert_eq!(server.connections(), 1);
        sleep(2 * SECOND).await;
        assert_eq!(server.connections(), 0);
        drop(client);
    });
}

#[test]
fn hp_005_many_full_buffers_make_readers_wait_and_none_dies() {
    run(async {
        let handle = running_loop().expect("it runs");
        handle.set_max_stream_bytes_buffered(100_000);
        let mut held = Vec::new();
        for _ in 0..4 {
            let (near, far) = pair(usize::MAX);
            far.put(&[b'x'; 30_000]);
            let (mut reader, writer) = over(near).expect("it runs");
            let reading = spawn(async move { (reader.readuntil(b"\n").await, reader) });
            turns(3).await;
            held.push((reading, writer, far));
        }
        let full = handle.stream_bytes_buffered();
        assert!((100_000..200_000).contains(&full), "{full}");
        let (near, far) = pair(usize::MAX);
        far.put(b"a line\n");
        let faults = near.faults.clone();
        let (mut reader, _writer) = over(near).expect("it runs");
        let waits = spawn(async move { reader.readline().await.expect("none dies") });
        turns(9).await;
        assert!(!waits.done() && faults.moved.get() == 0);
        held.truncate(2);
        for (reading, _, far) in held {
            far.put(b"\n");
            drop(reading);
        }
        assert_eq!(waits.await.expect("no panic"), b"a line\n");
    });
}

/// No buffer is there for connections that do nothing, nor a task but their own.
#[test]
fn hp_005_idle_connections_buffer_nothing() {
    run(async {
        let door = Door::new();
        let server = ServerBuilder::new().start_on(door.clone(), echo).expect("it runs");
        let clients: Vec<_> = (0..100).map(|_| door.connect()).collect();
        clients.iter().for_each(|client| client.put(b"hello\n"));
        turns(9).await;
        let handle = running_loop().expect("it runs");
        assert_eq!((handle.stream_bytes_buffered(), server.connections()), (0, 100));
    });
}

#[test]
fn ac_005_a_server_with_a_stalled_client_can_be_ended_in_three_ways() {
    for way in 0..3 {
        run(async move {
            let door = Door::new();
            let server = ServerBuilder::new().start_on(door.clone(), echo).expect("it runs");
            let _stalled = door.connect();
            turns(5).await;
            server.close();
            let waits = oneloop::timeout(10 * SECOND, server.wait_closed()).await;
            assert!(waits.is_err(), "it waits for the client");
            match way {
                0 => server.close_clients(),
                1 => server.abort_clients(),
                _ => assert!(!server.shutdown(SECOND).await),
            }
            server.wait_closed().await;
            assert_eq!(server.connections(), 0);
        });
    }
}

/// The tasks that streams are made of can be cancelled, by who cancels all there are.
#[test]
fn ac_005_tasks_of_streams_that_are_cancelled_leave_nobody_waiting() {
    run(async {
        let door = Door::new();
        let server = ServerBuilder::new().start_on(door.clone(), echo).expect("it runs");
        let (near, _far) = pair(0);
        let (_reader, writer) = over(near).expect("it runs");
        writer.write(b"x").expect("it waits");
        turns(1).await;
        let own = oneloop::current_task().expect("this one");
        let mut others = oneloop::all_tasks().into_iter().filter(|task| task.id() != own.id());
        assert!(others.all(|task| task.cancel()));
        let error = writer.wait_closed().await.expect_err("it was not sent");
        assert_eq!(error.kind(), std::io::ErrorKind::ConnectionAborted);
        server.wait_closed().await;
        assert!(!server.is_serving());
        let (near, _far) = pair(0);
        let (_reader, writer) = over(near).expect("it runs");
        writer.write(b"x").expect("it waits");
        let flush = oneloop::all_tasks().pop().expect("it has not begun");
        assert_eq!(flush.name(), "stream-flush");
        flush.cancel();
        assert!(writer.drain().await.is_ok(), "nothing has happened yet");
        writer.wait_closed().await.expect_err("it was not sent");
    });
}

/// Clients that come all at once do not keep others waiting for more than 64 of them.
#[test]
fn hp_001_no_turn_accepts_more_than_64() {
    crate::support::within(|| {
        let most = oneloop::run(async {
            let per_turn = Rc::new(RefCell::new(std::collections::BTreeMap::new()));
            let seen = per_turn.clone();
            let serve = move |_, _| {
                let turn = running_loop().expect("it runs").turns();
                *seen.borrow_mut().entry(turn).or_insert(0) += 1;
                async {}
            };
            let server = oneloop::streams::start_server(([127, 0, 0, 1], 0).into(), serve);
            let address = server.expect("loopback works").sockets()[0];
            let connect = |_| std::net::TcpStream::connect(address).expect("the queue has room");
            let clients: Vec<_> = (0..100).map(connect).collect();
            while per_turn.borrow().values().sum::<usize>() < clients.len() {
                yield_now().await;
            }
            let most = per_turn.borrow().values().copied().max();
            most.expect("they came")
        });
        let most = most.expect("it ends");
        assert!((2..=64).contains(&most), "{most}");
    });
}

#[test]
fn ac_005_a_shutdown_cancels_a_handler_that_does_not_look() {
    run(async {
        let door = Door::new();
        let serve = |_: Reader, _: Writer| std::future::pending::<()>();
        let server = ServerBuilder::new().start_on(door.clone(), serve).expect("it runs");
        let client = door.connect();
        turns(5).await;
        assert!(!server.shutdown(SECOND).await);
        assert!(client.is_ended());
        assert!(server.shutdown(SECOND).await);
    });
}

#[test]
fn io_a_handler_that_panics_is_reported_and_harms_nobody() {
    let event_loop = virtual_loop();
    let seen = reports(&event_loop);
    let main = async {
        let door = Door::new();
        let calls = counter();
        let serve = move |reader, writer| {
            bump(&calls);
            assert_ne!(calls.get(), 1, "the handler itself");
            let panics = calls.get() == 2;
            async move {
                assert!(!panics, "its future");
                echo(reader, writer).await;
            }
        };
        let server = ServerBuilder::new().start_on(door.clone(), serve).expect("it runs");
        let clients: Vec<_> = (0..3).map(|_| door.connect()).collect();
        clients.iter().for_each(|client| client.put(b"line\n"));
        turns(9).await;
        assert!(clients[0].is_ended() && clients[1].is_ended() && !clients[2].is_ended());
        assert_eq!((clients[2].take(), server.connections()), (b"line\n".to_vec(), 1));
    };
    event_loop.run_until_complete(main).expect("it ends");
    let seen = seen.borrow();
    let panics = |text| seen.iter().filter(|line: &&String| line.contains(text)).count();
    assert_eq!((panics("the handler itself"), panics("its future")), (1, 1), "{seen:?}");
}

/// Whoever is told that the writer may go on closes it, or another one.
#[test]
fn io_008_a_drain_that_ends_may_close_what_it_drained() {
    run(async {
        let (near, far) = pair(0);
        let (_reader, writer) = over(near).expect("it runs");
        let writer = Rc::new(RefCell::new(Some(writer)));
        writer.borrow().as_ref().expect("it is there").write(&[0; 100_000]).expect("it is open");
        let ours = writer.clone();
        let drains = spawn(async move {
            let writer = ours.take().expect("it is there");
            let drained = writer.drain().await;
            writer.close();
            writer.abort();
            drained
        });
        turns(2).await;
        drop(far);
        drains.await.expect("no panic").expect_err("the peer has gone");
    });
}
