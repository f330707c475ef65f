//! `UdpSocket`: datagrams over IP; what only UDP has.

use super::DatagramSocket;
use rustix::net::{AddressFamily, SocketFlags, SocketType, sockopt};
use std::io;
use std::net::{Ipv4Addr, SocketAddr};

/// A UDP socket. What it shares with a Unix one is at [`DatagramSocket`].
///
/// ```
/// use oneloop::net::UdpSocket;
/// oneloop::run(async {
///     let here = UdpSocket::bind("127.0.0.1:0".parse().unwrap())?;
///     let there = UdpSocket::bind("127.0.0.1:0".parse().unwrap())?;
///     here.send_to(b"hello", there.local_addr()?).await?;
///     let (count, from) = there.recv_from(&mut [0; 16]).await?;
///     assert_eq!((count, from), (5, here.local_addr()?));
///     Ok::<(), std::io::Error>(())
/// })
/// .unwrap()
/// .unwrap();
/// ```
#[doc(alias = "create_datagram_endpoint")]
pub type UdpSocket = DatagramSocket<std::net::UdpSocket>;

impl DatagramSocket<std::net::UdpSocket> {
    /// A socket that receives what is sent to `address`; port 0 takes any that is free.
    ///
    /// # Errors
    /// When the address is in use or not ours, or no loop is running on this thread.
    pub fn bind(address: SocketAddr) -> io::Result<UdpSocket> {
        UdpSocket::made(address, false)
    }

    /// As [`bind`](Self::bind), where several sockets that all were made by this share an
    /// address; the system deals the datagrams out.
    ///
    /// # Errors
    /// As [`bind`](Self::bind).
    #[doc(alias = "reuse_port")]
    pub fn bind_shared(address: SocketAddr) -> io::Result<UdpSocket> {
        UdpSocket::made(address, true)
    }

    fn made(address: SocketAddr, shared: bool) -> io::Result<UdpSocket> {
        let family = match address {
            SocketAddr::V4(_) => AddressFamily::INET,
            SocketAddr::V6(_) => AddressFamily::INET6,
        };
        let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
        let socket = rustix::net::socket_with(family, SocketType::DGRAM, flags, None)?;
        if shared {
            sockopt::set_socket_reuseport(&socket, true)?;
        }
        rustix::net::bind(&socket, &address)?;
        UdpSocket::ready(socket.into())
    }

    /// From now on [`send`](Self::send) sends to `address`, and only what comes from there is
    /// received. Nothing is sent by this, so it does not wait.
    ///
    /// # Errors
    /// When there is no way there.
    pub fn connect(&self, address: SocketAddr) -> io::Result<()> {
        Ok(rustix::net::connect(self, &address)?)
    }

    /// Sends a datagram to `address`.
    ///
    /// # Errors
    /// When it is too long, or there is no way there.
    ///
    /// # Cancel safety
    /// Dropped while it waits, it has sent nothing.
    #[doc(alias = "sock_sendto")]
    pub async fn send_to(&self, datagram: &[u8], address: SocketAddr) -> io::Result<usize> {
        self.fd.write_with(|socket| socket.send_to(datagram, address)).await
    }

    /// As [`send_to`](Self::send_to), without waiting.
    ///
    /// # Errors
    /// `WouldBlock` when there is no room; otherwise as [`send_to`](Self::send_to).
    pub fn try_send_to(&self, datagram: &[u8], address: SocketAddr) -> io::Result<usize> {
        self.fd.get_ref().send_to(datagram, address)
    }

    /// The next datagram, as [`recv`](Self::recv), and who sent it.
    ///
    /// # Errors
    /// As [`recv`](Self::recv).
    ///
    /// # Cancel safety
    /// Dropped while it waits, it has received nothing.
    #[doc(alias = "sock_recvfrom")]
    pub async fn recv_from(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        self.fd.read_with(|socket| socket.recv_from(buffer)).await
    }

    /// As [`recv_from`](Self::recv_from), without waiting.
    ///
    /// # Errors
    /// `WouldBlock` when there is none; otherwise as [`recv`](Self::recv).
    pub fn try_recv_from(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        self.fd.get_ref().recv_from(buffer)
    }

    /// As [`recv_from`](Self::recv_from), and the datagram stays, to be received again.
    ///
    /// # Errors
    /// As [`recv`](Self::recv).
    ///
    /// # Cancel safety
    /// Nothing is lost.
    pub async fn peek_from(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        self.fd.read_with(|socket| socket.peek_from(buffer)).await
    }

    /// Whether it may send to a network's broadcast address.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn set_broadcast(&self, on: bool) -> io::Result<()> {
        self.fd.get_ref().set_broadcast(on)
    }

    /// Receives what is sent to `group` on the interface with the address `interface`.
    ///
    /// # Errors
    /// When the group is none, or the interface is not ours.
    pub fn join_multicast_v4(&self, group: Ipv4Addr, interface: Ipv4Addr) -> io::Result<()> {
        self.fd.get_ref().join_multicast_v4(&group, &interface)
    }

    /// The address of this end.
    ///
    /// # Errors
    /// When the system has none.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.fd.get_ref().local_addr()
    }

    /// The address that it is connected to.
    ///
    /// # Errors
    /// When it is not connected.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.fd.get_ref().peer_addr()
    }
}
