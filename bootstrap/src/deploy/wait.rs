//! Asking again until there is an answer, or the time is up.

use std::time::Duration;

/// Asks, with a pause in between, until there is an answer. Nothing, when the time is up before there is one.
///
/// # Errors
/// The first with which asking fails.
pub(super) async fn until<T, E>(
    limit: Duration,
    pause: Duration,
    mut ask: impl AsyncFnMut() -> Result<Option<T>, E>,
) -> Result<Option<T>, E> {
    let asking = async {
        loop {
            if let Some(answer) = ask().await? {
                return Ok(answer);
            }
            rest(pause).await;
        }
    };
    match tokio::time::timeout(limit, asking).await {
        Ok(answered) => answered.map(Some),
        Err(_) => Ok(None),
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a person's terminal waits for AWS between two looks, and never for longer than a limit"
)]
async fn rest(pause: Duration) {
    tokio::time::sleep(pause).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOMENT: Duration = Duration::from_millis(1);

    fn block_on<T>(asked: impl Future<Output = T>) -> T {
        crate::account::block_on(asked).expect("timers")
    }

    #[test]
    fn it_ends_with_an_answer_an_error_or_the_time() {
        let mut asked = 0;
        let answered: Result<_, ()> = block_on(until(Duration::from_secs(60), MOMENT, async || {
            asked += 1;
            Ok((asked == 3).then_some(asked))
        }));
        assert_eq!(answered, Ok(Some(3)));
        let failed: Result<Option<()>, _> = block_on(until(MOMENT * 1000, MOMENT, async || Err("no")));
        assert_eq!(failed, Err("no"));
        let never: Result<Option<()>, ()> = block_on(until(MOMENT * 20, MOMENT, async || Ok(None)));
        assert_eq!(never, Ok(None));
    }
}
