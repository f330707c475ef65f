//! The kernel's leaves against plain models, on random sequences of operations.
//!
//! A leaf knows no loop, so its whole behaviour fits a `BTreeMap`, a `HashMap` or a `Vec`.
//! A failing run prints its seed; `seed` runs that one again.

mod call;
mod counters;
mod injector;
mod ready;
mod slots;
mod timers;
mod waiters;

use std::panic::{AssertUnwindSafe, catch_unwind};

/// xorshift64*: small, and the same on every machine.
struct Rng(u64);

impl Rng {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    /// A number from 0 to `end`, without `end`.
    fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }
}

/// Runs `test` with a seed, which a failure names.
fn seed(seed: u64, test: impl FnOnce(&mut Rng)) {
    let mut rng = Rng(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
    let well = catch_unwind(AssertUnwindSafe(|| test(&mut rng))).is_ok();
    assert!(well, "failed with seed {seed}, as said above");
}

/// Runs `test` with each of a thousand seeds.
fn thousand_seeds(test: impl Fn(&mut Rng)) {
    (0..1000).for_each(|number| seed(number, &test));
}
