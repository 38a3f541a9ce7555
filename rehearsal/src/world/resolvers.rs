//! Recursive resolvers, and the users behind them: everybody keeps an answer until its time to live is over.
//!
//! Twenty groups stand for all resolvers; each asks again at its own moments. One of them keeps answers for twice as
//! long as it may, and the users of one keep their connections open for a while. That is assumed: nobody publishes how
//! many do so.

use domain::duration::Duration;

use super::{AWAY, Change, Ms, World};
use crate::dice::Dice;
use crate::facts;
use crate::timeline::Actor;

/// How many groups of resolvers there are, each with the same number of users.
pub const GROUPS: usize = 20;

/// How many of the groups are near the home Region: the last ones. Assumed, like everything about them.
const NEAR_HOME: usize = 6;

/// Where users are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Users {
    /// Near the Region that is the primary on an ordinary day: they reach it even when nobody else does.
    NearHome,
    /// Anywhere else.
    Elsewhere,
}

/// The group that keeps an answer for longer than it may.
const STUBBORN: usize = 0;

/// The group whose users keep their connections.
const HOLDING: usize = 1;

/// Every group of resolvers of a system's users. Without a second Region there are none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Resolvers {
    groups: Vec<Group>,
}

/// A group of resolvers.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Group {
    leads: Option<usize>,
    phase: Ms,
    keeps: Ms,
    asked: usize,
    awake: bool,
    held: Option<(usize, Ms)>,
}

impl Resolvers {
    /// All of them lead home.
    pub(super) fn leading_home(ttl: Duration, dice: &mut Dice) -> Self {
        let group = |index: usize| {
            let ttl = ttl.as_millis().max(1);
            let keeps = if index == STUBBORN {
                ttl * facts::STUBBORN_RESOLVERS_TIMES
            } else {
                ttl
            };
            let phase = dice.between(
                "resolver's phase",
                Duration::from_millis(0),
                Duration::from_millis(keeps - 1),
            );
            Group {
                leads: Some(0),
                phase: phase.as_millis(),
                keeps,
                asked: 0,
                awake: false,
                held: None,
            }
        };
        Self {
            groups: (0..GROUPS).map(group).collect(),
        }
    }

    /// How many groups' users go to each of two sites that answers them, of [`GROUPS`]. `answers` tells whether a site answers
    /// users near home, or those elsewhere: where it does not, connections break.
    pub fn at(&self, now: Ms, answers: impl Fn(usize, Users) -> bool) -> [usize; 2] {
        let mut went = [0; 2];
        for (index, group) in self.groups.iter().enumerate() {
            let users = if index < GROUPS - NEAR_HOME {
                Users::Elsewhere
            } else {
                Users::NearHome
            };
            let to = match group.held {
                Some((held, until)) if now < until && answers(held, users) => Some(held),
                _ => group.leads,
            };
            if let Some(to) = to.filter(|site| answers(*site, users))
                && let Some(went) = went.get_mut(to)
            {
                *went += 1;
            }
        }
        went
    }

    /// Whether every resolver leads to that site.
    pub fn all_lead_to(&self, site: usize) -> bool {
        self.groups.iter().all(|group| group.leads == Some(site))
    }
}

impl Group {
    const fn next(&self, now: Ms) -> Ms {
        if now < self.phase {
            self.phase
        } else {
            self.phase + ((now - self.phase) / self.keeps + 1) * self.keeps
        }
    }
}

impl World {
    /// Resolvers whose answer is no longer what some name server says will ask again when their time is up.
    pub(super) fn wake_resolvers(&mut self) {
        let Some(dns) = &self.dns else { return };
        let mut asks = Vec::new();
        for (index, group) in self.resolvers.groups.iter_mut().enumerate() {
            let outdated = dns.name_servers.iter().any(|server| server.leads != group.leads);
            if outdated && !group.awake {
                group.awake = true;
                asks.push((group.next(self.now), index));
            }
        }
        for (at, index) in asks {
            self.enter(at, Change::Resolve(index));
        }
    }

    /// A group of resolvers asks a name server.
    pub(super) fn resolver_asks(&mut self, index: usize) {
        let now = self.now;
        let (Some(dns), Some(group)) = (&self.dns, self.resolvers.groups.get_mut(index)) else {
            return;
        };
        let Some(server) = dns
            .name_servers
            .get((index + group.asked) % dns.name_servers.len().max(1))
        else {
            return;
        };
        group.asked += 1;
        group.awake = false;
        let (before, leads) = (group.leads, server.leads);
        group.leads = leads;
        let mut breaks = None;
        if let (HOLDING, Some(before)) = (index, before)
            && leads != Some(before)
        {
            let until = now + facts::CONNECTIONS_HELD.most.as_millis();
            group.held = Some((before, until));
            breaks = Some(until);
        }
        if let Some(until) = breaks {
            self.enter(until, Change::ConnectionsBreak);
        }
        if let Some(to) = leads
            && before != leads
            && self.resolvers.all_lead_to(to)
        {
            if to == AWAY {
                self.moments.last_resolver_moved.get_or_insert(now);
            }
            let line = format!("the last resolver's users reach {}", self.sites[to].region);
            self.say(Actor::Users, line);
        }
        self.wake_resolvers();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_asks_once_per_time_to_live() {
        let group = Group {
            leads: Some(0),
            phase: 7_000,
            keeps: 30_000,
            asked: 0,
            awake: false,
            held: None,
        };
        assert_eq!(
            [
                group.next(0),
                group.next(7_000),
                group.next(36_999),
                group.next(37_000)
            ],
            [7_000, 37_000, 37_000, 67_000]
        );
    }

    #[test]
    fn held_connections_break_with_time_or_with_their_region() {
        let mut resolvers = Resolvers::leading_home(Duration::from_secs(30), &mut Dice::new(1));
        for group in &mut resolvers.groups {
            group.leads = Some(1);
        }
        resolvers.groups[HOLDING].held = Some((0, 60_000));
        assert_eq!(resolvers.at(10_000, |_, _| true)[0], 1);
        assert_eq!(resolvers.at(60_000, |_, _| true)[0], 0);
        assert_eq!(resolvers.at(10_000, |site, _| site != 0)[0], 0);
        assert_eq!(resolvers.at(10_000, |site, _| site != 0)[1], GROUPS);
    }
}
