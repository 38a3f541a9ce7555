//! What people do in a rehearsal: answer, start something, stop it, or nothing.
//!
//! The world knows when; `stage` lets them do it through the same code that the program uses.

use domain::duration::Duration;
use domain::names::{Recovery, Region};
use domain::steps::region::Risk;

use super::fault::{Place, Where};
use super::{AWAY, Change, HOME, Ms, Outgoing, World};
use crate::timeline::Actor;

/// A person and one thing that they do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// When.
    pub when: When,
    /// How much later they may do it; where exactly, the seed decides.
    pub within: Duration,
    /// What.
    pub does: Does<Where>,
    /// Who they are: a role, as in `on-call`.
    pub by: String,
    /// Why, in their words.
    pub because: String,
}

/// When a person does something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// At an instant since the rehearsal began.
    At(Duration),
    /// So long after somebody was asked whether a move may go on.
    ApprovalAsked(Duration),
}

/// What a person does. A scenario says where by what the Region is to the system, the world by its code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Does<R = Region> {
    /// Says yes, and accepts these risks by name.
    Approve {
        /// The risks.
        accepts: Vec<Risk>,
    },
    /// Says no.
    Reject,
    /// Starts a recovery in a Region.
    Run {
        /// Which.
        machine: Recovery,
        /// Where.
        region: R,
    },
    /// Wants the run that asked, or the one that runs, to stop.
    Stop,
    /// Keeps recoveries from starting by themselves.
    Disarm,
    /// Lets them start by themselves again.
    Arm,
    /// Nothing.
    Nothing,
}

/// Something that a person does now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Act {
    /// Who.
    pub by: String,
    /// Why.
    pub because: String,
    /// What.
    pub does: Does,
    /// The incident that asked, where one did.
    pub incident: Option<String>,
}

impl World {
    /// Which runs asked people whether they may go on, and when.
    pub fn asked(&self) -> impl Iterator<Item = (Ms, &str)> {
        self.asked.iter().map(|(at, incident)| (*at, incident.as_str()))
    }

    /// People were asked whether a run may go on. Asked again by the same run, they do not begin anew.
    pub fn approval_asked(&mut self, incident: &str) {
        let now = self.now;
        self.moments.approval_asked.get_or_insert(now);
        if self.asked.iter().any(|(_, known)| known == incident) {
            return;
        }
        self.asked.push((now, incident.to_owned()));
        for index in 0..self.persons.len() {
            let person = &self.persons[index];
            if let When::ApprovalAsked(after) = person.when {
                let at = now + self.about(after, person.within);
                self.enter(at, Change::Person(index, Some(incident.to_owned())));
            }
        }
    }

    /// A person's answer was taken. What an approval accepts by name may be lost from now on.
    pub fn approval_answered(&mut self, approved: bool, accepted: &[Risk]) {
        self.moments.approval_answered.get_or_insert(self.now);
        if approved {
            self.accepted.extend(accepted);
        }
    }

    /// A run saw for the first time that the system serves where it moved it.
    pub fn verified(&mut self) {
        self.moments.verified.get_or_insert(self.now);
    }

    pub(super) fn expect_people(&mut self) {
        for index in 0..self.persons.len() {
            let person = &self.persons[index];
            if let When::At(at) = person.when {
                let at = self.about(at, person.within);
                self.enter(at, Change::Person(index, None));
            }
        }
    }

    pub(super) fn person_acts(&mut self, index: usize, incident: Option<String>) {
        let Some(person) = self.persons.get(index).cloned() else {
            return;
        };
        let Person { by, because, .. } = person;
        let does = match person.does {
            Does::Approve { accepts } => Does::Approve { accepts },
            Does::Reject => Does::Reject,
            Does::Stop => Does::Stop,
            Does::Disarm => Does::Disarm,
            Does::Arm => Does::Arm,
            Does::Nothing => Does::Nothing,
            Does::Run { machine, region } => match self.region_at(&region) {
                Some(region) => Does::Run { machine, region },
                // There is no second Region to run it in.
                None => Does::Nothing,
            },
        };
        let what = match &does {
            Does::Approve { accepts } => {
                let risks: Vec<&str> = accepts.iter().map(|risk| risk.word()).collect();
                format!("approves, accepting {}: {because}", risks.join(", "))
            }
            Does::Reject => format!("rejects: {because}"),
            Does::Run { machine, region } => format!("runs {machine} in {region}: {because}"),
            Does::Stop => format!("stops it: {because}"),
            Does::Disarm => format!("disarms the system: {because}"),
            Does::Arm => format!("arms the system: {because}"),
            Does::Nothing => "does nothing".to_owned(),
        };
        self.say(Actor::People, format!("{by} {what}"));
        self.outbox.push(Outgoing::Person(Act {
            by,
            because,
            does,
            incident,
        }));
    }

    /// A person does something now.
    pub fn person_does(&mut self, act: Act) {
        self.outbox.push(Outgoing::Person(act));
    }

    /// Which Region a place is, if there is one.
    pub(super) fn region_at(&self, place: &Where) -> Option<Region> {
        match place {
            Where::At(Place::Primary) => Some(self.sites[HOME].region.clone()),
            Where::At(Place::Standby) => self.sites.get(AWAY).map(|site| site.region.clone()),
            Where::In(region) => Some(region.clone()),
        }
    }

    /// Somewhere in a span of time.
    fn about(&mut self, at: Duration, within: Duration) -> Ms {
        let latest = Duration::from_millis(at.as_millis() + within.as_millis());
        self.dice.between("person", at, latest).as_millis()
    }
}
