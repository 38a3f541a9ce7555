//! What one authoritative name server says about one name, now.
//!
//! No resolver stands between: the question goes to the server that the delegation names, and recursion is not asked
//! for. Messages are those of RFC 1035, with EDNS(0) of RFC 6891; the bytes travel through whatever [`Exchange`] was
//! handed in, so that a rehearsal answers with real bytes.

use std::collections::BTreeSet;
use std::fmt;
use std::io;
use std::net::Ipv4Addr;
use std::pin::Pin;

use domain::system::region_failover::Hostname;
use hickory_proto::op::{Edns, Message, MessageType, OpCode, Query, ResponseCode};
use hickory_proto::rr::{DNSClass, Name, RData, Record, RecordType};

/// The largest answer that is asked for: it fits into one packet nearly everywhere.
/// Source: DNS Flag Day 2020, "Message Size Considerations".
pub const PAYLOAD_BYTES: u16 = 1_232;

/// Brings a question to a name server, and its answer back.
pub trait Exchange: Send + Sync {
    /// Asks `server`, once.
    fn exchange(
        &self,
        server: &Hostname,
        query: Vec<u8>,
    ) -> Pin<Box<dyn Future<Output = io::Result<Vec<u8>>> + Send + '_>>;
}

/// Where a name leads, as one name server says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// Every place. Empty: the name exists and leads nowhere.
    pub places: BTreeSet<Place>,
    /// How long a resolver may keep this, in seconds: the longest of the records that lead there.
    pub ttl: u32,
}

/// A place that a name leads to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// An address.
    Address(Ipv4Addr),
    /// Another name, which this name server knows no address of. Without the final dot.
    Name(String),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(address) => address.fmt(f),
            Self::Name(name) => f.pad(name),
        }
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.places.is_empty() {
            return f.write_str("nowhere");
        }
        for (index, place) in self.places.iter().enumerate() {
            let between = if index == 0 { "" } else { " and " };
            write!(f, "{between}{place}")?;
        }
        Ok(())
    }
}

/// Asks a name server where a name leads. `id` should differ from question to question.
///
/// # Errors
/// What was seen instead of an answer that can be believed, in words.
pub async fn ask(dns: &dyn Exchange, server: &Hostname, name: &str, id: u16) -> Result<Answer, String> {
    let name =
        Name::from_ascii(format!("{name}.")).map_err(|error| format!("`{name}` is no name: {error}"))?;
    let question = question(id, &name).to_vec().map_err(|error| error.to_string())?;
    let answer = dns.exchange(server, question).await;
    let answer = answer.map_err(|error| format!("no answer: {error}"))?;
    read(&answer, id, &name)
}

fn question(id: u16, name: &Name) -> Message {
    let mut edns = Edns::new();
    edns.set_max_payload(PAYLOAD_BYTES);
    let mut message = Message::new(id, MessageType::Query, OpCode::Query);
    message.metadata.recursion_desired = false;
    message.add_query(Query::query(name.clone(), RecordType::A));
    message.set_edns(edns);
    message
}

/// Reads an answer to the question of that id and name.
fn read(bytes: &[u8], id: u16, name: &Name) -> Result<Answer, String> {
    let message = Message::from_vec(bytes).map_err(|error| format!("not a DNS message: {error}"))?;
    let asked = |query: &Query| {
        query.name() == name && query.query_type() == RecordType::A && query.query_class() == DNSClass::IN
    };
    if message.metadata.id != id
        || message.metadata.message_type != MessageType::Response
        || message.metadata.op_code != OpCode::Query
    {
        return Err("not the answer to this question".to_owned());
    }
    match message.metadata.response_code {
        ResponseCode::NoError => {}
        code => return Err(format!("{code}")),
    }
    if !matches!(message.queries.as_slice(), [only] if asked(only)) {
        return Err("an answer to another question".to_owned());
    }
    if message.metadata.truncation {
        return Err("the answer is cut off: more records than fit".to_owned());
    }
    if !message.metadata.authoritative {
        return Err("the answer is not authoritative: the name is not in this server's zones".to_owned());
    }
    Ok(follow(&message.answers, name))
}

/// Goes from alias to alias, as far as this answer knows. Every step uses up a record, so that it ends.
fn follow(records: &[Record], asked: &Name) -> Answer {
    let mut answer = Answer::default();
    let mut at = asked;
    for _ in 0..=records.len() {
        let here: Vec<&Record> = records
            .iter()
            .filter(|record| record.name == *at && record.dns_class == DNSClass::IN)
            .collect();
        for record in &here {
            if let RData::A(address) = &record.data {
                answer.places.insert(Place::Address(address.0));
                answer.ttl = answer.ttl.max(record.ttl);
            }
        }
        if !answer.places.is_empty() {
            return answer;
        }
        let alias = here.iter().find_map(|record| match &record.data {
            RData::CNAME(target) => Some((&target.0, record.ttl)),
            _ => None,
        });
        match alias {
            Some((target, ttl)) => {
                answer.ttl = answer.ttl.max(ttl);
                at = target;
            }
            None if at == asked => return answer,
            None => {
                answer.places.insert(Place::Name(without_dot(at)));
                return answer;
            }
        }
    }
    // Aliases in a circle.
    Answer::default()
}

fn without_dot(name: &Name) -> String {
    name.to_lowercase().to_ascii().trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use hickory_proto::rr::rdata::{A, CNAME};
    use proptest::prelude::*;

    use super::*;

    const ID: u16 = 4_711;

    fn name(text: &str) -> Name {
        Name::from_ascii(text).expect("a name")
    }

    fn shop() -> Name {
        name("shop.example.com.")
    }

    fn a(owner: &str, last: u8) -> Record {
        Record::from_rdata(name(owner), 30, RData::A(A(Ipv4Addr::new(192, 0, 2, last))))
    }

    fn cname(owner: &str, target: &str) -> Record {
        Record::from_rdata(name(owner), 60, RData::CNAME(CNAME(name(target))))
    }

    fn answer(records: Vec<Record>) -> Message {
        let question = question(ID, &shop());
        let mut message = Message::response(ID, OpCode::Query);
        message.metadata.authoritative = true;
        message.add_queries(question.queries);
        message.add_answers(records);
        message
    }

    fn read_back(message: &Message) -> Result<Answer, String> {
        read(&message.to_vec().expect("encodes"), ID, &shop())
    }

    fn addresses(last: &[u8]) -> BTreeSet<Place> {
        last.iter()
            .map(|last| Place::Address(Ipv4Addr::new(192, 0, 2, *last)))
            .collect()
    }

    #[test]
    fn a_question_is_one_for_an_address_without_recursion() {
        let bytes = question(ID, &shop()).to_vec().expect("encodes");
        let read = Message::from_vec(&bytes).expect("decodes");
        assert_eq!(read.metadata.id, ID);
        assert!(!read.metadata.recursion_desired);
        assert_eq!(read.queries, [Query::query(shop(), RecordType::A)]);
        assert_eq!(read.max_payload(), PAYLOAD_BYTES);
    }

    #[test]
    fn a_name_leads_to_its_addresses_through_aliases_as_far_as_the_server_knows() {
        let own = "eu-west-1.shop.example.com.";
        let cases = [
            (vec![], BTreeSet::new(), 0),
            (
                vec![a("shop.example.com.", 1), a("SHOP.example.com.", 2)],
                addresses(&[1, 2]),
                30,
            ),
            (
                vec![
                    cname("shop.example.com.", own),
                    a(own, 3),
                    a("stray.example.com.", 9),
                ],
                addresses(&[3]),
                60,
            ),
            (
                vec![cname("shop.example.com.", "Shop.elb.amazonaws.com.")],
                BTreeSet::from([Place::Name("shop.elb.amazonaws.com".to_owned())]),
                60,
            ),
            (
                vec![cname("shop.example.com.", own), cname(own, "shop.example.com.")],
                BTreeSet::new(),
                0,
            ),
            (vec![a("stray.example.com.", 9)], BTreeSet::new(), 0),
        ];
        for (records, places, ttl) in cases {
            let read = read_back(&answer(records.clone())).expect("an answer");
            assert_eq!(read, Answer { places, ttl }, "{records:?}");
        }
    }

    #[test]
    fn an_answer_that_proves_nothing_says_why() {
        type Spoil = fn(&mut Message);
        let cases: [(Spoil, &str); 8] = [
            (|m| m.metadata.id += 1, "not the answer to this question"),
            (
                |m| m.metadata.message_type = MessageType::Query,
                "not the answer to this question",
            ),
            (
                |m| m.metadata.response_code = ResponseCode::ServFail,
                "Server Failure",
            ),
            (
                |m| m.metadata.response_code = ResponseCode::NXDomain,
                "Non-Existent Domain",
            ),
            (|m| m.metadata.truncation = true, "cut off"),
            (|m| m.metadata.authoritative = false, "not authoritative"),
            (|m| m.queries.clear(), "another question"),
            (
                |m| m.queries[0].name = name("bank.example.com."),
                "another question",
            ),
        ];
        for (spoil, why) in cases {
            let mut message = answer(vec![a("shop.example.com.", 1)]);
            spoil(&mut message);
            let said = read_back(&message).expect_err(why);
            assert!(said.contains(why), "{said}");
        }
    }

    #[test]
    fn a_cut_message_is_no_message() {
        let whole = answer(vec![a("shop.example.com.", 1)]).to_vec().expect("encodes");
        for length in 0..whole.len() {
            read(&whole[..length], ID, &shop()).expect_err("cut");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
            let _ = read(&bytes, ID, &shop());
        }

        #[test]
        fn no_damage_makes_it_panic(at in 0_usize..90, by in 1_u8..=255, length in 0_usize..200) {
            let own = "eu-west-1.shop.example.com.";
            let records = vec![cname("shop.example.com.", own), a(own, 3)];
            let mut bytes = answer(records).to_vec().expect("encodes");
            let at = at % bytes.len();
            bytes[at] ^= by;
            bytes.truncate(length);
            let _ = read(&bytes, ID, &shop());
        }
    }
}
