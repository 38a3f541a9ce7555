//! Name servers reached by UDP, as on AWS.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::Pin;
use std::time::Duration;

use domain::system::region_failover::Hostname;
use tokio::net::{UdpSocket, lookup_host};
use tokio::time::timeout;

use crate::dns::{Exchange, PAYLOAD_BYTES};

/// How long one name server is waited for, its own name's resolution included. There is no second try: the machine
/// asks again.
pub const PATIENCE: Duration = Duration::from_secs(1);

/// Where name servers listen. Source: RFC 1035, section 4.2.1.
const PORT: u16 = 53;

/// Asks by UDP.
#[derive(Clone, Copy, Debug)]
pub struct Udp {
    port: u16,
}

impl Default for Udp {
    fn default() -> Self {
        Self { port: PORT }
    }
}

impl Exchange for Udp {
    fn exchange(
        &self,
        server: &Hostname,
        query: Vec<u8>,
    ) -> Pin<Box<dyn Future<Output = io::Result<Vec<u8>>> + Send + '_>> {
        let (server, port) = (server.to_string(), self.port);
        Box::pin(async move {
            let answer = timeout(PATIENCE, once(&server, port, &query)).await;
            answer.unwrap_or_else(|_| {
                let why = format!("no answer within {} ms", PATIENCE.as_millis());
                Err(io::Error::new(io::ErrorKind::TimedOut, why))
            })
        })
    }
}

async fn once(server: &str, port: u16, query: &[u8]) -> io::Result<Vec<u8>> {
    let mut addresses: Vec<SocketAddr> = lookup_host((server, port)).await?.collect();
    // A function without IPv6 finds out only by failing; every name server has IPv4.
    addresses.sort_by_key(SocketAddr::is_ipv6);
    let address = addresses
        .first()
        .ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "the name server has no address"))?;
    let own: SocketAddr = match address {
        SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
        SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
    };
    // The system chooses the port. A connected socket hears nobody but that server.
    let socket = UdpSocket::bind(own).await?;
    socket.connect(address).await?;
    socket.send(query).await?;
    let mut answer = vec![0; usize::from(PAYLOAD_BYTES)];
    let length = socket.recv(&mut answer).await?;
    answer.truncate(length);
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn loopback() -> Hostname {
        "127.0.0.1".parse().expect("a host")
    }

    async fn server() -> (UdpSocket, Udp) {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
        let port = socket.local_addr().expect("bound").port();
        (socket, Udp { port })
    }

    #[tokio::test]
    async fn a_question_goes_there_and_its_answer_comes_back() {
        let (socket, udp) = server().await;
        let answered = async {
            let mut question = [0; 16];
            let (length, from) = socket.recv_from(&mut question).await.expect("a question");
            question[..length].reverse();
            socket.send_to(&question[..length], from).await.expect("sent");
        };
        let server = loopback();
        let (answer, ()) = tokio::join!(udp.exchange(&server, b"abc".to_vec()), answered);
        assert_eq!(answer.expect("an answer"), b"cba");
    }

    #[tokio::test]
    async fn silence_ends() {
        let (_socket, udp) = server().await;
        let error = udp
            .exchange(&loopback(), b"abc".to_vec())
            .await
            .expect_err("silence");
        assert_eq!(error.to_string(), "no answer within 1000 ms");
    }

    #[tokio::test]
    async fn a_closed_port_is_an_error() {
        let (socket, udp) = server().await;
        drop(socket);
        udp.exchange(&loopback(), b"abc".to_vec())
            .await
            .expect_err("closed");
    }
}
