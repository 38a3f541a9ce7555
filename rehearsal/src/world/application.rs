//! The application, as whoever asks it finds it: by the name, or by one Region's own load balancer.

use domain::names::Region;

use super::region::{Plane, Reach};
use super::{Ms, World};

/// What becomes of a request to the application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answers {
    /// Nothing answers.
    Silent,
    /// It is answered with 503.
    Unavailable(String),
    /// It waits for a database that does not answer.
    Hangs,
    /// This site's database serves it.
    Site(usize),
}

impl World {
    /// What becomes of a request from a Region to a host: the system's name, or one Region's own. A function's resolver
    /// keeps nothing: it asks the zone's name servers, the first that knows the name.
    pub fn ask(&self, caller: &Region, host: &str) -> Answers {
        let Some(site) = self.leads_to(host) else {
            return Answers::Silent;
        };
        let there = &self.sites[site];
        if there.region != *caller && self.regions.reach(caller, &there.region, Plane::Data) != Reach::Yes
            || !self.regions.serves_near(&there.region)
        {
            return Answers::Silent;
        }
        if let Some(web) = &there.web {
            if let super::web::Action::FixedResponse { status, body } = &web.action {
                return Answers::Unavailable(format!("the listener answers {status}: {body}"));
            }
            if web.healthy() == 0 {
                return Answers::Unavailable("no healthy target".to_owned());
            }
        }
        if !self.may_write(site) {
            return Answers::Unavailable("this Region does not hold the write lease".to_owned());
        }
        if there.database.hangs() {
            return Answers::Hangs;
        }
        if there.database.serves() {
            Answers::Site(site)
        } else {
            Answers::Unavailable("the database does not take writes".to_owned())
        }
    }

    /// The site that a host leads to.
    fn leads_to(&self, host: &str) -> Option<usize> {
        let Some(dns) = &self.dns else {
            // One Region: there is one database, whatever its host is called.
            return Some(super::HOME);
        };
        let servers = dns.name_servers.iter();
        let addresses = servers
            .map(|server| dns.answer(&server.name, host))
            .find(|addresses| !addresses.is_empty())?;
        (0..self.sites.len()).find(|site| addresses == super::dns::addresses(*site))
    }

    /// The application stores a value through a site's database.
    pub fn write(&mut self, site: usize, value: &str) {
        let now = self.now;
        if let Some(site) = self.sites.get_mut(site) {
            let stored = &mut site.database.stored;
            stored.push((now, value.to_owned()));
            if stored.len() > VALUES {
                stored.remove(0);
            }
        }
    }

    /// What the application reads back from a site's database: in one that follows, the newest that has arrived.
    pub fn read(&self, site: usize) -> Option<&str> {
        let followed = self.replication.as_ref().and_then(|replication| {
            let source = self.sites.get(replication.followed_by(site)?)?;
            let arrived = |stored: &&(Ms, String)| replication.has_arrived(stored.0);
            source.database.stored.iter().rev().find(arrived)
        });
        let own = || self.sites.get(site)?.database.stored.last();
        followed.or_else(own).map(|(_, value)| value.as_str())
    }
}

/// How many values a database keeps here.
const VALUES: usize = 100;
