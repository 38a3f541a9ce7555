//! The same done for many, some of them at a time.

use futures_util::{StreamExt, stream};

/// Does it for each, so many at once and no more; whoever is ready makes room for the next. What came of it is in the order in which
/// they were given, whichever was ready first.
pub(crate) async fn at_once<T, F: Future>(
    all: impl IntoIterator<Item = T>,
    limit: usize,
    mut one: impl FnMut(T) -> F,
) -> Vec<F::Output> {
    let numbered = all.into_iter().enumerate().map(|(index, each)| {
        let work = one(each);
        async move { (index, work.await) }
    });
    let mut done: Vec<_> = stream::iter(numbered).buffer_unordered(limit).collect().await;
    done.sort_unstable_by_key(|(index, _)| *index);
    done.into_iter().map(|(_, output)| output).collect()
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::future::poll_fn;
    use std::task::Poll;

    use super::*;

    /// Ready when it is asked for the so-many-th time.
    async fn slow(mut times: usize) {
        poll_fn(|context| {
            times -= 1;
            if times == 0 {
                Poll::Ready(())
            } else {
                context.waker().wake_by_ref();
                Poll::Pending
            }
        })
        .await;
    }

    #[tokio::test]
    async fn so_many_are_under_way_at_once_and_no_more_and_the_order_is_kept() {
        let (now, most) = (Cell::new(0_usize), Cell::new(0));
        let (now, most) = (&now, &most);
        let all = at_once(0..100_usize, 16, |each| async move {
            now.set(now.get() + 1);
            most.set(most.get().max(now.get()));
            // The first of every ten is the last to be ready.
            slow(if each % 10 == 0 { 50 } else { 1 + each % 7 }).await;
            now.set(now.get() - 1);
            each
        })
        .await;
        assert_eq!(all, (0..100).collect::<Vec<_>>());
        assert_eq!((now.get(), most.get()), (0, 16));
    }

    #[tokio::test]
    async fn a_few_slow_ones_far_from_each_other_are_slow_together() {
        let (begun, waited_with) = (Cell::new(0_usize), Cell::new(0));
        let (begun, waited_with) = (&begun, &waited_with);
        at_once(0..100_usize, 16, |each| async move {
            begun.set(begun.get() + 1);
            if each == 0 {
                // Until everybody else has begun: one that is slow holds up nobody behind it.
                while begun.get() < 100 {
                    slow(2).await;
                    waited_with.set(waited_with.get() + 1);
                    assert!(waited_with.get() < 10_000, "{} have begun", begun.get());
                }
            } else {
                slow(2).await;
            }
        })
        .await;
        assert_eq!(begun.get(), 100);
    }
}
