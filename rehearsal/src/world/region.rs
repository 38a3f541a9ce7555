//! Regions: which of them answer, and whom.
//!
//! A Region has a control plane (AWS's API that changes things) and a data plane (what serves: databases, load
//! balancers, DynamoDB, S3, SNS). Either can be down. A Region that is lost answers nothing at all. Between the two
//! Regions of a system the network can be cut: then neither sees the other, while users anywhere still reach both. And a
//! Region can be isolated: cut off from every other Region and from users elsewhere, while those near it reach it.

use std::collections::BTreeMap;

use domain::names::Region;

/// Where Route 53's control plane lives. Source: Route 53 Developer Guide, accelerated-recovery.
pub const HOME_OF_ROUTE53: &str = "us-east-1";

/// What part of a Region a call is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Plane {
    /// What changes or describes resources: RDS, Auto Scaling, Elastic Load Balancing, ElastiCache, Route 53 records.
    Control,
    /// What serves: DynamoDB items, S3 objects, SNS messages, metrics, executions, routing controls, the application.
    Data,
}

/// What becomes of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// It arrives.
    Yes,
    /// It is answered with an error of the service at once.
    Refused,
    /// Nothing answers: it times out.
    Silent,
}

/// How a Region is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Condition {
    control: bool,
    data: bool,
    lost: bool,
    isolated: bool,
}

const WELL: Condition = Condition {
    control: true,
    data: true,
    lost: false,
    isolated: false,
};

/// Every Region that matters to a system, and the network between its two.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Regions {
    conditions: BTreeMap<Region, Condition>,
    pair: Vec<Region>,
    cut: bool,
}

impl Regions {
    /// All of them well. `pair` are the system's own, the primary first.
    pub const fn well(pair: Vec<Region>) -> Self {
        Self {
            conditions: BTreeMap::new(),
            pair,
            cut: false,
        }
    }

    /// What becomes of a call from one Region to a plane of another, or of the same.
    pub fn reach(&self, caller: &Region, target: &Region, plane: Plane) -> Reach {
        let there = self.condition(target);
        let here = self.condition(caller);
        let apart = caller != target && (there.isolated || here.isolated);
        if there.lost || here.lost || apart || self.is_cut_between(caller, target) {
            return Reach::Silent;
        }
        match plane {
            Plane::Control if !there.control => Reach::Refused,
            Plane::Data if !there.data => Reach::Silent,
            Plane::Control | Plane::Data => Reach::Yes,
        }
    }

    /// What becomes of a call of Route 53's API that changes or describes records.
    pub fn route53(&self, caller: &Region) -> Reach {
        match HOME_OF_ROUTE53.parse() {
            Ok(home) => self.reach(caller, &home, Plane::Control),
            Err(_) => Reach::Silent,
        }
    }

    /// Whether a Region is lost with everything in it.
    pub fn is_lost(&self, region: &Region) -> bool {
        self.condition(region).lost
    }

    /// Whether users, and Route 53's health checkers anywhere else, reach a Region.
    pub fn users_reach(&self, region: &Region) -> bool {
        self.serves_near(region) && !self.condition(region).isolated
    }

    /// Whether a Region serves at all: whoever is near it, and itself.
    pub fn serves_near(&self, region: &Region) -> bool {
        let there = self.condition(region);
        !there.lost && there.data
    }

    /// Whether a replica of a global table with multi-Region strong consistency takes writes and answers consistent
    /// reads: together with one more of the three, which are the system's two Regions and a witness in a third.
    /// The source is cited at [`crate::facts::CONSISTENT_TABLE_API`].
    pub fn agrees_with_another(&self, region: &Region) -> bool {
        let witness = self.users_reach(region);
        let other = self
            .pair
            .iter()
            .any(|other| other != region && self.are_joined(region, other));
        self.serves_near(region) && (witness || other)
    }

    /// Whether data travels between two Regions.
    pub fn are_joined(&self, one: &Region, other: &Region) -> bool {
        self.users_reach(one) && self.users_reach(other) && !self.is_cut_between(one, other)
    }

    /// A Region is lost, or comes back as it was.
    pub fn set_lost(&mut self, region: &Region, lost: bool) {
        self.condition_mut(region).lost = lost;
    }

    /// A Region's control plane fails, or works again.
    pub fn set_control(&mut self, region: &Region, up: bool) {
        self.condition_mut(region).control = up;
    }

    /// A Region's data plane fails, or works again.
    pub fn set_data(&mut self, region: &Region, up: bool) {
        self.condition_mut(region).data = up;
    }

    /// A Region is cut off from every other and from users elsewhere, or is so no more.
    pub fn set_isolated(&mut self, region: &Region, isolated: bool) {
        self.condition_mut(region).isolated = isolated;
    }

    /// The network between the system's Regions is cut, or works again.
    pub const fn set_cut(&mut self, cut: bool) {
        self.cut = cut;
    }

    fn is_cut_between(&self, one: &Region, other: &Region) -> bool {
        self.cut && one != other && self.pair.contains(one) && self.pair.contains(other)
    }

    fn condition(&self, region: &Region) -> Condition {
        self.conditions.get(region).copied().unwrap_or(WELL)
    }

    fn condition_mut(&mut self, region: &Region) -> &mut Condition {
        self.conditions.entry(region.clone()).or_insert(WELL)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn region(code: &str) -> Region {
        code.parse().expect("a Region")
    }

    fn pair() -> (Region, Region, Regions) {
        let (home, away) = (region("eu-central-1"), region("eu-west-1"));
        let regions = Regions::well(vec![home.clone(), away.clone()]);
        (home, away, regions)
    }

    #[test]
    fn a_partition_silences_both_ways_and_users_reach_both() {
        let (home, away, mut regions) = pair();
        regions.set_cut(true);
        for plane in [Plane::Control, Plane::Data] {
            assert_eq!(regions.reach(&home, &away, plane), Reach::Silent);
            assert_eq!(regions.reach(&away, &home, plane), Reach::Silent);
            assert_eq!(regions.reach(&home, &home, plane), Reach::Yes);
        }
        assert!(regions.users_reach(&home) && regions.users_reach(&away));
        assert!(!regions.are_joined(&home, &away));
        assert_eq!(regions.route53(&away), Reach::Yes, "us-east-1 is beyond the cut");
    }

    #[test]
    fn an_isolated_region_serves_those_near_it_and_agrees_with_nobody() {
        let (home, away, mut regions) = pair();
        assert!(regions.agrees_with_another(&home));
        regions.set_isolated(&home, true);
        for (from, to) in [(&home, &away), (&away, &home)] {
            assert_eq!(regions.reach(from, to, Plane::Data), Reach::Silent);
        }
        assert_eq!(regions.reach(&home, &home, Plane::Control), Reach::Yes);
        assert_eq!(regions.route53(&home), Reach::Silent);
        assert_eq!(regions.route53(&away), Reach::Yes);
        assert!(!regions.users_reach(&home) && regions.serves_near(&home));
        assert!(!regions.agrees_with_another(&home) && regions.agrees_with_another(&away));
        regions.set_isolated(&home, false);
        regions.set_cut(true);
        // Each of the two still reaches the witness.
        assert!(regions.agrees_with_another(&home) && regions.agrees_with_another(&away));
    }

    #[test]
    fn a_control_plane_that_is_down_refuses_at_once_and_still_serves() {
        let (home, away, mut regions) = pair();
        regions.set_control(&home, false);
        assert_eq!(regions.reach(&away, &home, Plane::Control), Reach::Refused);
        assert_eq!(regions.reach(&away, &home, Plane::Data), Reach::Yes);
        assert!(regions.users_reach(&home));
        regions.set_control(&region(HOME_OF_ROUTE53), false);
        assert_eq!(regions.route53(&away), Reach::Refused);
    }

    #[test]
    fn a_lost_region_says_nothing_and_hears_nothing() {
        let (home, away, mut regions) = pair();
        regions.set_lost(&home, true);
        assert_eq!(regions.reach(&away, &home, Plane::Control), Reach::Silent);
        assert_eq!(regions.reach(&home, &away, Plane::Data), Reach::Silent);
        assert!(!regions.users_reach(&home));
        regions.set_lost(&home, false);
        assert_eq!(regions.reach(&away, &home, Plane::Control), Reach::Yes);
    }
}
