//! Python's asyncio streams, as our client and as our server.

use crate::support::within;
use oneloop::run_blocking;
use oneloop::streams::{open_connection, start_server};
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

/// Sends lines of many lengths, checks that they come back, half-closes, reads the rest.
const CLIENT: &str = "
import asyncio, sys
async def main():
    r, w = await asyncio.open_connection('127.0.0.1', int(sys.argv[1]))
    lines = [b'x' * (n * 37 % 60000) + b'\\n' for n in range(200)]
    async def send():
        for line in lines:
            w.write(line)
            await w.drain()
        w.write_eof()
    sending = asyncio.create_task(send())
    for line in lines:
        assert await r.readuntil(b'\\n') == line
    await sending
    assert await r.read() == b'bye'
    w.close()
    await w.wait_closed()
    print('ok')
asyncio.run(main())
";

/// Answers each line by its length, in four bytes, and the line.
const SERVER: &str = "
import asyncio
async def serve(r, w):
    async for line in r:
        w.writelines([len(line).to_bytes(4, 'big'), line])
        await w.drain()
    w.close()
async def main():
    server = await asyncio.start_server(serve, '127.0.0.1', 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()
asyncio.run(main())
";

fn python(program: &str, argument: &str) -> Option<Child> {
    let mut command = Command::new("python3");
    command.args(["-c", program, argument]).stdout(Stdio::piped());
    match command.spawn() {
        Ok(child) => Some(child),
        Err(error) => {
            eprintln!("*** SKIPPED: no python3 ({error}); nothing was compared with asyncio ***");
            None
        }
    }
}

#[test]
fn io_a_client_of_asyncios_and_a_server_of_ours_understand_each_other() {
    within(|| {
        let main = async {
            let server =
                start_server(([127, 0, 0, 1], 0).into(), |mut reader, writer| async move {
                    while let Some(line) = reader.next_line().await.expect("lines are short") {
                        writer.write(&line).expect("it drains");
                        writer.drain().await.expect("it is open");
                    }
                    writer.write(b"bye").expect("it is open");
                });
            let server = server.expect("loopback works");
            let port = server.sockets()[0].port().to_string();
            let Some(client) = python(CLIENT, &port) else { return };
            let output = run_blocking(|| client.wait_with_output()).await.expect("no panic");
            assert_eq!(output.expect("it ran").stdout, b"ok\n");
            server.close();
            server.wait_closed().await;
        };
        oneloop::run(main).expect("it ends");
    });
}

#[test]
fn io_a_server_of_asyncios_and_a_client_of_ours_understand_each_other() {
    within(|| {
        let Some(mut child) = python(SERVER, "") else { return };
        let mut port = String::new();
        let out = child.stdout.take().expect("it is piped");
        BufReader::new(out).read_line(&mut port).expect("it says its port");
        let address = format!("127.0.0.1:{}", port.trim()).parse().expect("it is a port");
        let talked = oneloop::run(async move {
            let (mut reader, writer) = open_connection(address).await?;
            let sending = oneloop::spawn(async move {
                for n in 0..200_usize {
                    writer.writelines([&vec![b'y'; n * 37 % 60_000][..], b"\n"])?;
                    writer.drain().await?;
                }
                writer.write_eof()?;
                Ok::<_, std::io::Error>(writer)
            });
            for n in 0..200_usize {
                let length = reader.readexactly(4).await?;
                let length = u32::from_be_bytes(length.try_into().expect("four")) as usize;
                assert_eq!(length, n * 37 % 60_000 + 1);
                assert_eq!(reader.readuntil(b"\n").await?.len(), length);
            }
            assert!(reader.read_to_end().await?.is_empty());
            sending.await.expect("no panic").map(drop)
        });
        child.kill().expect("it can be");
        child.wait().expect("it ends");
        talked.expect("it ends").expect("all is understood");
    });
}
