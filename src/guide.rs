//! Pages for readers who come from elsewhere: what each thing is called here, and what is
//! different. Their code is compiled and run with the tests.

pub mod from_asyncio {
    #![doc = include_str!("../docs/from_asyncio.md")]

    #[cfg(doc)]
    #[allow(clippy::wildcard_imports)]
    use {crate::*, std::time::Duration};
}

pub mod from_tokio {
    #![doc = include_str!("../docs/from_tokio.md")]

    #[cfg(doc)]
    #[allow(clippy::wildcard_imports)]
    use {crate::*, std::time::Duration};
}
