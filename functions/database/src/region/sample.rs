//! A system in two Regions, and what is known of its move, for the tests of this module.

use domain::steps::region::{
    Answer, Approval, CapacityAssessment, Fence, Fencing, GroupSize, Lag, RegionAssessment, Risk, Verdict,
};
use domain::system::{Site, System, read};

/// The system file of `aurora` or `multi-az-instance`.
pub(super) fn system(kind: &str) -> System {
    let replication = match kind {
        "aurora" => r#"{ kind = "aurora-global", global-cluster = "shop-global" }"#,
        _ => r#"{ kind = "read-replica" }"#,
    };
    let text = include_str!("../../tests/region/shop.toml")
        .replace("KIND", kind)
        .replace("REPLICATION", replication);
    read(&text).expect("coherent")
}

/// The half in Frankfurt.
pub(super) fn frankfurt_site(system: &System) -> &Site {
    let shared = system.region_failover.as_ref().expect("two Regions");
    &shared.sites[0]
}

/// An assessment of a move from Frankfurt to Dublin. A lag is fresh.
pub(super) fn assessment(verdict: Verdict, lag_ms: Option<u64>) -> RegionAssessment {
    let at = "2026-10-01T07:16:00Z".parse().expect("a time");
    let size = GroupSize {
        min: 2,
        desired: 2,
        max: 4,
    };
    RegionAssessment {
        at,
        verdict,
        from: "eu-central-1".parse().expect("a Region"),
        to: "eu-west-1".parse().expect("a Region"),
        source_reachable: false,
        writer_in: None,
        lag: lag_ms.map(|lag_ms| Lag {
            lag_ms,
            measured_at: at,
            age_ms: 9_000,
        }),
        capacity: CapacityAssessment {
            standing: size,
            source_in_service: None,
            needed: 6,
        },
        seen: vec![],
    }
}

/// An answer at the gate.
pub(super) fn approval(answer: Answer, accepted: &[Risk]) -> Approval {
    Approval {
        at: "2026-10-01T07:17:00Z".parse().expect("a time"),
        answer,
        by: "an engineer".into(),
        because: "the Region is gone".into(),
        accepted: accepted.to_vec(),
        seen: vec![],
    }
}

/// What is known of a fence.
pub(super) fn fencing(fence: Fence) -> Fencing {
    Fencing {
        at: "2026-10-01T07:16:30Z".parse().expect("a time"),
        fence,
        writes_until: None,
        seen: vec![],
    }
}
