//! Authoritative name servers: real DNS messages, answered from the world's zone.

use std::io;
use std::net::Ipv4Addr;
use std::pin::Pin;

use domain::duration::Duration;
use domain::names::Region;
use domain::system::region_failover::Hostname;
use hickory_proto::op::{Message, OpCode, ResponseCode};
use hickory_proto::rr::rdata::A;
use hickory_proto::rr::{RData, Record, RecordType};
use traffic::dns::Exchange;

use super::Desk;
use crate::facts;
use crate::injection::{self, CallFault};
use crate::world::World;

/// How long an answer for a Region's own host may be kept: the TTL of an alias to a load balancer.
/// Source: Route 53 Developer Guide, "Choosing between alias and non-alias records".
const ALIAS_TTL_S: u64 = 60;

/// The name servers of the world. Anycast, from anywhere: they are nobody's Region.
#[derive(Clone, Debug)]
pub struct NameServers {
    desk: Desk,
    from: Region,
}

impl NameServers {
    /// The name servers of the world behind a desk, for whoever asks from a Region.
    pub fn new(desk: &Desk, from: &Region) -> Self {
        Self {
            desk: desk.clone(),
            from: from.clone(),
        }
    }

    /// What a name server says, if it says anything, and how long that takes.
    fn ask(&self, server: &Hostname, query: &[u8]) -> (Option<Result<Vec<u8>, String>>, Duration) {
        let fault = self.desk.pass("dns:Query", &self.from);
        let mut world = self.desk.world();
        let answer = match fault {
            None | Some(CallFault::Stale | CallFault::Twice) => answer(&world, server, query),
            Some(CallFault::Refused | CallFault::Throttled) => Some(Err("refused".to_owned())),
            Some(CallFault::Unanswered | CallFault::AnswerLost | CallFault::Late) => None,
            Some(CallFault::Crash) => {
                injection::crash();
                None
            }
        };
        (answer, world.dice().draw(&facts::NAME_SERVER))
    }
}

impl Exchange for NameServers {
    fn exchange(
        &self,
        server: &Hostname,
        query: Vec<u8>,
    ) -> Pin<Box<dyn Future<Output = io::Result<Vec<u8>>> + Send + '_>> {
        let (answer, takes) = self.ask(server, &query);
        self.desk.keep(|_| {
            let (servers, server) = (self.clone(), server.clone());
            move || drop(servers.ask(&server, &query))
        });
        let clock = self.desk.clock();
        Box::pin(async move {
            match answer {
                Some(answer) => {
                    clock.pass(takes).await;
                    answer.map_err(io::Error::other)
                }
                // No such name server: nobody answers.
                None => {
                    clock
                        .pass(Duration::from_millis(traffic::udp::PATIENCE.as_millis() as u64))
                        .await;
                    Err(io::ErrorKind::TimedOut.into())
                }
            }
        })
    }
}

/// A name server's answer, if there is such a name server.
fn answer(world: &World, server: &Hostname, query: &[u8]) -> Option<Result<Vec<u8>, String>> {
    let dns = world.dns.as_ref()?;
    let known = dns.name_servers.iter().any(|known| known.name == server.as_str());
    known.then(|| {
        let query = Message::from_vec(query).map_err(|error| format!("not a DNS message: {error}"))?;
        let mut message = Message::response(query.metadata.id, OpCode::Query);
        message.metadata.authoritative = true;
        for asked in &query.queries {
            message.add_query(asked.clone());
            let name = asked.name().to_ascii();
            let addresses: Vec<Ipv4Addr> = match asked.query_type() {
                RecordType::A => dns.answer(server.as_str(), &name),
                _ => Vec::new(),
            };
            if addresses.is_empty() {
                message.metadata.response_code = ResponseCode::NXDomain;
            }
            let is_the_name = name.trim_end_matches('.').eq_ignore_ascii_case(&dns.name);
            let shared = dns.records.first().filter(|_| is_the_name);
            let ttl = shared.map_or(ALIAS_TTL_S, |record| record.ttl_s);
            let ttl = u32::try_from(ttl).unwrap_or(u32::MAX);
            for address in addresses {
                let data = RData::A(A(address));
                message.add_answer(Record::from_rdata(asked.name().clone(), ttl, data));
            }
        }
        message.to_vec().map_err(|error| error.to_string())
    })
}
