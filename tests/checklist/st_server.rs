//! ST: servers, their connections, and how they end.

use crate::loops::{jumping, on_a_loop, turn};
use crate::pipe::Door;
use crate::reports::Reports;
use oneloop::net::{TcpListener, TcpStream};
use oneloop::streams::{Server, ServerBuilder, open_connection, over, start_server};
use oneloop::streams::{open_unix_connection, start_unix_server};
use oneloop::{all_tasks, spawn, yield_now};
use std::cell::{Cell, RefCell};
use std::io::{self, ErrorKind};
use std::rc::Rc;

fn local() -> std::net::SocketAddr {
    "127.0.0.1:0".parse().unwrap()
}

/// A server that sends each line back, until the client ends.
fn echo(door: &Door) -> Server {
    let serve = |mut reader, writer| async move {
        let reader: &mut oneloop::streams::StreamReader<_> = &mut reader;
        let writer: oneloop::streams::StreamWriter<_> = writer;
        while let Ok(Some(line)) = reader.next_line().await {
            writer.write(&line).unwrap();
        }
    };
    ServerBuilder::new().start_on(door.clone(), serve).unwrap()
}

async fn turns(count: usize) {
    for _ in 0..count {
        yield_now().await;
    }
}

// ST-048, ST-054
#[test]
fn st_040_a_client_and_a_server_talk_and_know_their_addresses() {
    on_a_loop(async {
        let server = start_server(local(), |mut reader, writer| async move {
            let line = reader.readline().await.unwrap();
            writer
                .writelines([&line[..], writer.peer_addr().unwrap().to_string().as_bytes()])
                .unwrap();
        });
        let server = server.unwrap();
        let address = server.sockets()[0];
        assert_ne!(address.port(), 0);
        let (mut reader, writer) = open_connection(address).await.unwrap();
        assert_eq!(writer.peer_addr().unwrap(), address);
        let own = writer.local_addr().unwrap();
        writer.write(b"I am ").unwrap();
        writer.write_eof().unwrap();
        assert_eq!(reader.read_to_end().await.unwrap(), format!("I am {own}").as_bytes());
        server.close();
        server.wait_closed().await;
    });
}

#[test]
fn st_040_a_connection_that_is_refused_is_an_error() {
    on_a_loop(async {
        let address = TcpListener::bind(local()).unwrap().local_addr().unwrap();
        let error = open_connection(address).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
    });
}

#[test]
fn st_046_a_socket_made_elsewhere_becomes_streams() {
    on_a_loop(async {
        let listener = std::net::TcpListener::bind(local()).unwrap();
        let client = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (accepted, _) = listener.accept().unwrap();
        let (mut reader, _writer) = over(TcpStream::from_std(accepted).unwrap()).unwrap();
        let (_reader, writer) = over(TcpStream::from_std(client).unwrap()).unwrap();
        writer.write(b"hello").unwrap();
        assert_eq!(reader.readexactly(5).await.unwrap(), b"hello");
    });
}

#[test]
fn st_049_a_cancelled_handler_closes_its_connection_and_nothing_is_reported() {
    let on = jumping();
    let reports = Reports::of(&on);
    on.run_until_complete(async {
        let door = Door::new();
        let _server = echo(&door);
        let client = door.connect();
        turns(4).await;
        let handler = all_tasks().pop().unwrap();
        assert!(handler.cancel());
        turns(4).await;
        assert!(client.is_ended());
    })
    .unwrap();
    assert_eq!(reports.count(), 0, "{reports:?}");
}

#[test]
fn st_051_who_serves_for_ever_closes_the_server_when_it_is_cancelled() {
    on_a_loop(async {
        let door = Door::new();
        let server = echo(&door);
        let client = door.connect();
        let ours = server.clone();
        let serving = spawn(async move { ours.serve_forever().await });
        turns(4).await;
        assert!(serving.cancel());
        turns(4).await;
        assert!(!server.is_serving() && !serving.done());
        client.put(b"still here\n");
        turns(6).await;
        assert_eq!(client.take(), b"still here\n");
        drop(client);
        assert!(serving.await.unwrap_err().is_cancelled());
        assert!(server.sockets().is_empty() && server.serve_forever().await.is_err());
    });
}

#[test]
fn st_052_a_closed_server_refuses_the_new_and_keeps_the_old() {
    on_a_loop(async {
        let server = start_server(local(), |mut reader, writer| async move {
            writer.write(&reader.readline().await.unwrap()).unwrap();
        })
        .unwrap();
        let address = server.sockets()[0];
        let (mut reader, writer) = open_connection(address).await.unwrap();
        while server.connections() == 0 {
            turns(1).await;
        }
        server.close();
        server.close();
        turns(2).await;
        assert!(open_connection(address).await.is_err());
        writer.write(b"old\n").unwrap();
        assert_eq!(reader.readline().await.unwrap(), b"old\n");
    });
}

#[test]
fn st_053_wait_closed_waits_for_the_close_and_for_all_connections() {
    on_a_loop(async {
        let door = Door::new();
        let server = echo(&door);
        let client = door.connect();
        let ours = server.clone();
        let waits = spawn(async move { ours.wait_closed().await });
        turns(4).await;
        server.close();
        turns(4).await;
        assert!(!waits.done());
        drop(client);
        waits.await.unwrap();
        let begun = turn();
        server.wait_closed().await;
        assert_eq!(turn(), begun);
        let (door, other) = (Door::new(), Cell::new(false));
        let server = echo(&door);
        drop(door.connect());
        turns(9).await;
        assert_eq!((server.connections(), other.replace(true)), (0, false));
        assert!(
            oneloop::timeout(std::time::Duration::from_secs(1), server.wait_closed())
                .await
                .is_err()
        );
    });
}

#[test]
fn st_056_all_that_wait_are_accepted_in_one_turn() {
    on_a_loop(async {
        let door = Door::new();
        let served = Rc::new(RefCell::new(Vec::new()));
        let seen = served.clone();
        let serve = move |_, writer: oneloop::streams::StreamWriter<_>| {
            seen.borrow_mut().push(turn());
            async move { drop(writer) }
        };
        let _server = ServerBuilder::new().start_on(door.clone(), serve).unwrap();
        let _clients: Vec<_> = (0..10).map(|_| door.connect()).collect();
        turns(5).await;
        let served = served.borrow();
        assert_eq!(served.len(), 10);
        assert!(served.iter().all(|turn| *turn == served[0]), "{served:?}");
    });
}

#[test]
fn st_057_an_error_of_accepting_is_reported_and_the_server_stays() {
    let on = jumping();
    let reports = Reports::of(&on);
    on.run_until_complete(async {
        let door = Door::new();
        let _server = echo(&door);
        door.0.put_nowait(Err(io::Error::other("an odd one"))).ok().unwrap();
        let client = door.connect();
        client.put(b"here\n");
        while client.take().is_empty() {
            oneloop::sleep(std::time::Duration::from_millis(50)).await;
        }
    })
    .unwrap();
    assert!(reports.only().message.contains("an odd one"));
}

/// A path for a socket of this process alone.
fn socket_path(name: &str) -> std::path::PathBuf {
    std::env::temp_dir().join(format!("oneloop-{}-{name}", std::process::id()))
}

#[test]
fn st_047_streams_work_over_a_unix_socket_and_a_missing_one_is_not_found() {
    on_a_loop(async {
        let path = socket_path("st-047");
        let missing = open_unix_connection(&path).await.unwrap_err();
        assert_eq!(missing.kind(), ErrorKind::NotFound);
        let server = start_unix_server(&path, |mut reader, writer| async move {
            let line = reader.readline().await.unwrap();
            writer.write(&line).unwrap();
        });
        let server = server.unwrap();
        let (mut reader, writer) = open_unix_connection(&path).await.unwrap();
        writer.write(b"over a path\n").unwrap();
        assert_eq!(reader.readline().await.unwrap(), b"over a path\n");
        server.close();
    });
}

#[test]
fn st_059_the_file_of_a_unix_server_goes_with_it_unless_it_is_somebody_elses_now() {
    on_a_loop(async {
        let path = socket_path("st-059");
        let serve = |_reader, _writer| async {};
        let server = start_unix_server(&path, serve).unwrap();
        server.close();
        turns(5).await;
        assert!(!path.exists());
        let server = start_unix_server(&path, serve).unwrap();
        std::fs::remove_file(&path).unwrap();
        std::fs::write(&path, "another's").unwrap();
        server.close();
        turns(5).await;
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "another's");
        std::fs::remove_file(&path).unwrap();
    });
}

#[test]
fn st_060_a_dead_socket_is_replaced_and_another_file_is_in_use() {
    on_a_loop(async {
        let path = socket_path("st-060");
        let serve = |_reader, _writer| async {};
        drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
        start_unix_server(&path, serve).unwrap().close();
        turns(5).await;
        std::fs::write(&path, "a file").unwrap();
        let refused = start_unix_server(&path, serve).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::AddrInUse);
        std::fs::remove_file(&path).unwrap();
    });
}
