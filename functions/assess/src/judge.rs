//! Whether a database is to be failed over, decided without I/O.

use database::observe::{Observed, Standby};
use database::start::Progress;
use database::target::{LagMs, can_be_chosen, choose};
use domain::step::{Error, Result};
use domain::steps::assess::{Assessment, Verdict};
use domain::system::Database;

/// What the application's write check said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Written {
    /// A value was stored and read back.
    Yes,
    /// It was not.
    No {
        /// What was seen instead.
        seen: String,
    },
}

/// Judges what was observed.
///
/// # Errors
/// `Unsafe` when nobody could take over; `NotYet` while RDS is busy, as with a failover of its own.
pub fn judge(
    database: &Database,
    observed: &Observed,
    written: &Written,
    lag: &std::result::Result<LagMs, String>,
) -> Result<Assessment> {
    let mut seen = vec![format!("RDS describes {}: {observed}", database.identifier)];
    let assessment = |verdict, target, seen| {
        Ok(Assessment {
            verdict,
            writer: observed.writer.clone(),
            target,
            seen,
        })
    };
    match written {
        Written::Yes => {
            seen.push("the write check stored a value and read it back".to_owned());
            return assessment(Verdict::Healthy, None, seen);
        }
        Written::No { seen: instead } => seen.push(format!("the write check failed: {instead}")),
    }
    match Progress::of(observed) {
        // AWS may be failing over by itself. When it is done, either writes pass, or there is reason to act.
        Progress::UnderWay | Progress::Busy => {
            return Err(Error::NotYet {
                seen: seen.join("; "),
            });
        }
        Progress::None => {}
    }
    match &observed.standby {
        Standby::Zone(None) => Err(nobody("it has no standby (MultiAZ is off)", observed)),
        Standby::Zone(Some(zone)) if *zone == observed.writer.zone => {
            Err(nobody("its standby is in the writer's own zone", observed))
        }
        Standby::Zone(Some(_)) => assessment(Verdict::FailOver, None, seen),
        Standby::Readers(readers) => {
            let (lag, unknown) = match lag {
                Ok(lag) => (lag.clone(), None),
                Err(why) => (LagMs::new(), Some(why)),
            };
            let chosen = choose(readers, &observed.writer.zone, &lag);
            let chosen = chosen.ok_or_else(|| nobody("no reader in another zone is available", observed))?;
            match (lag.get(&chosen.instance), unknown) {
                (Some(ms), _) => seen.push(format!(
                    "{} chosen: tier {}, lag {ms} ms",
                    chosen.instance, chosen.tier
                )),
                (None, Some(why)) => seen.push(format!(
                    "{} chosen: tier {}, lag unknown: {why}",
                    chosen.instance, chosen.tier
                )),
                (None, None) => seen.push(format!(
                    "{} chosen: tier {}, no recent lag",
                    chosen.instance, chosen.tier
                )),
            }
            let takes_target = can_be_chosen(database.kind, &observed.engine);
            assessment(
                Verdict::FailOver,
                takes_target.then(|| chosen.instance.clone()),
                seen,
            )
        }
    }
}

fn nobody(why: &str, observed: &Observed) -> Error {
    Error::Unsafe {
        why: format!("nobody could take over: {why}: {observed}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use database::observe::Reader;
    use domain::names::Zone;
    use domain::steps::assess::Writer;
    use domain::system::DatabaseKind;

    fn database(kind: DatabaseKind) -> Database {
        Database {
            kind,
            identifier: "shop-db".parse().expect("valid"),
            write_check: "https://shop.example.com/write-check".parse().expect("valid"),
        }
    }

    fn observed(status: &str, standby: Standby) -> Observed {
        Observed {
            status: status.into(),
            engine: "aurora-postgresql".into(),
            writer: Writer {
                instance: "shop-db-1".into(),
                zone: Zone("a".into()),
            },
            writer_status: if status == "failing-over" {
                "available".into()
            } else {
                status.into()
            },
            standby,
        }
    }

    fn standby(zone: &str) -> Standby {
        Standby::Zone(Some(Zone(zone.into())))
    }

    fn reader(zone: &str) -> Standby {
        Standby::Readers(vec![Reader {
            instance: "shop-db-2".into(),
            zone: Zone(zone.into()),
            status: "available".into(),
            tier: 1,
        }])
    }

    fn verdict(status: &str, standby: Standby, written: Written) -> Result<Assessment> {
        let kind = match standby {
            Standby::Zone(_) => DatabaseKind::MultiAzInstance,
            Standby::Readers(_) => DatabaseKind::Aurora,
        };
        judge(
            &database(kind),
            &observed(status, standby),
            &written,
            &Ok(LagMs::new()),
        )
    }

    fn no() -> Written {
        Written::No {
            seen: "no answer within 1000 ms".into(),
        }
    }

    #[test]
    fn a_database_that_takes_writes_is_left_alone() {
        let assessment = verdict("available", standby("b"), Written::Yes).expect("judged");
        assert_eq!(assessment.verdict, Verdict::Healthy);
    }

    #[test]
    fn a_silent_writer_with_a_standby_elsewhere_is_failed_over() {
        assert_eq!(
            verdict("available", standby("b"), no()).expect("judged").verdict,
            Verdict::FailOver
        );
        let aurora = verdict("available", reader("b"), no()).expect("judged");
        assert_eq!(
            (aurora.verdict, aurora.target.as_deref()),
            (Verdict::FailOver, Some("shop-db-2"))
        );
    }

    #[test]
    fn while_rds_fails_over_by_itself_we_wait_and_judge_afterwards() {
        for status in ["rebooting", "failing-over"] {
            assert_eq!(
                verdict(status, reader("b"), no()).expect_err("waits").name(),
                Error::NOT_YET
            );
        }
    }

    #[test]
    fn without_anybody_in_another_zone_it_is_unsafe() {
        for standby in [
            Standby::Zone(None),
            standby("a"),
            reader("a"),
            Standby::Readers(vec![]),
        ] {
            let error = verdict("available", standby, no()).expect_err("unsafe");
            assert_eq!(error.name(), Error::UNSAFE);
        }
    }

    #[test]
    fn while_rds_is_busy_it_is_asked_again() {
        assert_eq!(
            verdict("modifying", standby("b"), no()).expect_err("busy").name(),
            Error::NOT_YET
        );
    }

    #[test]
    fn a_lag_nobody_knows_does_not_hold_up_a_failover() {
        let judged = judge(
            &database(DatabaseKind::Aurora),
            &observed("available", reader("b")),
            &no(),
            &Err("throttled".into()),
        );
        assert!(
            judged
                .expect("judged")
                .seen
                .last()
                .is_some_and(|seen| seen.contains("lag unknown: throttled"))
        );
    }
}
