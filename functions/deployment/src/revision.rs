//! What a deployment deploys, and when two of them deploy the same.
//!
//! Deployments are compared by what they deploy, never by their ids alone: a pipeline that tries again deploys the bad
//! revision under a new id, and so does a rollback to it.

use aws_sdk_codedeploy::types::{RevisionLocation, RevisionLocationType, S3Location};

/// Whether two locations hold the same revision, as far as they tell. Source: CodeDeploy API, RevisionLocation.
///
/// An object of S3 without version and eTag holds whatever was put there last, so two locations that name the same
/// object are different only when both say which content they mean, and it is not the same.
pub fn same(one: &RevisionLocation, other: &RevisionLocation) -> bool {
    use RevisionLocationType::{AppSpecContent, GitHub, S3, String};

    if one.revision_type() != other.revision_type() {
        return false;
    }
    let contents = match one.revision_type() {
        Some(S3) => match (one.s3_location(), other.s3_location()) {
            (Some(one), Some(other)) => return same_object(one, other),
            _ => return one == other,
        },
        Some(GitHub) => match (one.git_hub_location(), other.git_hub_location()) {
            (Some(one), Some(other)) => {
                return equal(one.repository(), other.repository())
                    && equal(one.commit_id(), other.commit_id());
            }
            _ => return one == other,
        },
        Some(AppSpecContent) => [one, other].map(|location| {
            let held = location.app_spec_content();
            (held.and_then(|it| it.sha256()), held.and_then(|it| it.content()))
        }),
        Some(String) => [one, other].map(|location| {
            let held = location.string();
            (held.and_then(|it| it.sha256()), held.and_then(|it| it.content()))
        }),
        _ => return one == other,
    };
    match contents {
        [(Some(one), _), (Some(other), _)] => equal(Some(one), Some(other)),
        [(_, one), (_, other)] => one == other,
    }
}

fn same_object(one: &S3Location, other: &S3Location) -> bool {
    let differ = |one: Option<&str>, other: Option<&str>| match (one, other) {
        (Some(one), Some(other)) => bare(one) != bare(other),
        _ => false,
    };
    one.bucket() == other.bucket()
        && one.key() == other.key()
        && !differ(one.version(), other.version())
        && !differ(one.e_tag(), other.e_tag())
}

/// Names of repositories and hexadecimal hashes mean the same in either case.
fn equal(one: Option<&str>, other: Option<&str>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => one.eq_ignore_ascii_case(other),
        (one, other) => one == other,
    }
}

/// An eTag is written with quotes by some.
fn bare(text: &str) -> &str {
    text.trim_matches('"')
}

/// A revision in one line.
pub fn in_words(revision: Option<&RevisionLocation>) -> String {
    let Some(revision) = revision else {
        return "no revision".to_owned();
    };
    if let Some(object) = revision.s3_location() {
        let mut words = format!(
            "s3://{}/{}",
            object.bucket().unwrap_or_default(),
            object.key().unwrap_or_default()
        );
        for (name, value) in [("version", object.version()), ("eTag", object.e_tag())] {
            if let Some(value) = value {
                words.push_str(&format!(" {name} {}", bare(value)));
            }
        }
        return words;
    }
    if let Some(commit) = revision.git_hub_location() {
        return format!(
            "github.com/{} at {}",
            commit.repository().unwrap_or_default(),
            commit.commit_id().unwrap_or_default()
        );
    }
    let kind = revision
        .revision_type()
        .map_or("an unknown kind of revision", RevisionLocationType::as_str);
    let hash = revision.app_spec_content().and_then(|content| content.sha256());
    match hash {
        Some(hash) => format!("{kind} with SHA-256 {hash}"),
        None => kind.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_codedeploy::types::{AppSpecContent, GitHubLocation};

    use super::*;

    fn s3(key: &str, version: Option<&str>, e_tag: Option<&str>) -> RevisionLocation {
        let object = S3Location::builder()
            .bucket("shop-releases")
            .key(key)
            .set_version(version.map(str::to_owned))
            .set_e_tag(e_tag.map(str::to_owned));
        RevisionLocation::builder()
            .revision_type(RevisionLocationType::S3)
            .s3_location(object.build())
            .build()
    }

    fn commit(repository: &str, id: &str) -> RevisionLocation {
        let commit = GitHubLocation::builder().repository(repository).commit_id(id);
        RevisionLocation::builder()
            .revision_type(RevisionLocationType::GitHub)
            .git_hub_location(commit.build())
            .build()
    }

    fn app_spec(content: &str, hash: Option<&str>) -> RevisionLocation {
        let content = AppSpecContent::builder()
            .content(content)
            .set_sha256(hash.map(str::to_owned));
        RevisionLocation::builder()
            .revision_type(RevisionLocationType::AppSpecContent)
            .app_spec_content(content.build())
            .build()
    }

    /// One whose place CodeDeploy does not tell.
    fn nowhere(kind: RevisionLocationType) -> RevisionLocation {
        RevisionLocation::builder().revision_type(kind).build()
    }

    #[test]
    fn revisions_are_compared_by_where_they_are_and_what_is_known_of_their_content() {
        let table = [
            (s3("7.zip", None, None), s3("7.zip", None, None), true),
            (s3("7.zip", None, None), s3("8.zip", None, None), false),
            (s3("a.zip", Some("1"), None), s3("a.zip", Some("2"), None), false),
            (s3("a.zip", None, Some("x")), s3("a.zip", None, Some("y")), false),
            (
                s3("a.zip", None, Some("\"x\"")),
                s3("a.zip", None, Some("x")),
                true,
            ),
            // Nobody can tell.
            (s3("a.zip", Some("1"), None), s3("a.zip", None, None), true),
            (s3("a.zip", Some("1"), None), s3("a.zip", None, Some("x")), true),
            (commit("us/shop", "abc"), commit("US/shop", "ABC"), true),
            (commit("us/shop", "abc"), commit("us/shop", "abd"), false),
            (commit("us/shop", "abc"), s3("abc", None, None), false),
            (app_spec("a", Some("1f")), app_spec("", Some("1F")), true),
            (app_spec("a", Some("1f")), app_spec("a", Some("2f")), false),
            (app_spec("a", None), app_spec("a", Some("1f")), true),
            (app_spec("a", None), app_spec("b", None), false),
            (s3("7.zip", None, None), nowhere(RevisionLocationType::S3), false),
            (
                commit("us/shop", "abc"),
                nowhere(RevisionLocationType::GitHub),
                false,
            ),
            (
                nowhere(RevisionLocationType::S3),
                nowhere(RevisionLocationType::S3),
                true,
            ),
        ];
        for (one, other, expected) in table {
            assert_eq!(same(&one, &other), expected, "{one:?} {other:?}");
            assert_eq!(same(&other, &one), expected, "{other:?} {one:?}");
        }
    }

    #[test]
    fn a_revision_is_one_line() {
        let words = |revision: RevisionLocation| in_words(Some(&revision));
        assert_eq!(
            words(s3("7.zip", Some("v1"), Some("\"x\""))),
            "s3://shop-releases/7.zip version v1 eTag x"
        );
        assert_eq!(words(commit("us/shop", "abc")), "github.com/us/shop at abc");
        assert_eq!(words(app_spec("", Some("1f"))), "AppSpecContent with SHA-256 1f");
        assert_eq!(words(app_spec("a\nb", None)), "AppSpecContent");
        assert_eq!(
            words(RevisionLocation::builder().build()),
            "an unknown kind of revision"
        );
        assert_eq!(in_words(None), "no revision");
    }
}
