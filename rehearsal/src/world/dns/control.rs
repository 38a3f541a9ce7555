//! Routing controls of Application Recovery Controller: one per Region, on or off, behind five endpoints.

use std::collections::BTreeMap;

use domain::names::Region;
use domain::system::region_failover::ClusterEndpoint;

/// The two controls of a system, and the cluster that keeps them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Controls {
    /// The cluster's endpoints.
    pub endpoints: Vec<Endpoint>,
    states: BTreeMap<String, bool>,
}

/// An endpoint of the cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// Where it is.
    pub region: Region,
    /// Its URL.
    pub url: String,
    /// Whether it answers, as far as its Region does.
    pub up: bool,
}

/// Why the cluster refuses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// `ResourceNotFoundException`
    NotFound(String),
    /// `ConflictException`: a safety rule forbids it.
    SafetyRule(String),
}

impl Controls {
    /// The primary Region's control is on, the standby's off.
    pub(super) fn leading_home(endpoints: &[ClusterEndpoint], primary: &str, standby: &str) -> Self {
        let endpoints = endpoints.iter().map(|endpoint| Endpoint {
            region: endpoint.region.clone(),
            url: endpoint.url.as_str().to_owned(),
            up: true,
        });
        Self {
            endpoints: endpoints.collect(),
            states: [(primary.to_owned(), true), (standby.to_owned(), false)].into(),
        }
    }

    /// Whether a control is on, if there is one of that ARN.
    pub fn is_on(&self, arn: &str) -> Option<bool> {
        self.states.get(arn).copied()
    }

    /// The endpoint at a URL, whatever its path.
    pub fn endpoint(&self, url: &str) -> Option<&Endpoint> {
        self.endpoints
            .iter()
            .find(|endpoint| url.starts_with(endpoint.url.trim_end_matches('/')))
    }

    /// Changes controls, all of them or none. The safety rule is that at least one is on.
    /// Source: ARC Developer Guide, routing-control.safety-rules.
    ///
    /// # Errors
    /// What the cluster would refuse it with.
    pub(super) fn update(&mut self, changes: &[(String, bool)]) -> Result<(), Refusal> {
        let mut next = self.states.clone();
        for (arn, on) in changes {
            match next.get_mut(arn) {
                Some(state) => *state = *on,
                None => return Err(Refusal::NotFound(format!("routing control {arn} not found"))),
            }
        }
        if !next.values().any(|on| *on) {
            return Err(Refusal::SafetyRule(
                "the safety rule `at-least-one-on` would be violated".to_owned(),
            ));
        }
        self.states = next;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn controls() -> Controls {
        Controls::leading_home(&[], "p", "s")
    }

    #[test]
    fn both_are_turned_in_one_call() {
        let mut controls = controls();
        controls
            .update(&[("s".to_owned(), true), ("p".to_owned(), false)])
            .expect("one stays on");
        assert_eq!(
            (controls.is_on("p"), controls.is_on("s")),
            (Some(false), Some(true))
        );
    }

    #[test]
    fn the_last_one_that_is_on_stays_on() {
        let mut controls = controls();
        let refused = controls.update(&[("p".to_owned(), false)]);
        assert!(matches!(refused, Err(Refusal::SafetyRule(_))), "{refused:?}");
        assert_eq!(controls.is_on("p"), Some(true));
        assert!(matches!(
            controls.update(&[("x".to_owned(), true)]),
            Err(Refusal::NotFound(_))
        ));
    }
}
