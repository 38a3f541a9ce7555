//! Every authoritative name server leads users here: what Route 53 answers is asked for, not what it was told.
//!
//! A name leads here if it leads somewhere, and to nowhere that this Region's own name does not lead. So nobody has
//! to know a load balancer's addresses beforehand, which change. All servers are asked at once, each once: a step
//! does not wait, the machine asks again.
//!
//! A load balancer with more than eight addresses shows eight of them, not always the same (Route 53 Developer Guide,
//! "Choosing between alias and non-alias records"): there, several attempts may be needed.

use domain::names::fnv1a;
use domain::step::{Error, Result};
use domain::system::Move;
use domain::system::region_failover::Hostname;
use futures_util::future::{join, join_all};
use jiff::Timestamp;

use crate::dns::{Answer, Exchange, Place, ask};

/// The longest that an answer of the name servers makes anybody wait. A longer TTL is a mistake in the zone; users
/// whose resolvers keep to it are not served sooner by an orchestrator that waits with them.
pub const LONGEST_TTL_SECONDS: u64 = 300;

/// Every name server leads here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Everywhere {
    /// How long resolvers may still keep the old answer: what the system file promises, or what the name servers
    /// say, whichever is longer. An alias of a load balancer has 60 s whatever was wished for. Source: Route 53
    /// Developer Guide, "Values specific for simple alias records", TTL.
    pub ttl_seconds: u64,
    /// What each server said.
    pub seen: Vec<String>,
}

/// Ensures that every name server of the system leads users to this Region.
///
/// # Errors
/// `NotYet` while one leads elsewhere, or gives no answer that can be believed.
pub async fn everywhere(dns: &dyn Exchange, moving: &Move<'_>, now: Timestamp) -> Result<Everywhere> {
    let (name, own) = (moving.shared.hostname.as_str(), moving.to.host());
    let asked = moving.shared.name_servers.iter().map(|server| async move {
        let (leads, ours) = join(
            ask(dns, server, name, id(server, name, now)),
            ask(dns, server, own, id(server, own, now)),
        )
        .await;
        (server, verdict(name, own, leads, ours))
    });
    let mut ttl_seconds = moving.shared.ttl.as_millis().div_ceil(1_000);
    let (mut seen, mut missing) = (Vec::new(), Vec::new());
    for (server, verdict) in join_all(asked).await {
        match verdict {
            Ok(leads) => {
                ttl_seconds = ttl_seconds.max(u64::from(leads.ttl).min(LONGEST_TTL_SECONDS));
                seen.push(format!(
                    "{server}: {name} leads to {leads}, as {own} does, TTL {} s",
                    leads.ttl
                ));
            }
            Err(why) => missing.push(format!("{server}: {why}")),
        }
    }
    if missing.is_empty() && !seen.is_empty() {
        Ok(Everywhere { ttl_seconds, seen })
    } else {
        Err(Error::NotYet {
            seen: missing.join("; "),
        })
    }
}

/// Whether what a server says means that the name leads here; if not, why.
fn verdict(
    name: &str,
    own: &str,
    leads: std::result::Result<Answer, String>,
    ours: std::result::Result<Answer, String>,
) -> std::result::Result<Answer, String> {
    let leads = leads.map_err(|why| format!("{name}: {why}"))?;
    if leads.places.is_empty() {
        return Err(format!("{name} leads nowhere"));
    }
    // An alias of this Region's own name needs no comparison.
    if leads.places.iter().eq([&Place::Name(own.to_owned())]) {
        return Ok(leads);
    }
    let ours = ours.map_err(|why| format!("{own}: {why}"))?;
    if leads.places.is_subset(&ours.places) {
        Ok(leads)
    } else {
        Err(format!("{name} leads to {leads}, and {own} to {ours}"))
    }
}

/// A question's id. It tells answers apart; the port, which the system draws, is what makes them hard to forge.
fn id(server: &Hostname, name: &str, now: Timestamp) -> u16 {
    let hash = fnv1a(format!("{server} {name} {}", now.as_nanosecond()).as_bytes());
    // The low bits of this hash are as good as any.
    (hash & 0xffff) as u16
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::io;
    use std::net::Ipv4Addr;
    use std::pin::Pin;
    use std::sync::Mutex;

    use domain::system::System;
    use hickory_proto::op::{Message, OpCode, ResponseCode};
    use hickory_proto::rr::rdata::A;
    use hickory_proto::rr::{RData, Record};

    use super::*;
    use crate::mocked::{now, shop};

    const HOME: u8 = 10;
    const AWAY: u8 = 20;

    /// What a name server does with a question.
    #[derive(Clone)]
    enum Says {
        /// Addresses for the shop's name; for each Region's name, two of its own.
        Shop(Vec<u8>),
        Code(ResponseCode),
        Cut,
        Bytes(&'static [u8]),
        Nothing,
    }

    /// The zone's name servers. Those that are not listed lead away from home.
    struct Zone {
        servers: BTreeMap<&'static str, Says>,
        ttl: u32,
        asked: Mutex<Vec<String>>,
    }

    impl Zone {
        fn where_one(server: &'static str, says: Says) -> Self {
            Self {
                servers: BTreeMap::from([(server, says)]),
                ttl: 30,
                asked: Mutex::default(),
            }
        }

        fn answer(&self, server: &str, query: &[u8]) -> io::Result<Vec<u8>> {
            let question = Message::from_vec(query).expect("a question");
            let asked = question.queries[0].name().to_ascii();
            self.asked
                .lock()
                .expect("whole")
                .push(format!("{server} {asked}"));
            let mut answer = Message::response(question.metadata.id, OpCode::Query);
            answer.metadata.authoritative = true;
            answer.add_queries(question.queries.clone());
            let says = self.servers.get(server).cloned();
            let last = match says.unwrap_or_else(|| Says::Shop(vec![AWAY, AWAY + 1])) {
                Says::Shop(last) => last,
                Says::Code(code) => {
                    answer.metadata.response_code = code;
                    Vec::new()
                }
                Says::Cut => {
                    answer.metadata.truncation = true;
                    Vec::new()
                }
                Says::Bytes(bytes) => return Ok(bytes.to_vec()),
                Says::Nothing => return Err(io::Error::new(io::ErrorKind::TimedOut, "silence")),
            };
            let last = match asked.as_str() {
                "shop.example.com." => last,
                "eu-central-1.shop.example.com." => vec![HOME, HOME + 1],
                "eu-west-1.shop.example.com." => vec![AWAY, AWAY + 1],
                other => panic!("nobody should ask for {other}"),
            };
            for last in last {
                let address = RData::A(A(Ipv4Addr::new(192, 0, 2, last)));
                answer.add_answer(Record::from_rdata(
                    question.queries[0].name().clone(),
                    self.ttl,
                    address,
                ));
            }
            Ok(answer.to_vec().expect("encodes"))
        }
    }

    impl Exchange for Zone {
        fn exchange(
            &self,
            server: &Hostname,
            query: Vec<u8>,
        ) -> Pin<Box<dyn Future<Output = io::Result<Vec<u8>>> + Send + '_>> {
            let server = server.clone();
            Box::pin(async move { self.answer(server.as_str(), &query) })
        }
    }

    async fn to_the_standby(zone: &Zone) -> Result<Everywhere> {
        let system: System = shop(None);
        let standby = "eu-west-1".parse().expect("a Region");
        everywhere(zone, &system.moving_to(&standby).expect("two Regions"), now()).await
    }

    #[tokio::test]
    async fn every_server_is_asked_where_both_names_lead() {
        let zone = Zone::where_one("ns-1.example.net", Says::Shop(vec![AWAY]));
        let everywhere = to_the_standby(&zone).await.expect("moved");
        assert_eq!(everywhere.ttl_seconds, 30);
        assert_eq!(
            everywhere.seen[0],
            "ns-1.example.net: shop.example.com leads to 192.0.2.20, as eu-west-1.shop.example.com does, TTL 30 s"
        );
        assert_eq!(everywhere.seen.len(), 4);
        assert_eq!(zone.asked.lock().expect("whole").len(), 8);
    }

    #[tokio::test]
    async fn one_server_that_leads_elsewhere_is_enough_for_not_yet() {
        let cases = [
            (
                Says::Shop(vec![HOME]),
                "shop.example.com leads to 192.0.2.10, and",
            ),
            (Says::Shop(vec![HOME, AWAY]), "leads to 192.0.2.10 and 192.0.2.20"),
            (Says::Shop(vec![]), "shop.example.com leads nowhere"),
            (Says::Code(ResponseCode::ServFail), "Server Failure"),
            (Says::Code(ResponseCode::Refused), "Query Refused"),
            (Says::Cut, "cut off"),
            (Says::Bytes(b"garbage"), "not a DNS message"),
            (Says::Bytes(b""), "not a DNS message"),
            (Says::Nothing, "no answer: silence"),
        ];
        for (says, why) in cases {
            let zone = Zone::where_one("ns-3.example.org", says);
            let error = to_the_standby(&zone).await.expect_err(why);
            assert_eq!(error.name(), Error::NOT_YET);
            let words = error.to_string();
            assert!(
                words.contains("ns-3.example.org: ") && words.contains(why),
                "{words}"
            );
            assert!(!words.contains("ns-1"), "{words}");
        }
    }

    #[tokio::test]
    async fn moving_home_asks_for_the_other_region() {
        let system = shop(None);
        let home = "eu-central-1".parse().expect("a Region");
        let moving = system.moving_to(&home).expect("two Regions");
        let zone = Zone::where_one("ns-1.example.net", Says::Shop(vec![HOME]));
        let error = everywhere(&zone, &moving, now())
            .await
            .expect_err("three lead away");
        assert!(!error.to_string().contains("ns-1"), "{error}");
        assert!(error.to_string().contains("ns-2"), "{error}");
    }

    #[tokio::test]
    async fn the_longer_ttl_is_waited_for_within_bounds() {
        for (ttl, waited) in [(0, 30), (60, 60), (86_400, LONGEST_TTL_SECONDS)] {
            let zone = Zone {
                ttl,
                ..Zone::where_one("ns-1.example.net", Says::Shop(vec![AWAY]))
            };
            assert_eq!(to_the_standby(&zone).await.expect("moved").ttl_seconds, waited);
        }
    }

    #[test]
    fn an_alias_of_this_regions_own_name_leads_here_whatever_that_leads_to() {
        let own = "eu-west-1.shop.example.com";
        let alias = |name: &str| Answer {
            places: [Place::Name(name.to_owned())].into(),
            ttl: 30,
        };
        let silent = || Err("no answer".to_owned());
        verdict("shop.example.com", own, Ok(alias(own)), silent()).expect("here");
        verdict("shop.example.com", own, Ok(alias("elb")), Ok(alias("elb"))).expect("here");
        verdict("shop.example.com", own, Ok(alias("elb")), Ok(alias("other"))).expect_err("elsewhere");
        verdict("shop.example.com", own, Ok(alias("elb")), silent()).expect_err("unknown");
    }

    #[test]
    fn questions_have_different_ids() {
        let servers = shop(None).region_failover.expect("two Regions").name_servers;
        let ids: std::collections::BTreeSet<u16> = servers
            .iter()
            .map(|server| id(server, "shop.example.com", now()))
            .collect();
        assert_eq!(ids.len(), servers.len());
    }
}
