//! AWS Health: what AWS says of its own services, and where that arrives.
//!
//! An event of AWS Health goes to the bus of the Region that is impaired, which may be the one that cannot deliver it, and as a
//! copy to a backup Region (AWS Health User Guide, choosing-a-region). Where the backup Region is none of the
//! system's, a rule there forwards the copy to the bus of the system's other Region (EventBridge User Guide,
//! eb-cross-region); in the impaired Region such a rule forwards as well, as long as anything works there. So the other
//! Region hears of an issue once, or twice.

use domain::names::Region;
use domain::system::Meaning;

use super::{Change, Outgoing, World, envelope};
use crate::facts;
use crate::timeline::Actor;

/// How long a storm of copies lasts.
const STORM_MS: super::Ms = 60_000;

/// The backup Region of every other Region of the standard partition, and that one's own. Source: AWS Health User Guide,
/// choosing-a-region.
const BACKUP: [&str; 2] = ["us-west-2", "us-east-1"];

/// An issue that AWS has, whether or not it has said so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issue {
    /// The Region that is impaired.
    pub region: Region,
    /// When it began.
    pub began: super::Ms,
    /// When AWS said so.
    pub said: Option<super::Ms>,
    /// When it was over.
    pub ended: Option<super::Ms>,
    /// How often AWS has spoken of it.
    pub messages: u64,
}

/// What happens to an issue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// AWS says that it is there.
    Opens(usize),
    /// AWS says that it is over.
    Closes(usize),
    /// A copy of what AWS said last arrives on the bus of one of the system's Regions.
    Arrives {
        /// The issue.
        issue: usize,
        /// The Region whose copy it is.
        copy: Region,
        /// The Region on whose bus it arrives.
        on: Region,
    },
    /// One more copy in a storm of them.
    Storms(usize),
}

impl World {
    /// A Region is lost: AWS will say so.
    pub(super) fn begin_issue(&mut self, region: &Region) {
        let issue = self.issue_of(region);
        let after = self.dice.draw(&facts::HEALTH_SPEAKS).as_millis();
        self.enter(self.now + after, Change::Health(Step::Opens(issue)));
    }

    /// A Region is back: AWS will say so, if it ever said that something was wrong.
    pub(super) fn end_issue(&mut self, region: &Region) {
        let lasting = |issue: &Issue| issue.region == *region && issue.ended.is_none();
        let Some(issue) = self.issues.iter().position(lasting) else {
            return;
        };
        self.issues[issue].ended = Some(self.now);
        if self.issues[issue].said.is_some() {
            let after = self.dice.draw(&facts::HEALTH_CLOSES).as_millis();
            self.enter(self.now + after, Change::Health(Step::Closes(issue)));
        }
    }

    /// So many copies of an issue of a Region come within a minute. If AWS has said nothing yet, it says it now.
    pub(super) fn health_storm(&mut self, region: &Region, count: u32) -> String {
        let issue = self.issue_of(region);
        if self.issues[issue].said.is_none() {
            self.health_steps(Step::Opens(issue));
        }
        for number in 0..count {
            let at = self.now + STORM_MS * u64::from(number) / u64::from(count.max(1));
            self.enter(at, Change::Health(Step::Storms(issue)));
        }
        format!("{count} copies of what AWS Health says of {region} come within a minute")
    }

    pub(super) fn health_steps(&mut self, step: Step) {
        match step {
            // What was over before AWS spoke of it, AWS does not speak of; nor twice of the same.
            Step::Opens(issue) if self.issues[issue].ended.is_some() || self.issues[issue].said.is_some() => {
            }
            Step::Opens(issue) => {
                self.issues[issue].said = Some(self.now);
                self.speak(issue, "AWS Health has an open issue of EC2 in");
            }
            Step::Closes(issue) => self.speak(issue, "AWS Health closes its issue of EC2 in"),
            Step::Arrives { issue, copy, on } => self.arrive(issue, &copy, on),
            Step::Storms(issue) => {
                let copy = backup_of(&self.issues[issue].region);
                for on in self.in_reach_of(&copy) {
                    self.arrive(issue, &copy, on);
                }
            }
        }
    }

    /// AWS says something new of an issue.
    fn speak(&mut self, issue: usize, what: &str) {
        self.issues[issue].messages += 1;
        let region = self.issues[issue].region.clone();
        self.say(Actor::World, format!("{what} {region}"));
        for copy in [region.clone(), backup_of(&region)] {
            for on in self.in_reach_of(&copy) {
                let hop = if on == copy {
                    0
                } else {
                    self.dice.draw(&facts::FORWARDED).as_millis()
                };
                let copy = copy.clone();
                self.enter(self.now + hop, Change::Health(Step::Arrives { issue, copy, on }));
            }
        }
    }

    /// The Regions of the system on whose buses a Region's copy arrives: its own, and those to which its rule forwards.
    fn in_reach_of(&self, copy: &Region) -> Vec<Region> {
        let alive = !self.regions.is_lost(copy);
        let sites = self.sites.iter().map(|site| &site.region);
        sites
            .filter(|on| alive && !self.regions.is_lost(on))
            .filter(|on| *on == copy || self.regions.are_joined(copy, on))
            .cloned()
            .collect()
    }

    fn arrive(&mut self, issue: usize, copy: &Region, on: Region) {
        let goes_on = self.issues[issue].ended.is_none();
        if goes_on
            && self
                .alarms
                .iter()
                .any(|alarm| alarm.rose_for(Meaning::RegionDown))
        {
            self.moments.second_signal.get_or_insert(self.now);
        }
        let event = envelope::health(self, &self.issues[issue], copy, self.entered);
        self.outbox.push(Outgoing::Event { region: on, event });
    }

    /// The issue of a Region that is not over, or a new one.
    fn issue_of(&mut self, region: &Region) -> usize {
        let lasting = |issue: &Issue| issue.region == *region && issue.ended.is_none();
        self.issues.iter().position(lasting).unwrap_or_else(|| {
            self.issues.push(Issue {
                region: region.clone(),
                began: self.now,
                said: None,
                ended: None,
                messages: 0,
            });
            self.issues.len() - 1
        })
    }
}

/// Where the copies of a Region's events go.
fn backup_of(region: &Region) -> Region {
    let [backup, of_the_backup] = BACKUP;
    let code = if region.as_str() == backup {
        of_the_backup
    } else {
        backup
    };
    code.parse().unwrap_or_else(|_| region.clone())
}
