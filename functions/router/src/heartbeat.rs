//! The heartbeat: the look at all systems that a schedule asks for every minute. An alarm says when it is missing.

use events::{Asked, Asker, Scope, Subject};

/// Whether a payload is the schedule's request to look at all systems. A person who asks for the same is no heart.
pub fn is_beat(payload: &[u8]) -> bool {
    let Ok(signal) = events::parse(payload) else {
        return false;
    };
    match signal.subject {
        Subject::Request(asked) => {
            let by_schedule = matches!(asked.by, Asker::Schedule { .. });
            by_schedule && asked.what == Asked::Assess && asked.scope == Scope::AllSystems
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(what: &str, system: &str) -> Vec<u8> {
        let schedule = "arn:aws:scheduler:eu-central-1:111122223333:schedule/default/evenkeel-look";
        format!(
            r#"{{"evenkeel":"{what}","system":"{system}","schedule":"{schedule}","time":"2026-01-01T00:00:00Z"}}"#
        )
        .into_bytes()
    }

    #[test]
    fn only_the_scheduled_look_at_all_systems_is_one() {
        assert!(is_beat(&asked("assess", "*")));
        assert!(!is_beat(&asked("assess", "shop")));
        assert!(!is_beat(b"{}"));
        let person = br#"{"evenkeel":"assess","system":"*","by":"mallory","because":"it beats","account":"111122223333","region":"eu-central-1","time":"2026-01-01T00:00:00Z"}"#;
        assert!(events::parse(person).is_ok());
        assert!(!is_beat(person));
    }
}
