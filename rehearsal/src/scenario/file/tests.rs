use super::*;

/// A scenario that is right, and lines to add to it.
fn with(lines: &str) -> String {
    format!(
        "summary = \"x\"\nwindow = \"10m\"\nrequests-per-second = 1\nsystem = \"two-regions\"\n{lines}\n\
         [expect]\noutcomes = [\"paged\"]\nfailovers-at-most = 0\n"
    )
}

/// The only problem of a text: its line, what it is, and what to do.
fn problem(text: &str) -> (usize, String, String) {
    let problems = from_file("x", text).expect_err("it is wrong");
    let [problem] = problems.as_slice() else {
        panic!("one problem, got {problems:?}")
    };
    (problem.line(text), problem.what.clone(), problem.hint.clone())
}

#[test]
fn what_is_right_is_read() {
    let text = with(
        "[[fault]]\nat = \"1m\"\nwithin = \"10s\"\nkind = \"region-lost\"\nregion = \"primary\"\nlasts = \"2m\"\n\
         [[person]]\nwhen = \"approval-asked\"\nafter = \"15s\"\ndoes = \"approve\"\naccepts = [\"data-loss\"]\n\
         by = \"on-call\"\nbecause = \"y\"\n\
         [[person]]\nat = \"5m\"\ndoes = \"run\"\nmachine = \"fail-back-region\"\nby = \"on-call\"\nbecause = \"z\"",
    );
    let scenario = from_file("x", &text).expect("it is right");
    assert_eq!(scenario.faults[0].latest(), Duration::from_secs(70));
    assert_eq!(scenario.people.len(), 2);
}

#[test]
fn a_typo_has_a_line_and_the_nearest_name() {
    let (line, what, hint) = problem(&with("[[fault]]\nat = \"1m\"\nkind = \"writer-hang\""));
    assert_eq!(
        (line, hint.as_str()),
        (7, "did you mean `writer-hangs`?"),
        "{what}"
    );

    let (line, _, hint) = problem(&with("windows = \"1h\""));
    assert_eq!((line, hint.as_str()), (5, "did you mean `window`?"));

    let text = with("").replace("two-regions", "two-region");
    let (line, _, hint) = problem(&text);
    assert_eq!((line, hint.as_str()), (4, "did you mean `two-regions`?"));
}

#[test]
fn a_risk_a_machine_and_a_region_that_nobody_knows_are_refused() {
    let person = |rest: &str| {
        let text = format!("[[person]]\nby = \"on-call\"\nbecause = \"y\"\n{rest}");
        problem(&with(&text))
    };
    let (line, what, hint) =
        person("when = \"approval-asked\"\ndoes = \"approve\"\naccepts = [\"data-lost\"]");
    assert_eq!((line, hint.as_str()), (10, "did you mean `data-loss`?"), "{what}");
    let (_, _, hint) = person("at = \"1m\"\ndoes = \"run\"\nmachine = \"failback-region\"");
    assert_eq!(hint, "did you mean `fail-back-region`?");
    let (_, _, hint) =
        person("at = \"1m\"\ndoes = \"run\"\nmachine = \"fail-back-region\"\nregion = \"secondary\"");
    assert!(hint.contains("`standby`"), "{hint}");
}

#[test]
fn what_does_not_go_together_is_refused() {
    let fault = |rest: &str| problem(&with(&format!("[[fault]]\nat = \"1m\"\n{rest}")));
    let (_, what, _) = fault("kind = \"region-lost\"");
    assert_eq!(what, "this fault does not say `region`");
    let (_, what, _) = fault("kind = \"partition\"\nregion = \"primary\"");
    assert_eq!(what, "`region` means nothing here");
    let (_, what, _) = fault("kind = \"writer-host-lost\"\nlasts = \"1m\"");
    assert_eq!(what, "`lasts` means nothing here");

    let person = "[[person]]\nby = \"on-call\"\nbecause = \"y\"\ndoes = \"reject\"";
    let (line, what, _) = problem(&with(person));
    assert_eq!(
        (line, what.as_str()),
        (5, "nothing says when this person does it")
    );
    let (_, what, _) = problem(&with(&format!("{person}\nat = \"1m\"")));
    assert!(what.starts_with("nobody has asked"), "{what}");
}

#[test]
fn what_nobody_would_see_is_refused() {
    let (line, what, _) = problem(&with(
        "[[fault]]\nat = \"9m 59s\"\nwithin = \"1s\"\nkind = \"writer-hangs\"",
    ));
    assert_eq!(line, 6);
    assert!(what.contains("strikes after the window"), "{what}");
}

#[test]
fn a_second_region_must_be_there() {
    let text = with("[[fault]]\nat = \"1m\"\nkind = \"partition\"").replace("two-regions", "aurora");
    let (line, what, hint) = problem(&text);
    assert_eq!((line, hint.as_str()), (7, TWO_REGIONS), "{what}");
}

/// A scenario in one Region, and lines to add to it.
fn in_one_region(lines: &str) -> String {
    with(lines).replace("two-regions", "one-region")
}

#[test]
fn faults_of_a_web_tier_are_read_and_say_what_they_lack() {
    let fault = |rest: &str| in_one_region(&format!("[[fault]]\nat = \"1m\"\n{rest}"));
    for right in [
        "kind = \"deployment\"\nrevision = \"kills-targets\"",
        "kind = \"zone-lost\"\nzone = \"a\"\nlasts = \"5m\"",
        "kind = \"zone-grey\"\nzone = \"c\"",
        "kind = \"boot-loop\"",
        "kind = \"load-spike\"\npercent = 200\nramp = \"1m\"",
        "kind = \"cache-primary-lost\"",
        "kind = \"alarm-storm\"\ncount = 100",
        "kind = \"alarm-flaps\"\nalarm = \"shop-load\"\ncount = 3",
        "kind = \"alarm-silent\"\nalarm = \"shop-load\"\nlasts = \"5m\"",
        "kind = \"health-storm\"\nregion = \"primary\"\ncount = 100",
        "kind = \"event-dropped\"",
        "kind = \"instances-lost\"\nregion = \"primary\"\ncount = 2",
    ] {
        from_file("x", &fault(right)).unwrap_or_else(|problems| panic!("{right}: {problems:?}"));
    }
    for (wrong, what) in [
        ("kind = \"deployment\"", "this fault does not say `revision`"),
        ("kind = \"zone-lost\"", "this fault does not say `zone`"),
        (
            "kind = \"zone-lost\"\nzone = \"d\"",
            "eu-central-1d is no zone of the system",
        ),
        (
            "kind = \"load-spike\"\npercent = 200",
            "this fault does not say `ramp`",
        ),
        ("kind = \"boot-loop\"\ncount = 2", "`count` means nothing here"),
        (
            "kind = \"writer-hangs\"\nalarm = \"shop-load\"",
            "`alarm` means nothing here",
        ),
        (
            "kind = \"alarm-flaps\"\nalarm = \"shop-loud\"\ncount = 3",
            "the system declares no alarm `shop-loud`",
        ),
        ("kind = \"alarm-silent\"", "this fault does not say `alarm`"),
        (
            "kind = \"health-storm\"\nregion = \"primary\"",
            "this fault does not say `count`",
        ),
        (
            "kind = \"alarm-storm\"\ncount = 9\nlasts = \"1m\"",
            "`lasts` means nothing here",
        ),
    ] {
        let (line, came, hint) = problem(&fault(wrong));
        assert_eq!(came, what, "line {line}: {hint}");
    }
    let nowhere = fault("kind = \"boot-loop\"").replace("one-region", "aurora");
    let (_, what, hint) = problem(&nowhere);
    assert_eq!(what, "this fault needs a system with [web]");
    assert!(hint.contains("one-region"), "{hint}");
}
