//! Holds nothing: this package is its tests.
