//! baro-store
