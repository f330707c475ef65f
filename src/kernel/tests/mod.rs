//! The kernel's leaves against plain models, on random sequences of operations.
//!
//! A leaf knows no loop, so its whole behaviour fits a `BTreeMap`, a `HashMap` or a `Vec`.
//! A failing run prints its seed; `seed` runs that one again.

mod call;
mod injector;
mod ready;
mod slots;
mod timers;
mod waiters;

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

/// Names the seed of a run that panicked.
struct Named(u64);

impl Drop for Named {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("failed with seed {}", self.0);
        }
    }
}

fn seed(seed: u64, test: impl FnOnce(&mut Rng)) {
    let named = Named(seed);
    test(&mut Rng(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1));
    drop(named);
}

/// Runs `test` with each of a thousand seeds.
fn thousand_seeds(test: impl Fn(&mut Rng)) {
    (0..1000).for_each(|number| seed(number, &test));
}
