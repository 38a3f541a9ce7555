//! Which certificates are trusted.
//!
//! AWS is trusted through Amazon's own five roots, built in (`build.rs`): fewer can speak for AWS, and five are parsed
//! in less time than the system's 145. The application is trusted through the system's, because any public authority
//! may have signed its certificate.

use std::path::{Path, PathBuf};

use aws_smithy_http_client::tls::TrustStore;
use domain::names::Region;
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

const AMAZON: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/amazon-roots.pem"));

/// Certificates to trust.
#[derive(Clone, Debug)]
pub(crate) struct Roots {
    built_in: BuiltIn,
    added: Option<Bundle>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum BuiltIn {
    Amazon,
    System,
}

/// PEM text in which every certificate can be used.
#[derive(Clone, Debug)]
pub(crate) struct Bundle(Vec<u8>);

/// Why a bundle cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It cannot be read.
    #[error("AWS_CA_BUNDLE names {}, which cannot be read: {why}", file.display())]
    Unreadable {
        /// The bundle.
        file: PathBuf,
        /// What the system said.
        why: std::io::Error,
    },
    /// One of its certificates is none.
    #[error("AWS_CA_BUNDLE names {}, whose certificate number {number} cannot be used: {why}", file.display())]
    Unusable {
        /// The bundle.
        file: PathBuf,
        /// Which of its certificates, counted from 1.
        number: usize,
        /// What is wrong with it.
        why: String,
    },
    /// There is none in it.
    #[error("AWS_CA_BUNDLE names {}, which holds no certificate in PEM form", file.display())]
    Empty {
        /// The bundle.
        file: PathBuf,
    },
}

impl Roots {
    /// For AWS's endpoints. The partitions `aws` and `aws-us-gov` use Amazon's roots; of the others it is not
    /// documented, so there the system decides.
    pub(crate) fn of_aws(region: &Region, added: Option<Bundle>) -> Self {
        let built_in = match region.partition() {
            "aws" | "aws-us-gov" => BuiltIn::Amazon,
            _ => BuiltIn::System,
        };
        Self { built_in, added }
    }

    /// For whoever has a certificate.
    pub(crate) fn of_everybody(added: Option<Bundle>) -> Self {
        Self {
            built_in: BuiltIn::System,
            added,
        }
    }
}

impl From<Roots> for TrustStore {
    fn from(roots: Roots) -> Self {
        let store = match roots.built_in {
            BuiltIn::Amazon => Self::empty().with_pem_certificate(AMAZON),
            BuiltIn::System => Self::empty().with_native_roots(true),
        };
        match roots.added {
            Some(Bundle(pem)) => store.with_pem_certificate(pem),
            None => store,
        }
    }
}

/// Reads a bundle. Every certificate is tried now, because the connector would panic over a bad one later.
pub(crate) fn bundle(file: &Path) -> Result<Bundle, Error> {
    let file = || file.to_owned();
    let pem = std::fs::read(file()).map_err(|why| Error::Unreadable { file: file(), why })?;
    let mut store = RootCertStore::empty();
    for (index, certificate) in CertificateDer::pem_slice_iter(&pem).enumerate() {
        let unusable = |why: String| Error::Unusable {
            file: file(),
            number: index + 1,
            why,
        };
        let certificate = certificate.map_err(|error| unusable(error.to_string()))?;
        store
            .add(certificate)
            .map_err(|error| unusable(error.to_string()))?;
    }
    if store.is_empty() {
        Err(Error::Empty { file: file() })
    } else {
        Ok(Bundle(pem))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(pem: &[u8]) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), pem).unwrap();
        file
    }

    #[test]
    fn the_five_roots_of_amazon_are_built_in() {
        let certificates: Vec<_> = CertificateDer::pem_slice_iter(AMAZON)
            .collect::<Result<_, _>>()
            .unwrap();
        assert_eq!(certificates.len(), 5);
        bundle(written(AMAZON).path()).unwrap();
    }

    #[test]
    fn where_amazons_roots_are_not_documented_the_systems_are_used() {
        let built_in = |region: &str| Roots::of_aws(&region.parse().unwrap(), None).built_in;
        assert_eq!(built_in("eu-central-1"), BuiltIn::Amazon);
        assert_eq!(built_in("us-gov-west-1"), BuiltIn::Amazon);
        assert_eq!(built_in("cn-north-1"), BuiltIn::System);
    }

    #[test]
    fn a_bad_bundle_is_an_error_and_no_panic() {
        let said = |pem: &[u8]| {
            let file = written(pem);
            let name = file.path().display().to_string();
            bundle(file.path())
                .unwrap_err()
                .to_string()
                .replace(&name, "ca.pem")
        };
        assert_eq!(
            said(b"nothing"),
            "AWS_CA_BUNDLE names ca.pem, which holds no certificate in PEM form"
        );
        let broken = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        let words = said(&[AMAZON, broken].concat());
        assert!(
            words.starts_with("AWS_CA_BUNDLE names ca.pem, whose certificate number 6 cannot be used: "),
            "{words}"
        );
        let gone = bundle(Path::new("/nowhere/ca.pem")).unwrap_err().to_string();
        assert!(
            gone.starts_with("AWS_CA_BUNDLE names /nowhere/ca.pem, which cannot be read: "),
            "{gone}"
        );
    }
}
