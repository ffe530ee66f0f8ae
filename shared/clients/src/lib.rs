//! baro-clients
