//! What a machine sends, its functions understand.

use std::collections::BTreeMap;

use crate::definitions::{Definition, Task, all};
use crate::play::{play, refusing, way_to};
use crate::understudy::{Asked, Situation};

/// What each Task state asks for, read by the function it calls. Every state is led to.
pub(crate) fn asked(definition: &Definition) -> BTreeMap<&str, Asked> {
    let mut asked = BTreeMap::new();
    for Task { name, .. } in definition.tasks() {
        let play = [Situation::Down, Situation::Well]
            .into_iter()
            .find_map(|situation| {
                let failing = way_to(definition, situation, name)?;
                Some(play(definition, situation, refusing(&failing)))
            })
            .unwrap_or_else(|| panic!("{}: nothing leads to {name}", definition.name));
        for call in play.calls.into_iter().filter(|call| call.state == name) {
            let read = call.asked.unwrap_or_else(|error| {
                panic!(
                    "{}: {name} sends what is not understood: {error}",
                    definition.name
                )
            });
            asked.insert(name, read);
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
