use super::*;
use crate::system::read;

fn at(time: &str) -> Timestamp {
    format!("2026-10-01T{time}Z").parse().expect("a time")
}

/// 850 ms of lag, measured at 07:15:00.
fn assessed(verdict: Verdict, lag_ms: Option<u64>, age_ms: u64) -> RegionAssessment {
    let size = GroupSize {
        min: 2,
        desired: 2,
        max: 4,
    };
    RegionAssessment {
        at: at("07:16:00"),
        verdict,
        from: "eu-central-1".parse().expect("a Region"),
        to: "eu-west-1".parse().expect("a Region"),
        source_reachable: false,
        writer_in: None,
        lag: lag_ms.map(|lag_ms| Lag {
            lag_ms,
            measured_at: at("07:15:00"),
            age_ms,
        }),
        capacity: CapacityAssessment {
            standing: size,
            source_in_service: None,
            needed: 6,
        },
        seen: vec![],
    }
}

fn fencing(fence: Fence, writes_until: Option<&str>) -> Fencing {
    Fencing {
        at: at("07:17:00"),
        fence,
        writes_until: writes_until.map(at),
        seen: vec![],
    }
}

/// Promises a recovery point of 30 s.
fn promised() -> Objectives {
    let text = include_str!("../../../../../rehearsal/systems/two-regions.toml");
    read(text).expect("coherent").objectives
}

#[test]
fn a_source_that_wrote_under_its_lease_loses_what_was_written_since_something_arrived() {
    let fine = assessed(Verdict::FailOver, Some(850), 9_000);
    for (writes_until, ms, by_lease) in [
        (None, 850, false),
        // It ran out before the lag was measured, and in the very moment.
        (Some("07:14:00"), 850, false),
        (Some("07:15:00"), 850, false),
        (Some("07:15:00.001"), 851, true),
        (Some("07:15:29.150"), 30_000, true),
        (Some("07:16:20"), 80_850, true),
    ] {
        let fencing = fencing(Fence::Fenced, writes_until);
        let expected = Loss {
            ms,
            writes_until: fencing.writes_until.filter(|_| by_lease),
        };
        assert_eq!(loss(&fine, Some(&fencing)), Some(expected), "{writes_until:?}");
    }
    let unknown = assessed(Verdict::FailOver, None, 0);
    assert_eq!(
        loss(&unknown, Some(&fencing(Fence::Fenced, Some("07:16:00")))),
        None
    );
}

#[test]
fn risks_follow_from_what_is_lost_and_what_is_proven() {
    use Risk::{DataLoss, LagOverBudget, LagUnknown, NotFenced};
    use Verdict::{FailOver, StandDown, SwitchOver};

    type Case<'a> = (
        Verdict,
        Option<u64>,
        u64,
        Option<(Fence, Option<&'a str>)>,
        &'a [Risk],
    );
    let fenced = Some((Fence::Fenced, None));
    let cases: [Case<'_>; 12] = [
        (SwitchOver, Some(850), 0, None, &[]),
        (StandDown, None, 0, None, &[]),
        (FailOver, Some(850), 9_000, fenced, &[DataLoss]),
        (FailOver, Some(30_000), 9_000, fenced, &[DataLoss]),
        (FailOver, Some(30_001), 9_000, fenced, &[LagOverBudget]),
        (FailOver, None, 0, fenced, &[LagUnknown]),
        (FailOver, Some(850), 180_001, fenced, &[LagUnknown]),
        (FailOver, Some(850), 9_000, None, &[DataLoss, NotFenced]),
        (
            FailOver,
            Some(850),
            9_000,
            Some((Fence::TimedOut, None)),
            &[DataLoss, NotFenced],
        ),
        (
            FailOver,
            Some(850),
            9_000,
            Some((Fence::Fenced, Some("07:15:29.150"))),
            &[DataLoss],
        ),
        (
            FailOver,
            Some(850),
            9_000,
            Some((Fence::Fenced, Some("07:15:29.151"))),
            &[LagOverBudget],
        ),
        (
            FailOver,
            Some(850),
            180_001,
            Some((Fence::Fenced, Some("07:15:29"))),
            &[LagUnknown],
        ),
    ];
    for (verdict, lag, age, evidence, expected) in cases {
        let fencing = evidence.map(|(fence, until)| fencing(fence, until));
        let found = risks(&assessed(verdict, lag, age), fencing.as_ref(), &promised());
        assert_eq!(found, expected, "{verdict:?} {lag:?} {age} {evidence:?}");
    }
}

#[test]
fn a_loss_is_said_with_its_figure() {
    let by_lag = Loss {
        ms: 850,
        writes_until: None,
    };
    assert_eq!(
        by_lag.to_string(),
        "writes of the last 0.850 s before the failure are lost"
    );
    let by_lease = Loss {
        ms: 80_850,
        writes_until: Some(at("07:16:20")),
    };
    assert_eq!(
        by_lease.to_string(),
        "writes of up to 80.850 s (the source's lease let it write until 2026-10-01T07:16:20Z, and nothing is known to \
         have arrived since 2026-10-01T07:14:59.15Z) are lost"
    );
}

#[test]
fn fencing_without_a_lease_reads_and_writes_as_before() {
    let text = r#"{"at":"2026-10-01T07:17:00Z","fence":"unknown","seen":[]}"#;
    let read: Fencing = serde_json::from_str(text).expect("readable");
    assert_eq!(read, fencing(Fence::Unknown, None));
    assert_eq!(serde_json::to_string(&read).expect("writable"), text);
}
