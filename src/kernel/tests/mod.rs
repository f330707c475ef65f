//! Models of the kernel's leaves: what cannot be reached from outside.
