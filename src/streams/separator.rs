//! Where the first of several separators ends.

/// Looks for separators in bytes that grow.
pub(super) struct Search<'a> {
    separators: &'a [&'a [u8]],
    shortest: usize,
    longest: usize,
    /// No separator begins before here.
    from: usize,
}

/// A separator that was found.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) start: usize,
    pub(super) end: usize,
}

impl<'a> Search<'a> {
    /// `None`: there is no separator, or an empty one.
    pub(super) fn new(separators: &'a [&'a [u8]]) -> Option<Self> {
        let lengths = || separators.iter().map(|separator| separator.len());
        let (shortest, longest) = (lengths().min()?, lengths().max()?);
        (shortest > 0).then_some(Search { separators, shortest, longest, from: 0 })
    }

    /// The separator that ends first, and of those that end there the shortest.
    pub(super) fn find(&mut self, bytes: &[u8]) -> Option<Found> {
        let from = self.from.min(bytes.len());
        let mut best: Option<Found> = None;
        for separator in self.separators {
            // One that would end later is not looked for.
            let end = best.as_ref().map_or(bytes.len(), |best| best.end);
            let Some(at) = find(&bytes[from..end], separator) else { continue };
            let found = Found { start: from + at, end: from + at + separator.len() };
            let better = best.as_ref().is_none_or(|best| {
                found.end < best.end || (found.end == best.end && found.start > best.start)
            });
            if better {
                best = Some(found);
            }
        }
        if best.is_none() && bytes.len() - from >= self.shortest {
            self.from = (bytes.len() + 1).saturating_sub(self.longest);
        }
        best
    }

    /// How many bytes at the beginning have no part of a separator.
    pub(super) fn passed(&self) -> usize {
        self.from
    }
}

fn find(bytes: &[u8], separator: &[u8]) -> Option<usize> {
    match separator {
        [one] => bytes.iter().position(|byte| byte == one),
        _ => bytes.windows(separator.len()).position(|window| window == separator),
    }
}
