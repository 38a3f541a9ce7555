//! What a machine sends, its functions understand.

use std::collections::{BTreeMap, BTreeSet};

use crate::definitions::{Definition, all};
use crate::play::{play, refusing, ways};
use crate::understudy::{Asked, Situation};

/// What each Task state asks for, read by the function it calls. Every state is led to.
pub(crate) fn asked(definition: &Definition) -> BTreeMap<&str, Asked> {
    let mut asked = BTreeMap::new();
    let names: Vec<&str> = definition.tasks().into_iter().map(|task| task.name).collect();
    for situation in Situation::ALL {
        for failing in ways(definition, situation).into_values().collect::<BTreeSet<_>>() {
            for call in play(definition, situation, refusing(&failing)).calls {
                let name = names
                    .iter()
                    .find(|name| **name == call.state)
                    .expect("a Task state");
                let read = call.asked.unwrap_or_else(|error| {
                    panic!(
                        "{}: {name} sends what is not understood: {error}",
                        definition.name
                    )
                });
                asked.insert(*name, read);
            }
        }
        if asked.len() == names.len() {
            break;
        }
    }
    asked
}

#[test]
fn every_payload_is_understood_by_the_function_it_is_for() {
    for definition in all() {
        assert_eq!(
            asked(&definition).len(),
            definition.tasks().len(),
            "{}",
            definition.name
        );
    }
}
