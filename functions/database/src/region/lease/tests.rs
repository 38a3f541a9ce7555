use super::*;
use crate::region::sample::system;
use domain::duration::Duration;

const FRANKFURT: &str = "eu-central-1";
const DUBLIN: &str = "eu-west-1";

fn at(time: &str) -> Timestamp {
    format!("2026-10-01T{time}Z").parse().expect("a time")
}

fn held(holder: &str, until: &str) -> Option<Lease> {
    Some(Lease {
        holder: holder.into(),
        expires_at: at(until),
        freed: None,
        taken_by: None,
    })
}

fn taken(from: &str, freed: &str) -> Option<Lease> {
    let freed = Freed {
        by: from.into(),
        at: at(freed),
    };
    held(DUBLIN, "07:30:00").map(|lease| Lease {
        freed: Some(freed),
        taken_by: Some("this".into()),
        ..lease
    })
}

/// A lease of 20 s with a margin of 5 s, a failure that was signalled at 07:15:00, and this moment.
fn judged(lease: Option<&Lease>, now: &str) -> (Finding, String) {
    let system = system("aurora");
    let dublin = DUBLIN.parse().expect("a Region");
    let moved = system.moving_to(&dublin).expect("two Regions");
    let terms = Terms {
        moved: &moved,
        lease: &WriteLease {
            table: "shop-write-lease".into(),
            duration: Duration::from_secs(20),
            margin: Duration::from_secs(5),
        },
        opened_at: at("07:15:00"),
        now: at(now),
    };
    terms.judge(lease)
}

#[test]
fn a_lease_proves_what_it_proves_and_no_more() {
    use Finding::{Free, Nothing, Over, Soon};
    let cases = [
        // It ran out, margin included.
        (held(FRANKFURT, "07:14:50"), "07:14:55", Free),
        (held(FRANKFURT, "07:14:50"), "07:20:00", Free),
        // Within the margin, whenever that is.
        (held(FRANKFURT, "07:14:50"), "07:14:54.999", Soon),
        (held(FRANKFURT, "07:16:00"), "07:16:00", Soon),
        (held(FRANKFURT, "07:16:00"), "07:16:04.999", Soon),
        (held(FRANKFURT, "07:16:00"), "07:16:05", Free),
        // Good, and perhaps never renewed since the failure.
        (held(FRANKFURT, "07:15:20"), "07:15:01", Soon),
        (held(FRANKFURT, "07:15:44"), "07:15:24.999", Soon),
        // Renewed after the failure was signalled.
        (held(FRANKFURT, "07:15:44"), "07:15:25", Nothing),
        (held(FRANKFURT, "07:16:40"), "07:16:21", Nothing),
        // Taken over before: decided by what it was then, not by what the new holder made of it.
        (taken(FRANKFURT, "07:14:50"), "07:14:55", Over(at("07:14:55"))),
        (taken(FRANKFURT, "07:14:50"), "07:20:00", Over(at("07:14:55"))),
        (taken(FRANKFURT, "07:14:50"), "07:14:54.999", Soon),
        (taken(FRANKFURT, "07:16:00"), "07:16:04.999", Soon),
        (taken("us-east-1", "07:14:50"), "07:20:00", Nothing),
        (held(DUBLIN, "07:14:50"), "07:20:00", Nothing),
        // Nobody's, or somebody else's.
        (held("us-east-1", "07:14:50"), "07:20:00", Nothing),
        (None, "07:20:00", Nothing),
    ];
    for (lease, now, expected) in cases {
        let (found, words) = judged(lease.as_ref(), now);
        assert_eq!(found, expected, "{now}: {words}");
        assert!(words.contains("write lease of shop"), "{words}");
    }
}

#[test]
fn words_say_who_had_it_and_until_when() {
    let (_, words) = judged(taken(FRANKFURT, "07:14:50").as_ref(), "07:20:00");
    assert_eq!(
        words,
        "the write lease of shop is held by eu-west-1 until 2026-10-01T07:30:00Z, taken from eu-central-1, which had it \
         until 2026-10-01T07:14:50Z, by this: it ran out"
    );
    let (_, words) = judged(held(FRANKFURT, "07:16:40").as_ref(), "07:16:21");
    assert_eq!(
        words,
        "the write lease of shop is held by eu-central-1 until 2026-10-01T07:16:40Z: it was renewed after the failure \
         was signalled at 2026-10-01T07:15:00Z, so whoever holds it is alive"
    );
}

#[test]
fn an_item_is_read_or_refused_by_name() {
    let item = |attributes: &[(&str, AttributeValue)]| -> Item {
        let owned = attributes.iter().cloned();
        owned.map(|(name, value)| (name.to_owned(), value)).collect()
    };
    let holder = ("holder", text(FRANKFURT));
    let expires = ("expires_at_ms", millis(at("07:16:00")));
    let good = item(&[holder.clone(), expires.clone()]);
    assert_eq!(read(&good).ok(), held(FRANKFURT, "07:16:00"));
    for (bad, name) in [
        (item(&[]), "holder"),
        (item(std::slice::from_ref(&holder)), "expires_at_ms"),
        (
            item(&[holder.clone(), ("expires_at_ms", text("soon"))]),
            "expires_at_ms",
        ),
        (item(&[("holder", millis(at("07:16:00"))), expires]), "holder"),
    ] {
        let error = read(&bad).expect_err("unreadable").to_string();
        assert!(error.contains(name), "{error}");
    }
}
