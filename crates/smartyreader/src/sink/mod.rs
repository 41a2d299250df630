//! Sink: where proven readings go besides the store. One file or folder each; none sees another, none is waited for.

pub mod mqtt;
