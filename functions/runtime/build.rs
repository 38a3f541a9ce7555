//! Picks Amazon's five root certificates out of Mozilla's, so that a function carries and parses five instead of 145.
//!
//! AWS's endpoints chain to Amazon Trust Services. Source: AWS Security Blog, "How to prepare for AWS's move to its
//! own certificate authority", and <https://www.amazontrust.com/repository/>.

use std::error::Error;
use std::path::PathBuf;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// The common names of the five roots, as they stand in the certificates.
const AMAZON_ROOTS: [&str; 5] = [
    "Amazon Root CA 1",
    "Amazon Root CA 2",
    "Amazon Root CA 3",
    "Amazon Root CA 4",
    "Starfield Services Root Certificate Authority - G2",
];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    let mut pem = String::new();
    for name in AMAZON_ROOTS {
        let mut found = webpki_root_certs::TLS_SERVER_ROOT_CERTS
            .iter()
            .filter(|certificate| names(certificate, name));
        let (Some(certificate), None) = (found.next(), found.next()) else {
            return Err(format!("webpki-root-certs has not exactly one root named `{name}`").into());
        };
        pem.push_str("-----BEGIN CERTIFICATE-----\n");
        for line in STANDARD.encode(certificate).as_bytes().chunks(64) {
            pem.push_str(std::str::from_utf8(line)?);
            pem.push('\n');
        }
        pem.push_str("-----END CERTIFICATE-----\n");
    }
    let out = PathBuf::from(std::env::var("OUT_DIR")?);
    std::fs::write(out.join("amazon-roots.pem"), pem)?;
    Ok(())
}

/// A root is self-signed: its name stands in it twice, as issuer and as subject. One is enough to look for.
fn names(certificate: &[u8], name: &str) -> bool {
    certificate
        .windows(name.len())
        .any(|window| window == name.as_bytes())
}
