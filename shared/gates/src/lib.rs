//! baro-gates
