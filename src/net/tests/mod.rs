//! Names, tested from inside: with no resolver and no network.

mod connect;
mod lookup;
