//! What each machine promises when it says that it recovered, and what everything has to come to.

use domain::names::Recovery;
use serde_json::Value;

use crate::injection::{CallFault, EntryFault, Fault, Injection, InvocationFault, What};
use crate::scenario::Outcome;
use crate::world::execution::Execution;
use crate::world::{Ms, Standing, World};

/// What is not so although a run said that it recovered, judged by how the system was when people first heard it. Nothing if the
/// run said no such thing. An outage that began after the run had verified the system is another incident.
pub(super) fn unkept(world: &World, run: &Execution, struck: &[(Ms, Injection)]) -> Option<&'static str> {
    let end = run.end.as_ref().filter(|end| end.outcome == "recovered")?;
    let recovery = run.input["recovery"].as_str().and_then(Recovery::named)?;
    let key = format!("{}/{}", run.input["incident"].as_str()?, Outcome::Recovered);
    let told = world.heard.iter().find(|heard| heard.key == key);
    let broken = missing(recovery, told.map_or(end.left, |heard| heard.standing));
    let is_another =
        || lost_a_plane(struck) && run.verified.is_some_and(|then| missing(recovery, then).is_none());
    broken.filter(|_| !is_another())
}

/// Whether a plane of a Region went down.
fn lost_a_plane(struck: &[(Ms, Injection)]) -> bool {
    let down = |fault: &Fault| matches!(fault, Fault::Entry(EntryFault::Down(..)));
    struck.iter().any(|(_, injection)| down(&injection.fault))
}

/// What a machine promises and the system lacks.
fn missing(recovery: Recovery, standing: Standing) -> Option<&'static str> {
    let Standing { service, leads } = standing;
    let no_writer = || (!service.has_writer).then_some("no database takes writes");
    let not_served = || (!service.serves).then_some("users are not served");
    match recovery {
        // The writer takes writes; users may fail for other reasons.
        Recovery::FailOverDatabase => no_writer(),
        // Whoever asks is led to where writes are taken; resolvers that are late are theirs.
        Recovery::FailOverRegion | Recovery::SwitchOverRegion | Recovery::FailBackRegion => {
            (!leads).then_some("the name does not lead to where writes are taken")
        }
        // Users are served again, or still.
        Recovery::RollBackDeployment
        | Recovery::EvacuateZone
        | Recovery::ReturnToZone
        | Recovery::FailOverCache => not_served(),
        // Instances are there; users may still be more than those carry.
        Recovery::ReplaceInstances | Recovery::ScaleOut => no_writer(),
    }
}

/// Whether people may hear of an end twice: a message was sent and its answer lost, or what notes that it was sent.
pub(super) fn may_be_told_again(struck: &[(Ms, Injection)]) -> bool {
    struck.iter().any(|(_, injection)| match &injection.fault {
        Fault::Call(fault) => {
            let What::Call { operation, .. } = &injection.place.spot.what else {
                return false;
            };
            let lost = matches!(
                fault,
                CallFault::AnswerLost | CallFault::Crash | CallFault::Late | CallFault::Twice
            );
            operation.starts_with("dynamodb:") || (&**operation == "sns:Publish" && lost)
        }
        Fault::Invocation(fault) => {
            matches!(fault, InvocationFault::Twice | InvocationFault::AnswerLost)
        }
        Fault::Entry(_) => true,
        Fault::Event(_) => false,
    })
}

/// Whether people heard that an execution died: by the router's page, or because the event about it is in a dead-letter queue,
/// whose depth has an alarm of its own.
pub(super) fn death_was_told(world: &World, dead_letters: &[Value], name: &str) -> bool {
    let pages: Vec<_> = world.page_topics().collect();
    let paged = world
        .heard
        .iter()
        .any(|heard| pages.contains(&&heard.topic) && heard.text.contains(name));
    paged || dead_letters.iter().any(|event| event["detail"]["name"] == name)
}

/// Whether another run took a run's lock over.
pub(super) fn lost_its_lock(struck: &[(Ms, Injection)]) -> bool {
    let taken = Fault::Invocation(InvocationFault::LockTakenOver);
    struck.iter().any(|(_, injection)| injection.fault == taken)
}

/// Whether a run was kept from taking its lock: it did nothing and recorded nothing, so another may follow.
pub(super) fn never_began(struck: &[(Ms, Injection)]) -> bool {
    let mut states = struck
        .iter()
        .filter_map(|(_, injection)| injection.place.spot.state());
    states.any(|state| state == "TakeLock")
}

/// Whether the step that releases a lock was kept from it: then the lock expires by itself.
pub(super) fn could_not_release(struck: &[(Ms, Injection)]) -> bool {
    struck.iter().any(|(_, injection)| {
        let state = injection.place.spot.state();
        state.is_some_and(|state| state.starts_with("Release"))
    })
}

/// What is not over, in words.
pub(super) fn what_is_open(world: &World) -> String {
    let open = world.executions.iter().filter(|(_, run)| run.end.is_none());
    let open: Vec<&str> = open.map(|(name, _)| name).collect();
    match (open.is_empty(), world.serves()) {
        (false, _) => format!("still running: {}", open.join(", ")),
        (true, false) => "users are not served, and nobody was paged".to_owned(),
        (true, true) => "something is still under way".to_owned(),
    }
}
