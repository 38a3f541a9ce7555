//! What a person's machine trusts.

use std::path::Path;

use aws_smithy_http_client::tls::TlsContext;

use crate::clients::tls;
use crate::{InitError, trust};

/// Certificates for a program at a terminal: whom the machine trusts, because the proxy of a company may stand between it and AWS,
/// and those of the bundle that `AWS_CA_BUNDLE` names.
///
/// # Errors
/// When the bundle cannot be used.
pub fn tls_for_people(ca_bundle: Option<&Path>) -> Result<TlsContext, InitError> {
    let added = ca_bundle.map(trust::bundle).transpose()?;
    tls(trust::Roots::of_everybody(added))
}
