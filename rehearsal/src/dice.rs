//! Randomness, seeded.
//!
//! Every purpose throws its own dice: a draw that is added for one thing leaves all others as they were, so that a
//! seed keeps its story while the world grows.

use std::collections::BTreeMap;

use domain::duration::Duration;
use domain::names::fnv1a;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::facts::Fact;

/// The dice of one world.
#[derive(Clone, Debug, PartialEq)]
pub struct Dice {
    seed: u64,
    streams: BTreeMap<&'static str, ChaCha8Rng>,
}

impl Dice {
    /// Dice that fall the same way for the same seed.
    pub const fn new(seed: u64) -> Self {
        Self {
            seed,
            streams: BTreeMap::new(),
        }
    }

    /// A length of time as a fact allows it.
    pub fn draw(&mut self, fact: &Fact) -> Duration {
        self.between(fact.what, fact.least, fact.most)
    }

    /// A length of time between two bounds, both included.
    pub fn between(&mut self, purpose: &'static str, least: Duration, most: Duration) -> Duration {
        Duration::from_millis(
            self.stream(purpose)
                .random_range(least.as_millis()..=most.as_millis()),
        )
    }

    /// A number below `count`, which must not be 0.
    pub fn below(&mut self, purpose: &'static str, count: usize) -> usize {
        self.stream(purpose).random_range(0..count)
    }

    /// Whether something happens that happens so often of a thousand times.
    pub fn happens(&mut self, purpose: &'static str, per_mille: u32) -> bool {
        self.stream(purpose).random_range(0..1_000) < per_mille
    }

    fn stream(&mut self, purpose: &'static str) -> &mut ChaCha8Rng {
        let seed = self.seed;
        self.streams.entry(purpose).or_insert_with(|| {
            // The purpose picks the stream, the seed the sequence in it.
            let stream = fnv1a(purpose.as_bytes());
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            rng.set_stream(stream);
            rng
        })
    }
}
