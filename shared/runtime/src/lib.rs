//! baro-runtime
