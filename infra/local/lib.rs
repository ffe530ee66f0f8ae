//! The local cloud of Baro: it builds the functions, deploys the real `template.yaml` to an emulator on this machine, and gives people
//! and tests one address that behaves as the deployed platform does. No rule of the business lives here.

pub mod cli;
pub mod clients;
pub mod cloud;
pub mod contracts;
pub mod deploy;
pub mod front;
pub mod functions;
pub mod import;
pub mod ministack;
pub mod package;
pub mod paths;
pub mod plain;
pub mod platform;
pub mod play;
pub mod ports;
pub mod progress;
pub mod python;
pub mod sandbox;
pub mod site;
pub mod state;
pub mod template;
pub mod workbench;

pub use cloud::{LocalCloud, Options};
pub use platform::{Platform, SandboxPorts};
