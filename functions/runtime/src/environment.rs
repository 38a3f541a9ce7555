//! What Lambda and the deployment say through environment variables.
//!
//! The SDK's own provider chain would look for the same things in profiles, metadata services and web identities; in
//! a Lambda function they are always here, and not looking elsewhere saves start-up time and surprises. Names and
//! meanings are AWS's: Lambda Developer Guide, "Defined runtime environment variables", and AWS SDKs and Tools
//! Reference Guide, "Service-specific endpoints", "FIPS endpoints", "Dual-stack endpoints".
//!
//! `AWS_MAX_ATTEMPTS` and `AWS_RETRY_MODE` are not read, on purpose: see [`crate::clients`].

use std::collections::BTreeMap;
use std::path::PathBuf;

use aws_credential_types::Credentials;
use domain::names::Region;

use crate::clients::Service;

/// Which directory holds the system files. Without it: `systems` beside the function's binary.
pub const SYSTEMS: &str = "EVENKEEL_SYSTEMS";

/// What a function knows about where it runs.
#[derive(Clone, Debug)]
pub struct Environment {
    /// The Region it runs in, which is also the Region whose AWS it calls.
    pub region: Region,
    /// Its role's credentials. They are valid for longer than the process lives.
    pub credentials: Credentials,
    /// Endpoints that stand in for AWS's own.
    pub endpoints: Endpoints,
    /// Whether FIPS endpoints are to be used.
    pub use_fips: bool,
    /// Whether dual-stack endpoints are to be used.
    pub use_dual_stack: bool,
    /// Certificates to trust besides those that are built in, as a PEM file.
    pub ca_bundle: Option<PathBuf>,
    /// Where the system files are.
    pub systems: PathBuf,
}

/// Endpoints that stand in for AWS's own: a VPC endpoint, or a stub in a test.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Endpoints {
    every: Option<String>,
    one: BTreeMap<Service, String>,
}

/// What is wrong with the environment.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// A variable is not set.
    #[error("the environment variable {variable} is not set: {needed}")]
    Missing {
        /// Which.
        variable: &'static str,
        /// What it would have said.
        needed: &'static str,
    },
    /// A variable says something that makes no sense.
    #[error("the environment variable {variable} is `{value}`: {expected}")]
    Invalid {
        /// Which.
        variable: &'static str,
        /// What it says.
        value: String,
        /// What it should say.
        expected: String,
    },
}

impl Environment {
    /// Reads it through `lookup`, which is `std::env::var` on AWS and a table in a test.
    ///
    /// # Errors
    /// The first variable that is missing or makes no sense. Values of credentials are never repeated.
    pub fn read(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, Error> {
        // An empty variable is how a template says "not set".
        let lookup = Lookup(|name: &str| lookup(name).filter(|value| !value.is_empty()));
        let region = lookup.required("AWS_REGION", "Lambda sets it to the function's Region")?;
        let region = region
            .parse()
            .map_err(|error: domain::names::Error| invalid("AWS_REGION", &region, error.expected))?;
        Ok(Self {
            region,
            credentials: lookup.credentials()?,
            endpoints: lookup.endpoints()?,
            use_fips: lookup.flag("AWS_USE_FIPS_ENDPOINT")?,
            use_dual_stack: lookup.flag("AWS_USE_DUALSTACK_ENDPOINT")?,
            ca_bundle: lookup.get("AWS_CA_BUNDLE").map(PathBuf::from),
            systems: lookup.systems()?,
        })
    }
}

impl Endpoints {
    /// The one to use for a service, if it is not AWS's own.
    pub fn of(&self, service: Service) -> Option<&str> {
        self.one.get(&service).or(self.every.as_ref()).map(String::as_str)
    }
}

struct Lookup<F>(F);

impl<F: Fn(&str) -> Option<String>> Lookup<F> {
    fn get(&self, variable: &str) -> Option<String> {
        self.0(variable)
    }

    fn required(&self, variable: &'static str, needed: &'static str) -> Result<String, Error> {
        self.get(variable).ok_or(Error::Missing { variable, needed })
    }

    fn credentials(&self) -> Result<Credentials, Error> {
        const NEEDED: &str = "Lambda sets it from the function's role";
        let id = self.required("AWS_ACCESS_KEY_ID", NEEDED)?;
        let secret = self.required("AWS_SECRET_ACCESS_KEY", NEEDED)?;
        Ok(Credentials::new(
            id,
            secret,
            self.get("AWS_SESSION_TOKEN"),
            None,
            "environment",
        ))
    }

    fn endpoints(&self) -> Result<Endpoints, Error> {
        let mut endpoints = Endpoints {
            every: self.url("AWS_ENDPOINT_URL")?,
            one: BTreeMap::new(),
        };
        for service in Service::ALL {
            if let Some(url) = self.url(service.endpoint_variable())? {
                endpoints.one.insert(service, url);
            }
        }
        Ok(endpoints)
    }

    fn url(&self, variable: &'static str) -> Result<Option<String>, Error> {
        let Some(url) = self.get(variable) else {
            return Ok(None);
        };
        let host = url
            .strip_prefix("https://")
            .or_else(|| url.strip_prefix("http://"));
        match host {
            Some(host) if !host.is_empty() && !host.starts_with('/') => Ok(Some(url)),
            Some(_) | None => Err(invalid(
                variable,
                &url,
                "expected `https://` or `http://` and a host",
            )),
        }
    }

    fn flag(&self, variable: &'static str) -> Result<bool, Error> {
        match self.get(variable) {
            None => Ok(false),
            Some(value) if value.eq_ignore_ascii_case("true") => Ok(true),
            Some(value) if value.eq_ignore_ascii_case("false") => Ok(false),
            Some(value) => Err(invalid(variable, &value, "expected `true` or `false`")),
        }
    }

    fn systems(&self) -> Result<PathBuf, Error> {
        if let Some(directory) = self.get(SYSTEMS) {
            return Ok(directory.into());
        }
        let root = self.required(
            "LAMBDA_TASK_ROOT",
            "Lambda sets it to where the function is unpacked",
        )?;
        Ok(PathBuf::from(root).join("systems"))
    }
}

fn invalid(variable: &'static str, value: &str, expected: &str) -> Error {
    Error::Invalid {
        variable,
        value: value.to_owned(),
        expected: expected.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LAMBDA: [(&str, &str); 5] = [
        ("AWS_REGION", "eu-central-1"),
        ("AWS_ACCESS_KEY_ID", "ASIAEXAMPLE"),
        ("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI"),
        ("AWS_SESSION_TOKEN", "FwoGZXIvYXdzEXAMPLE"),
        ("LAMBDA_TASK_ROOT", "/var/task"),
    ];

    fn read(more: &[(&str, &str)]) -> Result<Environment, Error> {
        let variables: BTreeMap<&str, &str> = LAMBDA.iter().chain(more).copied().collect();
        Environment::read(|name| variables.get(name).map(|value| (*value).to_owned()))
    }

    #[test]
    fn lambdas_own_variables_are_enough() {
        let environment = read(&[]).unwrap();
        assert_eq!(environment.region.as_str(), "eu-central-1");
        assert_eq!(
            environment.credentials.session_token(),
            Some("FwoGZXIvYXdzEXAMPLE")
        );
        assert_eq!(environment.systems, PathBuf::from("/var/task/systems"));
        assert_eq!(environment.endpoints, Endpoints::default());
        assert!(!environment.use_fips && !environment.use_dual_stack);
        assert_eq!(environment.ca_bundle, None);
    }

    #[test]
    fn a_services_own_endpoint_wins() {
        let environment = read(&[
            ("AWS_ENDPOINT_URL", "http://127.0.0.1:1"),
            ("AWS_ENDPOINT_URL_RDS", "https://vpce.example"),
        ])
        .unwrap();
        assert_eq!(
            environment.endpoints.of(Service::Rds),
            Some("https://vpce.example")
        );
        assert_eq!(environment.endpoints.of(Service::Sns), Some("http://127.0.0.1:1"));
    }

    #[test]
    fn an_empty_variable_is_not_set() {
        let environment = read(&[("AWS_ENDPOINT_URL", ""), ("AWS_USE_FIPS_ENDPOINT", "")]).unwrap();
        assert_eq!(environment.endpoints.of(Service::Rds), None);
        assert!(!environment.use_fips);
    }

    #[test]
    fn flags_are_read_in_any_case() {
        assert!(read(&[("AWS_USE_FIPS_ENDPOINT", "True")]).unwrap().use_fips);
        assert!(!read(&[("AWS_USE_FIPS_ENDPOINT", "FALSE")]).unwrap().use_fips);
    }

    #[test]
    fn what_is_wrong_is_said_with_the_variables_name() {
        let said = |more: &[(&str, &str)]| read(more).unwrap_err().to_string();
        assert_eq!(
            said(&[("AWS_REGION", "frankfurt")]),
            "the environment variable AWS_REGION is `frankfurt`: a Region code like `eu-central-1`"
        );
        assert_eq!(
            said(&[("AWS_USE_FIPS_ENDPOINT", "yes")]),
            "the environment variable AWS_USE_FIPS_ENDPOINT is `yes`: expected `true` or `false`"
        );
        assert_eq!(
            said(&[("AWS_ENDPOINT_URL_SFN", "localhost:8083")]),
            "the environment variable AWS_ENDPOINT_URL_SFN is `localhost:8083`: expected `https://` or `http://` and a host"
        );
        assert_eq!(
            said(&[("AWS_SECRET_ACCESS_KEY", "")]),
            "the environment variable AWS_SECRET_ACCESS_KEY is not set: Lambda sets it from the function's role"
        );
    }

    #[test]
    fn a_secret_is_never_printed() {
        let printed = format!("{:?}", read(&[]).unwrap());
        assert!(!printed.contains("wJalrXUtnFEMI"), "{printed}");
        assert!(!printed.contains("FwoGZXIvYXdzEXAMPLE"), "{printed}");
    }
}
