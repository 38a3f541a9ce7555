//! What can be typed about an account.

use clap::Args;
use domain::names::Region;

/// Which account, and how it is reached. Flattened into every verb that speaks to AWS.
///
/// What is not typed is taken from where every AWS tool takes it: `AWS_PROFILE`, `AWS_REGION`, `AWS_ENDPOINT_URL`, the files in
/// `~/.aws`. Source: AWS SDKs and Tools Reference Guide, "Settings reference".
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "AWS")]
pub(crate) struct Aws {
    /// The profile of ~/.aws to use, instead of AWS_PROFILE
    #[arg(long, value_name = "NAME")]
    pub(crate) profile: Option<String>,
    /// The Region; what it means by default is said below
    #[arg(long, value_name = "REGION")]
    pub(crate) region: Option<Region>,
    /// Where AWS is, if it is not AWS: an emulator
    #[arg(long, value_name = "URL", value_parser = url)]
    pub(crate) endpoint_url: Option<String>,
}

fn url(text: &str) -> Result<String, String> {
    let rest = text
        .strip_prefix("http://")
        .or_else(|| text.strip_prefix("https://"));
    match rest {
        Some(host) if !host.is_empty() && !host.starts_with('/') => Ok(text.to_owned()),
        Some(_) | None => {
            Err("expected `https://` or `http://` and a host, as in http://127.0.0.1:4566".to_owned())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_is_a_url_with_a_host() {
        assert_eq!(url("http://127.0.0.1:4566").unwrap(), "http://127.0.0.1:4566");
        for bad in ["127.0.0.1:4566", "http://", "https:///x", "ftp://host", ""] {
            assert!(url(bad).is_err(), "{bad}");
        }
    }
}
