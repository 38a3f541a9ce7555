//! How AWS says no: a code and a message, typed where the service's model has a type for it.

use aws_smithy_types::error::ErrorMetadata;

/// Code and message of a refusal.
pub(super) fn meta(code: &str, message: impl Into<String>) -> ErrorMetadata {
    ErrorMetadata::builder()
        .code(code)
        .message(message.into())
        .build()
}

/// A typed fault with its code and message. A macro, because each fault has its own builder.
macro_rules! fault {
    ($fault:ident, $code:expr, $message:expr) => {{
        let meta = $crate::cloud::refusal::meta($code, $message);
        $fault::builder()
            .set_message(meta.message().map(str::to_owned))
            .meta(meta)
            .build()
    }};
}
pub(super) use fault;
