//! An account of AWS, as a person at a terminal reaches it.
//!
//! Functions read their environment and nothing else (`runtime::environment`). A person has profiles, single sign-on, a process that
//! gives credentials, proxies: here the SDK's own chain finds them, by the names that every AWS tool uses.
//!
//! | module | holds |
//! |---|---|
//! | `options` | [`Aws`]: what can be typed |
//! | `open` | [`Account`]: credentials found, clients for any Region |
//! | `identity` | whose credentials they are |
//! | `seeded` | credentials that were asked for once, and are not asked for twice |
//! | `https` | connections: proxies, certificates |
//! | `error` | [`Error`]: why AWS did not do it, and what to do about that |

mod error;
mod https;
mod identity;
mod open;
mod options;
mod seeded;

pub(crate) use error::Error;
pub(crate) use open::Account;
pub(crate) use options::Aws;

/// Waits for what AWS is asked, on this thread.
///
/// # Errors
/// When the system gives no timers or sockets.
pub(crate) fn block_on<T>(asked: impl Future<Output = T>) -> std::io::Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    Ok(runtime.block_on(asked))
}

/// Lets time pass before AWS is asked once more.
#[expect(
    clippy::disallowed_methods,
    reason = "a person at a terminal waits; nothing that runs in the account does"
)]
pub(crate) async fn pause(time: std::time::Duration) {
    tokio::time::sleep(time).await;
}
