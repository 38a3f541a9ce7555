//! ElastiCache: a replication group in each Region, joined by a global datastore.

use domain::names::Region;

use super::{AWAY, Change, Site, World};
use crate::facts;
use crate::timeline::Actor;

/// A replication group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CacheGroup {
    /// Its id.
    pub id: String,
    /// Its nodes, one node group.
    pub nodes: Vec<Node>,
    /// Whether a failover is under way.
    pub modifying: bool,
    /// Whether the primary node does not serve.
    pub down: bool,
}

/// A node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// The cache cluster's id.
    pub id: String,
    /// Its zone.
    pub zone: String,
    /// Whether it is the primary node of its group.
    pub primary: bool,
}

/// The only node group of a replication group without cluster mode.
pub const NODE_GROUP: &str = "0001";

impl CacheGroup {
    /// A group of two nodes in two zones.
    pub(super) fn healthy(id: &str, region: &Region) -> Self {
        let node = |number: usize| Node {
            id: format!("{id}-{number:03}"),
            zone: format!("{region}{}", ["a", "b"][number - 1]),
            primary: number == 1,
        };
        Self {
            id: id.to_owned(),
            nodes: vec![node(1), node(2)],
            modifying: false,
            down: false,
        }
    }

    /// Its primary node, if it has one.
    pub fn primary(&self) -> Option<&Node> {
        self.nodes.iter().find(|node| node.primary)
    }

    /// Its status, in ElastiCache's words.
    pub const fn status(&self) -> &'static str {
        if self.modifying { "modifying" } else { "available" }
    }
}

/// A global datastore. Its members are the sites' groups.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GlobalDatastore {
    /// Its id, prefix included.
    pub id: String,
    /// The site whose group is written to.
    pub primary: usize,
    /// The site to which it is being moved.
    pub moving_to: Option<usize>,
}

impl GlobalDatastore {
    /// Its status, in ElastiCache's words.
    pub const fn status(&self) -> &'static str {
        if self.moving_to.is_some() {
            "modifying"
        } else {
            "available"
        }
    }

    /// A site's role, in ElastiCache's words.
    pub const fn role(&self, site: usize) -> &'static str {
        if self.primary == site {
            "PRIMARY"
        } else {
            "SECONDARY"
        }
    }
}

/// Why ElastiCache refuses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// `GlobalReplicationGroupNotFoundFault` or `ReplicationGroupNotFoundFault`
    NotFound(String),
    /// `InvalidGlobalReplicationGroupState` or `InvalidReplicationGroupState`
    State(String),
    /// `InvalidParameterValue`
    Parameter(String),
}

impl World {
    /// Somebody asks to make another Region's group the primary of a global datastore.
    /// Source of the rules: ElastiCache API, FailoverGlobalReplicationGroup.
    ///
    /// # Errors
    /// What ElastiCache would refuse it with.
    pub fn failover_cache(&mut self, global: &str, to: &Region, group: &str) -> Result<(), Refusal> {
        let target = self.index_of(to);
        let datastore = self
            .cache
            .as_mut()
            .filter(|datastore| datastore.id == global)
            .ok_or_else(|| Refusal::NotFound(format!("Global Replication Group {global} not found.")))?;
        if datastore.moving_to.is_some() {
            return Err(Refusal::State(format!("{global} is not in available state")));
        }
        let member = target.filter(|site| {
            let cache = self.sites[*site].cache.as_ref();
            cache.is_some_and(|cache| cache.id == group)
        });
        let Some(member) = member else {
            return Err(Refusal::Parameter(format!(
                "{group} in {to} is no member of {global}"
            )));
        };
        if datastore.primary == member {
            return Err(Refusal::Parameter(format!(
                "{group} in {to} is the primary already"
            )));
        }
        datastore.moving_to = Some(member);
        if member == AWAY {
            self.moments.cache_accepted.get_or_insert(self.now);
        }
        let took = self.dice.draw(&facts::CACHE_GLOBAL_FAILOVER).as_millis();
        self.enter(self.now + took, Change::CacheMoved);
        Ok(())
    }

    /// Somebody asks for a failover inside a replication group.
    /// Source of the rules: ElastiCache API, TestFailover.
    ///
    /// # Errors
    /// What ElastiCache would refuse it with.
    pub fn test_cache_failover(
        &mut self,
        region: &Region,
        group: &str,
        node_group: &str,
    ) -> Result<(), Refusal> {
        let missing = || Refusal::NotFound(format!("ReplicationGroup {group} not found."));
        let site = self.index_of(region).ok_or_else(missing)?;
        let cache = self.sites[site]
            .cache
            .as_mut()
            .filter(|cache| cache.id == group)
            .ok_or_else(missing)?;
        if node_group != NODE_GROUP {
            return Err(Refusal::Parameter(format!(
                "{group} has no node group {node_group}"
            )));
        }
        if cache.modifying {
            return Err(Refusal::State(format!("{group} is not in available state")));
        }
        cache.modifying = true;
        let took = self.dice.draw(&facts::CACHE_FAILOVER).as_millis();
        self.enter(self.now + took, Change::CacheNodeMoved(site));
        Ok(())
    }

    pub(super) fn cache_moved(&mut self) {
        let Some(datastore) = &mut self.cache else { return };
        if let Some(to) = datastore.moving_to.take() {
            datastore.primary = to;
            if to == AWAY {
                self.moments.cache_moved.get_or_insert(self.now);
            }
            let line = format!("the cache's primary is in {}", self.sites[to].region);
            self.say(Actor::World, line);
        }
    }

    pub(super) fn cache_node_moved(&mut self, site: usize) {
        let before = self.serves();
        let Site { cache, web, .. } = &mut self.sites[site];
        let Some(cache) = cache else {
            return;
        };
        cache.modifying = false;
        let lost = |zone: &str| web.as_ref().is_some_and(|web| web.zones.is_lost(zone));
        let (count, now_primary) = (
            cache.nodes.len().max(1),
            cache.nodes.iter().position(|node| node.primary).unwrap_or(0),
        );
        let next = (1..=count)
            .map(|step| (now_primary + step) % count)
            .find(|index| cache.nodes.get(*index).is_some_and(|node| !lost(&node.zone)));
        let next = next.unwrap_or(now_primary);
        for (index, node) in cache.nodes.iter_mut().enumerate() {
            node.primary = index == next;
        }
        let was_down = cache.down;
        cache.down = was_down && next == now_primary;
        let moved = next != now_primary;
        if was_down && !cache.down {
            let line = cache
                .primary()
                .map(|node| format!("the cache's primary is {} in {}", node.id, node.zone));
            self.say(Actor::World, line.unwrap_or_default());
        }
        if moved {
            self.tell_cache_moved(site);
        }
        self.say_if_it_turned(before);
    }

    /// The cache's primary node does not serve any more. Says what happened.
    pub(super) fn lose_cache(&mut self, site: usize) -> String {
        let Some(cache) = &mut self.sites[site].cache else {
            return "nothing strikes: the system has no cache".to_owned();
        };
        cache.down = true;
        let node = cache.primary().map_or("nothing", |node| node.id.as_str());
        format!("the cache's primary {node} stops serving; ElastiCache sees nothing wrong")
    }

    /// ElastiCache notices that the primary node is gone with its zone, and fails over by itself.
    pub(super) fn cache_notices(&mut self, site: usize) {
        let Some(cache) = &mut self.sites[site].cache else {
            return;
        };
        if !cache.down || cache.modifying {
            return;
        }
        cache.modifying = true;
        let took = self.dice.draw(&facts::CACHE_FAILOVER).as_millis();
        self.say(
            Actor::World,
            "ElastiCache notices the lost primary node and fails over by itself",
        );
        self.enter(self.now + took, Change::CacheNodeMoved(site));
    }
}
