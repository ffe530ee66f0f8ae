//! Writes the OpenAPI document to standard output:
//! `cargo run -q -p baro-driver-api --features openapi --example openapi > infra/site/openapi.json`

use std::io::Write as _;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    std::io::stdout().write_all(baro_driver_api::openapi::json()?.as_bytes())?;
    Ok(())
}
