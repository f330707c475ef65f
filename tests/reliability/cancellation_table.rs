//! CA-1: a table.
