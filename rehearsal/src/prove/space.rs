//! Which faults are tried, singly and in pairs.

use super::subject::Subject;
use crate::cloud::regions;
use crate::injection::{Fault, Injection, Passed, Place, Within};

/// Every fault at every place of a subject's run, one at a time.
pub fn singles(subject: &Subject) -> Vec<Injection> {
    at(subject, subject.course.passed.iter().map(|passed| &passed.place))
}

/// Every fault that is tried in pairs and can strike after another has: at the places that the run passed from then on.
pub fn pairs_after(subject: &Subject, first: &Injection, passed: &[Passed]) -> Vec<Injection> {
    let mut all = faults_after(subject, first, passed);
    all.retain(|second| subject.tries_in_pairs(second));
    all
}

/// Every fault that can strike after another has.
pub(super) fn faults_after(subject: &Subject, first: &Injection, passed: &[Passed]) -> Vec<Injection> {
    let then = passed.iter().position(|passed| passed.place == first.place);
    let after = passed.iter().skip(then.map_or(passed.len(), |then| then + 1));
    at(subject, after.map(|passed| &passed.place))
}

/// Every fault at these places of a subject's run.
pub(super) fn faults_at(subject: &Subject, places: &[Place]) -> Vec<Injection> {
    at(subject, places.iter())
}

fn at<'a>(subject: &Subject, places: impl Iterator<Item = &'a Place>) -> Vec<Injection> {
    let system = &subject.course.setting.system;
    let regions: Vec<_> = regions(system).cloned().collect();
    let of_it = |place: &&Place| match (&subject.machine, &place.spot.within) {
        (Some(machine), Within::State { machine: whose, .. }) => machine == whose,
        (None, Within::Router(_) | Within::Bus(_) | Within::Person) => true,
        (Some(_), _) | (None, Within::State { .. }) => false,
    };
    places
        .filter(of_it)
        .flat_map(|place| {
            let faults = Fault::at(&place.spot.what, &regions).into_iter();
            faults.map(|fault| Injection {
                place: place.clone(),
                fault,
            })
        })
        .collect()
}
